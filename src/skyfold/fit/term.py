"""One dataset in a likelihood: the bins to look at, the sources and backgrounds that fill them."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np

from skyfold.fit.layer import Layer
from skyfold.fit.part import Mapping, Part
from skyfold.fit.statistic import Statistic
from skyfold.num.double import Floats


class Expansion(NamedTuple):
    """A statistic to second order in the free parameters.

    gradient : (f,)
    fisher : (f, f) its curvature if the expected counts were linear in them: never negative.
    drift : pixels by which a source has moved from the middle of its window, the largest.
    """

    value: float
    gradient: Floats
    fisher: Floats
    drift: float

    def plus(self, other: "Expansion") -> "Expansion":
        """That of the sum of two statistics."""
        sums = (self.value + other.value, self.gradient + other.gradient, self.fisher + other.fisher)
        return Expansion(*sums, max(self.drift, other.drift))


class _State(NamedTuple):
    """Expected counts: `total` of the sources, `mu` in the listed bins, with derivatives by the free parameters."""

    total: float
    mu: Floats
    d_total: Floats
    d_mu: Floats
    drift: float


@dataclass(frozen=True, eq=False)
class Term:
    """−2 ln L of one dataset.

    constant : what bins that are not listed contribute besides their expected counts.
    """

    name: str
    statistic: Statistic
    parts: tuple[Part, ...]
    layers: tuple[Layer, ...]
    constant: float

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts)

    @property
    def dark(self) -> tuple[str, ...]:
        """Sources of which no bin can see anything."""
        return tuple(part.name for part in self.parts if part.placed.dark)

    @property
    def still(self) -> Self:
        """The same without derivatives: in a tenth to a third of the time."""
        parts = tuple(part.still for part in self.parts)
        return replace(self, parts=parts, layers=tuple(layer.still for layer in self.layers))

    def expand(self, free: Floats, mapping: Mapping, relief: float = 0.0) -> Expansion:
        """Statistic, gradient and Fisher information at the free parameters."""
        with np.errstate(over="ignore", invalid="ignore"):  # a step may go where a model has no value
            state = self._state(mapping(free), mapping)
            if not np.isfinite(state.mu.sum()):  # then nothing is a number, as who asked will see
                nothing = np.full(state.d_total.size, np.nan)
                return Expansion(np.nan, nothing, np.full((nothing.size, nothing.size), np.nan), state.drift)
            terms = self.statistic(state.mu, relief)
            value = self.constant + self.statistic.linear * state.total + float(np.sum(terms.value))
            gradient = self.statistic.linear * state.d_total + state.d_mu @ terms.slope
            return Expansion(value, gradient, (state.d_mu * terms.bend) @ state.d_mu.T, state.drift)

    def hessian(self, free: Floats, mapping: Mapping) -> Floats:
        """Second derivatives: the Fisher information, and a block for the curvature of each source and background."""
        values = mapping(free)
        state = self._state(values, mapping)
        terms = self.statistic(state.mu)
        full = (state.d_mu * terms.bend) @ state.d_mu.T
        fisher = full.diagonal()
        sizes = np.divide(1.0, np.sqrt(fisher), out=np.zeros(fisher.size), where=fisher > 0)
        for part in self.parts:
            if part.columns.size:
                full[np.ix_(part.columns, part.columns)] += part.bent(values, self.statistic.linear, terms.slope, sizes)
        for layer in self.layers:
            block, columns = layer.bent(values, self.statistic.linear, terms.slope)
            full[np.ix_(columns, columns)] += block
        return full

    def _state(self, values: Floats, mapping: Mapping) -> _State:
        n_free = mapping.matrix.shape[1]
        mu, d_mu = np.zeros(self.statistic.counts.size), np.zeros((n_free, self.statistic.counts.size))
        total, d_total, drift = 0.0, np.zeros(n_free), 0.0
        under_way = [(part, *part.folded(values)) for part in self.parts]  # all of them, before one is read
        for part, found, drifted in under_way:
            sums, (value, *slopes) = np.asarray(found.total), np.asarray(found.listed)[: part.n_bins].T
            total += float(sums[0])
            d_total[part.columns] += sums[1:]
            mu[part.where] += value
            for column, slope in zip(part.columns, slopes, strict=True):  # of all at once is many times as slow
                d_mu[column][part.where] += slope
            drift = max(drift, float(np.asarray(drifted)))  # `float` of it takes several times as long
        for filled in (layer.fill(values) for layer in self.layers):
            mu += filled.mu
            total += filled.total
            for column, slope in zip(filled.columns, filled.d_mu, strict=True):
                d_mu[column] += slope
            d_total[filled.columns] += filled.d_total
        return _State(total, mu, d_total, d_mu, drift)
