"""One parameter of a sky: what is known of it, and what may be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skyfold.errors import ModelError
from skyfold.model.fields import EVERYWHERE, Bounds
from skyfold.model.priors import Prior
from skyfold.units import strip


@dataclass(frozen=True)
class Link:
    """A parameter that follows another: value = factor × that of `to`."""

    to: str
    factor: float = 1.0


@dataclass(frozen=True)
class Row:
    """One parameter of a sky.

    value, bounds, error : in `unit`; the error is nan before a fit, and for what was not free in it.
    domain : values outside it are no model; bounds are inside it.
    link : what it follows, if anything; it is then as free and as bounded as that, and no parameter of a fit itself.
    """

    name: str
    value: float
    unit: str
    free: bool
    bounds: Bounds
    error: float = np.nan
    prior: Prior | None = None
    link: Link | None = None
    domain: Bounds = EVERYWHERE

    @property
    def limits(self) -> Bounds:
        """How far a search may go: the bounds, and no further than the prior has any density."""
        low, high = (-np.inf, np.inf) if self.prior is None else self.prior.support
        return max(low, self.bounds[0]), min(high, self.bounds[1])


def leader_of(row: Row) -> str:
    """The name of what a row follows; its own if it follows none."""
    return row.link.to if row.link is not None else row.name


def following(row: Row, leader: Row) -> Row:
    """A follower as its leader says; without a prior, which the leader has."""
    factor = 1.0 if row.link is None else row.link.factor
    return replace(
        row,
        value=factor * leader.value,
        free=leader.free,
        bounds=scaled(leader.bounds, factor),
        error=abs(factor) * leader.error,
    )


def require_linkable(follower: Row, leader: Row, factor: float) -> None:
    """Raise ModelError where a link makes no sense."""
    name, to = follower.name, leader.name
    if follower.unit != leader.unit:
        raise ModelError(f"{name} is in {follower.unit or 'no unit'!r}, {to} in {leader.unit or 'no unit'!r}: no link")
    if not np.isfinite(factor) or factor == 0:
        raise ModelError(f"{name} = {factor} × {to}: give a factor that is a number and not 0, or freeze {name}")
    if follower.prior is not None:
        raise ModelError(f"{name} has a prior: give it to {to} and take it away here (without_prior) before linking")


def number(row: Row, given: Any) -> float:
    """A value of a parameter in its unit."""
    found = strip(given, row.unit, row.name)
    if found.shape:
        raise ModelError(f"{row.name} is one number, found an array of shape {found.shape}")
    return float(found)


def bounds_of(row: Row, bounds: Sequence[Any]) -> Bounds:
    """Bounds in the unit of a parameter, checked; None is the end of its domain."""
    if isinstance(bounds, str) or len(bounds) != 2:
        raise ModelError(f"{row.name}: bounds are a pair (lower, upper), found {bounds!r}")
    given = [np.nan if end is None else number(row, end) for end in bounds]
    lo, hi = (end if np.isnan(found) else found for found, end in zip(given, row.domain, strict=True))
    if lo >= hi:
        raise ModelError(
            f"{row.name}: lower bound {lo:g} is not below the upper one, {hi:g}; to keep it there freeze it"
        )
    if (lo, hi) != common((lo, hi), row.domain):
        raise ModelError(
            f"{row.name}: bounds {interval((lo, hi))} leave {interval(row.domain)}, where it has a meaning; give None"
            " for an end without a bound of its own"
        )
    return lo, hi


def changed(
    row: Row,
    value: Any = None,
    free: bool | None = None,
    bounds: Sequence[Any] | None = None,
    prior: Prior | None = None,
    error: float | None = None,
) -> Row:
    """A row with whatever is given here, checked: see `Parameters.set`."""
    return sensible(
        replace(
            row,
            value=row.value if value is None else number(row, value),
            free=row.free if free is None else bool(free),
            bounds=row.bounds if bounds is None else bounds_of(row, bounds),
            prior=row.prior if prior is None else prior,
            error=row.error if error is None else float(error),
        )
    )


def restricted(leader: Row, follower: Row, factor: float) -> Row:
    """A leader with such values only as its follower may have too."""
    both = common(leader.bounds, scaled(follower.bounds, 1 / factor))
    if both[0] >= both[1]:
        raise ModelError(
            f"{follower.name} within {interval(follower.bounds)} cannot be {factor:g} times {leader.name} within"
            f" {interval(leader.bounds)}: one value at most is within both"
        )
    return sensible(replace(leader, bounds=both), f" once {follower.name} follows it")


def scaled(bounds: Bounds, factor: float) -> Bounds:
    """Bounds of factor × value."""
    lo, hi = sorted(factor * end for end in bounds)
    return lo, hi


def common(a: Bounds, b: Bounds) -> Bounds:
    """Where both are; the ends are in the wrong order if that is nowhere."""
    return max(a[0], b[0]), min(a[1], b[1])


def interval(ends: Bounds) -> str:
    """As text."""
    return f"[{ends[0]:g}, {ends[1]:g}]"


def sensible(row: Row, when: str = "") -> Row:
    """The row, if its value and its prior meet its bounds."""
    lo, hi = row.bounds
    if row.value < lo or row.value > hi:  # nan passes: a fit says where it starts
        raise ModelError(f"{row.name} = {row.value:g} is outside its bounds {interval(row.bounds)}{when}")
    if row.prior is not None:
        least, most = row.prior.support
        if least >= hi or most <= lo:
            raise ModelError(
                f"{row.name}: its prior allows {interval((least, most))}, its bounds {interval((lo, hi))}{when}:"
                " they have nothing in common"
            )
    return row
