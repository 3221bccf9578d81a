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
from skyfold.fold.window import Window
from skyfold.model.source import Source
from skyfold.model.spatial.base import Shape


def fold(source: Source, window: Window) -> Array:
    """Expected counts of a source in a window, shape (R, ny, nx)."""
    light = image(source.shape, window) * photons(source, window)[None, :]
    counts = light if window.reco_psf else light @ window.migration
    return counts.T.reshape(-1, *window.shape)


def photons(source: Source, window: Window) -> Array:
    """Photons [cm-2 s-1] in each channel, shape (C,).

    With a PSF in reconstructed energy they have migrated, and the exposure is that at the middle of the window: counts.
    """
    flux = source.spectrum.flux(window.edges)
    if source.lightcurve is not None:
        flux = flux * source.lightcurve.mean(window.times[0], window.times[1])
    if window.reco_psf:
        middle = window.exposure[:, window.exposure.shape[1] // 2, window.exposure.shape[2] // 2]
        return (flux * middle) @ window.migration
    return flux


def image(shape: Shape | None, window: Window) -> Array:
    """Counts in each pixel per photon per cm2 and s in each channel, shape (ny · nx, C) [cm2 s]."""
    if window.kind == "region" and not window.kernel.size:
        return window.exposure[:, 0].T
    assert shape is not None
    if window.kind == "region":
        return window.exposure[:, 0].T * _within(shape, window)
    if window.kind == "whole pixels":
        found = on_whole_pixels(shape, window)
        return found.reshape(-1, found.shape[-1])
    if window.kind == "point":
        return point.image(pixel(shape, window), window)
    parts = _extended(shape, window)
    return parts.reshape(-1, parts.shape[-1])


def pixel(shape: Shape, window: Window) -> Array:
    """Pixel (x, y) of the centre of a shape in the window, (2,)."""
    return pixel_of(window.local, *shape.center())


def drift(source: Source, window: Window) -> Array:
    """Pixels by which a source has moved from where its window was made for, and outgrown the room in it."""
    if not window.follows:
        return jnp.zeros(())
    assert source.shape is not None
    moved = moved_by(pixel(source.shape, window), window)
    if window.kind == "point":
        return moved
    reach = jnp.max(window.local.per_rad) * source.shape.reach()
    return moved + jnp.maximum(reach - window.room, 0.0)


def moved_by(at: Array, window: Window) -> Array:
    """Pixels from where a window was made for to `at`, (x, y) in it, the larger of both."""
    return jnp.max(jnp.abs(at - window.local.origin))


def _within(shape: Shape, window: Window) -> Array:
    """Share of a shape that lies in a region, for each true energy or all, (1, T or 1)."""
    lon, lat, area = window.kernel
    return jnp.sum(brightness(shape, (lon, lat), window) * area[None, :], axis=1)[None, :]


def _extended(shape: Shape, window: Window) -> Array:
    """Convolution by Fourier transform over the points of the window, which leaves room for the PSF at its borders.

    Exposure counts where the light comes from; without a PSF to blur it, in the pixel where it falls.
    """
    light = spread(shape, window)
    if window.blurred and not window.reco_psf:
        light = light * window.exposure
    if window.kernel.size:
        points = light.shape[-2:]
        folded = jnp.fft.irfft2(window.kernel * jnp.fft.rfft2(light), s=points)
        middle = slice((window.oversampling - 1) // 2, None, window.oversampling)
        light = folded[:, middle, middle]
    elif window.oversampling > 1:
        (ny, nx), step = window.shape, window.oversampling
        light = light.reshape(-1, ny, step, nx, step).sum(axis=(2, 4))
    if not window.blurred:
        light = light * window.exposure
    return jnp.moveaxis(light, 0, -1)
