"""A point source in a window: the PSF there, shifted by parts of a pixel, times the exposure.

The PSF is made in a block of pixels that follows the point through the window, so that a window with room for a point
to move costs no more than one without.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from skyfold.fold.spline import TAPS, place
from skyfold.fold.window import Spot, Window


class Landing(NamedTuple):
    """Where in a window a point is.

    corner : (x, y) pixel of the window where the block begins.
    tap : (2, taps) points of the PSF under the first pixel of the block, from its middle, along x and along y.
    weight : (2, taps) of these taps of the spline.
    near : (x, y) from the middle of the window to the first pixel of those between which the exposure is interpolated.
    share : (2, taps) of them along x and along y.
    """

    corner: Array
    tap: Array
    weight: Array
    near: Array
    share: Array


class Slopes(NamedTuple):
    """Derivatives of the weights and shares of a landing by the pixel coordinate of the point: along x by x, y by y."""

    weight: Array
    share: Array


# Pixels that a PSF takes more than its block, for the point to be anywhere in a pixel, and taps.
_MORE = 4


def by_phase(kernel: NDArray[np.float64], step: int, side: int) -> NDArray[np.float64]:
    """A PSF (C, K, K) on `step` points per pixel, for each phase in its pixels: (step, step, size + 1, size, C).

    Its middle is the first point of pixel size // 2. Neighbours in a row of pixels are neighbours in memory, all
    channels of one before those of the next; so the pixels of any tap follow each other at the same distances, and may
    be read on beyond the end of a row: to the end of one more row.

    Parameters
    ----------
    side : even, of the block; step × (side / 2 − 1) is at least K // 2 + 2, so that its first pixels are dark.
    """
    size = side + _MORE
    at = step * (size // 2) - kernel.shape[1] // 2 + np.arange(kernel.shape[1])
    cell, phase = np.divmod(at, step)
    parts = np.zeros((step, step, size + 1, size, len(kernel)))
    parts[phase[:, None], phase[None, :], cell[:, None], cell[None, :]] = np.moveaxis(kernel, 0, -1)
    return parts


def landing(at: Array, spot: Spot) -> tuple[Landing, Slopes]:
    """Where a point at the pixel `at`, (x, y), of a window lands."""
    step, order, side = spot.oversampling, spot.order, spot.block[0]
    corner = jnp.clip(jnp.floor(at).astype(int) - (side // 2 - 1), 0, spot.block[1:])

    def smooth(at: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        (tap, weight), (near, share) = place(step * (corner - at), order), place(at, order)
        return (weight, share), (tap, near)

    (weight, share), slopes, (tap, near) = jax.jvp(smooth, (at,), (jnp.ones_like(at),), has_aux=True)
    taps = tap[:, None] + jnp.arange(TAPS[order])[None, :]
    return Landing(corner, taps, weight, near - (side + spot.block[1:]) // 2, share), Slopes(*slopes)


def image(at: Array, window: Window) -> Array:
    """Counts in each pixel per photon per cm2 and s in each channel, (ny · nx, C) [cm2 s]."""
    here, _ = landing(at, window.spot)
    psf, exposure = shifted(here, None, window.kernel, exposed(window))
    side, channels, (x, y) = len(psf), window.spot.channels, here.corner
    block = psf.reshape(side, side, channels) * (1.0 if exposure is None else exposure[None])
    nothing = jnp.zeros((*window.shape, channels))
    return lax.dynamic_update_slice(nothing, block, (y, x, 0)).reshape(-1, channels)


def exposed(window: Window) -> Array | None:
    """That by which the image of a point is to be multiplied: none if it is in the flux already, see `photons`."""
    return None if window.spot.reco_psf else window.exposure


def shifted(here: Landing, slopes: Slopes | None, kernel: Array, exposure: Array | None) -> tuple[Array, Array | None]:
    """The PSF in each pixel of the block, (side, n, side · C), and the exposure (n, C) by which it is to be multiplied.

    n is 1, or with slopes 3: their derivatives by x and by y follow. In this shape the loops that XLA makes are over
    long rows, and over the n of one row before the next, so that what they need is read once.

    Parameters
    ----------
    kernel, exposure : those of the window, see `skyfold.fold.window.Window` and `exposed`.
    """
    step, _, rows, size, channels = kernel.shape
    side, (across, along) = size - _MORE, here.tap
    columns = (across % step) * rows * size + across // step + size // 2
    lines = ((along % step) * step * rows + along // step + size // 2) * size
    numbers, weights = kernel.reshape(-1), _products(here.weight, None if slopes is None else slopes.weight)
    total = jnp.zeros(())
    for line, of_line in zip(lines, jnp.moveaxis(weights, 0, -1), strict=True):
        for column, weight in zip(columns, of_line, strict=True):
            tap = lax.dynamic_slice(numbers, ((line + column) * channels,), (side * size * channels,))
            total = total + weight[None, :, None] * tap.reshape(side, 1, -1)
    psf = total[:, :, : side * channels]
    if exposure is None:
        return psf, None
    shares, (x, y) = _products(here.share, None if slopes is None else slopes.share), here.near + len(exposure[0]) // 2
    near = lax.dynamic_slice(exposure, (0, y, x), (channels, *shares.shape[1:]))
    return psf, jnp.einsum("cyx,jyx->jc", near, shares)


def _products(weights: Array, slopes: Array | None) -> Array:
    """Products of weights along y and along x, of both (2, taps): (n, taps, taps); with slopes how they change too."""
    x, y = weights
    pairs = [(y, x)] if slopes is None else [(y, x), (y, slopes[0]), (slopes[1], x)]
    return jnp.stack([along[:, None] * across[None, :] for along, across in pairs])


def in_block(x: Array, y: Array, corner: Array, side: int) -> tuple[Array, Array]:
    """Where in the block pixels (x, y) of the window are; those outside at its first, which is always dark."""
    x, y = x - corner[0], y - corner[1]
    inside = (x >= 0) & (x < side) & (y >= 0) & (y < side)
    return jnp.where(inside, x, 0), jnp.where(inside, y, 0)
