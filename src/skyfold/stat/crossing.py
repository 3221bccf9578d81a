"""Where profiles of the statistic cross a given height: the arithmetic behind errors and limits.

Every profile here is convex with minimum zero, and every bracket is a theorem rather than a search. With Δ the height,
the deviance of n counts reaches Δ

* below n no farther than √(n Δ), and not beyond zero,
* above n no farther than √(n Δ) + Δ / 2

(the sub-gamma bounds of a gamma variable; Boucheron, Lugosi & Massart 2013, Concentration Inequalities, §2.4). First
estimates come from n (1 ± √(Δ/n) / 3)³, for the deviance is nearly a parabola in the cube root of μ (Anscombe 1953).

In all functions counts are arrays of one shape and the result has that shape, nan where an input is not finite or not
a count.
"""

import numpy as np
from numpy.typing import NDArray

from skyfold.errors import FitError
from skyfold.num.roots import Equation, newton
from skyfold.stat.onoff import profiled
from skyfold.stat.poisson import deviance

Floats = NDArray[np.float64]

# The bounds can be tight (without counts the profiles are straight lines, and end there): leave room for rounding.
_SLACK = 1 + 1e-6


def poisson_below(n: Floats, height: Floats) -> Floats:
    """Expectation below `n` at which its deviance is `height`; zero for n = 0, where there is none below."""
    with np.errstate(all="ignore"):
        k = height / (2 * n)
        cube = 1 - np.sqrt(2 * k) / 3
        start = np.where(cube > 0, 3 * np.log(np.maximum(cube, 1e-300)), -k - 1)
        # In t = ln(μ/n) the equation is e^t − 1 − t = k: no underflow however small μ is.
        t = _solve(_log_deviance, -(k + 1) * _SLACK, 0.0 * k, start, k)
        return np.where(n == 0, 0.0 * height, n * np.exp(t))


def poisson_above(n: Floats, height: Floats) -> Floats:
    """Expectation above `n` at which its deviance is `height`; height / 2 for n = 0."""
    with np.errstate(all="ignore"):
        start = _cube(n, height, +1)
        return _solve(_deviance, n, n + _reach_above(n, height), start, n, height)


def onoff_below(n_on: Floats, n_off: Floats, alpha: Floats, height: Floats) -> Floats:
    """Signal below n_on − α n_off at which the profile of `wstat` is `height`."""
    with np.errstate(all="ignore"):
        excess = n_on - alpha * n_off
        reach = _reach_below(n_on, height) + alpha * _reach_above(n_off, height)
        start = excess - np.hypot(n_on - _cube(n_on, height, -1), alpha * (_cube(n_off, height, +1) - n_off))
        return _solve(_wstat, excess - reach, excess, start, n_on, n_off, alpha, height)


def onoff_above(n_on: Floats, n_off: Floats, alpha: Floats, height: Floats) -> Floats:
    """Signal above n_on − α n_off at which the profile of `wstat` is `height`."""
    with np.errstate(all="ignore"):
        excess = n_on - alpha * n_off
        reach = _reach_above(n_on, height) + alpha * _reach_below(n_off, height)
        start = excess + np.hypot(_cube(n_on, height, +1) - n_on, alpha * (n_off - _cube(n_off, height, -1)))
        return _solve(_wstat, excess, excess + reach, start, n_on, n_off, alpha, height)


def counts_over_known(mu: Floats, height: Floats) -> Floats:
    """Counts above `mu` whose deviance from it is `height`."""
    with np.errstate(all="ignore"):
        reach = _excess_reach(mu, height)
        return _solve(_known, mu, mu + reach, mu + reach, mu, height)


def counts_over_measured(n_off: Floats, alpha: Floats, height: Floats) -> Floats:
    """On counts above α n_off whose TS over that background is `height`."""
    with np.errstate(all="ignore"):
        mu = alpha * n_off
        most = alpha * (n_off + _reach_above(n_off, height))
        start = mu + np.sqrt(mu * (1 + alpha) * height) + height / 6
        return _solve(_measured, mu, most + _excess_reach(most, height), start, n_off, alpha, height)


def _reach_below(n: Floats, height: Floats) -> Floats:
    return np.minimum(np.sqrt(n * height), n)


def _reach_above(n: Floats, height: Floats) -> Floats:
    return (np.sqrt(n * height) + height / 2) * _SLACK


def _excess_reach(mu: Floats, height: Floats) -> Floats:
    """Excess counts over `mu` that suffice for a deviance of `height` (Bernstein's inequality)."""
    return (np.sqrt(mu * height) + height / 6) * _SLACK


def _cube(n: Floats, height: Floats, sign: int) -> Floats:
    """Estimate of the expectation at which the deviance of `n` is `height`, within the proven reach."""
    root = np.maximum(1 + sign * np.sqrt(height / n) / 3, 0.0)
    if sign < 0:
        return np.where(n == 0, 0.0, np.maximum(n * root**3, n - _reach_below(n, height)))
    return np.fmin(n * root**3, n + _reach_above(n, height))


# Equations: value and slope


def _log_deviance(t: Floats, k: Floats) -> tuple[Floats, Floats]:
    slope = np.expm1(t)
    return slope - t - k, slope


def _deviance(mu: Floats, n: Floats, height: Floats) -> tuple[Floats, Floats]:
    return deviance(n, mu) - height, 2 * (1 - n / mu)


def _known(n: Floats, mu: Floats, height: Floats) -> tuple[Floats, Floats]:
    return deviance(n, mu) - height, 2 * np.log(n / mu)


def _measured(n_on: Floats, n_off: Floats, alpha: Floats, height: Floats) -> tuple[Floats, Floats]:
    mu_off = (n_on + n_off) / (1 + alpha)
    value = deviance(n_on, alpha * mu_off) + deviance(n_off, mu_off) - height
    return value, 2 * np.log(n_on / (alpha * mu_off))


def _wstat(mu_sig: Floats, n_on: Floats, n_off: Floats, alpha: Floats, height: Floats) -> tuple[Floats, Floats]:
    mu_on, mu_off = profiled(n_on, n_off, alpha, mu_sig)
    value = deviance(n_on, mu_on) + deviance(n_off, mu_off) - height
    # The profiled background makes the two forms equal; each is finite where the other may not be.
    by_on, by_off = 2 * (1 - n_on / mu_on), -2 * (1 - n_off / mu_off) / alpha
    return value, np.where((mu_sig > 0) | (n_on > 0) & (mu_off == 0), by_on, by_off)


def _solve(equation: Equation, lo: Floats, hi: Floats, start: Floats, *args: Floats) -> Floats:
    """The roots; a finite problem without one is an error, for the brackets are proven.

    Raises
    ------
    FitError
        It happened all the same.
    """
    # The profiles are smooth: a last step from within 1e-6 of the bracket's width leaves an error of 1e-12 of it.
    roots = newton(equation, lo, hi, *args, start=start, rtol=1e-6)
    failed = ~roots.converged & np.isfinite(np.broadcast_arrays(lo + hi, *args)).all(axis=0) & (lo < hi)
    if failed.any():
        first = tuple(float(np.broadcast_to(a, failed.shape)[failed][0]) for a in (lo, hi, *args))
        raise FitError(f"{np.count_nonzero(failed)} of {failed.size} roots not found; bracket and data of one: {first}")
    return roots.x
