"""Roots of many equations at once."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Equation = Callable[..., tuple[Floats, Floats]]

# Compressing costs a copy of every array: do it once enough elements are finished to pay for it.
_WORTH_SHRINKING = 0.75


class Roots(NamedTuple):
    """Roots of a family of equations, one each.

    x : nan where the bracket holds no change of sign; the last estimate where the iterations ran out.
    converged : False in both of these cases.
    """

    x: Floats
    converged: NDArray[np.bool_]


def newton(
    fn: Equation,
    lo: ArrayLike,
    hi: ArrayLike,
    *args: ArrayLike,
    start: ArrayLike | None = None,
    rtol: float = 1e-12,
    max_iterations: int = 100,
) -> Roots:
    """Solve fn(x, *args) = 0 between `lo` and `hi`, element by element, all elements at once.

    Newton's steps are taken where they stay between the ends of the bracket and halve the step before; elsewhere the
    bracket is halved. So every bracketed root is found, and the smooth ones in a few iterations. Elements that have
    converged drop out.

    Parameters
    ----------
    fn : callable
        (x, *args) -> (value, slope), on arrays of shape (n_active,). It may return inf at an end of the bracket.
    lo, hi, *args : arrays that broadcast against each other.
    start : array, optional
        First estimate; the middle of the bracket if it is not given or lies outside.
    rtol : float
        The sign has been seen to change within this distance of the root, relative to the width of the first bracket
        (or within rounding, if that is more); a last step from there makes smooth roots a good deal better.
    max_iterations : int
        After these an element is returned as not converged.

    Returns
    -------
    Roots
        Shaped like the broadcast arguments.
    """
    ends, guess = (lo, hi), (0.0 if start is None else start)
    arrays = [np.asarray(a, dtype=float) for a in (*ends, guess, *args)]
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    left, right, x, *rest = (np.broadcast_to(a, shape).ravel() for a in arrays)
    with np.errstate(all="ignore"):  # nan and inf are answers here: they show up as "not bracketed"
        roots = _bracket(fn, left, right, rest)
        inside = (x >= left) & (x <= right) if start is not None else False
        x = np.where(inside, x, (left + right) / 2)
        _iterate(fn, roots, x, rest, rtol, max_iterations)
    return Roots(roots.x.reshape(shape), roots.converged.reshape(shape))


class _Bracketed(NamedTuple):
    """The answer under construction (x, converged) and, per element, the ends where fn < 0 and fn > 0."""

    x: Floats
    converged: NDArray[np.bool_]
    below: Floats
    above: Floats
    open: NDArray[np.intp]


def _bracket(fn: Equation, left: Floats, right: Floats, rest: list[Floats]) -> _Bracketed:
    """Orient the brackets; roots that lie exactly at an end are found already."""
    f_left, f_right = fn(left, *rest)[0], fn(right, *rest)[0]
    at_left, at_right = f_left == 0, f_right == 0
    x = np.where(at_left, left, np.where(at_right, right, np.nan))
    rising = f_left < 0
    crossing = (rising & (f_right > 0)) | ((f_left > 0) & (f_right < 0))
    below, above = np.where(rising, left, right), np.where(rising, right, left)
    return _Bracketed(x, at_left | at_right, below, above, np.flatnonzero(crossing))


def _iterate(fn: Equation, roots: _Bracketed, x: Floats, rest: list[Floats], rtol: float, max_iterations: int) -> None:
    """Write the open roots into `roots.x` and `roots.converged`."""
    index = roots.open
    x, below, above = x[index], roots.below[index], roots.above[index]
    rest = [a[index] for a in rest]
    step = np.abs(above - below)
    rounding = 4 * np.finfo(float).eps * np.maximum(np.abs(below), np.abs(above))
    tolerance = np.maximum(rtol * step, rounding)
    least = tolerance
    for _ in range(max_iterations):
        if not index.size:
            return
        f, slope = fn(x, *rest)
        negative = f < 0
        below, above = np.where(negative, x, below), np.where(negative, above, x)
        middle, newton_step = (below + above) / 2, -f / slope
        # A short step alone proves nothing (a steep slope makes one anywhere): step across the root, to see its other
        # side, and farther each time it is not yet there.
        short = np.abs(newton_step) < least
        move = np.where(short, np.copysign(least, newton_step), newton_step)
        # Written so that a nan (flat slope, infinite value) counts as a step that fails.
        good = _between(x + move, below, above) & (short | (np.abs(move) <= step / 2))
        done = (np.abs(above - below) <= tolerance) | (f == 0)
        best = np.clip(x + newton_step, np.minimum(below, above), np.maximum(below, above))
        roots.x[index] = np.where(np.isnan(best), middle, best)
        roots.converged[index] = done
        new = np.where(good, x + move, middle)
        step, x = np.abs(new - x), new
        least = np.where(short & good, 8 * least, tolerance)
        if np.count_nonzero(done) > (1 - _WORTH_SHRINKING) * done.size or done.all():
            go = ~done
            index = index[go]
            x, below, above, step, least, tolerance = (a[go] for a in (x, below, above, step, least, tolerance))
            rest = [a[go] for a in rest]


def _between(x: Floats, a: Floats, b: Floats) -> NDArray[np.bool_]:
    return (x - a) * (x - b) <= 0
