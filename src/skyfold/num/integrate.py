"""Integrals of functions known at nodes."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def exprel(z: Floats) -> Floats:
    """(e^z − 1) / z, exact and smooth through z = 0."""
    small = np.abs(z) < 1e-5
    safe = np.where(small, 1.0, z)
    return np.where(small, 1 + z / 2 + z * z / 6, np.expm1(safe) / safe)


def loglog_bins(values: Floats, edges: Floats, axis: int = 0) -> Floats:
    """Integral over each bin of a function that is a power law between its values at the edges.

    ∫ y dx = x₀ y₀ Δ exprel(s), with Δ = ln(x₁/x₀) and s = Δ + ln(y₁/y₀): finite at index 1. A bin with a zero at
    either edge is integrated as a straight line instead: a power law cannot reach zero.

    Parameters
    ----------
    values : array, `axis` has length n + 1, not negative.
    edges : array, shape (n + 1,), positive and rising.

    Returns
    -------
    array, `axis` has length n.
    """
    y = np.moveaxis(values, axis, -1)
    y0, y1 = y[..., :-1], y[..., 1:]
    x0, x1 = edges[:-1], edges[1:]
    positive = (y0 > 0) & (y1 > 0)
    width = np.log(x1 / x0)
    ratio = np.log(np.where(positive, y1, 1.0) / np.where(positive, y0, 1.0))
    power_law = x0 * y0 * width * exprel(width + ratio)
    straight = (y0 + y1) / 2 * (x1 - x0)
    return np.moveaxis(np.where(positive, power_law, straight), -1, axis)
