"""Events and responses projected onto the sky: the parts of a cube.

Every function maps one observation and a geometry to one map. Responses depend on the direction only through the offset
or the field-of-view coordinates, so tables are first evaluated at the energies wanted and then looked up per pixel.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skyfold.dataset.dataset import SkyResponse
from skyfold.errors import ReductionError, ShapeError
from skyfold.events.horizon import zenith_direction
from skyfold.events.observation import Observation
from skyfold.geom.axis import Axis
from skyfold.geom.fov import field_coordinates, to_altaz
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.irf.background import Background2D, Background3D
from skyfold.maps.lookup import fill_counts
from skyfold.maps.map import Map
from skyfold.num.sphere import vector_separation

Floats = NDArray[np.float64]
AnyGeom = WcsGeom | RegionGeom

# An alt-azimuth field of view turns while the sky passes: the background is averaged over steps of this rotation.
ROTATION_STEP_DEG = 1.0


def energies(geom: AnyGeom) -> Axis:
    """The reconstructed energies of a geometry.

    Raises
    ------
    ShapeError
        They are labels or times.
    """
    axis = geom.axis("energy")
    if not isinstance(axis, Axis):
        raise ShapeError(f"the axis 'energy' of a reduction must have energies, found {axis}")
    return axis


def offsets(geom: AnyGeom, observation: Observation) -> Floats:
    """Angle of each pixel centre from the pointing at mid-run [rad], shape (ny, nx)."""
    return vector_separation(geom.directions, observation.pointing_vector)


def counts_map(observation: Observation, geom: WcsGeom) -> Map:
    """Events binned in energy and sky; float64."""
    events = observation.events
    lo, hi = energies(geom).edges_in("TeV")[[0, -1]]
    keep = (events.energies >= lo) & (events.energies < hi)
    return fill_counts(geom, (events.ra[keep], events.dec[keep]), energy=events.energy[keep])


def exposure_map(observation: Observation, geom: AnyGeom, energy_true: Axis) -> Map:
    """Effective area × livetime at the offset of each pixel centre [m2 s]."""
    aeff = observation.responses.aeff
    if aeff is None:
        raise ReductionError("no effective area, so no exposure")
    exposure = aeff.outer(energy_true.center_in("TeV"), offsets(geom, observation))
    exposure *= observation.livetime_s
    return Map(geom.with_axes(energy_true), exposure, "m2 s")


def background_map(observation: Observation, geom: AnyGeom, across: Literal["log", "linear"] = "log") -> Map:
    """Background rate × ontime × solid angle, integrated over energy; counts. See `Recipe` for `across`."""
    bkg = observation.responses.bkg
    if bkg is None:
        raise ReductionError("no background response, so no background")
    total = None
    for weight, lon, lat in _field_positions(observation, geom, bkg):
        part = bkg.integral(energies(geom), lon, lat, across=across)
        part *= weight * observation.ontime_s * geom.solid_angle
        total = part if total is None else np.add(total, part, out=total)
    return Map(geom, np.zeros(geom.shape) if total is None else total)


def _field_positions(
    observation: Observation, geom: AnyGeom, bkg: Background2D | Background3D
) -> Iterator[tuple[float, Floats, Floats]]:
    """Weights, summing to 1, and field-of-view coordinates of the pixels [rad] through the run."""
    lon, lat = field_coordinates(geom.directions, observation.pointing_icrs)
    match bkg.alignment:
        case "RADEC":
            yield 1.0, lon, lat
        case "REVERSE_LON_RADEC":
            yield 1.0, -lon, lat
        case "ALTAZ":
            for weight, zenith in zenith_steps(observation):
                yield weight, *to_altaz(lon, lat, zenith)


def zenith_steps(observation: Observation, step: float = np.radians(ROTATION_STEP_DEG)) -> list[tuple[float, float]]:
    """Shares of the good time, and the position angle of the zenith in the middle of each [rad].

    Every interval is cut into equal times, so short that the field turns by no more than `step` in each.

    Raises
    ------
    ReductionError
        The location of the observatory is not known.
    """
    location, at = observation.location, observation.pointing_icrs
    if location is None:
        raise ReductionError("a background aligned with the horizon needs the observatory's location (GEOLON, GEOLAT)")

    def zenith(seconds: Floats) -> Floats:
        return np.unwrap(np.radians(zenith_direction(at.ra.deg, at.dec.deg, seconds, location)))

    steps = []
    for start, stop in zip(observation.gti.start, observation.gti.stop, strict=True):
        probe = np.linspace(start, stop, max(int((stop - start) / 10), 1) + 1)  # rotation hardly changes within 10 s
        fastest = np.abs(np.diff(zenith(probe))).max() / (probe[1] - probe[0])
        n = max(int(np.ceil(fastest * (stop - start) / step)), 1)
        middle = start + (np.arange(n) + 0.5) / n * (stop - start)
        share = (stop - start) / n / observation.ontime_s
        steps += [(share, float(angle)) for angle in zenith(middle)]
    return steps


def psf_map(observation: Observation, exposure: Map, rad: Axis) -> SkyResponse:
    """Point spread function at the offset of each pixel of an exposure; density [sr-1] on (energy_true, rad)."""
    psf, geom = observation.responses.psf, exposure.geom
    if psf is None:
        raise ReductionError("no point spread function")
    (energy_true,) = geom.axes
    density = psf.density_table(energy_true.center_in("TeV"), rad.center_in("rad"), offsets(geom, observation))
    return SkyResponse(Map(geom.with_axes(energy_true, rad), np.moveaxis(density, (0, 1), (-2, -1)), "sr-1"), exposure)


def edisp_map(observation: Observation, exposure: Map, energy: Axis) -> SkyResponse:
    """Migration probability at the offset of each pixel of an exposure, on (energy_true, energy)."""
    edisp, geom = observation.responses.edisp, exposure.geom
    if edisp is None:
        raise ReductionError("no energy dispersion")
    (energy_true,) = geom.axes
    matrix = edisp.migration(energy_true, energy, offsets(geom, observation))
    return SkyResponse(Map(geom.with_axes(energy_true, energy), np.moveaxis(matrix, (0, 1), (-2, -1))), exposure)
