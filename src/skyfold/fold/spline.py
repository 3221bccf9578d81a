"""Cubic B-splines on regular grids: smooth shifts of an image by parts of a pixel.

A point between pixels could share its light among the four next to it, but the likelihood then has a kink at every
pixel border and minimisers stop there. A cubic spline has continuous second derivatives. Its coefficients come from the
samples by a filter (Unser, Aldroubi & Eden 1993, IEEE Trans. Sig. Proc. 41, 821), so that it goes through them.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray
from scipy.ndimage import spline_filter1d

Floats = NDArray[np.float64]

# Taps of a shift: linear weights join 2 neighbours, cubic ones 4.
TAPS = {1: 2, 3: 4}


def coefficients(samples: Floats) -> Floats:
    """Coefficients of the cubic spline through samples on a (y, x) grid, shape (..., ny, nx); 0 beyond the border."""
    for axis in (-2, -1):
        samples = spline_filter1d(samples, order=3, axis=axis, mode="mirror")
    return samples


def weights(x: Array, order: int) -> Array:
    """Weights of the `TAPS[order]` nodes around a position 0 ≤ x < 1 between two nodes; (..., taps), they sum to 1."""
    if order == 1:
        return jnp.stack([1 - x, x], axis=-1)
    return jnp.stack([(1 - x) ** 3, 4 - 6 * x**2 + 3 * x**3, 1 + 3 * x + 3 * x**2 - 3 * x**3, x**3], axis=-1) / 6


def cubic(x: Array) -> Array:
    """The cubic B-spline centred on 0; its integer samples sum to 1 at any shift."""
    a = jnp.abs(x)
    return jnp.where(a < 1, 2 / 3 - a**2 * (1 - a / 2), jnp.where(a < 2, (2 - jnp.minimum(a, 2.0)) ** 3 / 6, 0.0))


def spectrum(n: int) -> Floats:
    """Discrete Fourier transform of the sampled cubic B-spline over n points, shape (n,); between 1/3 and 1."""
    return (2 + np.cos(2 * np.pi * np.fft.fftfreq(n))) / 3


def place(x: Array, order: int) -> tuple[Array, Array]:
    """The first taps of positions on the grid, integers, and the weights of the taps from them on, (..., taps)."""
    base = jnp.floor(x)
    return base.astype(int) - (TAPS[order] // 2 - 1), weights(x - base, order)
