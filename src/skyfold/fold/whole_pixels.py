"""Sources on whole pixels: the light first shared out among pixels, then blurred, then exposed.

This is how Gammapy folds, and here to compare numbers with it. A point is shared among the four pixels next to it, so
that it blurs more between the middles of pixels than on them, and the likelihood has kinks where it crosses them.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from skyfold.fold.plane import grid_of, pixel_of
from skyfold.fold.window import Window
from skyfold.model.spatial.base import Shape


def on_whole_pixels(shape: Shape, window: Window) -> Array:
    """Counts in each pixel per photon per cm2 and s in each bin of true energy, (ny, nx, T) [cm2 s].

    Exposure counts in the pixel where a photon is seen, not where it comes from.
    """
    light = _averaged(shape, window) if window.nodes else _among_four(shape, window)
    if window.kernel.size:
        light = jnp.fft.irfft2(window.kernel * jnp.fft.rfft2(light), s=window.shape)
    return jnp.moveaxis(light if window.spot.reco_psf else light * window.exposure, 0, -1)


def _among_four(shape: Shape, window: Window) -> Array:
    """Linear weights of the pixels next to the centre, (1, ny, nx)."""
    x, y = pixel_of(window.spot.local, *shape.center())
    ny, nx = window.shape
    along, across = (jnp.maximum(1 - jnp.abs(jnp.arange(n) - at), 0.0) for n, at in ((ny, y), (nx, x)))
    return (along[:, None] * across[None, :])[None]


def _averaged(shape: Shape, window: Window) -> Array:
    """The shape at the middles of `nodes` × `nodes` parts of each pixel, summed: (1 or T, ny, nx)."""
    (ny, nx), parts = window.shape, window.nodes
    x, y = ((jnp.arange(parts * n) - (parts - 1) / 2) / parts for n in (nx, ny))
    shown, area = grid_of(window.spot.local, x, y)
    brightness: Any = shape
    if shape.energy_dependent:
        energies = jnp.sqrt(window.spot.edges[1:] * window.spot.edges[:-1])
        light = jax.vmap(lambda energy: brightness(*shown, energy))(energies)
    else:
        light = brightness(*shown)[None]
    return (light * area[None] / parts**2).reshape(-1, ny, parts, nx, parts).sum(axis=(2, 4))
