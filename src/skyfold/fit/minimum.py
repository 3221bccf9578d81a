"""Minimisers: what they are asked, what they answer, and how windows follow them."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skyfold.num.double import Floats

Bounds = NDArray[np.float64]
"""Lower and upper bounds, shape (f, 2)."""

# Searches, between which windows follow; sources that still move then have no place to rest.
_ROUNDS = 9


class Status(Enum):
    """How a search ended; the value is what the user reads."""

    CONVERGED = "converged"
    BUDGET = "stopped at the limit of evaluations: raise it, or start closer"
    MOVED = (
        "sources leave the middle of their windows as often as these follow: freeze a position or size, or start closer"
    )
    STUCK = "no step leads further down, yet the slope is not zero: the statistic is not smooth here"
    NAN = "the statistic is not a number at the start: look at the start values"


@dataclass(frozen=True, eq=False)
class Minimum:
    """The end of a search.

    free : values of the free parameters, (f,).
    fn : the likelihood around them.
    """

    free: Floats
    value: float
    status: Status
    n_evaluations: int
    fn: Any


class Minimiser(Protocol):
    """Searches for the minimum of a likelihood from a start, within bounds (f, 2).

    It may end with `Status.MOVED` where the windows of the likelihood are to follow, and is called again from there.
    """

    def __call__(self, fn: Any, start: Floats, bounds: Bounds, linear: np.ndarray | None = None) -> Minimum: ...


def settled(
    minimiser: Minimiser, fn: Any, start: Floats, bounds: Bounds, linear: NDArray[np.bool_] | None = None
) -> Minimum:
    """The end of a search for the minimum of a likelihood `fn`, in windows that lie around where it ends."""
    spent, rounds = 0, 0
    while True:
        end = minimiser(fn, start, bounds, linear)
        spent, rounds = spent + end.n_evaluations, rounds + 1
        if end.status is not Status.MOVED or rounds == _ROUNDS:
            return replace(end, n_evaluations=spent)
        # Windows that are to move go before others are made: of many sources they are most of what a fit has in memory.
        start, kept, fn = end.free, end.fn.kept(end.free), end.fn.bare
        del end
        fn = fn.around(start, kept)


def silent(free: Floats, gradient: Floats, curvature: Floats) -> NDArray[np.bool_]:
    """Which parameters the statistic does not change with, (f,).

    A step as long as the parameter itself would change it by no more than rounding does, alone or with another one.
    """
    size = np.where(free == 0, 1.0, np.abs(free))
    bend = np.abs(curvature.diagonal())
    scale = np.where(bend * size**2 > 1e-10, 1 / np.sqrt(np.where(bend > 0, bend, 1.0)), size)
    coupled = np.abs(curvature * scale * scale[:, None])
    np.fill_diagonal(coupled, 0.0)
    alone = (bend * size**2 <= 1e-10) & (np.abs(gradient) * size < 1e-6)
    return np.asarray(alone & (coupled.max(axis=1, initial=0.0) < 1e-4))
