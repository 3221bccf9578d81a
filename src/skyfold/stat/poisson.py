"""Poisson statistics, as -2 ln L up to terms that do not depend on the model."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# Below this many expected counts the logarithm is continued by a parabola. No real bin comes near it: one count there
# has a probability of 1e-12.
FLOOR = 1e-12


def cash(n: ArrayLike, mu: ArrayLike) -> Floats:
    """Cash statistic of `n` counts where `mu` are expected: 2 (μ − n ln μ) (Cash 1979, ApJ 228, 939).

    Without counts it is exactly 2 μ, everywhere. With counts ln μ is replaced below `FLOOR` by its Taylor polynomial of
    second order there: the statistic stays finite, convex and twice differentiable through μ ≤ 0, and always slopes
    towards positive μ, so that a minimiser that strays there (a negative source, noise of a convolution) finds back.

    Parameters
    ----------
    n : counts, not negative.
    mu : expected counts; broadcasts against `n`.
    """
    n, mu = _floats(n, mu)
    positive = np.maximum(mu, FLOOR)
    return 2 * (positive - n * np.log(positive)) + _continued(n, mu)


def cash_slope(n: ArrayLike, mu: ArrayLike) -> Floats:
    """Derivative of `cash` and of `cstat` by `mu`: 2 (1 − n / μ), and finite through μ ≤ 0."""
    n, mu = _floats(n, mu)
    z = np.minimum(mu, FLOOR) / FLOOR - 1
    return 2 * (1 - n * (1 - z) / np.maximum(mu, FLOOR))


def cstat(n: ArrayLike, mu: ArrayLike) -> Floats:
    """Deviance of `n` counts where `mu` are expected: `cash` less its value at μ = n, so never negative.

        2 (μ − n + n ln(n / μ))

    Unlike a difference of two `cash` it keeps its precision where μ is close to a large n. Summed over many well filled
    bins it follows a χ² distribution: a measure of the goodness of fit.

    Parameters
    ----------
    n : counts; nan where negative.
    mu : expected counts; broadcasts against `n`.
    """
    n, mu = _floats(n, mu)
    return deviance(n, np.maximum(mu, FLOOR)) + _continued(n, mu)


def deviance(n: Floats, mu: Floats) -> Floats:
    """`cstat` without the continuation: for μ that are known to be positive, or zero where n is zero."""
    with np.errstate(all="ignore"):
        residual = mu - n
        ratio = mu / n
        # ln(μ/n) from the residual: next to 1 the ratio has lost what the residual still knows (Kahan's log1p).
        logarithm = np.log(ratio) * (residual / n) / (ratio - 1)
        value = 2 * (residual - n * logarithm)
    value = np.where(ratio == 1, 0.0, value)
    return np.where(n == 0, 2 * mu, value)


def _continued(n: Floats, mu: Floats) -> Floats | float:
    """What a parabola adds to the statistic at max(μ, FLOOR) where μ is below FLOOR."""
    z = np.minimum(mu, FLOOR) / FLOOR - 1
    return 2 * (FLOOR * z - n * z * (1 - z / 2)) if np.any(z < 0) else 0.0


def _floats(*values: ArrayLike) -> tuple[Floats, ...]:
    return tuple(np.asarray(v, dtype=float) for v in values)
