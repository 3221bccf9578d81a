"""Directions of photons, after the brightness of a shape.

A shape is sampled on small squares, evenly lit, of an equidistant projection around its centre: a sixteenth of its
smallest feature wide, so that a Gaussian comes out wider by 2e-4 at most, or a quarter of the pixel of a map: that adds
1/192 pixel² to the 1/6 pixel² of variance that its interpolation has. What is larger than the field of view is sampled
on the field of view alone.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import jax
import numpy as np
from astropy.coordinates import SkyCoord
from jax import Array

from skyfold.errors import ModelError
from skyfold.model.source import Source
from skyfold.model.spatial.base import Shape
from skyfold.model.spatial.constant import ConstantFlux
from skyfold.num.sphere import lonlat, tangent_frame
from skyfold.simulate.sample import Floats, choose

# Squares along a side: as many as a shape needs, from so many on, to so many (if it depends on energy).
_FEWEST, _MOST, _MOST_OF_ENERGIES = 256, 2048, 512
_PER_GRAIN, _PER_PIXEL = 16, 4
# Directions that are evaluated together, at all energies: one size, compiled once.
_BLOCK, _BLOCK_OF_ENERGIES = 2**16, 2**13
# Energies per decade at which a shape that depends on energy is sampled, or a map; those are mixed between them.
_PER_DECADE, _PER_DECADE_OF_MAPS = 8, 4


@dataclass(frozen=True, eq=False)
class Cells:
    """Squares on the sky and the light from each.

    axes : ICRS unit vectors of their centre, its east and its north, (3, 3), in rows.
    east, north : of the middle of each [rad], (n,); side : of a square [rad], 0 for a point.
    energy : energies [TeV] at which the light is given, (k,), or one.
    light : shape (k, n); of a shape within the field of view it sums to 1.
    """

    axes: Floats
    east: Floats
    north: Floats
    side: float
    energy: Floats
    light: Floats

    @classmethod
    def of(cls, source: Source, name: str, center: Floats, radius: float, energies: tuple[float, float]) -> Self | None:
        """The light of a source from within `radius` [rad] of a direction (3,); None if there is none.

        Raises
        ------
        ModelError
            The source has no shape, or a brightness that is negative or not finite.
        """
        shape = source.shape
        if shape is None or isinstance(shape, ConstantFlux):
            raise ModelError(f"source {name!r} has no shape: where are its photons from? Give it one, e.g. Point(...)")
        turn = _to_icrs(shape.frame)
        reach, grain = (float(x) for x in _extent(shape))
        if reach > radius:
            return cls._around(shape, name, turn, turn.T @ center, radius, grain, energies, whole=False)
        lon, lat = (float(x) for x in _center(shape))
        middle = tangent_frame(lon, lat)[0]
        if np.arccos(np.clip(middle @ turn.T @ center, -1, 1)) > radius + reach:
            return None
        if reach == 0:
            axes = tangent_frame(lon, lat) @ turn.T
            return cls(axes, np.zeros(1), np.zeros(1), 0.0, np.ones(1), np.ones((1, 1)))
        return cls._around(shape, name, turn, middle, reach, grain, energies, whole=shape.normalised)

    @classmethod
    def _around(
        cls,
        shape: Shape,
        name: str,
        turn: Floats,
        middle: Floats,
        half: float,
        grain: float,
        energies: tuple[float, float],
        *,
        whole: bool,
    ) -> Self | None:
        """On a circle of radius `half` around a direction in the frame of the shape."""
        wanted = 2 * half / grain * (_PER_GRAIN if shape.moves else _PER_PIXEL)
        n = int(np.clip(np.ceil(wanted), _FEWEST, _MOST_OF_ENERGIES if shape.energy_dependent else _MOST))
        side = 2 * half / n
        steps = (np.arange(n) + 0.5) * side - half
        east, north = (grid.ravel() for grid in np.meshgrid(steps, steps))
        theta = np.hypot(east, north)
        inside = theta <= half
        east, north, theta = east[inside], north[inside], theta[inside]
        axes = tangent_frame(*(float(x) for x in lonlat(middle)))
        energy = np.ones(1)
        if shape.energy_dependent:
            energy = _nodes(energies, _PER_DECADE if shape.moves else _PER_DECADE_OF_MAPS)
        light = _brightness(shape, *lonlat(axes.T @ _vectors(east, north)), energy)
        light *= np.sinc(theta / np.pi) * side**2
        if not (light.min() >= 0 and light.max() < np.inf):  # not a number is neither
            raise ModelError(
                f"the brightness of {name!r} is negative or not finite in {int(np.sum(~(light >= 0)))} of {light.size}"
                " places: no photons come from there; correct its shape"
            )
        if not light.sum() > 0:
            return None
        if whole:
            light /= light.sum(axis=1, keepdims=True)
        lit = light.any(axis=0)
        return cls(axes @ turn.T, east[lit], north[lit], side, energy, light[:, lit])

    @property
    def directions(self) -> Floats:
        """ICRS unit vectors of the middles, (3, n)."""
        return self.axes.T @ _vectors(self.east, self.north)

    @cached_property
    def _totals(self) -> Floats:
        return np.asarray(self.light.sum(axis=1))

    def total(self, energy: Floats) -> Floats:
        """Light from all squares, at energies [TeV]: a power law between two where there is light at both."""
        at, nodes, light = np.log(energy), np.log(self.energy), self._totals
        dark = np.interp(at, nodes, light == 0) > 0
        steep = np.exp(np.interp(at, nodes, np.log(np.where(light > 0, light, 1.0))))
        return np.where(dark, np.interp(at, nodes, light), steep)

    def draw(self, rng: np.random.Generator, energy: Floats) -> Floats:
        """ICRS unit vectors (3, n) of photons of these energies [TeV]."""
        at = np.zeros(energy.size, dtype=np.intp)
        if self.side > 0:
            node = self._node(rng, energy)
            for k in range(self.energy.size):
                here = np.flatnonzero(node == k)
                at[here] = choose(rng, self.light[k], here.size)
        jitter = self.side * (rng.random((2, energy.size)) - 0.5)
        return self.axes.T @ _vectors(self.east[at] + jitter[0], self.north[at] + jitter[1])

    def _node(self, rng: np.random.Generator, energy: Floats) -> np.ndarray:
        """Which of the energies at which the light is given stands for each, drawn by how near it is."""
        if self.energy.size == 1:
            return np.zeros(energy.size, dtype=np.intp)
        place = np.interp(np.log(energy), np.log(self.energy), np.arange(self.energy.size))
        below = np.minimum(place.astype(np.intp), self.energy.size - 2)
        lit = self._totals > 0
        upper = (place - below) * lit[below + 1]
        lower = (below + 1 - place) * lit[below]
        return below + (rng.random(energy.size) * (lower + upper) < upper)


def _vectors(east: Floats, north: Floats) -> Floats:
    """Unit vectors (3, n) in the frame of the axes, from equidistant coordinates."""
    theta = np.hypot(east, north)
    stretch = np.sinc(theta / np.pi)
    return np.stack([np.cos(theta), stretch * east, stretch * north])


def _nodes(energies: tuple[float, float], per_decade: int) -> Floats:
    low, high = energies
    return np.geomspace(low, high, int(np.ceil(np.log10(high / low) * per_decade)) + 1)


def _to_icrs(frame: str) -> Floats:
    """Rotation (3, 3) of unit vectors of a frame to ICRS."""
    at = SkyCoord([0.0, 90.0, 0.0], [0.0, 0.0, 90.0], unit="deg", frame=frame)
    return np.asarray(at.icrs.cartesian.xyz.value)


def _brightness(shape: Any, lon: Floats, lat: Floats, energy: Floats) -> Floats:
    """Surface brightness [sr-1] at each energy and direction, (k, n)."""
    n, size = lon.size, _BLOCK_OF_ENERGIES if shape.energy_dependent else _BLOCK
    lon, lat = (np.pad(x, (0, -n % size), mode="edge").reshape(-1, size) for x in (lon, lat))
    result = np.empty((energy.size, lon.size))
    for i, block in enumerate(zip(lon, lat, strict=True)):
        result[:, i * size : (i + 1) * size] = _evaluated(shape, energy, *block)
    return result[:, :n]


@jax.jit
def _extent(shape: Any) -> tuple[Array, Array]:
    return shape.reach(), shape.grain()


@jax.jit
def _center(shape: Any) -> tuple[Array, Array]:
    lon, lat = shape.center()
    return lon, lat


@jax.jit
def _evaluated(shape: Any, energy: Array, lon: Array, lat: Array) -> Array:
    return jax.vmap(lambda e: shape(lon, lat, e))(energy) if shape.energy_dependent else shape(lon, lat)[None]
