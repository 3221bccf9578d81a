"""Which numbers of a sky are free, and how far they may move."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, Self

import jax
import numpy as np
from numpy.typing import NDArray

from skyfold.errors import ModelError
from skyfold.fit.rows import Link, Row, changed, following, leader_of, require_linkable, restricted
from skyfold.fit.text import table
from skyfold.model.fields import parameter_leaves
from skyfold.model.priors import LinearPenalty, Prior
from skyfold.model.source import Sky

Floats = NDArray[np.float64]


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
                Row(
                    leaf.name,
                    value=float(leaves[leaf.number]),
                    unit=leaf.spec.unit,
                    free=not leaf.spec.frozen,
                    bounds=leaf.spec.domain,
                    domain=leaf.spec.domain,
                )
                for leaf in parameter_leaves(sky)
            )
        )

    # Look

    def __getitem__(self, name: str) -> Row:
        return self.rows[self._number(name)]

    def __contains__(self, name: object) -> bool:
        return any(row.name == name for row in self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def names(self) -> list[str]:
        return [row.name for row in self.rows]

    @property
    def free(self) -> tuple[Row, ...]:
        """Rows a fit may move, in their order."""
        return tuple(row for row in self.rows if row.free and row.link is None)

    @property
    def free_values(self) -> Floats:
        """Values of the free parameters, (f,)."""
        return np.array([row.value for row in self.free])

    def select(self, pattern: str) -> tuple[Row, ...]:
        """The row of this name, or those whose name matches, e.g. ``"gc.*"``; ``*`` and ``?`` as in file names.

        Raises
        ------
        ModelError
            No name matches.
        """
        if pattern in self:  # names of sources may have brackets and stars in them
            return (self[pattern],)
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
        """Change what is known of a parameter, or of all that match and follow no other.

        Parameters
        ----------
        value, bounds : numbers in the unit of the parameter, Quantities or texts with a unit. A bound of None is that
            of the domain.

        Raises
        ------
        ModelError
            No name matches, or what does follows another; a value lies outside its bounds, bounds are reversed or leave
            the domain of the model, or a prior does not meet them.
        UnitError
            A value or a bound is in a wrong unit.
        """
        rows = self.select(pattern)
        leaders = [row for row in rows if row.link is None]
        if not leaders:
            raise ModelError(f"{rows[0].name} follows {leader_of(rows[0])}: change that, or unlink it first")
        return self.with_rows({row.name: changed(row, value, free, bounds, prior, error) for row in leaders})

    def freeze(self, pattern: str) -> Self:
        """Keep parameters at their values."""
        return self.set(pattern, free=False)

    def thaw(self, pattern: str) -> Self:
        """Let parameters move."""
        return self.set(pattern, free=True)

    def without_prior(self, pattern: str) -> Self:
        """Take priors away."""
        return self.with_rows({row.name: replace(row, prior=None) for row in self.select(pattern)})

    def link(self, name: str, to: str, factor: float = 1.0) -> Self:
        """Make one parameter follow another, from now on: value = factor × that of `to`.

        What it may be, its leader may be only so far as both allow.

        Raises
        ------
        ModelError
            A name is unknown, units differ, the factor is 0 or no number, `name` has a prior, the link leads back to
            it, or no more than one value is within the bounds of both.
        """
        follower, leader = self[name], self[to]
        require_linkable(follower, leader, factor)
        while leader.link is not None:
            factor, leader = factor * leader.link.factor, self[leader.link.to]
        if leader.name == name:
            raise ModelError(f"{name} cannot follow {to}: that is itself, or follows it")
        new = {
            leader.name: restricted(leader, follower, factor),
            name: replace(follower, link=Link(leader.name, factor)),
        }
        for row in self.rows:  # whoever followed the new follower now follows its leader
            if row.link is not None and row.link.to == name:
                new[row.name] = replace(row, link=Link(leader.name, factor * row.link.factor))
        return self.with_rows(new)

    def unlink(self, pattern: str) -> Self:
        """Let parameters that follow others go their own way, from where they are."""
        return self.with_rows({row.name: replace(row, link=None) for row in self.select(pattern)})

    def penalise(self, penalty: LinearPenalty) -> Self:
        """Add a term over several parameters, by their names.

        Raises
        ------
        ModelError
            It names a parameter that is not here, or one that follows another.
        """
        for name in penalty.names:
            if self[name].link is not None:
                raise ModelError(f"{name} follows {leader_of(self[name])}: give the penalty to that")
        return replace(self, penalties=(*self.penalties, penalty))

    def with_free(self, values: Iterable[float]) -> Self:
        """The table with these values of the free parameters, in their order."""
        rows = {row.name: replace(row, value=float(v)) for row, v in zip(self.free, values, strict=True)}
        return self.with_rows(rows)

    def with_errors(self, errors: Mapping[str, float]) -> Self:
        """The table with these errors; nan for all others, and those that follow have that of their leader."""
        rows = {row.name: replace(row, error=float(errors.get(row.name, np.nan))) for row in self.rows}
        return self.with_rows(rows)

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

    def with_rows(self, rows: Mapping[str, Row]) -> Self:
        """The table with these rows in place of those of the same names."""
        return replace(self, rows=tuple(rows.get(row.name, row) for row in self.rows))._followed()

    def _followed(self) -> Self:
        """Every follower as its leader says."""
        leaders = {row.name: row for row in self.rows if row.link is None}
        return replace(
            self, rows=tuple(row if row.link is None else following(row, leaders[row.link.to]) for row in self.rows)
        )

    def _number(self, name: str) -> int:
        for i, row in enumerate(self.rows):
            if row.name == name:
                return i
        raise ModelError(self._unknown(name))

    def _unknown(self, name: str) -> str:
        near = get_close_matches(name, self.names, 1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        return f"no parameter {name!r}{hint} There are {', '.join(self.names) or 'none'}"
