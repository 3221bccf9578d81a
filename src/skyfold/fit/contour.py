"""Regions of two parameters from the profile of the likelihood."""

from dataclasses import dataclass

import numpy as np

from skyfold.errors import ConfigError
from skyfold.fit.fit import FitResult
from skyfold.fit.profile import Pins, crossing, number, scale
from skyfold.num.double import Floats


@dataclass(frozen=True, eq=False)
class Contour:
    """Where −2 ln L, all other parameters at their best, has risen by `delta`: the edge of a region of two parameters.

    points : (n, 2) values of `names`, counter-clockwise as seen in units of the errors; not closed.
    level : probability that the region holds both true values at once; `delta` is its quantile of χ² with 2 degrees of
        freedom (5.99 for 0.95).
    open : (n,) bool; the statistic has not risen so far there: a bound came first, or nothing rises.
    """

    names: tuple[str, str]
    units: tuple[str, str]
    points: Floats
    open: np.ndarray
    level: float
    delta: float
    sided: str = "two-sided"
    method: str = "profile likelihood, 2 parameters"

    @property
    def ok(self) -> bool:
        return not self.open.any()


def contour(result: FitResult, a: str, b: str, level: float = 0.683, n: int = 24) -> Contour:
    """The edge of the region of two parameters at a level, along `n` rays from the best fit.

    Rays are evenly spread where the parabola of the fit is a circle. An edge that a ray meets twice is seen once.

    Raises
    ------
    ConfigError
        A level not between 0 and 1, fewer than 3 rays, or one parameter twice.
    FitError
        The fit cannot be trusted, a search on the way fails, or a better minimum is found.
    ModelError
        A parameter was not free.
    """
    if not 0 < level < 1:
        raise ConfigError(f"confidence level {level} is not between 0 and 1; give 0.95 for 95 %")
    if n < 3 or a == b:
        raise ConfigError(f"a contour of {a!r} and {b!r} along {n} rays: give two parameters and 3 rays at least")
    pins = Pins(result)
    index = [number(result, a), number(result, b)]
    best, bounds = result.free[index], np.asarray(pins.bounds[index], dtype=float)
    root: Floats = _root(result, a, b)
    delta = -2 * float(np.log1p(-level))  # quantile of χ² with two degrees of freedom
    points, reached = np.empty((n, 2)), np.empty(n, dtype=bool)
    for i, angle in enumerate(2 * np.pi * np.arange(n) / n):
        ray = root @ np.array([np.cos(angle), np.sin(angle)])
        points[i], reached[i] = _edge(pins, (a, b), best, ray, bounds, delta)
    units = (result.parameters[a].unit, result.parameters[b].unit)
    return Contour((a, b), units, points, ~reached, level, delta)


def _edge(
    pins: Pins, names: tuple[str, str], best: Floats, ray: Floats, bounds: Floats, delta: float
) -> tuple[Floats, bool]:
    """Where the statistic has risen by delta along a ray, or the last place within the bounds, and which it is."""

    def at(distance: float) -> Floats:
        return np.clip(best + distance * ray, bounds[:, 0], bounds[:, 1])

    def rise(distance: float) -> float:
        return pins.rise(dict(zip(names, at(distance).tolist(), strict=True)))[0]

    limit = _room(best, ray, bounds)
    if limit == 0:
        return best, False
    found = crossing(rise, delta, float(np.sqrt(delta)), limit)
    return at(found.distance), found.reached


def _root(result: FitResult, a: str, b: str) -> Floats:
    """A matrix that makes a unit circle the ellipse on which the parabola has risen by 1; axes alone without errors."""
    index = [number(result, a), number(result, b)]
    covariance = result.covariance[np.ix_(index, index)]
    if np.all(np.isfinite(covariance)):
        return np.asarray(np.linalg.cholesky(covariance), dtype=float)
    return np.diag([scale(result, a), scale(result, b)])


def _room(best: Floats, ray: Floats, bounds: Floats) -> float:
    """How far a ray goes within the bounds."""
    ends = np.where(ray > 0, bounds[:, 1], bounds[:, 0])
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.where(ray == 0, np.inf, (ends - best) / ray)
    return max(float(steps.min()), 0.0)
