"""What is wrong with the end of a search, and the covariance if nothing is."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from skyfold.fit.minimum import Bounds, Minimum, Status, silent
from skyfold.fit.term import Expansion
from skyfold.num.double import Floats

Fault = Literal["search", "bound", "degenerate", "unconstrained", "not a minimum", "not a number"]

# Of the eigenvalues of the Hessian scaled to a unit diagonal. Rounding leaves 1e-12 where two parameters do the same;
# a correlation of 0.9999995 has 5e-7 and is still measured.
_FLAT = 1e-9
# Where the search left a slope, a flat direction of parameters that multiply is bent by that much; whether the expected
# counts change along it does not depend on the slope.
_BENT = 1e-4
# Part of a degenerate direction, at least, that makes a parameter worth naming.
_SHARE = 0.2
# Expected distance to the minimum in the statistic that is no minimum any more.
_DISTANCE = 1e-2


@dataclass(frozen=True)
class Problem:
    """One reason not to trust a fit: what is wrong, with which parameters, and what to do."""

    fault: Fault
    parameters: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return self.text


class Diagnosis(NamedTuple):
    """covariance : (f, f) in the units of the parameters; nan where the likelihood says nothing."""

    covariance: Floats
    problems: tuple[Problem, ...]


def diagnose(minimum: Minimum, names: list[str], bounds: Bounds, found: Expansion, hessian: Floats) -> Diagnosis:
    """Look at the end of a search: the covariance there, and every reason not to trust it.

    The covariance is twice the inverse of the exact second derivatives of −2 ln L. A parameter at its bound has none.

    Parameters
    ----------
    found : the expansion there; its Fisher information knows along what no expected counts change.
    hessian : (f, f)
    """
    gradient = found.gradient
    size = len(names)
    covariance, problems = np.full((size, size), np.nan), []
    if minimum.status is not Status.CONVERGED:
        fault: Fault = "not a number" if minimum.status is Status.NAN else "search"
        problems.append(Problem(fault, (), minimum.status.value))
    if not (np.all(np.isfinite(minimum.free)) and np.all(np.isfinite(hessian)) and np.all(np.isfinite(gradient))):
        if minimum.status is not Status.NAN:
            problems.append(Problem("not a number", (), "the statistic or a derivative of it is not a number"))
        return Diagnosis(covariance, tuple(problems))
    at_bound = _at_bound(minimum.free, bounds)
    for i in np.flatnonzero(at_bound):
        lo, hi = bounds[i]
        text = f"{names[i]} = {minimum.free[i]:.6g} is at its bound [{lo:g}, {hi:g}]: widen it, or freeze the parameter"
        problems.append(Problem("bound", (names[i],), text))
    quiet = ~at_bound & silent(minimum.free, gradient, hessian)
    for i in np.flatnonzero(quiet):
        text = f"nothing constrains {names[i]}: the data do not change with it; freeze it, or look at its source"
        problems.append(Problem("unconstrained", (names[i],), text))
    kept = np.flatnonzero(~at_bound & ~quiet)
    if kept.size:
        among = np.ix_(kept, kept)
        block, more = _inverse(hessian[among], found.fisher[among], gradient[kept], [names[i] for i in kept])
        covariance[among] = 2 * block
        problems += more
    return Diagnosis(covariance, tuple(problems))


def _size(free: Floats) -> Floats:
    return np.where(free == 0, 1.0, np.abs(free))


def _at_bound(free: Floats, bounds: Bounds) -> np.ndarray:
    lo, hi = bounds.T
    with np.errstate(invalid="ignore"):
        near = 1e-9 * np.where(np.isfinite(hi - lo), hi - lo, _size(free))
    return (free - lo <= near) | (hi - free <= near)


def _inverse(hessian: Floats, fisher: Floats, gradient: Floats, names: list[str]) -> tuple[Floats, list[Problem]]:
    """Inverse of second derivatives, nan if they are not those of a minimum, and why."""
    nothing = np.full(hessian.shape, np.nan)
    diagonal = np.abs(hessian.diagonal())
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(hessian * scale * scale[:, None])
    flattest = vectors[:, 0] * scale
    unseen = abs(values[0]) < _BENT and flattest @ fisher @ flattest < _FLAT
    if values[0] < -_FLAT and not unseen:
        text = f"not a minimum: the statistic falls along {_along(vectors[:, 0], names)}; try another start"
        return nothing, [Problem("not a minimum", tuple(_names(vectors[:, 0], names)), text)]
    if values[0] < _FLAT or unseen:
        which = tuple(_names(vectors[:, 0], names))
        text = f"{' and '.join(which)} cannot be told apart by the data: freeze or link one of them, or give it a prior"
        return nothing, [Problem("degenerate", which, text)]
    inverse = (vectors / values) @ vectors.T * scale * scale[:, None]
    distance = float(gradient @ inverse @ gradient) / 2
    if distance > _DISTANCE:
        text = f"not a minimum: a better one is expected {distance:.3g} below in the statistic"
        return inverse, [Problem("not a minimum", (), text)]
    return inverse, []


def _names(vector: Floats, names: list[str]) -> list[str]:
    order = np.argsort(-np.abs(vector))
    return [names[i] for i in order if abs(vector[i]) > _SHARE]


def _along(vector: Floats, names: list[str]) -> str:
    return ", ".join(_names(vector, names))
