"""Counts in a region over a background that is known, or measured in an off region.

One value holds as many regions as its arrays have elements (the pixels of a map, bins of a spectrum); every result has
their shape. Pixels that cannot be used (nan, no acceptance in the off region) are nan in every result.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skyfold.errors import ConfigError, ShapeError
from skyfold.num.safe import divide
from skyfold.stat import crossing
from skyfold.stat.levels import level_from_sigma, p_value, sigma_from_level
from skyfold.stat.onoff import li_ma, usable_alpha, wstat
from skyfold.stat.poisson import FLOOR, cstat

Floats = NDArray[np.float64]
Axes = int | tuple[int, ...] | None


class Errors(NamedTuple):
    """Distances from the best fit down and up to where the statistic has risen by n_sigma²; both not negative."""

    errn: Floats
    errp: Floats
    n_sigma: float


class UpperLimit(NamedTuple):
    """One-sided upper limits on the signal counts, and the confidence level they were computed for."""

    value: Floats
    level: float


class Counting(ABC):
    """What follows from a statistic that is a convex function of the signal and zero at the excess."""

    @property
    @abstractmethod
    def background(self) -> Floats:
        """Expected background counts."""

    @property
    @abstractmethod
    def excess(self) -> Floats:
        """Counts over the background: the best fit of the signal."""

    @property
    @abstractmethod
    def error(self) -> Floats:
        """Symmetric error of the excess."""

    @property
    @abstractmethod
    def sqrt_ts(self) -> Floats:
        """Significance of the excess: √TS, with its sign."""

    @abstractmethod
    def stat(self, mu_sig: ArrayLike) -> Floats:
        """−2 ln of the likelihood of a signal over the largest possible one; zero at the excess."""

    @abstractmethod
    def excess_for_significance(self, sigma: float) -> Floats:
        """Excess counts that would be significant by `sigma` over this background."""

    @abstractmethod
    def _below(self, height: Floats) -> Floats:
        """Signal below the excess where `stat` is `height`."""

    @abstractmethod
    def _above(self, height: Floats) -> Floats:
        """Signal above the excess where `stat` is `height`."""

    @property
    def ts(self) -> Floats:
        """Test statistic of the excess: stat(0) − stat(excess)."""
        return self.sqrt_ts**2

    @property
    def p_value(self) -> Floats:
        """One-sided probability of at least this significance without a signal; above 0.5 for a negative excess."""
        return p_value(self.sqrt_ts)

    def errors(self, n_sigma: float = 1.0) -> Errors:
        """Asymmetric errors of the excess, where the profile of the statistic has risen by n_sigma².

        The lower error ends at the smallest signal there can be: without counts over a known background, at once.

        Raises
        ------
        ConfigError
            `n_sigma` is not positive.
        """
        height = np.full(np.shape(self.excess), _positive(n_sigma, "n_sigma") ** 2)
        down, up = self.excess - self._below(height), self._above(height) - self.excess
        return Errors(np.maximum(down, 0.0), np.maximum(up, 0.0), float(n_sigma))

    def upper_limit(self, n_sigma: float = 2.0, *, level: float | None = None, bounded: bool = True) -> UpperLimit:
        """One-sided upper limit: the signal where the statistic has risen by n_sigma² from its best fit.

        Parameters
        ----------
        n_sigma : float
            Standard deviations; the level is Φ(n_sigma): 0.977 for the usual 2 (not 0.954, which is two-sided).
        level : float, optional
            Confidence level, in place of `n_sigma`.
        bounded : bool
            The signal cannot be negative: the rise counts from the best signal ≥ 0, so the limit is positive however
            deep a fluctuation of the background is. Else it counts from the excess, and the limit may be negative.

        Notes
        -----
        The level is asymptotic. Counts are whole numbers, so with few expected the coverage is a saw-tooth about it:
        for 95 % it never falls below 0.93 with more than 15 counts expected, 0.91 with 7, 0.86 with 2, 0.74 with fewer
        (the limit without counts is n_sigma² / 2). Where `bounded` lifts the limit, coverage is higher.
        `CashCounts.conservative_upper_limit` never falls short.

        Raises
        ------
        ConfigError
            `n_sigma` is not positive, or `level` not between 0.5 and 1.
        """
        sigma = float(sigma_from_level(level)) if level is not None else _positive(n_sigma, "n_sigma")
        best = np.maximum(self.excess, 0.0) if bounded else self.excess
        value = self._above(sigma**2 + self.stat(best))
        return UpperLimit(np.maximum(value, 0.0) if bounded else value, float(level_from_sigma(sigma)))


@dataclass(frozen=True, eq=False)
class CashCounts(Counting):
    """Counts over a background known without error.

    Parameters
    ----------
    n_on : array
        Counts, need not be whole numbers (a mean expectation gives median results); nan where negative.
    mu_bkg : array
        Expected background; broadcasts against `n_on`. Below 1e-12 it acts as in `cash`: the significance of a count
        over no background is large but finite. A negative background is no background: nan.

    Raises
    ------
    ShapeError
        The arrays do not broadcast.
    """

    n_on: Floats
    mu_bkg: Floats

    def __post_init__(self) -> None:
        n_on, mu_bkg = _broadcast(n_on=self.n_on, mu_bkg=self.mu_bkg)
        object.__setattr__(self, "n_on", _not_negative(n_on))
        object.__setattr__(self, "mu_bkg", _not_negative(mu_bkg))

    @property
    def background(self) -> Floats:
        return self.mu_bkg

    @property
    def excess(self) -> Floats:
        return self.n_on - self.mu_bkg

    @property
    def error(self) -> Floats:
        """√n_on, from the curvature of the statistic at the excess: zero without counts, where `errors` says more."""
        return np.sqrt(self.n_on)

    @property
    def sqrt_ts(self) -> Floats:
        return np.copysign(np.sqrt(np.maximum(cstat(self.n_on, self.mu_bkg), 0.0)), self.excess)

    def stat(self, mu_sig: ArrayLike) -> Floats:
        return cstat(self.n_on, self.mu_bkg + np.asarray(mu_sig, dtype=float))

    def excess_for_significance(self, sigma: float) -> Floats:
        """Excess n − μ_bkg of the counts n that would be significant by `sigma` over this background.

        Raises
        ------
        ConfigError
            `sigma` is not positive.
        """
        background = np.maximum(self.mu_bkg, FLOOR)
        height = np.full(background.shape, _positive(sigma, "sigma") ** 2)
        return crossing.counts_over_known(background, height) - background

    def conservative_upper_limit(self, level: float = 0.95) -> UpperLimit:
        """Upper limit whose coverage is never below its level, at any number of counts.

        The signal s at which no more than the observed counts have probability 1 − level, relative to the same
        probability without a signal: P(≤ n | s + b) = (1 − level) P(≤ n | b) (the CLs limit; for one region also the
        Bayesian one with a flat prior; Helene 1983, NIM 212, 319). Without counts it is −ln(1 − level), whatever the
        background.

        Raises
        ------
        ConfigError
            `level` is not between 0.5 and 1.
        """
        from scipy.special import gammaincc, gammainccinv

        sigma_from_level(level)  # for its check
        at_most = gammaincc(self.n_on + 1, self.mu_bkg)
        value = gammainccinv(self.n_on + 1, (1 - level) * at_most) - self.mu_bkg
        return UpperLimit(np.maximum(value, 0.0), float(level))

    def sum(self, axis: Axes = None) -> Self:
        """The regions along `axis` (all of them by default) taken as one."""
        return type(self)(self.n_on.sum(axis), self.mu_bkg.sum(axis))

    def _below(self, height: Floats) -> Floats:
        return crossing.poisson_below(self.n_on, height) - self.mu_bkg

    def _above(self, height: Floats) -> Floats:
        return crossing.poisson_above(self.n_on, height) - self.mu_bkg


@dataclass(frozen=True, eq=False)
class OnOffCounts(Counting):
    """Counts over a background measured in an off region.

    Parameters
    ----------
    n_on, n_off : array
        Counts, need not be whole numbers; nan where negative.
    alpha : array
        Ratio of on to off acceptance. Where it is zero, negative, infinite or nan there is no background: nan.

    Raises
    ------
    ShapeError
        The arrays do not broadcast.
    """

    n_on: Floats
    n_off: Floats
    alpha: Floats

    def __post_init__(self) -> None:
        n_on, n_off, alpha = _broadcast(n_on=self.n_on, n_off=self.n_off, alpha=self.alpha)
        object.__setattr__(self, "n_on", _not_negative(n_on))
        object.__setattr__(self, "n_off", _not_negative(n_off))
        object.__setattr__(self, "alpha", usable_alpha(alpha))

    @property
    def background(self) -> Floats:
        return self.alpha * self.n_off

    @property
    def excess(self) -> Floats:
        return self.n_on - self.background

    @property
    def error(self) -> Floats:
        """√(n_on + α² n_off), from the curvature of the statistic at the excess (Li & Ma 1983, eq. 5)."""
        return np.sqrt(self.n_on + self.alpha**2 * self.n_off)

    @property
    def sqrt_ts(self) -> Floats:
        """Li & Ma's significance, with the sign of the excess."""
        return li_ma(self.n_on, self.n_off, self.alpha)

    def stat(self, mu_sig: ArrayLike) -> Floats:
        return wstat(self.n_on, self.n_off, self.alpha, mu_sig)

    def excess_for_significance(self, sigma: float) -> Floats:
        """Excess n − α n_off of the on counts n that would be significant by `sigma` over these off counts.

        Raises
        ------
        ConfigError
            `sigma` is not positive.
        """
        height = np.full(self.n_on.shape, _positive(sigma, "sigma") ** 2)
        return crossing.counts_over_measured(self.n_off, self.alpha, height) - self.background

    def sum(self, axis: Axes = None) -> Self:
        """The regions along `axis` (all of them by default) taken as one; their background stays Σ α n_off.

        Regions without off counts have no say in α, unless none has any: then it is their mean.
        """
        background = np.where(self.n_off > 0, self.background, 0.0).sum(axis)
        n_off = self.n_off.sum(axis)
        alpha = np.where(n_off > 0, divide(background, n_off), self.alpha.mean(axis))
        return type(self)(self.n_on.sum(axis), n_off, alpha)

    def _below(self, height: Floats) -> Floats:
        return crossing.onoff_below(self.n_on, self.n_off, self.alpha, height)

    def _above(self, height: Floats) -> Floats:
        return crossing.onoff_above(self.n_on, self.n_off, self.alpha, height)


def _broadcast(**arrays: ArrayLike) -> list[Floats]:
    floats = {name: np.asarray(a, dtype=float) for name, a in arrays.items()}
    try:
        return list(np.broadcast_arrays(*floats.values()))
    except ValueError as error:
        shapes = ", ".join(f"{name} {a.shape}" for name, a in floats.items())
        raise ShapeError(f"counts of different shapes: {shapes}; they have to broadcast against each other") from error


def _not_negative(values: Floats) -> Floats:
    return np.where(values >= 0, values, np.nan)


def _positive(value: float, name: str) -> float:
    if not 0 < value < np.inf:
        raise ConfigError(f"{name} is {value}; wanted a positive number of standard deviations")
    return float(value)
