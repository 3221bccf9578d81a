"""The minimiser of this package: damped Gauss-Newton, then Newton with the exact Hessian.

A Poisson likelihood knows its own curvature: the Fisher information needs first derivatives only and is never negative,
so that Gauss-Newton steps with a damping (Levenberg 1944; Marquardt 1963) come down from far away in a few evaluations.
Near the minimum of sources that look alike it is not the whole curvature; there the exact Hessian ends the search.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.linalg import LinAlgError

from skyfold.fit.minimum import Bounds, Minimum, Status, silent
from skyfold.fit.plan import CENTRED
from skyfold.fit.term import Expansion
from skyfold.num.double import Floats

# Floors under expected counts while the search comes from where the data are impossible, see `Cash`.
_RELIEF = (0.1, 1e-2, 1e-3, 1e-5)
# Distance to the minimum at which the exact curvature takes over from the Fisher information.
_NEAR = 1e-2
# Distance to the best factors beyond which they are found first: the statistic is convex in them alone.
_FAR = 10.0
# Gain of a Gauss-Newton step below which the exact curvature takes over: sources that look alike would creep.
_SLOW = 1.0


class Smooth(Protocol):
    """A function known to second order, in a neighbourhood that follows the search."""

    def expand(self, free: Floats, relief: float = 0.0) -> Expansion: ...
    def curvature(self, free: Floats) -> Floats: ...
    def around(self, free: Floats) -> Any: ...
    @property
    def margin(self) -> float: ...


@dataclass(frozen=True)
class Newton:
    """Options of the search.

    tolerance : estimated distance to the minimum in the statistic, at which the search ends.
    max_steps : evaluations of the likelihood after which it gives up; windows that move count from 0 again.
    """

    tolerance: float = 1e-7
    max_steps: int = 300

    def __call__(self, fn: Smooth, start: Floats, bounds: Bounds, linear: np.ndarray | None = None) -> Minimum:
        """Search for a minimum.

        Parameters
        ----------
        linear : which parameters the expected counts are proportional to. In them the problem is convex: if given, they
            are brought to their best before the others may move.
        """
        search = _Search(fn, np.clip(start, bounds[:, 0], bounds[:, 1]), bounds, self)
        if not np.isfinite(search.now.value):
            return search.ended(Status.NAN)
        search.approach(linear)
        every = np.ones(start.size, dtype=bool)
        if search.descend(every, tolerance=_NEAR) is not Status.BUDGET and search.now.drift > CENTRED:
            return search.ended(Status.MOVED)
        status = search.descend(every, exact=True, tolerance=self.tolerance)
        return search.ended(Status.MOVED if status is Status.CONVERGED and search.now.drift > CENTRED else status)


def approached(fn: Smooth, start: Floats, bounds: Bounds, linear: np.ndarray | None) -> Minimum:
    """The start of a search, or if that is far off, a place where the data are possible and the factors at their best.

    For minimisers that go on from there; its status says whether the statistic is a number at the start.
    """
    search = _Search(fn, np.clip(start, bounds[:, 0], bounds[:, 1]), bounds, Newton())
    if not np.isfinite(search.now.value):
        return search.ended(Status.NAN)
    search.approach(linear)
    return search.ended(Status.CONVERGED)


class _Search:
    """Where a search is. It changes with every step, and nobody else sees it."""

    def __init__(self, fn: Smooth, start: Floats, bounds: Bounds, options: Newton):
        self.fn, self.at, self.bounds, self.options = fn, start, bounds, options
        self.steps, self.relief = 0, 0.0
        self.bend: Floats | None = None
        self.bend_at = start
        self.now = self._expand(start)

    def _expand(self, free: Floats) -> Expansion:
        self.steps += 1
        return self.fn.expand(free, self.relief)

    def approach(self, linear: np.ndarray | None) -> None:
        """Come from far away: to where no bin with counts expects none, and to the best factors."""
        every = np.ones(self.at.size, dtype=bool)
        for relief in _RELIEF:
            if not self.impossible(relief):
                break
            if linear is not None and linear.any():
                self.descend(linear, relief=relief, tolerance=0.1)
            self.descend(every, relief=relief, tolerance=1.0)
        if linear is not None and linear.any() and self.distance(linear) > _FAR:
            self.descend(linear, tolerance=_NEAR)

    def impossible(self, relief: float) -> bool:
        """Whether a bin with counts expects (next to) none: the likelihood vanishes there, and says little."""
        return self.fn.expand(self.at, relief).value != self.fn.expand(self.at).value

    def distance(self, moving: np.ndarray) -> float:
        """How far below the minimum in some parameters is expected."""
        return _step(self.now.gradient, self.now.fisher, moving, 1e-3)[1]

    def recentre(self) -> None:
        self.fn = self.fn.around(self.at)
        self.now = self._expand(self.at)

    def ended(self, status: Status) -> Minimum:
        return Minimum(self.at, self.now.value, status, self.steps, self.fn)

    def descend(self, moving: np.ndarray, *, relief: float = 0.0, exact: bool = False, tolerance: float) -> Status:
        """Steps until the estimated distance to the minimum falls below the tolerance."""
        if relief != self.relief:
            self.relief = relief
            self.now = self._expand(self.at)
        damping = 0.0 if exact else 1e-3
        while self.steps < self.options.max_steps:
            curvature = self._curvature() if exact else self.now.fisher
            if not np.isfinite(curvature).all():
                return Status.NAN
            free = moving & ~self._pushed_out() & ~silent(self.at, self.now.gradient, curvature)
            step, distance = _step(self.now.gradient, curvature, free, damping)
            if step is None:
                damping = max(10 * damping, 1e-6)
                if damping > 1e12:
                    return Status.STUCK
                continue
            if distance < tolerance and damping <= 1e-2:
                return Status.CONVERGED
            taken, there = self._trial(step)
            if there.value < self.now.value or distance < 1e-3 * tolerance:
                gained = self.now.value - there.value
                expected = -(self.now.gradient @ taken + taken @ curvature @ taken / 2)
                good = gained > 0.25 * expected
                self.at, self.now = self.at + taken, there
                if not good:
                    self.bend = None
                if not exact and gained < _SLOW:
                    return Status.CONVERGED
                damping = damping / 10 if good else damping
                damping = 0.0 if damping < 1e-9 else damping
                if self.now.drift > 0.8 * self.fn.margin:
                    self.recentre()
            elif abs(there.value - self.now.value) <= 1e-12 * abs(self.now.value) and distance < 1e-4:
                return Status.CONVERGED  # what is left is rounding
            elif self.bend is not None and self.bend_at is not self.at:
                self.bend = None
            else:
                damping = max(10 * damping, 1e-4)
                if damping > 1e12:
                    return Status.STUCK
        return Status.BUDGET

    def _curvature(self) -> Floats:
        """The exact curvature, here or at an earlier step: it serves until a step gains less than it promised."""
        if self.bend is None:
            self.bend, self.bend_at = self.fn.curvature(self.at), self.at
        return self.bend

    def _pushed_out(self) -> np.ndarray:
        """Parameters at a bound beyond which the statistic falls."""
        lo, hi = self.bounds.T
        return ((self.at <= lo) & (self.now.gradient > 0)) | ((self.at >= hi) & (self.now.gradient < 0))

    def _trial(self, step: Floats) -> tuple[Floats, Expansion]:
        """The step as far as bounds and windows allow, and what is found there."""
        for _ in range(60):
            there = np.clip(self.at + step, self.bounds[:, 0], self.bounds[:, 1])
            found = self._expand(there)
            if found.drift <= self.fn.margin:
                break
            step = step * max(0.1, min(0.9, 0.9 * self.fn.margin / found.drift))
        if not np.isfinite(found.value) or not np.all(np.isfinite(found.gradient)):
            found = found._replace(value=np.inf)
        return there - self.at, found


def _step(gradient: Floats, curvature: Floats, free: np.ndarray, damping: float) -> tuple[Floats | None, float]:
    """A damped Newton step in the free parameters, and how far below it expects the minimum; None if it is no descent.

    Parameters are scaled by their curvature, so that their units do not matter.
    """
    step, index = np.zeros(gradient.size), np.flatnonzero(free)
    if index.size == 0:
        return step, 0.0
    h, g = curvature[np.ix_(index, index)], gradient[index]
    scale = 1 / np.sqrt(np.where(np.abs(h.diagonal()) > 0, np.abs(h.diagonal()), 1.0))
    h = h * scale * scale[:, None]
    h = h + damping * np.eye(index.size)
    try:
        np.linalg.cholesky(h)
        solved = np.linalg.solve(h, -g * scale)
    except LinAlgError:  # not positive
        return None, np.inf
    if not np.all(np.isfinite(solved)):
        return None, np.inf
    step[index] = solved * scale
    return step, float(-g @ step[index]) / 2
