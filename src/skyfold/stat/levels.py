"""Confidence levels and numbers of standard deviations. All one-sided."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skyfold.errors import ConfigError

Floats = NDArray[np.float64]


def level_from_sigma(n_sigma: ArrayLike) -> Floats:
    """One-sided confidence level of `n_sigma` standard deviations: Φ(2) = 0.977."""
    n_sigma = np.asarray(n_sigma, dtype=float)
    if n_sigma.ndim == 0:  # the label of a limit: not worth the 0.15 s that scipy takes to import
        return np.asarray(0.5 * math.erfc(-float(n_sigma) / math.sqrt(2)))
    from scipy.special import ndtr

    return ndtr(n_sigma)


def sigma_from_level(level: ArrayLike) -> Floats:
    """Standard deviations of a one-sided confidence level: 1.645 for 0.95.

    Raises
    ------
    ConfigError
        A level that is not between 0.5 and 1, exclusive.
    """
    from scipy.special import ndtri

    level = np.asarray(level, dtype=float)
    if not np.all((level > 0.5) & (level < 1)):
        raise ConfigError(f"confidence level {level} is not between 0.5 and 1; give 0.95 for 95 %")
    return ndtri(level)


def p_value(sqrt_ts: ArrayLike) -> Floats:
    """Probability of at least this significance without a signal: 1 − Φ(√TS), so above 0.5 for a negative excess."""
    from scipy.special import ndtr

    return ndtr(-np.asarray(sqrt_ts, dtype=float))
