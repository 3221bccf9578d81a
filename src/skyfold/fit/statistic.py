"""Statistics of binned counts as functions of the expected ones, with two derivatives.

Each is −2 ln L of some bins, less what does not depend on the model. Only some bins have to be looked at one by one:
the others add their expected counts, and those of a source sum up to one number.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, Self

import numpy as np

from skyfold.num.double import Floats
from skyfold.stat.onoff import profiled, wstat
from skyfold.stat.poisson import FLOOR


class Terms(NamedTuple):
    """A statistic in each bin, its slope and its curvature by the expected counts; (n,) each."""

    value: Floats
    slope: Floats
    bend: Floats


class Statistic(Protocol):
    """A statistic of some bins."""

    @property
    def counts(self) -> Floats: ...

    @property
    def linear(self) -> float:
        """Weight of the expected counts of every bin; what a call returns comes in addition."""
        ...

    def __call__(self, mu: Floats, relief: float = 0.0) -> Terms: ...
    def of(self, bins: np.ndarray) -> Self: ...


@dataclass(frozen=True, eq=False)
class Cash:
    """2 (μ − n ln μ): linear in empty bins, so that only those with counts are listed (Cash 1979, ApJ 228, 939).

    Below a floor the logarithm is continued by a parabola, as in `skyfold.stat.poisson.cash`.

    scale : expected counts of a usual size in each bin, those of the background, say.
    """

    counts: Floats
    scale: Floats
    linear: float = 2.0

    def of(self, bins: np.ndarray) -> Self:
        return replace(self, counts=self.counts[bins], scale=self.scale[bins])

    def __call__(self, mu: Floats, relief: float = 0.0) -> Terms:
        """`relief` raises the floor to that share of the scale: far from a minimum it takes the worst steps away."""
        n, floor = self.counts, np.maximum(FLOOR, relief * self.scale) if relief else FLOOR
        high = np.maximum(mu, floor)
        below = mu / high - 1  # the floor
        share = 2 * n / high
        return Terms(-2 * n * (np.log(high) + below * (1 - below / 2)), (below - 1) * share, share / high)


@dataclass(frozen=True, eq=False)
class WStat:
    """`skyfold.stat.onoff.wstat`, its background profiled in every bin."""

    counts: Floats
    counts_off: Floats
    alpha: Floats
    linear: float = 0.0

    def of(self, bins: np.ndarray) -> Self:
        return replace(self, counts=self.counts[bins], counts_off=self.counts_off[bins], alpha=self.alpha[bins])

    def __call__(self, mu: Floats, relief: float = 0.0) -> Terms:
        n, off, alpha = self.counts, self.counts_off, self.alpha
        on, background = profiled(n, off, alpha, mu)
        a, b, s = alpha * n, alpha * off, (1 + alpha) * mu
        root = np.hypot(s + b - a, 2 * np.sqrt(a * b))
        # The background is at its best, so that only the on region feels the signal; but where nothing is on, μ_on may
        # lie on its border 0, and a more negative signal has to be met by more background.
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = 2 * (1 - np.where(n > 0, n / np.maximum(on, FLOOR), 0.0))
            bend = np.where(
                n > 0, n / np.maximum(on, FLOOR) ** 2 * (1 + (s + b - a) / np.where(root > 0, root, 1.0)), 0
            )
            border = (n == 0) & (on <= 0)
            slope = np.where(border, -2 / alpha * (1 - off / np.maximum(background, FLOOR)), slope)
            bend = np.where(border, 2 * off / (alpha * np.maximum(background, FLOOR)) ** 2, bend)
        return Terms(wstat(n, off, alpha, mu), slope, bend)


@dataclass(frozen=True, eq=False)
class Chi2:
    """(n − μ)² / σ², for data with Gaussian errors."""

    counts: Floats
    sigma: Floats
    linear: float = 0.0

    def of(self, bins: np.ndarray) -> Self:
        return replace(self, counts=self.counts[bins], sigma=self.sigma[bins])

    def __call__(self, mu: Floats, relief: float = 0.0) -> Terms:
        pull = (mu - self.counts) / self.sigma
        return Terms(pull**2, 2 * pull / self.sigma, 2 / self.sigma**2)
