"""Which numbers of a sky are free, and how far they may move."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, Self

import jax
import numpy as np
from numpy.typing import NDArray

from skyfold.errors import ModelError
from skyfold.fit.text import table
from skyfold.model.fields import Bounds, parameter_leaves
from skyfold.model.priors import LinearPenalty, Prior
from skyfold.model.source import Sky
from skyfold.units import strip

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Link:
    """A parameter that follows another: value = factor × that of `to`."""

    to: str
    factor: float = 1.0


@dataclass(frozen=True)
class Row:
    """One parameter of a sky.

    value, bounds, error : in `unit`; the error is nan before a fit, and for what was not free in it.
    link : what it follows, if anything; it is then not free itself.
    """

    name: str
    value: float
    unit: str
    free: bool
    bounds: Bounds
    error: float = np.nan
    prior: Prior | None = None
    link: Link | None = None


@dataclass(frozen=True)
class Parameters:
    """The parameters of a sky, in the order of its tree. Every method returns a new table.

    A table is made for one sky and belongs to every sky of the same components.
    """

    rows: tuple[Row, ...]
    penalties: tuple[LinearPenalty, ...] = field(default=())

    @classmethod
    def of(cls, sky: Sky) -> Self:
        """All parameters of a sky: free or frozen and bounded as the models declare them."""
        leaves = jax.tree.leaves(sky)
        return cls(
            tuple(
                Row(leaf.name, float(leaves[leaf.number]), leaf.spec.unit, not leaf.spec.frozen, leaf.spec.domain)
                for leaf in parameter_leaves(sky)
            )
        )

    # Look

    def __getitem__(self, name: str) -> Row:
        return self.rows[self._number(name)]

    def __contains__(self, name: object) -> bool:
        return any(row.name == name for row in self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def names(self) -> list[str]:
        return [row.name for row in self.rows]

    @property
    def free(self) -> tuple[Row, ...]:
        """Rows a fit may move, in their order."""
        return tuple(row for row in self.rows if row.free and row.link is None)

    def select(self, pattern: str) -> tuple[Row, ...]:
        """Rows whose name matches, e.g. ``"gc.*"``; ``*`` and ``?`` as in file names.

        Raises
        ------
        ModelError
            No name matches.
        """
        found = tuple(row for row in self.rows if fnmatchcase(row.name, pattern))
        if not found:
            raise ModelError(self._unknown(pattern))
        return found

    def __str__(self) -> str:
        return table(self.rows)

    # Change

    def set(
        self,
        pattern: str,
        *,
        value: Any = None,
        free: bool | None = None,
        bounds: Sequence[Any] | None = None,
        prior: Prior | None = None,
        error: float | None = None,
    ) -> Self:
        """Change what is known of a parameter, or of all whose names match.

        Parameters
        ----------
        value, bounds : numbers in the unit of the parameter, Quantities or texts with a unit; a bound of None is none.

        Raises
        ------
        ModelError
            No name matches, a value lies outside its bounds, bounds are reversed, or a prior does not meet them.
        """
        changed = {}
        for row in self.select(pattern):
            if row.link is not None and (value is not None or free):
                raise ModelError(f"{row.name} follows {row.link.to}: change that, or unlink it first")
            new = row
            if value is not None:
                new = replace(new, value=float(strip(value, row.unit, row.name)))
            if free is not None:
                new = replace(new, free=free)
            if bounds is not None:
                new = replace(new, bounds=_bounds(row, bounds))
            if prior is not None:
                new = replace(new, prior=prior)
            if error is not None:
                new = replace(new, error=float(error))
            _require_sense(new)
            changed[row.name] = new
        return self._with_rows(changed)

    def freeze(self, pattern: str) -> Self:
        """Keep parameters at their values."""
        return self.set(pattern, free=False)

    def thaw(self, pattern: str) -> Self:
        """Let parameters move."""
        return self.set(pattern, free=True)

    def without_prior(self, pattern: str) -> Self:
        return self._with_rows({row.name: replace(row, prior=None) for row in self.select(pattern)})

    def link(self, name: str, to: str, factor: float = 1.0) -> Self:
        """Make one parameter follow another, from now on: value = factor × that of `to`.

        Raises
        ------
        ModelError
            A name is unknown, units differ, or the link leads back to `name`.
        """
        follower, leader = self[name], self[to]
        if follower.unit != leader.unit:
            raise ModelError(
                f"{name} is in {follower.unit or 'no unit'!r}, {to} in {leader.unit or 'no unit'!r}: no link"
            )
        while leader.link is not None:
            factor, leader = factor * leader.link.factor, self[leader.link.to]
        if leader.name == name:
            raise ModelError(f"{name} cannot follow {to}: that is itself, or follows it")
        changed = {name: replace(follower, link=Link(leader.name, factor), value=factor * leader.value)}
        for row in self.rows:  # whoever followed the new follower now follows its leader
            if row.link is not None and row.link.to == name:
                changed[row.name] = replace(row, link=Link(leader.name, factor * row.link.factor))
        return self._with_rows(changed)._followed()

    def unlink(self, pattern: str) -> Self:
        return self._with_rows({row.name: replace(row, link=None) for row in self.select(pattern)})

    def penalise(self, penalty: LinearPenalty) -> Self:
        """Add a term over several parameters, by their names.

        Raises
        ------
        ModelError
            It names a parameter that is not here.
        """
        for name in penalty.names:
            self._number(name)
        return replace(self, penalties=(*self.penalties, penalty))

    def with_free(self, values: Iterable[float]) -> Self:
        """The table with these values of the free parameters, in their order."""
        rows = {row.name: replace(row, value=float(v)) for row, v in zip(self.free, values, strict=True)}
        return self._with_rows(rows)

    def with_errors(self, errors: Mapping[str, float]) -> Self:
        """The table with these errors; nan for all others, and those that follow have that of their leader."""
        found = dict(errors)
        for row in self.rows:
            if row.link is not None and row.link.to in errors:
                found[row.name] = abs(row.link.factor) * errors[row.link.to]
        return replace(self, rows=tuple(replace(row, error=found.get(row.name, np.nan)) for row in self.rows))

    def apply(self, sky: Sky) -> Sky:
        """The sky with every value of the table put in.

        Raises
        ------
        ModelError
            The sky has other parameters than the table.
        """
        leaves, tree = jax.tree.flatten(sky)
        found = parameter_leaves(sky)
        if [leaf.name for leaf in found] != self.names:
            other = sorted(set(self.names) ^ {leaf.name for leaf in found})
            raise ModelError(f"the table is for another sky: {', '.join(other[:5])} are in one of them only")
        for leaf, row in zip(found, self.rows, strict=True):
            leaves[leaf.number] = np.float64(row.value)
        return jax.tree.unflatten(tree, leaves)

    def linear(self) -> tuple[list[str], Floats, Floats]:
        """How all values follow from the free ones: values = offset + matrix @ free.

        Returns
        -------
        names : of the free parameters, (f,).
        matrix : (n, f), offset : (n,), rows in the order of the table.
        """
        names = [row.name for row in self.free]
        matrix, offset = np.zeros((len(self.rows), len(names))), np.zeros(len(self.rows))
        for i, row in enumerate(self.rows):
            leader, factor = (row.name, 1.0) if row.link is None else (row.link.to, row.link.factor)
            if leader in names:
                matrix[i, names.index(leader)] = factor
            else:
                offset[i] = row.value
        return names, matrix, offset

    def _with_rows(self, changed: Mapping[str, Row]) -> Self:
        return replace(self, rows=tuple(changed.get(row.name, row) for row in self.rows))._followed()

    def _followed(self) -> Self:
        """Every follower at the value its leader says."""
        values = {row.name: row.value for row in self.rows}
        rows = (
            row if row.link is None else replace(row, value=row.link.factor * values[row.link.to]) for row in self.rows
        )
        return replace(self, rows=tuple(rows))

    def _number(self, name: str) -> int:
        for i, row in enumerate(self.rows):
            if row.name == name:
                return i
        raise ModelError(self._unknown(name))

    def _unknown(self, name: str) -> str:
        near = get_close_matches(name, self.names, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"no parameter {name!r}{hint} There are {', '.join(self.names) or 'none'}"


def _bounds(row: Row, bounds: Sequence[Any]) -> Bounds:
    if len(bounds) != 2:
        raise ModelError(f"{row.name}: bounds are a pair (lower, upper), found {bounds!r}")
    ends = (-np.inf, np.inf)
    lo, hi = (
        end if given is None else float(strip(given, row.unit, row.name))
        for end, given in zip(ends, bounds, strict=True)
    )
    lo, hi = (end if np.isnan(found) else found for end, found in zip(ends, (lo, hi), strict=True))
    if lo > hi:
        raise ModelError(f"{row.name}: lower bound {lo:g} is above the upper one, {hi:g}")
    return lo, hi


def _require_sense(row: Row) -> None:
    lo, hi = row.bounds
    if row.value < lo or row.value > hi:  # nan passes: a fit says where it starts
        raise ModelError(f"{row.name} = {row.value:g} is outside its bounds [{lo:g}, {hi:g}]")
    if row.prior is not None:
        least, most = row.prior.support
        if least >= hi or most <= lo:
            raise ModelError(
                f"{row.name}: its prior allows [{least:g}, {most:g}], its bounds [{lo:g}, {hi:g}]: they have nothing in"
                " common"
            )
