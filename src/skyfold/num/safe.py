"""Arithmetic where an empty pixel is not an accident."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def divide(numerator: ArrayLike, denominator: ArrayLike, empty: float = np.nan) -> Floats:
    """numerator / denominator, and `empty` where the denominator is zero; broadcasts, no warning.

    A denominator that is nan is not empty: the quotient is nan.
    """
    numerator, denominator = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    result = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), empty)
    return np.divide(numerator, denominator, out=result, where=denominator != 0)
