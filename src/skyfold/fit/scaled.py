"""A likelihood as minimisers made elsewhere want it: parameters of order one, and windows that follow by themselves."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from skyfold.errors import SkyfoldError
from skyfold.fit.minimum import Bounds, Minimum, Status
from skyfold.fit.newton import Smooth, approached
from skyfold.fit.plan import CENTRED
from skyfold.fit.term import Expansion
from skyfold.num.double import Floats

# By how much a step is worse that ends where the models have no value; more than any real one, less than overflows.
_WALL = 1e10
# A start at a bound is moved inside by this part of the size of a parameter: transformed to an unbounded one it rests.
_INSIDE = 0.1
# Part of the size of a parameter that it may be off a bound that holds it back: minimisers come near, seldom on it.
_BESIDE = 0.02
# Size of a parameter that the statistic does not change with, in parts of its value.
_USUAL = 0.01


class Exhausted(Exception):
    """The limit of evaluations was reached."""


class Scaled:
    """−2 ln L as a function of z: free parameters = origin + size z. It follows one search, and nobody else sees it.

    size : (f,) by how much a parameter changes the statistic by about one.
    lower, upper : (f,) bounds of z.
    """

    def __init__(self, near: Minimum, bounds: Bounds, max_calls: int):
        self.fn: Smooth = near.fn
        self.bounds, self.max_calls, self.calls = bounds, max_calls, near.n_evaluations
        self.best, self.best_value = near.free, np.inf
        self._last: tuple[Floats, Expansion] | None = None
        curvature = self.fn.expand(self.best).fisher.diagonal()
        known = np.isfinite(curvature) & (curvature > 0)
        usual = _USUAL * np.where(self.best == 0, 1.0, np.abs(self.best))
        self.size = np.where(known, np.sqrt(2 / np.where(known, curvature, 1.0)), usual)
        lower, upper = bounds.T
        room = np.minimum(_INSIDE * self.size, (upper - lower) / 4)
        self.origin = np.clip(self.best, lower + room, upper - room)

    # What a minimiser calls

    def value(self, z: Floats) -> float:
        return self._expand(z).value

    def gradient(self, z: Floats) -> Floats:
        return self._expand(z).gradient * self.size

    def fisher(self, z: Floats) -> Floats:
        """Second derivatives, were the expected counts linear in the parameters; (f, f)."""
        return self._expand(z).fisher * self.size * self.size[:, None]

    @property
    def lower(self) -> Floats:
        return (self.bounds[:, 0] - self.origin) / self.size

    @property
    def upper(self) -> Floats:
        return (self.bounds[:, 1] - self.origin) / self.size

    def settle(self) -> Expansion:
        """Put parameters that rest beside a bound on it, if that is no worse; the expansion at the best place."""
        here = self.fn.expand(self.best)
        lower, upper = self.bounds.T
        low = (self.best - lower < _BESIDE * self.size) & (here.gradient > 0)
        high = (upper - self.best < _BESIDE * self.size) & (here.gradient < 0)
        on = np.where(low, lower, np.where(high, upper, self.best))
        there = self.fn.expand(on)
        if there.value > here.value:
            return here
        self.best = on
        return there

    def _expand(self, z: Floats) -> Expansion:
        free = np.clip(self.origin + self.size * z, self.bounds[:, 0], self.bounds[:, 1])
        if self._last is not None and np.array_equal(self._last[0], free):
            return self._last[1]
        if self.calls >= self.max_calls:
            raise Exhausted
        self.calls += 1
        found = self._followed(free)
        if not np.isfinite(found.value) or not np.all(np.isfinite(found.gradient)):
            found = self._wall(free, found)
        elif found.value < self.best_value:
            self.best, self.best_value = free, found.value
        self._last = free, found
        return found

    def _followed(self, free: Floats) -> Expansion:
        """The expansion, in windows that have room for it."""
        found = self.fn.expand(free)
        if not found.drift > self.fn.margin:
            return found
        try:
            moved = self.fn.around(free)
        except SkyfoldError:  # a trial step off the sky: no error of the user's, but a place not to go to
            return found._replace(value=np.inf)
        self.fn = moved
        return moved.expand(free)

    def _wall(self, free: Floats, found: Expansion) -> Expansion:
        """A parabola that leads back to the best place."""
        away = (free - self.best) / self.size
        square = float(away @ away)
        slope = 2 * _WALL * away / max(square, 1e-300) / self.size
        nothing = np.diag(self.size**-2.0)
        base = self.best_value if np.isfinite(self.best_value) else 0.0
        return found._replace(value=base + _WALL, gradient=slope, fisher=nothing)


def search(
    fn: Smooth,
    start: Floats,
    bounds: Bounds,
    linear: np.ndarray | None,
    max_calls: int,
    minimise: Callable[[Scaled], Status],
) -> Minimum:
    """Let `minimise` search.

    From far away `Newton` brings it near: no minimiser finds its way where the data are impossible.

    Parameters
    ----------
    minimise : goes down from z = 0 and says how it ended; the best place that it came across counts.
    """
    near = approached(fn, start, bounds, linear)
    if near.status is Status.NAN:
        return near
    if near.fn.expand(near.free).drift > CENTRED:
        return replace(near, status=Status.MOVED)
    scaled = Scaled(near, bounds, max_calls)
    try:
        status = minimise(scaled)
    except Exhausted:
        status = Status.BUDGET
    end = scaled.settle()
    status = Status.MOVED if status is Status.CONVERGED and end.drift > CENTRED else status
    return Minimum(scaled.best, end.value, status, scaled.calls, scaled.fn)
