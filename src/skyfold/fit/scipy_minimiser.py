"""Minimisers of SciPy."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import Bounds as Limits
from scipy.optimize import minimize

from skyfold.errors import FitError
from skyfold.fit.minimum import Bounds, Minimum, Status
from skyfold.fit.newton import Smooth
from skyfold.fit.scaled import Scaled, search
from skyfold.num.double import Floats

# Those that know bounds, with the options that say when to stop [of a statistic whose parameters are of order one].
_METHODS = {
    "L-BFGS-B": {"ftol": 1e-14, "gtol": 1e-4, "maxls": 50},
    "SLSQP": {"ftol": 1e-9},
    "trust-constr": {"gtol": 1e-4, "xtol": 1e-8},
    "Nelder-Mead": {"xatol": 1e-4, "fatol": 1e-7, "adaptive": True},
}


@dataclass(frozen=True)
class Scipy:
    """Options of the search.

    method : of `scipy.optimize.minimize`, one that knows bounds. ``"trust-constr"`` is given the Fisher information
        too; ``"Nelder-Mead"`` looks at nothing but the statistic, and takes a thousand calls.
    max_calls : evaluations of the likelihood after which it gives up; windows that move count from 0 again.

    Raises
    ------
    FitError
        There is no such method, or it knows no bounds.
    """

    method: str = "L-BFGS-B"
    max_calls: int = 5000

    def __post_init__(self) -> None:
        if self.method not in _METHODS:
            raise FitError(
                f"scipy's method {self.method!r} is unknown, or knows no bounds; take one of {', '.join(_METHODS)}"
            )

    def __call__(self, fn: Smooth, start: Floats, bounds: Bounds, linear: np.ndarray | None = None) -> Minimum:
        """Search for a minimum; `linear` as in `Newton`, which comes near first if the start is far off."""
        return search(fn, start, bounds, linear, self.max_calls, partial(_minimise, self))


def _minimise(options: Scipy, fn: Scaled) -> Status:
    how: dict[str, Any] = {"method": options.method, "options": _METHODS[options.method]}
    if options.method != "Nelder-Mead":
        how["jac"] = fn.gradient
    if options.method == "trust-constr":
        how["hess"] = fn.fisher
    end = minimize(fn.value, np.zeros(fn.size.size), bounds=Limits(fn.lower, fn.upper), **how)
    return Status.CONVERGED if end.success else Status.STUCK
