"""Forward folding: from flux on the sky to expected counts in the bins around a source.

    counts(r, p) = Σ_t φ_t M(t → r) · [PSF_t ⊗ (shape · exposure_t)](p)

with the flux φ_t in a bin of true energy, migration M, and the PSF and the migration taken at the source. The spectrum
and the shape enter as factors: `through` holds the first, `image` the second. Pure functions of arrays, differentiable
in every parameter of the source.
"""

import jax.numpy as jnp
from jax import Array, lax

from skyfold.fold.plane import pixel_of
from skyfold.fold.spline import TAPS, place
from skyfold.fold.spread import brightness, spread
from skyfold.fold.whole_pixels import on_whole_pixels
from skyfold.fold.window import Window
from skyfold.model.source import Source
from skyfold.model.spatial.base import Shape


def fold(source: Source, window: Window) -> Array:
    """Expected counts of a source in a window, shape (R, ny, nx)."""
    return (image(source.shape, window) @ through(source, window)).T.reshape(window.mask.shape)


def through(source: Source, window: Window) -> Array:
    """Photons [cm-2 s-1] of each channel of `image` that end up in each reconstructed bin, shape (T, R).

    With a PSF in reconstructed energy the channels are those of the PSF, and the exposure is that at the middle of the
    window: counts (R, R), a diagonal.
    """
    flux = source.spectrum.flux(window.edges)
    if source.lightcurve is not None:
        flux = flux * source.lightcurve.mean(window.times[0], window.times[1])
    if window.reco_psf:
        middle = window.exposure[:, window.exposure.shape[1] // 2, window.exposure.shape[2] // 2]
        return jnp.diag((flux * middle) @ window.migration)
    return flux[:, None] * window.migration


def image(shape: Shape | None, window: Window) -> Array:
    """Counts in each pixel per photon per cm2 and s in each bin of true energy, shape (ny · nx, T) [cm2 s]."""
    if window.kind == "region" and not window.kernel.size:
        return window.exposure[:, 0].T
    assert shape is not None
    if window.kind == "region":
        return window.exposure[:, 0].T * _within(shape, window)
    if window.kind == "whole pixels":
        found = on_whole_pixels(shape, window)
        return found.reshape(-1, found.shape[-1])
    parts = _point(shape, window) if window.kind == "point" else _extended(shape, window)
    return parts.reshape(-1, parts.shape[-1])


def drift(source: Source, window: Window) -> Array:
    """Pixels by which a source has moved from where its window was made for, and outgrown the room in it."""
    if not window.follows:
        return jnp.zeros(())
    assert source.shape is not None
    x, y = pixel_of(window.local, *source.shape.center())
    moved = jnp.maximum(jnp.abs(x - window.local.origin[0]), jnp.abs(y - window.local.origin[1]))
    if window.kind == "point":
        return moved
    reach = jnp.max(window.local.per_rad) * source.shape.reach()
    return moved + jnp.maximum(reach - window.room, 0.0)


def _within(shape: Shape, window: Window) -> Array:
    """Share of a shape that lies in a region, for each true energy or all, (1, T or 1)."""
    lon, lat, area = window.kernel
    return jnp.sum(brightness(shape, (lon, lat), window) * area[None, :], axis=1)[None, :]


def _point(shape: Shape, window: Window) -> Array:
    x, y = pixel_of(window.local, *shape.center())
    ny, nx = window.shape
    psf = _shifted(_shifted(window.kernel, y, window, 0, ny), x, window, 1, nx)
    return psf if window.reco_psf else psf * _at(window.exposure, x, y, window.order)[None, None, :]


def _shifted(kernel: Array, at: Array, window: Window, axis: int, n: int) -> Array:
    """The kernel along one axis at the distances of n pixels from a position."""
    step, taps = window.oversampling, TAPS[window.order]
    start, weight = place((kernel.shape[axis] - 1) / 2 - step * at, window.order)
    pieces = (lax.dynamic_slice_in_dim(kernel, start + i, step * (n - 1) + 1, axis) for i in range(taps))
    every = (slice(None),) * axis + (slice(None, None, step),)
    return sum((weight[i] * piece[every] for i, piece in enumerate(pieces)), jnp.zeros(()))


def _at(coefficients: Array, x: Array, y: Array, order: int) -> Array:
    """Values (T,) of spline coefficients (T, ny, nx) at one pixel coordinate."""
    taps = TAPS[order]
    (x0, across), (y0, along) = place(x, order), place(y, order)
    near = lax.dynamic_slice(coefficients, (0, y0, x0), (coefficients.shape[0], taps, taps))
    return jnp.einsum("tyx,y,x->t", near, along, across)


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
