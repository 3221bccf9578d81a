"""MIGRAD of the MINUIT library (James & Roos 1975, CPC 10, 343), with exact gradients."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from skyfold.fit.minimum import Bounds, Minimum, Status
from skyfold.fit.newton import Smooth
from skyfold.fit.scaled import Scaled, search
from skyfold.num.double import Floats


@dataclass(frozen=True)
class Migrad:
    """Options of the search.

    tolerance : estimated distance to the minimum in the statistic, at which the search ends.
    strategy : of MINUIT; 0 trusts its own guess of the second derivatives, which serves the search only, 1 and 2 check
        it.
    max_calls : evaluations of the likelihood after which it gives up; windows that move count from 0 again.
    """

    tolerance: float = 1e-6
    strategy: int = 0
    max_calls: int = 5000

    def __call__(self, fn: Smooth, start: Floats, bounds: Bounds, linear: np.ndarray | None = None) -> Minimum:
        """Search for a minimum; `linear` as in `Newton`, which comes near first if the start is far off."""
        return search(fn, start, bounds, linear, self.max_calls, partial(_migrad, self))


def _migrad(options: Migrad, fn: Scaled) -> Status:
    from iminuit import Minuit

    search = Minuit(fn.value, np.zeros(fn.size.size), grad=fn.gradient)
    search.errordef, search.strategy, search.errors = 1.0, options.strategy, 1.0
    search.tol = options.tolerance / 0.002  # of which MINUIT takes that part of `errordef`
    search.limits = list(zip(fn.lower, fn.upper, strict=True))
    search.migrad(ncall=options.max_calls)
    end = search.fmin
    return Status.CONVERGED if end is not None and end.is_valid else Status.STUCK
