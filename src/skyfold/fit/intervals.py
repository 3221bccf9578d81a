"""Errors to either side, and upper limits, from the profile of the likelihood."""

from dataclasses import dataclass

import numpy as np

from skyfold.errors import FitError
from skyfold.fit.fit import FitResult
from skyfold.fit.profile import Pins, crossing, number, scale
from skyfold.stat.levels import level_from_sigma, sigma_from_level


@dataclass(frozen=True)
class Interval:
    """A parameter with errors to either side.

    below, above : distances from the value, ≥ 0; nan where the statistic does not rise far enough.
    level : probability content; `sigma` as that of a normal distribution.
    problems : for each side that is open, why.
    """

    name: str
    unit: str
    value: float
    below: float
    above: float
    sigma: float
    level: float
    problems: tuple[str, ...] = ()
    sided: str = "two-sided"
    method: str = "profile likelihood"

    @property
    def ok(self) -> bool:
        return not self.problems

    def __str__(self) -> str:
        text = f"{self.name} = {self.value:.6g} −{self.below:.3g} +{self.above:.3g} {self.unit}".rstrip()
        return "; ".join([f"{text} ({self.level:.2%}, {self.sided}, {self.method})", *self.problems])


@dataclass(frozen=True)
class UpperLimit:
    """What a parameter is below of, at some confidence; nan with a problem if the data do not tell.

    best : its value at the minimum.
    delta : rise of −2 ln L that makes the limit.
    """

    name: str
    unit: str
    value: float
    best: float
    level: float
    delta: float
    problems: tuple[str, ...] = ()
    sided: str = "one-sided"
    method: str = "profile likelihood"

    @property
    def ok(self) -> bool:
        return not self.problems

    def __str__(self) -> str:
        text = f"{self.name} < {self.value:.6g} {self.unit}".rstrip()
        return "; ".join([f"{text} ({self.level:.2%}, {self.sided}, {self.method})", *self.problems])


def minos(result: FitResult, name: str, sigma: float = 1.0) -> Interval:
    """Errors to either side: where −2 ln L, the other parameters at their best, has risen by sigma².

    As MINOS does (James & Roos 1975, CPC 10, 343), but by Newton steps in the others.

    Raises
    ------
    FitError
        The fit cannot be trusted, a search on the way fails, or a better minimum is found.
    ModelError
        The parameter was not free.
    """
    if not (np.isfinite(sigma) and sigma > 0):
        raise FitError(f"errors of {sigma} sigma: give a number above 0")
    best = float(result.free[number(result, name)])
    below, wrong_below = _side(result, name, -1, sigma**2)
    above, wrong_above = _side(result, name, +1, sigma**2)
    level = 2 * float(level_from_sigma(sigma)) - 1
    return Interval(name, result.parameters[name].unit, best, below, above, sigma, level, (*wrong_below, *wrong_above))


def upper_limit(result: FitResult, name: str, level: float = 0.95) -> UpperLimit:
    """One-sided upper limit: the value above the best fit at which −2 ln L has risen by Φ⁻¹(level)², 2.706 for 95 %.

    The rise counts from the best fit within the bounds. A parameter whose best fit lies at its lower bound has a limit
    above it; one that may be negative can have a limit that is: bound it by 0 where that makes no sense.

    Raises
    ------
    ConfigError
        A level not between 0.5 and 1.
    FitError, ModelError
        As `minos`.
    """
    delta = float(sigma_from_level(level)) ** 2
    best = float(result.free[number(result, name)])
    above, problems = _side(result, name, +1, delta)
    return UpperLimit(name, result.parameters[name].unit, best + above, best, float(level), delta, problems)


def _side(result: FitResult, name: str, sign: int, height: float) -> tuple[float, tuple[str, ...]]:
    """Distance to where the profile reaches a height, or nan and why it does not."""
    pins, size = Pins(result), scale(result, name)
    best = float(result.free[number(result, name)])
    lower, upper = result.parameters[name].limits
    end = upper if sign > 0 else lower
    limit, way = abs(end - best), "above" if sign > 0 else "below"
    if limit <= 1e-9 * size:
        return np.nan, (f"{name} is at its bound {end:g}: the interval is open {way}",)

    def rise(distance: float) -> float:
        value = min(max(best + sign * distance, lower), upper)
        return pins.rise({name: value})[0]

    found = crossing(rise, height, float(np.sqrt(height)) * size, limit)
    if found.reached:
        return found.distance, ()
    what = f"its bound {end:g}" if found.distance >= limit else f"{name} = {best + sign * found.distance:g}"
    return np.nan, (f"−2 ln L rises by {found.rise:.3g} only, not by {height:.3g}, up to {what}: open {way}",)
