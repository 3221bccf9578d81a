"""A point source in a window: the PSF there, shifted by parts of a pixel, times the exposure.

The PSF is made in a block of pixels that follows the point through the window, so that a window with room for a point
to move costs no more than one without.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from skyfold.fold.spline import place
from skyfold.fold.window import Spot, Window


class Landing(NamedTuple):
    """Where in a window a point is.

    corner : (x, y) pixel of the window where the block begins.
    first : (x, y) of the first taps, (2, 2): of the spline of the PSF those points of it, counted from its middle, that
        are under the first pixel of the block; of the exposure pixels of the window.
    weight : (2, 2, taps) of these taps and of those that follow.
    """

    corner: Array
    first: Array
    weight: Array


# Pixels that a PSF takes more than its block, for the point to be anywhere in a pixel, and taps.
_MORE = 4


def by_phase(quadrant: NDArray[np.float64], step: int, side: int) -> NDArray[np.float64]:
    """A PSF on `step` points per pixel, for each phase in its pixels: (step, step, size + 1, size, C).

    Its middle is the first point of pixel size // 2. Neighbours in a row of pixels are neighbours in memory, all
    channels of one before those of the next; so the pixels of any tap follow each other at the same distances, and may
    be read on beyond the end of a row: to the end of one more row.

    Parameters
    ----------
    quadrant : (C, n, n) from its middle on; it is the same on all sides.
    side : even, of the block; step × (side / 2 − 1) is at least n + 1, so that its first pixels are dark.
    """
    size = side + _MORE
    point = np.arange(1 - quadrant.shape[1], quadrant.shape[1])
    cell, phase = np.divmod(step * (size // 2) + point, step)
    parts = _aligned((step, step, size + 1, size, len(quadrant)))
    for along in range(step):  # all at once is ten times the memory of the quadrant
        rows = phase == along
        values = quadrant[:, abs(point[rows])[:, None], abs(point)[None, :]]
        parts[along, phase[None, :], cell[rows][:, None], cell[None, :]] = np.moveaxis(values, 0, -1)
    return parts


def _aligned(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Zeros that begin at a multiple of 64 bytes: JAX takes such arrays as they are, and copies others."""
    n = math.prod(shape)
    room = np.zeros(n + 8)
    first = -room.ctypes.data % 64 // 8
    return room[first : first + n].reshape(shape)


def landing(at: Array, spot: Spot) -> tuple[Landing, Array]:
    """Where a point at the pixel `at`, (x, y), of a window lands; and slopes of its weights, along x by x, y by y."""
    step, side = spot.oversampling, spot.block[0]
    corner = jnp.clip(jnp.floor(at).astype(int) - (side // 2 - 1), 0, spot.block[1:])

    def smooth(at: Array) -> tuple[Array, Array]:
        first, weight = place(jnp.stack([step * (corner - at), at]), spot.order)
        return weight, first

    weight, slopes, first = jax.jvp(smooth, (at,), (jnp.ones_like(at),), has_aux=True)
    return Landing(corner, first, weight), slopes


def image(at: Array, window: Window) -> Array:
    """Counts in each pixel per photon per cm2 and s in each channel, (ny · nx, C) [cm2 s]."""
    here, _ = landing(at, window.spot)
    psf, exposure = shifted(here, None, window.kernel, exposed(window), window.shape[0])
    side, channels, (x, y) = len(psf), window.spot.channels, here.corner
    block = psf.reshape(side, side, channels) * (1.0 if exposure is None else exposure[None])
    nothing = jnp.zeros((*window.shape, channels))
    return lax.dynamic_update_slice(nothing, block, (y, x, 0)).reshape(-1, channels)


def exposed(window: Window) -> Array | None:
    """The exposure of a window, for `shifted` to take that at the point; None if the flux holds it, see `photons`."""
    return None if window.spot.reco_psf else window.exposure


def shifted(
    here: Landing, slopes: Array | None, kernel: Array, exposure: Array | None, n: int
) -> tuple[Array, Array | None]:
    """The PSF in each pixel of the block, (side, m, side · C), and the exposure (m, C) by which it is to be multiplied.

    m is 1, or with slopes 3: their derivatives by x and by y follow. In this shape the loops that XLA makes are over
    long rows, and over the m of one row before the next, so that what they need is read once.

    Parameters
    ----------
    kernel, exposure : those of a window of n × n pixels, see `skyfold.fold.window.Window` and `exposed`.
    """
    (across, along), near = here.first
    weights, shares = map(_products, here.weight, (None, None) if slopes is None else slopes)
    psf = _between_phases(across, along, weights, kernel)
    if exposure is None:
        return psf, None
    x, y = near - (n // 2 - len(exposure[0]) // 2)
    around = lax.dynamic_slice(exposure, (0, y, x), (len(exposure), *shares.shape[1:]))
    return psf, jnp.einsum("cyx,jyx->jc", around, shares)


def _between_phases(across: Array, along: Array, weights: Array, kernel: Array) -> Array:
    """Sums (side, m, side · C) of a PSF, see `by_phase`, at taps from these along x and along y on."""
    step, _, rows, size, channels = kernel.shape
    side, taps = size - _MORE, jnp.arange(weights.shape[-1])
    across, along = across + taps, along + taps
    columns = (across % step) * rows * size + across // step + size // 2
    lines = ((along % step) * step * rows + along // step + size // 2) * size
    numbers, total = kernel.reshape(-1), jnp.zeros(())
    for line, of_line in zip(lines, jnp.moveaxis(weights, 0, -1), strict=True):
        for column, weight in zip(columns, of_line, strict=True):
            tap = lax.dynamic_slice(numbers, ((line + column) * channels,), (side * size * channels,))
            total = total + weight[None, :, None] * tap.reshape(side, 1, -1)
    return total[:, :, : side * channels]


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
