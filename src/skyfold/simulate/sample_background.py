"""Background events, drawn from the table of their rate as it is interpolated.

A rate that is linear between the nodes of a field of view is a sum of tents, one over each node, each with the spectrum
of that node: a power law between two energies, or a straight line where one rate is 0. Node, energy and position are
drawn from these sums one after the other, without any finer grid; only the solid angle, which changes within a tent,
is respected by leaving out some of the events.
"""

from collections.abc import Callable
from typing import NamedTuple, Self

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
_STEPS = 4


class InField(NamedTuple):
    """Reconstructed energies [TeV] and positions in the orientation of the table [rad], each (n,)."""

    energy: Floats
    lon: Floats
    lat: Floats


def background_events(
    rng: Random,
    bkg: Background2D | Background3D,
    ontime_s: float,
    factor: Factor | None = None,
    energies: tuple[float, float] = (0.0, np.inf),
) -> InField:
    """Background events of a field of view in some time, their number a Poisson number.

    Parameters
    ----------
    factor : on the rate, at reconstructed energies [TeV]; 1 without one.
    energies : range of reconstructed energies [TeV]; there are no others.
    """
    tents = _Ring(bkg.offset) if isinstance(bkg, Background2D) else _Square(bkg.fov_lon, bkg.fov_lat)
    energy, rate = _at_nodes(bkg, factor, energies)
    expected = loglog_bins(rate, energy)[:, tents.node] * (tents.area * ontime_s)  # (n_energy - 1, n_piece)
    step, piece = np.divmod(poisson_indices(rng, expected.ravel()), tents.area.size)
    lon, lat, keep = tents.draw(rng, piece)
    return InField(_energies(rng, energy, rate, step[keep], tents.node[piece[keep]]), lon[keep], lat[keep])


def _at_nodes(
    bkg: Background2D | Background3D, factor: Factor | None, energies: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Energies [TeV] (m,) within a range, and the rate there at each node of the field (m, n_node)."""
    rate = bkg.values.reshape(bkg.energy.nbin, -1)
    nodes, edges = bkg.energy.center_in("TeV"), bkg.energy.edges_in("TeV")
    energy = np.concatenate([edges[:1], nodes, edges[-1:]])
    rate = np.concatenate([rate[:1], rate, rate[-1:]])
    rising = np.concatenate([[True], np.diff(energy) > 0])
    energy, rate = energy[rising], rate[rising]
    ends = np.clip(energies, energy[0], energy[-1])
    fine = np.unique(np.concatenate([ends, energy[(energy > ends[0]) & (energy < ends[1])]]))
    if factor is None:
        return fine, _interpolated(energy, rate, fine)
    share = np.arange(_STEPS) / _STEPS
    fine = np.append((fine[:-1, None] * (fine[1:] / fine[:-1])[:, None] ** share).ravel(), fine[-1])
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
    straight = (rate[:-1] <= 0) | (rate[1:] <= 0)
    ratio = np.where(straight, 1.0, rate[1:]) / np.where(straight, 1.0, rate[:-1])
    slope = np.log(ratio) / np.log(energy[1:] / energy[:-1])[:, None]
    result = power_law(u, energy[step], energy[step + 1], slope[step, node])
    few = np.flatnonzero(straight[step, node])
    if few.size:
        step, node = step[few], node[few]
        share = straight_line(u[few], rate[step, node], rate[step + 1, node])
        result[few] = energy[step] + (energy[step + 1] - energy[step]) * share
    return result


class _Halves(NamedTuple):
    """The halves of tents over the nodes of one axis, two for each: from a node towards its neighbour, or to the edge.

    node : of each half; start : where it is; way : to where the tent ends; flat : beyond the outermost nodes.
    """

    node: Indices
    start: Floats
    way: Floats
    flat: NDArray[np.bool_]

    @classmethod
    def of(cls, axis: Axis, lowest: float | None = None) -> Self:
        """Of a field axis [rad]; the first tent is flat down to `lowest`, or else to the first edge."""
        node, edges = axis.center_in("rad"), axis.edges_in("rad")
        below = np.append(edges[0] if lowest is None else lowest, node[:-1])
        above = np.append(node[1:], edges[-1])
        ends = np.stack([below, above], axis=1).ravel()
        start = np.repeat(node, 2)
        flat = np.zeros(start.size, dtype=bool)
        flat[[0, -1]] = True
        return cls(np.repeat(np.arange(node.size), 2), start, ends - start, flat)

    @property
    def width(self) -> Floats:
        """Integral of each."""
        return np.abs(self.way) * np.where(self.flat, 1.0, 0.5)

    def draw(self, rng: Random, i: Indices) -> Floats:
        u = rng.random(i.size)
        away = 1 - np.sqrt(u)  # the density falls to 0 at the neighbour
        level = np.flatnonzero(self.flat[i])
        away[level] = u[level]
        return self.start[i] + away * self.way[i]


class _Square:
    """Tents over nodes in longitude and latitude, in pieces: a half in one times a half in the other."""

    def __init__(self, fov_lon: Axis, fov_lat: Axis) -> None:
        self.lon, self.lat = _Halves.of(fov_lon), _Halves.of(fov_lat)
        self.area = np.outer(self.lon.width, self.lat.width).ravel()
        self.node = (self.lon.node[:, None] * fov_lat.nbin + self.lat.node).ravel()

    def draw(self, rng: Random, piece: Indices) -> Placed:
        i, j = np.divmod(piece, self.lat.start.size)
        lon, lat = self.lon.draw(rng, i), self.lat.draw(rng, j)
        return lon, lat, rng.random(piece.size) < np.cos(lat)


class _Ring:
    """Tents over nodes in offset, all around the pointing."""

    def __init__(self, offset: Axis) -> None:
        self.offset = _Halves.of(offset, lowest=0.0)
        self.node = self.offset.node
        farther = np.maximum(self.offset.start, self.offset.start + self.offset.way)
        self.widest = np.sin(np.minimum(farther, np.pi / 2))
        self.area = 2 * np.pi * self.widest * self.offset.width

    def draw(self, rng: Random, piece: Indices) -> Placed:
        theta, angle = self.offset.draw(rng, piece), 2 * np.pi * rng.random(piece.size)
        lat = np.arcsin(np.sin(theta) * np.sin(angle))
        lon = np.arctan2(np.sin(theta) * np.cos(angle), np.cos(theta))
        return lon, lat, rng.random(piece.size) * self.widest[piece] < np.sin(theta)
