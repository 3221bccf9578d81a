"""Where the field of view is during an observation."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skyfold.errors import DataError
from skyfold.events.horizon import zenith_direction
from skyfold.events.observation import Observation
from skyfold.events.pointing import FixedPointing
from skyfold.geom.fov import to_altaz
from skyfold.irf.background import Alignment
from skyfold.num.sphere import unit_vectors, vector_separation
from skyfold.simulate.sample import Floats

# Between these times the pointing goes straight ahead: a drifting sky is off by 1e-7 rad in their middle.
_STEP_S = 10.0


@dataclass(frozen=True, eq=False)
class Track:
    """The pointing of an observation and the axes of its field of view, at any of its times."""

    observation: Observation

    @property
    def fixed(self) -> bool:
        return isinstance(self.observation.pointing, FixedPointing)

    @property
    def center(self) -> Floats:
        """Where it looks in the middle, an ICRS unit vector (3,)."""
        return self.observation.pointing_vector

    @property
    def excursion(self) -> float:
        """The farthest it gets from there [rad]."""
        return 0.0 if self.fixed else float(vector_separation(self._vectors, self.center).max())

    def pointing(self, seconds: Floats) -> Floats:
        """ICRS unit vectors at times, (3, n), or (3, 1) if they are all the same."""
        if self.fixed:
            return self.center[:, None]
        vectors = np.stack([np.interp(seconds, self._times, component) for component in self._vectors])
        return vectors / np.sqrt(np.sum(vectors**2, axis=0))

    def to_field(self, directions: Floats, seconds: Floats, alignment: Alignment) -> tuple[Floats, Floats]:
        """Field-of-view longitude and latitude [rad] of ICRS unit vectors (3, n), see `skyfold.geom.fov`."""
        ahead, east, north = (np.sum(axis * directions, axis=0) for axis in self._axes(seconds))
        lon, lat = np.arctan2(-east, ahead), np.arcsin(np.clip(north, -1.0, 1.0))
        return self._aligned(lon, lat, seconds, alignment)

    def from_field(self, lon: Floats, lat: Floats, seconds: Floats, alignment: Alignment) -> Floats:
        """The way back: ICRS unit vectors (3, n)."""
        lon, lat = self._aligned(lon, lat, seconds, alignment)
        ahead, east, north = self._axes(seconds)
        return ahead * (np.cos(lat) * np.cos(lon)) - east * (np.cos(lat) * np.sin(lon)) + north * np.sin(lat)

    def _aligned(self, lon: Floats, lat: Floats, seconds: Floats, alignment: Alignment) -> tuple[Floats, Floats]:
        """From RADEC to an alignment, or from there to RADEC: each of them is its own inverse."""
        match alignment:
            case "RADEC":
                return lon, lat
            case "REVERSE_LON_RADEC":
                return -lon, lat
            case "ALTAZ":
                return to_altaz(lon, lat, np.interp(seconds, self._times, self._zenith))

    def _axes(self, seconds: Floats) -> tuple[Floats, Floats, Floats]:
        """Ahead, east and north, each (3, n) or (3, 1)."""
        x, y, z = ahead = self.pointing(seconds)
        east = np.stack([-y, x, np.zeros_like(x)]) / np.hypot(x, y)
        north = np.stack([-z * east[1], z * east[0], x * east[1] - y * east[0]])
        return ahead, east, north

    @cached_property
    def _times(self) -> Floats:
        """Moments at most `_STEP_S` apart, from the beginning to the end of the good times."""
        gti = self.observation.gti
        parts = [
            np.linspace(start, stop, max(int(np.ceil((stop - start) / _STEP_S)), 1) + 1)
            for start, stop in zip(gti.start, gti.stop, strict=True)
        ]
        return np.concatenate(parts)

    @cached_property
    def _vectors(self) -> Floats:
        at = self.observation.pointing.icrs(self._times, self.observation.location)
        return unit_vectors(at.ra.rad, at.dec.rad)

    @cached_property
    def _zenith(self) -> Floats:
        """Position angle of the zenith at the pointing [rad], without jumps."""
        location = self.observation.location
        if location is None:
            raise DataError(
                f"observation {self.observation.obs_id}: a background aligned with the horizon needs the observatory's"
                " location; give one, e.g. location='hess'"
            )
        x, y, z = self.pointing(self._times) * np.ones(self._times.size)
        ra, dec = np.degrees(np.arctan2(y, x)), np.degrees(np.arcsin(z))
        return np.unwrap(np.radians(zenith_direction(ra, dec, self._times, location)))
