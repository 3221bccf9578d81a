"""The statistic along some parameters, all others at their best.

The profile of −2 ln L is what intervals, limits and contours are cut from (Rolke, López & Conrad 2005, NIM A 551, 493).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from skyfold.errors import FitError
from skyfold.fit.fit import FitResult
from skyfold.fit.minimum import Status, settled
from skyfold.fit.newton import Newton
from skyfold.fit.plan import CENTRED
from skyfold.num.double import Floats

# Statistic below that of the fit that is no rounding: as far as a fit may end from its minimum without a problem.
_BETTER = 1e-2
# Errors to either side that a profile covers unless told, and its points.
_WIDTH, _POINTS = 3.0, 13
# Doublings of a distance after which nothing is expected to rise any more.
_DOUBLINGS = 20
# Of a distance, relative: better than any interval is read.
_RTOL = 1e-7


@dataclass(frozen=True, eq=False)
class Profile:
    """−2 ln L along one parameter, less that of the fit.

    values : (n,) of the parameter, in `unit`.
    delta : (n,) rise of the statistic; nan where the search for the best other parameters failed.
    free : (n, f) all free parameters at these points, in the order of the fit.
    reoptimised : whether the others were at their best at every point, or where the fit left them.
    """

    name: str
    unit: str
    values: Floats
    delta: Floats
    free: Floats
    reoptimised: bool

    def __str__(self) -> str:
        head = f"{self.name} [{self.unit}]" if self.unit else self.name
        lines = [f"{value:>14.6g}  {delta:>10.4f}" for value, delta in zip(self.values, self.delta, strict=True)]
        return "\n".join([f"{head:>14}  {'Δ(−2 ln L)':>10}", *lines])


def profile(result: FitResult, name: str, values: ArrayLike | None = None, reoptimise: bool = True) -> Profile:
    """How −2 ln L rises along a parameter.

    Parameters
    ----------
    values : (n,) in the unit of the parameter; 3 errors to either side, within its bounds, unless given.
    reoptimise : bring the other free parameters to their best at each value, or leave them where they are.

    Raises
    ------
    FitError
        The fit cannot be trusted, a value is outside of the bounds, or the profile finds a better minimum than the fit.
    ModelError
        The parameter was not free.
    """
    usable(result)
    row, best = result.parameters[name], result.free[number(result, name)]
    if values is None:
        reach = _WIDTH * scale(result, name)
        values = np.linspace(max(best - reach, row.limits[0]), min(best + reach, row.limits[1]), _POINTS)
    points = np.atleast_1d(np.asarray(values, dtype=float))
    outside = ~((points >= row.limits[0]) & (points <= row.limits[1]))
    if outside.any():
        raise FitError(f"{name} = {points[outside][0]:g} is outside of its bounds {list(row.limits)}: no profile there")
    pins = Pins(result, reoptimise)
    found = [pins.rise({name: value}, strict=False) for value in points]
    delta, free = (np.array(part) for part in zip(*found, strict=True))
    return Profile(name, row.unit, points, delta, free, reoptimise)


class Pins:
    """The statistic with some parameters held. It remembers the last point, where the next search starts."""

    def __init__(self, result: FitResult, reoptimise: bool = True):
        usable(result)
        self.result, self.reoptimise = result, reoptimise
        self.bounds = np.array([row.limits for row in result.parameters.free], dtype=float)
        self.fn, self.last = result.likelihood, result.free

    def rise(self, at: Mapping[str, float], strict: bool = True) -> tuple[float, Floats]:
        """By how much the statistic is above that of the fit with parameters held at these values, and all of them.

        Raises
        ------
        FitError
            It is below, so that the fit was at no minimum; or, if `strict`, the search fails (nan if not).
        """
        held = [number(self.result, name) for name in at]
        start = self._near(held, np.array(list(at.values())))
        if self.fn.expand(start).drift > CENTRED:
            self.fn = self.fn.around(start)
        if not self.reoptimise:
            delta, free = self.fn(start) - self.result.stat, start
        else:
            bounds = self.bounds.copy()
            bounds[held] = start[held][:, None]
            end = settled(Newton(), self.fn, start, bounds)
            if end.status is not Status.CONVERGED:
                if strict:
                    raise FitError(f"no profile at {_listed(at)}: {end.status.value}")
                return np.nan, start
            self.fn, self.last = end.fn, end.free
            delta, free = end.value - self.result.stat, end.free
        if delta < -_BETTER:
            where = _listed(dict(zip(self.result.names, free.tolist(), strict=True)))
            raise FitError(
                f"the profile along {', '.join(at)} finds a better minimum than the fit, {-delta:.3g} lower in"
                f" −2 ln L, at {where}: start the fit there"
            )
        return max(float(delta), 0.0), free

    def _near(self, held: list[int], values: Floats) -> Floats:
        """A start: the last point, the others moved as they are correlated with those held."""
        if not self.reoptimise:
            start = self.result.free.copy()
        else:
            covariance = np.nan_to_num(self.result.covariance)
            with_held, among = covariance[:, held], covariance[np.ix_(held, held)]
            step = values - self.last[held]
            start = self.last + with_held @ (np.linalg.pinv(among, rcond=1e-300, hermitian=True) @ step)
        start = np.clip(start, self.bounds[:, 0], self.bounds[:, 1])
        start[held] = values
        return start


@dataclass(frozen=True)
class Crossing:
    """Where a statistic has risen to some height.

    distance : from the best fit, in what it was asked along.
    rise : the height, or less where a limit came first or nothing rises.
    reached : whether it got there.
    """

    distance: float
    rise: float
    reached: bool


def crossing(rise: Callable[[float], float], height: float, near: float, limit: float) -> Crossing:
    """Where `rise`, 0 at 0, reaches a height.

    Its root is nearly a straight line, which is what is solved.

    Parameters
    ----------
    near : a guess of the distance, > 0.
    limit : distance beyond which it cannot go.
    """
    from scipy.optimize import brentq

    low, there = 0.0, min(near, limit)
    for _ in range(_DOUBLINGS):
        found = rise(there)
        if found >= height or there >= limit:
            break
        low, there = there, min(2 * there, limit)
    if found < height:
        return Crossing(there, found, abs(found - height) < 1e-9)
    if found == height:
        return Crossing(there, height, True)

    def above(distance: float) -> float:
        return float(np.sqrt(rise(distance) if distance > 0 else 0.0) - np.sqrt(height))

    return Crossing(float(brentq(above, low, there, xtol=_RTOL * near, rtol=_RTOL)), height, True)


def usable(result: FitResult) -> None:
    """Raise FitError unless all that is wrong with a fit, if anything, is a parameter at its bound."""
    wrong = [problem.text for problem in result.problems if problem.fault != "bound"]
    if wrong:
        raise FitError(f"nothing can be cut from a fit that failed: {'; '.join(wrong)}")


def number(result: FitResult, name: str) -> int:
    """Which free parameter that is; ModelError if it was not free."""
    result.error(name)
    return result.names.index(name)


def scale(result: FitResult, name: str) -> float:
    """Size of a parameter: its error, or at a bound, what the Fisher information alone says."""
    error = result.error(name)
    if np.isfinite(error) and error > 0:
        return error
    i = number(result, name)
    information = result.likelihood.expand(result.free).fisher[i, i]
    return float(np.sqrt(2 / information)) if information > 0 else max(abs(float(result.free[i])), 1e-3)


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {value:.6g}" for name, value in values.items())
