"""Background from regions at the same offset: the on region turned about the pointing.

Turning is done on the sphere: a region turned by an angle about the pointing holds an event exactly if the event,
turned back, lies in the on region. So any shape works, and areas are equal by construction.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.dataset.dataset import Dataset
from skyfold.errors import ReductionError
from skyfold.events.observation import Observation
from skyfold.geom.region import RegionGeom
from skyfold.geom.regions import covering, holds, region_mask
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.num.sphere import field_lonlat, lonlat, tangent_frame, unit_vectors
from skyfold.reduce.exclusion import usable
from skyfold.reduce.sky import energies
from skyfold.reduce.spectrum import direction_cut, histogram, in_region
from skyfold.units import strip

if TYPE_CHECKING:
    from regions import SkyRegion

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reflected:
    """Off regions around the pointing, as many as fit.

    Parameters
    ----------
    exclusion : bool map, True where the sky is free of sources; a region that holds an excluded pixel is not used.
    min_distance : angle left free between neighbouring off regions, seen from the pointing.
    min_distance_input : the same between the on region and its neighbours.
    increment : step of the search for the next free place, seen from the pointing.
    pixel : size of the pixels that stand for a region where its extent and its overlap with excluded sky are judged.
    max_regions : no more than these.

    The extent of the on region seen from the pointing is that of its pixel centres, as in the field's other tools, so
    that the same regions are found: neighbours may overlap by up to a pixel. An event there is counted once.
    """

    exclusion: Map | None = None
    min_distance: Any = "0 rad"
    min_distance_input: Any = "0.1 rad"
    increment: Any = "0.1 rad"
    pixel: Any = "0.01 deg"
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
            raise ReductionError(
                "no reflected off region fits: the exclusion or the small offset leaves no place; use a ring"
            )
        off = off_counts(observation, geom, angles)
        return replace(
            dataset,
            background=None,
            counts_off=Map(geom, off[:, None, None]),
            acceptance=Map.filled(geom, 1.0),
            acceptance_off=Map.filled(geom, float(angles.size)),
            meta={**dataset.meta, "off_regions": int(angles.size), "off_angles_rad": tuple(angles.tolist())},
        )

    def angles(self, geom: RegionGeom, observation: Observation) -> Floats:
        """Angles by which the on region is turned about the pointing to its off regions [rad], shape (n,)."""
        pointing, shape = observation.pointing_icrs, on_shape(geom, observation)
        grid = _grid_about(pointing, shape, float(strip(self.pixel, "deg", "pixel")))
        width = _angular_width(grid.directions[:, region_mask(grid, shape)], pointing)
        if width >= np.pi:  # the on region holds or nearly holds the pointing: nothing fits beside it
            return np.zeros(0)
        between = width + float(strip(self.min_distance, "rad", "min_distance"))
        first = width + float(strip(self.min_distance_input, "rad", "min_distance_input"))
        step = float(strip(self.increment, "rad", "increment"))
        excluded = grid.directions[:, ~usable(grid, self.exclusion)]
        angle, last = first, 2 * np.pi - first
        found: list[float] = []
        while angle <= last + 1e-12 and len(found) < self.max_regions:
            if holds(shape, sky_of(turned(excluded, pointing, -angle))).any():
                angle += step
            else:
                found.append(angle)
                angle += between
        return np.array(found)


def turned(vectors: Floats, pointing: SkyCoord, angle: float) -> Floats:
    """Directions (3, ...) turned about the pointing from north through east."""
    frame = tangent_frame(pointing.ra.rad, pointing.dec.rad)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = frame.T @ np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]]) @ frame
    return np.tensordot(turn, vectors, axes=1)


def off_counts(observation: Observation, geom: RegionGeom, angles: Floats) -> Floats:
    """Events in any of the turned regions per bin of energy, shape (n_energy,)."""
    events = observation.events
    vectors = unit_vectors(np.radians(events.ra), np.radians(events.dec))
    inside = np.zeros(len(events), dtype=bool)
    for angle in angles:
        lon, lat = lonlat(turned(vectors, observation.pointing_icrs, -angle))
        inside |= in_region(replace(events, ra=np.degrees(lon), dec=np.degrees(lat)), observation, geom)
    return histogram(events.where(inside), energies(geom))


def on_shape(geom: RegionGeom, observation: Observation) -> "SkyRegion":
    """The on region; for a point the widest direction cut around it."""
    if not geom.is_point:
        return geom.region
    cut = direction_cut(energies(geom).center_in("TeV"), observation, geom)
    return RegionGeom.circle(geom.center, f"{np.max(cut)} rad").region


def sky_of(vectors: Floats) -> SkyCoord:
    """Positions of ICRS unit vectors (3, n)."""
    lon, lat = lonlat(vectors)
    return SkyCoord(lon, lat, unit="rad", frame="icrs")


def _grid_about(pointing: SkyCoord, shape: "SkyRegion", pixel: float) -> WcsGeom:
    """A tangential map about the pointing that holds a region wherever it is turned.

    Its width, and with it where pixels fall, is that of the field's other tools where that is enough: four times the
    offset and 0.3 degrees.
    """
    cover = covering(shape, pixel)
    offset = pointing.separation(cover.center).deg
    reach = offset + float(cover.width.to_value("deg").max())
    return WcsGeom.create(pointing, max(4 * offset + 0.3, 2 * reach), pixel)


def _angular_width(vectors: Floats, pointing: SkyCoord) -> float:
    """Angle under which directions (3, n) are seen from the pointing [rad]: the full turn less the widest gap."""
    lon, lat = field_lonlat(vectors, tangent_frame(pointing.ra.rad, pointing.dec.rad))
    around = np.sort(np.arctan2(lat, lon) % (2 * np.pi))
    gaps = np.diff(np.append(around, around[0] + 2 * np.pi))
    return float(2 * np.pi - gaps.max())
