"""Background events, drawn from the table of their rate as it is interpolated.

A rate that is linear between the nodes of a field of view is a sum of tents, one over each node, each with the spectrum
of that node: a power law between two energies, or a straight line where one rate is 0. Node, energy and position are
drawn from these sums one after the other, without any finer grid; only the solid angle, which changes within a tent,
is respected by leaving out some of the events.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skyfold.geom.axis import Axis
from skyfold.irf.background import Background2D, Background3D
from skyfold.num.integrate import loglog_bins
from skyfold.simulate.sample import Floats, Indices, poisson_indices, power_law, straight_line

Random = np.random.Generator
Factor = Callable[[Floats], Floats]
# Longitudes, latitudes, and which of them are kept.
Placed = tuple[Floats, Floats, NDArray[np.bool_]]

# Steps between two energies of a table in which a factor on its rate is a power law.
_STEPS = 16


class InField(NamedTuple):
    """Reconstructed energies [TeV] and positions in the orientation of the table [rad], each (n,)."""

    energy: Floats
    lon: Floats
    lat: Floats


def background_events(
    rng: Random, bkg: Background2D | Background3D, ontime_s: float, factor: Factor | None = None
) -> InField:
    """Background events of a field of view in some time, their number a Poisson number.

    Parameters
    ----------
    factor : on the rate, at reconstructed energies [TeV]; 1 without one.
    """
    tents = _Ring(bkg.offset) if isinstance(bkg, Background2D) else _Square(bkg.fov_lon, bkg.fov_lat)
    energy, rate = _at_nodes(bkg, factor)
    expected = loglog_bins(rate, energy) * tents.areas * ontime_s  # (n_energy - 1, n_node)
    at = poisson_indices(rng, expected.ravel())
    step, node = np.divmod(at, expected.shape[1])
    lon, lat, keep = tents.draw(rng, node)
    step, node = step[keep], node[keep]
    return InField(_energies(rng, energy, rate, step, node), lon[keep], lat[keep])


def _at_nodes(bkg: Background2D | Background3D, factor: Factor | None) -> tuple[Floats, Floats]:
    """Energies [TeV] (m,), and the rate there at each node of the field (m, n_node)."""
    rate = bkg.values.reshape(bkg.energy.nbin, -1)
    nodes, edges = bkg.energy.center_in("TeV"), bkg.energy.edges_in("TeV")
    energy = np.concatenate([edges[:1], nodes, edges[-1:]])
    rate = np.concatenate([rate[:1], rate, rate[-1:]])
    rising = np.concatenate([[True], np.diff(energy) > 0])
    energy, rate = energy[rising], rate[rising]
    if factor is None:
        return energy, rate
    share = np.arange(_STEPS) / _STEPS
    fine = np.append((energy[:-1, None] * (energy[1:] / energy[:-1])[:, None] ** share).ravel(), energy[-1])
    return fine, _interpolated(energy, rate, fine) * factor(fine)[:, None]


def _interpolated(energy: Floats, rate: Floats, at: Floats) -> Floats:
    """Power laws between energies, or straight lines where a rate is 0."""
    i = np.clip(np.searchsorted(energy, at, side="right") - 1, 0, energy.size - 2)
    low, high = rate[i], rate[i + 1]
    positive = (low > 0) & (high > 0)
    share = (np.log(at / energy[i]) / np.log(energy[i + 1] / energy[i]))[:, None]
    linear = ((at - energy[i]) / (energy[i + 1] - energy[i]))[:, None]
    ratio = np.where(positive, high, 1.0) / np.where(positive, low, 1.0)
    return np.where(positive, low * ratio**share, low * (1 - linear) + high * linear)


def _energies(rng: Random, energy: Floats, rate: Floats, step: Indices, node: Indices) -> Floats:
    """Energies within a step, after the rates of a node at its ends."""
    u = rng.random(step.size)
    low, high = energy[step], energy[step + 1]
    first, last = rate[step, node], rate[step + 1, node]
    straight = (first <= 0) | (last <= 0)
    ratio = np.where(straight, 1.0, last) / np.where(straight, 1.0, first)
    curved = power_law(u, low, high, np.log(ratio) / np.log(high / low))
    ends = (np.where(straight, x, 1.0) for x in (first, last))
    return np.where(straight, low + (high - low) * straight_line(u, *ends), curved)


class _Tents(NamedTuple):
    """Weights of the nodes of one axis: from `low` up to the node, then down to `high`; flat beyond the outermost."""

    node: Floats
    low: Floats
    high: Floats
    flat: NDArray[np.bool_]  # (2, n): whether it is flat below, above

    @property
    def halves(self) -> Floats:
        """What lies below and above each node, (2, n)."""
        width = np.stack([self.node - self.low, self.high - self.node])
        return np.where(self.flat, width, width / 2)

    def draw(self, rng: Random, i: Indices) -> Floats:
        below, above = self.halves[:, i]
        side = (rng.random(i.size) * (below + above) >= below).astype(np.intp)
        u = rng.random(i.size)
        # Distance from the node: its density falls to 0 at the neighbour, or not at all.
        away = np.where(self.flat[side, i], u, 1 - np.sqrt(u))
        end = np.where(side, self.high[i], self.low[i])
        return self.node[i] + away * (end - self.node[i])


def _tents(axis: Axis, lowest: float | None = None) -> _Tents:
    """Of the nodes of a field axis [rad]; the first is flat down to `lowest`, or else to the first edge."""
    node, edges = axis.center_in("rad"), axis.edges_in("rad")
    first = edges[0] if lowest is None else lowest
    flat = np.zeros((2, node.size), dtype=bool)
    flat[0, 0] = flat[1, -1] = True
    return _Tents(node, np.append(first, node[:-1]), np.append(node[1:], edges[-1]), flat)


class _Square:
    """Tents over nodes in longitude and latitude, counted through latitude first."""

    def __init__(self, fov_lon: Axis, fov_lat: Axis) -> None:
        self.lon, self.lat = _tents(fov_lon), _tents(fov_lat)
        self.areas = np.outer(self.lon.halves.sum(axis=0), self.lat.halves.sum(axis=0)).ravel()

    def draw(self, rng: Random, node: Indices) -> Placed:
        i, j = np.divmod(node, self.lat.node.size)
        lon, lat = self.lon.draw(rng, i), self.lat.draw(rng, j)
        return lon, lat, rng.random(node.size) < np.cos(lat)


class _Ring:
    """Tents over nodes in offset, all around the pointing."""

    def __init__(self, offset: Axis) -> None:
        self.offset = _tents(offset, lowest=0.0)
        self.widest = np.sin(np.minimum(self.offset.high, np.pi / 2))
        self.areas = 2 * np.pi * self.widest * self.offset.halves.sum(axis=0)

    def draw(self, rng: Random, node: Indices) -> Placed:
        theta, angle = self.offset.draw(rng, node), 2 * np.pi * rng.random(node.size)
        lat = np.arcsin(np.sin(theta) * np.sin(angle))
        lon = np.arctan2(np.sin(theta) * np.cos(angle), np.cos(theta))
        return lon, lat, rng.random(node.size) * self.widest[node] < np.sin(theta)
