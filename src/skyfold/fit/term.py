"""One dataset in a likelihood: the bins to look at, the sources and backgrounds that fill them."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from skyfold.fit.kinds import Kind, scaled, scaled_bent
from skyfold.fit.part import Ints, Mapping, Part
from skyfold.fit.statistic import Statistic
from skyfold.num.double import Floats


@dataclass(frozen=True, eq=False)
class Layer:
    """A background: known counts times a factor in each bin of energy.

    kind : None for a background that is taken as it is.
    base : (N,) counts in the listed bins.
    total : (R,) counts summed over the bins of the statistic.
    """

    name: str
    kind: Kind | None
    rows: Ints
    data: list[Any]
    base: Floats
    total: Floats


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

    energies : (R,) centres of reconstructed energy [TeV].
    reco : (N,) bin of energy of each listed bin.
    constant : what bins that are not listed contribute besides their expected counts.
    """

    name: str
    energies: Floats
    statistic: Statistic
    reco: Ints
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

    def expand(self, free: Floats, mapping: Mapping, relief: float = 0.0) -> Expansion:
        """Statistic, gradient and Fisher information at the free parameters."""
        state = self._state(mapping(free), mapping)
        if not np.all(np.isfinite(state.mu)):  # a step went where a model has no value
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
        slopes = np.append(terms.slope, 0.0)
        for part in self.parts:
            if part.columns.size:
                full[np.ix_(part.columns, part.columns)] += part.bent(values, self.statistic.linear, slopes, sizes)
        for layer in self.layers:
            c = np.flatnonzero(mapping.matrix[layer.rows].any(axis=0))
            if layer.kind is None or c.size == 0:
                continue
            weights = self.statistic.linear * layer.total + self._by_energy(terms.slope * layer.base)
            along = mapping.matrix[np.ix_(layer.rows, c)].T
            block = scaled_bent(layer.kind, values[layer.rows], layer.data, self.energies, along, weights)
            full[np.ix_(c, c)] += np.asarray(block)
        return full

    def _by_energy(self, listed: Floats) -> Floats:
        return np.bincount(self.reco, listed, minlength=self.energies.size).astype(float)

    def _state(self, values: Floats, mapping: Mapping) -> _State:
        n_free = mapping.matrix.shape[1]
        mu, d_mu = np.zeros(self.reco.size + 1), np.zeros((n_free, self.reco.size + 1))  # the last takes the padding
        total, d_total, drift = 0.0, np.zeros(n_free), 0.0
        for part, found in [(part, part.folded(values)) for part in self.parts]:  # all are under way before one is read
            total += float(found.total)
            d_total[part.columns] += np.asarray(found.d_total)
            mu[part.where] += np.asarray(found.listed)
            d_mu[part.columns[:, None], part.where] += np.asarray(found.d_listed)
            drift = max(drift, float(found.drift))
        mu, d_mu = mu[:-1], d_mu[:, :-1]
        for layer in self.layers:
            factor, d_factor, c = self._factors(layer, values, mapping)
            mu = mu + factor[self.reco] * layer.base
            total += float(factor @ layer.total)
            d_mu[c] += d_factor[:, self.reco] * layer.base
            d_total[c] += d_factor @ layer.total
        return _State(total, mu, d_total, d_mu, drift)

    def _factors(self, layer: Layer, values: Floats, mapping: Mapping) -> tuple[Floats, Floats, Ints]:
        """Factors (R,) of a background, their derivatives (k, R), and by which free parameters."""
        if layer.kind is None:
            return np.ones(self.energies.size), np.zeros((0, self.energies.size)), np.zeros(0, dtype=np.intp)
        c = np.flatnonzero(mapping.matrix[layer.rows].any(axis=0))
        along = mapping.matrix[np.ix_(layer.rows, c)].T
        factor, d_factor = scaled(layer.kind, values[layer.rows], layer.data, self.energies, along)
        return np.asarray(factor), np.asarray(d_factor), c
