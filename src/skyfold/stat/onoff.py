"""Poisson statistics of an on region whose background is measured in an off region.

    n_on ~ Poisson(μ_sig + α μ_bkg)        n_off ~ Poisson(μ_bkg)

The background is profiled: at every signal it takes the value most likely for it. With a = α n_on, b = α n_off and
s = (1 + α) μ_sig the two expectations are

    2 (1 + α) α μ_bkg = a + b − s + D        2 (1 + α) μ_on = a + b + s + D        D² = (s + b − a)² + 4 a b

and wherever a sum on the right would cancel, its conjugate is used.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skyfold.stat.poisson import deviance

Floats = NDArray[np.float64]


class Profiled(NamedTuple):
    """Expected counts in the on region (signal and background) and in the off region."""

    mu_on: Floats
    mu_off: Floats


def profiled(n_on: ArrayLike, n_off: ArrayLike, alpha: ArrayLike, mu_sig: ArrayLike) -> Profiled:
    """Expected counts of both regions for a signal, the background being the most likely one; see `wstat`."""
    n_on, n_off, mu_sig = (np.asarray(v, dtype=float) for v in (n_on, n_off, mu_sig))
    alpha = usable_alpha(alpha)
    a, b, s = alpha * n_on, alpha * n_off, (1 + alpha) * mu_sig
    with np.errstate(invalid="ignore"):
        root = np.sqrt((s + b - a) ** 2 + 4 * a * b)
    scale = 2 * (1 + alpha)
    mu_off = _sum(a + b - s, root, 4 * b * s) / (scale * alpha)
    return Profiled(_sum(a + b + s, root, -4 * a * s) / scale, mu_off)


def wstat_background(n_on: ArrayLike, n_off: ArrayLike, alpha: ArrayLike, mu_sig: ArrayLike) -> Floats:
    """Most likely background counts in the off region for a signal of `mu_sig` counts in the on region.

    Never negative; n_off / (1 + α) without on counts, max(0, n_on / (1 + α) − μ_sig / α) without off counts.
    Parameters as in `wstat`.
    """
    return profiled(n_on, n_off, alpha, mu_sig).mu_off


def wstat(n_on: ArrayLike, n_off: ArrayLike, alpha: ArrayLike, mu_sig: ArrayLike) -> Floats:
    """Statistic of a signal over a measured background: −2 ln of its likelihood over the largest possible one.

    The sum of the deviances of on and off counts, each against its most likely expectation; zero at the best signal,
    n_on − α n_off, convex, and exact where n_on or n_off is zero. Summed over many bins with few off counts each it
    biases a fit towards less signal, for every bin has a background of its own: group such bins first.

    Parameters
    ----------
    n_on, n_off : counts, need not be whole numbers; nan where one of them is negative.
    alpha : ratio of on to off acceptance. Where it is zero, negative, infinite or nan the result is nan.
    mu_sig : expected signal counts in the on region; may be negative, the on region never is.

    Returns
    -------
    array, shape of the arguments broadcast against each other.
    """
    mu_on, mu_off = profiled(n_on, n_off, alpha, mu_sig)
    return deviance(np.asarray(n_on, dtype=float), mu_on) + deviance(np.asarray(n_off, dtype=float), mu_off)


def li_ma(n_on: ArrayLike, n_off: ArrayLike, alpha: ArrayLike) -> Floats:
    """Significance of n_on over α n_off counts, signed by the excess (Li & Ma 1983, ApJ 272, 317, eq. 17).

    The square root of TS = wstat(0) − wstat(n_on − α n_off), for both signs of the excess, any acceptance ratio and
    any counts, zeros included: with n_off = 0, √(2 n_on ln((1 + α) / α)); with no counts at all, 0.

    Parameters
    ----------
    n_on, n_off : counts; nan where negative.
    alpha : ratio of on to off acceptance. Where it is zero, negative, infinite or nan (a pixel without ring, say) the
        result is nan.
    """
    n_on, n_off, alpha = np.asarray(n_on, dtype=float), np.asarray(n_off, dtype=float), usable_alpha(alpha)
    mu_off = (n_on + n_off) / (1 + alpha)
    ts = deviance(n_on, alpha * mu_off) + deviance(n_off, mu_off)
    with np.errstate(invalid="ignore"):
        return np.copysign(np.sqrt(np.maximum(ts, 0.0)), n_on - alpha * n_off)


def usable_alpha(alpha: ArrayLike) -> Floats:
    """`alpha` as floats, nan where it is no ratio of acceptances."""
    alpha = np.asarray(alpha, dtype=float)
    with np.errstate(invalid="ignore"):
        return np.where((alpha > 0) & (alpha < np.inf), alpha, np.nan)


def _sum(x: Floats, root: Floats, product: Floats) -> Floats:
    """x + root, with root² = x² + product; without cancellation where x is negative."""
    large = root + np.abs(x)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(x >= 0, large, product / large)
