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
from skyfold.fold.window import Window


class Landing(NamedTuple):
    """What the image of a point depends on besides the window.

    corner : (x, y) pixel of the window where the block begins.
    start : (taps, taps) where the PSF for each tap of the spline, along y and along x, begins in its numbers.
    weight : (2, taps) of the taps along x and along y.
    exposure : (C,) at the point.
    """

    corner: Array
    start: Array
    weight: Array
    exposure: Array


class Slopes(NamedTuple):
    """Derivatives of a landing by the pixel coordinate of the point.

    weight : (2, taps) along x by x, along y by y.
    exposure : (2, C) by x and by y.
    """

    weight: Array
    exposure: Array


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
    grid = np.zeros((len(kernel), step * size, step * size))
    first = step * (size // 2) - kernel.shape[1] // 2
    grid[:, first : first + kernel.shape[1], first : first + kernel.shape[2]] = kernel
    parts = grid.reshape(-1, size, step, size, step).transpose(2, 4, 1, 3, 0)
    return np.pad(parts, ((0, 0), (0, 0), (0, 1), (0, 0), (0, 0)))


def landing(at: Array, window: Window) -> tuple[Landing, Slopes]:
    """Where a point at the pixel `at`, (x, y), of a window lands."""
    step, order, size = window.oversampling, window.order, window.kernel.shape[3]
    taps, side = TAPS[order], size - _MORE
    room = jnp.array(window.shape[::-1]) - side
    corner = jnp.clip(jnp.floor(at).astype(int) - (side // 2 - 1), 0, room)

    def smooth(at: Array) -> tuple[Array, Array]:
        _, weight = place(step * (size // 2 + corner - at), order)
        if window.reco_psf:
            return weight, jnp.ones(window.kernel.shape[4])
        (x, y), (across, along) = place(at, order)
        near = lax.dynamic_slice(window.exposure, (0, y, x), (window.exposure.shape[0], taps, taps))
        return weight, jnp.sum(near * (along[:, None] * across[None, :])[None], axis=(1, 2))

    weight, exposure = smooth(at)
    d_weight, d_exposure = jax.jacfwd(smooth)(at)
    tap = place(step * (size // 2 + corner - at), order)[0][:, None] + jnp.arange(taps)[None, :]
    phase, cell = jnp.mod(tap, step), jnp.floor_divide(tap, step)
    _, _, rows, _, channels = window.kernel.shape
    across, along = phase[0] * rows * size + cell[0], (phase[1] * step * rows + cell[1]) * size
    here = Landing(corner, (along[:, None] + across[None, :]) * channels, weight, exposure)
    return here, Slopes(jnp.stack([d_weight[0, :, 0], d_weight[1, :, 1]]), d_exposure.T)


def image(at: Array, window: Window) -> Array:
    """Counts in each pixel per photon per cm2 and s in each channel, (ny · nx, C) [cm2 s]."""
    here, _ = landing(at, window)
    (psf,) = shifted(here, None, window)
    side, channels, (x, y) = len(psf), here.exposure.size, here.corner
    block = psf.reshape(side, side, channels) * here.exposure[None, None, :]
    nothing = jnp.zeros((*window.shape, channels))
    return lax.dynamic_update_slice(nothing, block, (y, x, 0)).reshape(-1, channels)


def shifted(here: Landing, slopes: Slopes | None, window: Window) -> tuple[Array, ...]:
    """The PSF in each pixel of the block, (side, side · C); with slopes its derivatives by x and by y, too.

    In this shape the loops that XLA makes of it are over long rows, and twice as fast.
    """
    across, along = here.weight
    psf = _shifted(here, across, along, window)
    if slopes is None:
        return (psf,)
    d_across, d_along = slopes.weight
    return psf, _shifted(here, d_across, along, window), _shifted(here, across, d_along, window)


def in_block(pixels: Array, here: Landing, nx: int, side: int) -> Array:
    """Where in the block pixels y · nx + x of the window are; those outside at its first, which is always dark."""
    x, y = pixels % nx - here.corner[0], pixels // nx - here.corner[1]
    inside = (x >= 0) & (x < side) & (y >= 0) & (y < side)
    return jnp.where(inside, y * side + x, 0)


@jax.jit
def _shifted(here: Landing, across: Array, along: Array, window: Window) -> Array:
    """Weighted sum of the PSF at all taps, (side, side · C)."""
    size, channels = window.kernel.shape[3:]
    side = size - _MORE
    numbers = window.kernel.reshape(-1)
    total = jnp.zeros(())
    for i in range(along.size):
        taps = (lax.dynamic_slice(numbers, (start,), (side * size * channels,)) for start in here.start[i])
        total = total + along[i] * sum((weight * tap for weight, tap in zip(across, taps, strict=True)), jnp.zeros(()))
    return total.reshape(side, size * channels)[:, : side * channels]
