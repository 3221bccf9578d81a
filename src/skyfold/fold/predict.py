"""Forward folding: from flux on the sky to expected counts in the bins around a source.

    counts(r, p) = Σ_t φ_t M(t → r) · [PSF_t ⊗ (shape · exposure_t)](p)

with the flux φ_t in a bin of true energy, migration M, and the PSF and the migration taken at the source. The spectrum
and the shape enter as factors: `photons` holds the first, `image` the second, and both have a channel for each bin of
true energy; with a PSF in reconstructed energy for each of those. Pure functions of arrays, differentiable in every
parameter of the source.
"""

import jax.numpy as jnp
from jax import Array

from skyfold.fold import point
from skyfold.fold.plane import pixel_of
from skyfold.fold.spread import brightness, spread
from skyfold.fold.whole_pixels import on_whole_pixels
from skyfold.fold.window import Spot, Window
from skyfold.model.source import Source
from skyfold.model.spatial.base import Shape


def fold(source: Source, window: Window) -> Array:
    """Expected counts of a source in a window, shape (R, ny, nx)."""
    light = image(source.shape, window) * photons(source, window.spot)[None, :]
    counts = light if window.spot.reco_psf else light @ window.spot.migration
    return counts.T.reshape(-1, *window.shape)


def photons(source: Source, spot: Spot) -> Array:
    """Photons [cm-2 s-1] in each channel, shape (C,).

    With a PSF in reconstructed energy they have migrated, and the exposure is that at the middle of the window: counts.
    """
    flux = source.spectrum.flux(spot.edges)
    if source.lightcurve is not None:
        flux = flux * source.lightcurve.mean(spot.times[0], spot.times[1])
    return (flux * spot.exposure) @ spot.migration if spot.reco_psf else flux


def image(shape: Shape | None, window: Window) -> Array:
    """Counts in each pixel per photon per cm2 and s in each channel, shape (ny · nx, C) [cm2 s]."""
    kind = window.spot.kind
    if kind == "region" and not window.kernel.size:
        return window.exposure[:, 0].T
    assert shape is not None
    if kind == "region":
        return window.exposure[:, 0].T * _within(shape, window)
    if kind == "whole pixels":
        found = on_whole_pixels(shape, window)
        return found.reshape(-1, found.shape[-1])
    if kind == "point":
        return point.image(pixel(shape, window.spot), window)
    parts = _extended(shape, window)
    return parts.reshape(-1, parts.shape[-1])


def pixel(shape: Shape, spot: Spot) -> Array:
    """Pixel (x, y) of the centre of a shape in the window, (2,)."""
    return pixel_of(spot.local, *shape.center())


def drift(source: Source, spot: Spot) -> Array:
    """Pixels by which a source has moved from where its window was made for, and outgrown the room in it."""
    if not spot.follows:
        return jnp.zeros(())
    assert source.shape is not None
    moved = moved_by(pixel(source.shape, spot), spot)
    if spot.kind == "point":
        return moved
    reach = jnp.max(spot.local.per_rad) * source.shape.reach()
    return moved + jnp.maximum(reach - spot.room, 0.0)


def moved_by(at: Array, spot: Spot) -> Array:
    """Pixels from where a window was made for to `at`, (x, y) in it, the larger of both."""
    return jnp.max(jnp.abs(at - spot.local.origin))


def _within(shape: Shape, window: Window) -> Array:
    """Share of a shape that lies in a region, for each true energy or all, (1, T or 1)."""
    lon, lat, area = window.kernel
    return jnp.sum(brightness(shape, (lon, lat), window.spot) * area[None, :], axis=1)[None, :]


def _extended(shape: Shape, window: Window) -> Array:
    """Convolution by Fourier transform over the points of the window, which leaves room for the PSF at its borders.

    Exposure counts where the light comes from; without a PSF to blur it, in the pixel where it falls.
    """
    light, step = spread(shape, window), window.spot.oversampling
    if window.averaged:
        light = _averaged(light)
    if window.blurred and not window.spot.reco_psf:
        light = light * window.exposure
    if window.kernel.size:
        points = light.shape[-2:]
        folded = jnp.fft.irfft2(window.kernel * jnp.fft.rfft2(light), s=points)
        middle = slice((step - 1) // 2, None, step)
        light = folded[:, middle, middle]
    elif step > 1:
        ny, nx = window.shape
        light = light.reshape(-1, ny, step, nx, step).sum(axis=(2, 4))
    if not window.blurred:
        light = light * window.exposure
    return jnp.moveaxis(light, 0, -1)


def _averaged(light: Array) -> Array:
    """Means over the cells of a grid (..., ny, nx) from the values in their middles: f + ∇²f / 24, to fourth order."""
    wide = jnp.pad(light, ((0, 0), (1, 1), (1, 1)), mode="edge")
    around = wide[:, 2:, 1:-1] + wide[:, :-2, 1:-1] + wide[:, 1:-1, 2:] + wide[:, 1:-1, :-2]
    return light + (around - 4 * light) / 24
