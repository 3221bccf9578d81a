"""Background from regions at the same offset: the on region turned about the pointing.

Everything is done on the sphere: a region turned by an angle about the pointing holds an event exactly if the event,
turned back, lies in the on region. So any shape works, areas are equal by construction, and the acceptance ratio is the
number of regions.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.dataset.dataset import Dataset
from skyfold.errors import ReductionError
from skyfold.events.observation import Observation
from skyfold.geom.region import RegionGeom
from skyfold.maps.map import Map
from skyfold.num.sphere import field_lonlat, lonlat, tangent_frame, unit_vectors
from skyfold.reduce.exclusion import free
from skyfold.reduce.spectrum import direction_cut, good_events, histogram, in_region
from skyfold.units import strip

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reflected:
    """Off regions around the pointing, as many as fit.

    Parameters
    ----------
    exclusion : bool map, True where the sky is free of sources; a region that touches an excluded pixel is not used.
    min_distance : angle left free between neighbouring off regions, seen from the pointing.
    min_distance_input : the same between the on region and its neighbours.
    increment : step of the search for the next free place, seen from the pointing.
    max_regions : no more than these.
    """

    exclusion: Map | None = None
    min_distance: Any = "0 rad"
    min_distance_input: Any = "0.1 rad"
    increment: Any = "0.1 rad"
    max_regions: int = 10_000

    def __call__(self, dataset: Dataset, observation: Observation) -> Dataset:
        """The spectrum with its off counts; `meta` gains ``off_regions`` and ``off_angles_rad``.

        Raises
        ------
        ReductionError
            No off region fits.
        """
        geom: RegionGeom = dataset.geom
        angles = self.angles(geom, observation)
        if angles.size == 0:
            raise ReductionError("no reflected off region fits: the exclusion or the small offset leaves no place; use a ring")
        off = off_counts(observation, geom, angles)
        n_off = np.full(geom.shape, float(angles.size))
        return replace(
            dataset,
            background=None,
            counts_off=Map(geom, off[:, None, None]),
            acceptance=Map.filled(geom, 1.0),
            acceptance_off=Map(geom, n_off),
            meta=MappingProxyType({**dataset.meta, "off_regions": int(angles.size), "off_angles_rad": tuple(angles.tolist())}),
        )

    def angles(self, geom: RegionGeom, observation: Observation) -> Floats:
        """Angles by which the on region is turned about the pointing to its off regions [rad], shape (n,)."""
        pointing, radius = observation.pointing_icrs, on_radius(geom, observation)
        samples = geom.samples() if radius is None else disk_samples(geom.center, radius)
        width = _sample_width(samples, pointing) if radius is None else _circle_width(radius, geom.center, pointing)
        if width >= np.pi:  # the on region holds or nearly holds the pointing: nothing fits beside it
            return np.zeros(0)
        between = width + float(strip(self.min_distance, "rad", "min_distance"))
        first = width + float(strip(self.min_distance_input, "rad", "min_distance_input"))
        step = float(strip(self.increment, "rad", "increment"))
        angle, last, found = first, 2 * np.pi - first, []
        while angle <= last + 1e-12 and len(found) < self.max_regions:
            if self._is_free(samples, pointing, angle):
                found.append(angle)
                angle += between
            else:
                angle += step
        return np.array(found)

    def _is_free(self, samples: Floats, pointing: SkyCoord, angle: float) -> bool:
        if self.exclusion is None:
            return True
        lon, lat = lonlat(turned(samples, pointing, angle))
        return bool(np.all(free(SkyCoord(lon, lat, unit="rad", frame="icrs"), self.exclusion)))


def turned(vectors: Floats, pointing: SkyCoord, angle: float) -> Floats:
    """Directions (3, ...) turned about the pointing, counter-clockwise as seen from inside the sphere of the sky."""
    frame = tangent_frame(pointing.ra.rad, pointing.dec.rad)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = frame.T @ np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]) @ frame
    return np.tensordot(turn, vectors, axes=1)


def off_counts(observation: Observation, geom: RegionGeom, angles: Floats) -> Floats:
    """Good events in all the turned regions per bin of energy, shape (n_energy,)."""
    events = good_events(observation)
    vectors = unit_vectors(np.radians(events.ra), np.radians(events.dec))
    pointing, energy = observation.pointing_icrs, geom.axis("energy")
    total = np.zeros(energy.nbin)
    for angle in angles:
        lon, lat = lonlat(turned(vectors, pointing, -angle))
        back = replace(events, ra=np.degrees(lon), dec=np.degrees(lat))
        total += histogram(back.where(in_region(back, observation, geom)), energy)
    return total


def on_radius(geom: RegionGeom, observation: Observation) -> float | None:
    """Radius of a circular on region, or of the widest direction cut around a point [rad]; None for other shapes."""
    if geom.is_point:
        return float(np.max(direction_cut(geom.axis("energy").center_in("TeV"), observation, geom)))
    return None if geom.radius is None else float(geom.radius.to_value("rad"))


def disk_samples(center: SkyCoord, radius: float, n: int = 24) -> Floats:
    """Directions (3, m) on rings about a centre, the outermost on the border itself."""
    r, phi = np.meshgrid(np.linspace(0, radius, n), np.linspace(0, 2 * np.pi, 4 * n, endpoint=False), indexing="ij")
    frame = tangent_frame(center.icrs.ra.rad, center.icrs.dec.rad)
    local = np.stack([np.cos(r), np.sin(r) * np.cos(phi), np.sin(r) * np.sin(phi)])
    return np.tensordot(frame.T, local, axes=1).reshape(3, -1)


def _circle_width(radius: float, center: SkyCoord, pointing: SkyCoord) -> float:
    """Angle by which a circle must be turned about the pointing to touch itself: 2 asin(sin r / sin ρ) at offset ρ."""
    sine = np.sin(radius) / max(np.sin(float(pointing.separation(center.icrs).rad)), 1e-12)
    return 2 * np.pi if sine >= 1 else float(2 * np.arcsin(sine))


def _sample_width(samples: Floats, pointing: SkyCoord) -> float:
    """Angle under which samples of a region are seen from the pointing: the full turn less the widest gap."""
    lon, lat = field_lonlat(samples, tangent_frame(pointing.ra.rad, pointing.dec.rad))
    around = np.sort(np.arctan2(lat, lon) % (2 * np.pi))
    gaps = np.diff(np.append(around, around[0] + 2 * np.pi))
    return float(2 * np.pi - gaps.max())
