"""One dataset in a likelihood: the bins to look at, the sources and backgrounds that fill them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from skyfold.fit.kinds import Bins, Directions, Folded, Kind, flow_bent, folded, scaled, scaled_bent
from skyfold.fit.statistic import Statistic
from skyfold.fold.window import Window
from skyfold.num.double import Floats

Ints = NDArray[np.intp]


class Mapping(NamedTuple):
    """All parameters of a sky as a linear function of the free ones: values = offset + matrix @ free."""

    matrix: Floats
    offset: Floats

    def __call__(self, free: Floats) -> Floats:
        return self.offset + self.matrix @ free


@dataclass(frozen=True, eq=False)
class Group:
    """Sources of one kind in windows of one size, folded together.

    rows : (S, P) where their parameters are among those of the sky.
    where : (S, L) which listed bin of the dataset each entry of `bins` is; −1 for padding.
    along, columns : along which the free parameters change each source, and which free parameters they are.
    """

    names: tuple[str, ...]
    kind: Kind
    rows: Ints
    data: list[Any]
    windows: Window
    bins: Bins
    where: Ints
    along: Directions
    columns: list[Ints]

    def folded(self, values: Floats, moved: Floats | float = 0.0) -> Folded:
        """Fold the sources with their parameters among all `values`, moved by (S, P)."""
        return folded(self.kind, values[self.rows] + moved, self.data, self.windows, self.bins, self.along)


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
    dark : names of sources of which no bin can see anything.
    """

    name: str
    energies: Floats
    statistic: Statistic
    reco: Ints
    groups: tuple[Group, ...]
    layers: tuple[Layer, ...]
    constant: float
    dark: tuple[str, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(name for group in self.groups for name in group.names)

    def expand(self, free: Floats, mapping: Mapping, relief: float = 0.0) -> Expansion:
        """Statistic, gradient and Fisher information at the free parameters."""
        state = self._state(mapping(free), mapping)
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
        for group in self.groups:
            slopes = np.append(terms.slope, 0.0)[group.where]
            blocks = _blocks(group, values, self.statistic.linear, slopes, sizes)
            for block, c in zip(blocks, group.columns, strict=True):
                full[np.ix_(c, c)] += block[: c.size, : c.size]
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
        for group in self.groups:
            found = group.folded(values)
            totals, listed, d_totals, d_listed, moved = (np.asarray(part) for part in (*found[:4], found.drift))
            drift = max(drift, float(moved.max()))
            total += float(totals.sum())
            for s, c in enumerate(group.columns):
                mu[group.where[s]] += listed[s]
                d_total[c] += d_totals[s, : c.size]
                d_mu[c[:, None], group.where[s]] += d_listed[s, : c.size]
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


def _blocks(group: Group, values: Floats, linear: float, slopes: Floats, sizes: Floats) -> Floats:
    """Second derivatives of linear × total + Σ slopes × listed of each source, (S, k, k).

    Those of the spectrum are exact. Where a free parameter changes the shape, the exact first derivatives are taken a
    small step to both sides, 1/50 of `sizes` (f,): as good as the second derivatives of the image, which would take
    ten times as long to compile as all the rest.
    """
    here = group.folded(values)
    weights = linear * np.asarray(here.light.summed) + _by_reco(group, np.asarray(here.light.listed), slopes)
    curved = values[group.rows], group.data, group.windows, group.along, weights.transpose(0, 2, 1)
    second, members = np.array(flow_bent(group.kind, *curved)), np.arange(len(group.columns))
    for m in range(group.along.moving.shape[1]):
        which, moving = np.asarray(group.along.which)[:, m], np.asarray(group.along.moving)[:, m]
        steps = np.array([sizes[c[w]] / 50 if c.size > w else 0.0 for c, w in zip(group.columns, which, strict=True)])
        up, down = (_slope(group.folded(values, sign * steps[:, None] * moving), linear, slopes) for sign in (1, -1))
        change = np.divide(up - down, 2 * steps[:, None], out=np.zeros(up.shape), where=steps[:, None] > 0)
        second[members, which] = change
        second[members, :, which] = change
    return second


def _by_reco(group: Group, listed: Floats, slopes: Floats) -> Floats:
    """Σ slopes × light over the listed bins of each reconstructed energy, (S, R, T)."""
    n_reco = group.windows.migration.shape[-1]
    reco = np.asarray(group.bins.reco)[:, None, :] == np.arange(n_reco)[None, :, None]
    return np.matmul(reco * slopes[:, None, :], listed)


def _slope(found: Folded, linear: float, slopes: Floats) -> Floats:
    """Derivatives of linear × total + Σ slopes × listed along all directions, (S, k)."""
    return linear * np.asarray(found.d_total) + np.einsum("skl,sl->sk", np.asarray(found.d_listed), slopes)


def directions(rows: Ints, of_shape: NDArray[np.bool_], mapping: Mapping) -> tuple[Directions, list[Ints]]:
    """Along which the free parameters change sources, and which free parameters they are.

    Parameters
    ----------
    rows : (S, P) where the parameters of each source are among those of the sky.
    of_shape : (P,) which of them change the shape.
    """
    columns = [np.flatnonzero(mapping.matrix[r].any(axis=0)) for r in rows]
    k = max((c.size for c in columns), default=0)
    every = np.zeros((*rows.shape[:1], k, rows.shape[1]))
    for s, (r, c) in enumerate(zip(rows, columns, strict=True)):
        every[s, : c.size] = mapping.matrix[np.ix_(r, c)].T
    shifting = [np.flatnonzero(one[:, of_shape].any(axis=1)) for one in every]
    m = max((w.size for w in shifting), default=0)
    moving, which = np.zeros((*rows.shape[:1], m, rows.shape[1])), np.zeros((len(rows), m), dtype=np.intp)
    for s, w in enumerate(shifting):
        moving[s, : w.size], which[s, : w.size] = every[s, w], w
    return Directions(every, moving, which), columns


def stacked(parts: Sequence[Any]) -> Any:
    """Trees of arrays of one structure, with a new leading axis."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *parts)
