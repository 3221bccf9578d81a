"""Cubic B-splines on regular grids: smooth shifts of an image by parts of a pixel.

A point between pixels could share its light among the four next to it, but the likelihood then has a kink at every
pixel border and minimisers stop there. A cubic spline has continuous second derivatives. Its coefficients come from the
samples by a filter (Unser, Aldroubi & Eden 1993, IEEE Trans. Sig. Proc. 41, 821), so that it goes through them.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Taps of a shift: linear weights join 2 neighbours, cubic ones 4.
TAPS = {1: 2, 3: 4}
# Weights of the taps by powers of the position between two nodes, (order + 1, taps).
_WEIGHTS = {
    1: np.array([[1.0, 0.0], [-1.0, 1.0]]),
    3: np.array([[1.0, 4.0, 1.0, 0.0], [-3.0, 0.0, 3.0, 0.0], [3.0, -6.0, 3.0, 0.0], [-1.0, 3.0, -3.0, 1.0]]) / 6,
}


def coefficients(samples: Floats) -> Floats:
    """Coefficients of the cubic spline through samples on a (y, x) grid, (..., ny, nx), mirrored at its border."""
    c = np.array(samples)
    for axis in (-2, -1):
        _solve(np.moveaxis(c, axis, 0))
    return c


def _solve(c: Floats) -> None:
    """From samples along the first axis to c with (c[i − 1] + 4 c[i] + c[i + 1]) / 6 = samples[i], in their place.

    By elimination; as fast as `scipy.ndimage`, which would bring 10 MiB into every fit.
    """
    last = len(c) - 1
    if last < 1:
        return
    c *= 6
    shares = np.full(last, 0.5)  # of c[i + 1] in c[i]
    c[0] /= 4
    for i in range(1, last):
        shares[i] = 1 / (4 - shares[i - 1])
        c[i] = (c[i] - c[i - 1]) * shares[i]
    c[last] = (c[last] - 2 * c[last - 1]) / (4 - 2 * shares[-1])
    for i in reversed(range(last)):
        c[i] -= shares[i] * c[i + 1]


def weights(x: Array, order: int) -> Array:
    """Weights of the `TAPS[order]` nodes around a position 0 ≤ x < 1 between two nodes; (..., taps), they sum to 1."""
    total = jnp.zeros((*x.shape, TAPS[order]))
    for coefficient in reversed(_WEIGHTS[order]):
        total = total * x[..., None] + coefficient.reshape((1,) * x.ndim + (-1,))
    return total


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
