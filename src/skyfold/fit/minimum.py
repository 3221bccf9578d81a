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
