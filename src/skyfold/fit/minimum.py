"""What a minimiser returns."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skyfold.num.double import Floats

Bounds = NDArray[np.float64]
"""Lower and upper bounds, shape (f, 2)."""


class Status(Enum):
    """How a search ended; the value is what the user reads."""

    CONVERGED = "converged"
    BUDGET = "stopped at the limit of evaluations: raise it, or start closer"
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
