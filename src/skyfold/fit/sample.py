"""Draws from the posterior of a fit: parameters given the data and the priors.

The posterior of a fit that found its minimum is close to a normal distribution. Values are drawn from a multivariate
Student t distribution around the minimum, wider than the posterior, each with the weight of the posterior over that of
the draw; drawing again by weight leaves the posterior itself (importance sampling; Rubin 1988, Bayesian Statistics 3,
395). It needs no chain and no burn-in, and its weights tell how well it did.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from skyfold.errors import FitError
from skyfold.fit.fit import FitResult
from skyfold.fit.likelihood import Likelihood
from skyfold.num.double import Floats

Seed = int | np.random.SeedSequence | np.random.Generator
# Degrees of freedom of the t distribution: tails heavier than those of any usual posterior, and a variance.
_TAILS = 5.0
# Effective draws of a hundred below which the posterior is not what was drawn from.
_POOR = 5.0


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of the free parameters.

    names : of the f free parameters.
    values : (n, f) in their units, all with the same weight.
    effective : how many independent draws the weighted ones were worth, of `tried`.
    likelihood : from which they are.
    """

    names: tuple[str, ...]
    values: Floats
    effective: float
    tried: int
    likelihood: Likelihood

    @property
    def ok(self) -> bool:
        """Whether the effective draws are a fair part of those tried."""
        return self.effective >= self.tried * _POOR / 100

    def check(self) -> Self:
        """Return self, or raise FitError if the posterior is not like what was drawn from."""
        if not self.ok:
            raise FitError(
                f"{self.tried} draws around the minimum are worth {self.effective:.1f}: the posterior is far from"
                " normal; draw more, or give parameters that the data hardly constrain a narrower prior"
            )
        return self

    def __getitem__(self, name: str) -> Floats:
        """Draws of one parameter, (n,)."""
        if name not in self.names:
            raise FitError(f"{name!r} was not free; free were {', '.join(self.names)}")
        return self.values[:, self.names.index(name)]

    def interval(self, name: str, level: float = 0.68) -> tuple[float, float]:
        """The central interval that holds a share `level` of the draws."""
        low, high = np.quantile(self[name], [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)


def posterior(result: FitResult, n: int, seed: Seed, tried: int | None = None) -> Posterior:
    """Draw n values of the free parameters from the posterior of a fit.

    Parameters with bounds and no prior have a uniform one within them.

    Parameters
    ----------
    tried : draws from which the n are chosen by weight; four times as many, and 1000 at least, unless told.

    Raises
    ------
    FitError
        The fit has problems other than parameters at their bounds: without a minimum there is nothing to draw around.
        Or no draw is possible, or the data do not tell parameters at their bounds from others.
    """
    other = [problem.text for problem in result.problems if problem.fault != "bound"]
    if other:
        raise FitError(f"no posterior around a fit with problems: {'; '.join(other)}")
    rng = np.random.default_rng(seed)
    tried = max(4 * n, 1000) if tried is None else tried
    away, log_density = _student(rng, tried, result.free.size)
    values = result.free + away @ _root(result).T
    bounds = np.array([row.limits for row in result.parameters.free], dtype=float)
    inside = np.flatnonzero(np.all((values >= bounds[:, 0]) & (values <= bounds[:, 1]), axis=1))
    log_weight = np.full(tried, -np.inf)
    likelihood = result.likelihood
    for i in inside:
        log_weight[i] = -0.5 * (likelihood(values[i]) - result.stat) - log_density[i]
    log_weight[~np.isfinite(log_weight)] = -np.inf  # outside the support of a prior, or where a model has no value
    if not np.isfinite(log_weight).any():
        raise FitError(f"none of {tried} draws around the minimum is possible: is it outside of bounds or priors?")
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    chosen = _spread(rng, weight, n)
    names = tuple(result.names)
    return Posterior(names, values[chosen], float(1 / np.sum(weight**2)), tried, likelihood)


def _root(result: FitResult) -> Floats:
    """A matrix whose product with its transpose is the covariance to draw with."""
    try:
        return np.asarray(np.linalg.cholesky(_covariance(result)))
    except np.linalg.LinAlgError:
        raise FitError(
            f"no posterior where the data do not tell some parameters from others ({result.status}): freeze one of them"
        ) from None


def _covariance(result: FitResult) -> Floats:
    """That of the fit. A result has none of what is at its bound; expected counts still change with it."""
    if result.ok:
        return result.covariance
    fisher = result.likelihood.expand(result.free).fisher
    if not (np.isfinite(fisher).all() and (fisher.diagonal() > 0).all()):
        raise FitError(f"no posterior where the expected counts do not change with every parameter: {result.status}")
    size = np.sqrt(fisher.diagonal())
    return 2 * np.linalg.inv(fisher / np.outer(size, size)) / np.outer(size, size)


def _student(rng: np.random.Generator, n: int, size: int) -> tuple[Floats, Floats]:
    """Draws (n, size) from a multivariate t distribution, and ln density up to a constant, (n,)."""
    normal = rng.standard_normal((n, size))
    away = normal * np.sqrt(_TAILS / rng.chisquare(_TAILS, n))[:, None]
    return away, -0.5 * (_TAILS + size) * np.log1p(np.sum(away**2, axis=1) / _TAILS)


def _spread(rng: np.random.Generator, weight: Floats, n: int) -> np.ndarray:
    """Numbers of n draws by weight, in random order: systematic resampling, which repeats no more than it must."""
    at = (np.arange(n) + rng.random()) / n
    chosen = np.searchsorted(np.cumsum(weight), at * weight.sum())
    return rng.permutation(np.minimum(chosen, weight.size - 1))
