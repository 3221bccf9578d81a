"""Events and responses of one region: the parts of a spectrum.

A region is a geometry with a single pixel, so exposure, background and dispersion are those of a map at its centre;
only the counting differs, and the share of the PSF that falls outside the region.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skyfold.dataset.dataset import Dataset
from skyfold.errors import ReductionError
from skyfold.events.event_list import EventList
from skyfold.events.observation import Observation
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.maps.map import Map
from skyfold.reduce.safe import safe_mask
from skyfold.reduce.sky import background_map, edisp_map, energies, exposure_map

if TYPE_CHECKING:
    from skyfold.reduce.recipe import Recipe

Floats = NDArray[np.float64]


def reduce_region(observation: Observation, recipe: "Recipe", geom: RegionGeom) -> Dataset:
    """One observation as a spectrum of the region.

    Raises
    ------
    ReductionError
        The region lies outside the field of view, or no energy is safe.
    """
    make, energy = recipe.selection, energies(geom)
    _require_coverage(observation, geom)
    exposure = exposure_map(observation, geom, recipe.energy_true)
    if recipe.containment_correction:
        exposure = exposure.with_data(exposure.data * containment(observation, geom, recipe.energy_true)[:, None, None])
    has_background = "background" in make and observation.responses.bkg is not None
    dataset = Dataset(
        name=str(observation.obs_id),
        counts=region_counts(observation, geom),
        exposure=exposure,
        background=background_map(observation, geom, recipe.across) if has_background else None,
        edisp=edisp_map(observation, exposure, energy) if "edisp" in make else None,
        gti=observation.gti,
        livetime_s=observation.livetime_s,
        meta={"obs_ids": (observation.obs_id,)},
    )
    if recipe.safe is None:
        return replace(dataset, mask_safe=Map.filled(geom, True))
    mask = safe_mask(recipe.safe, dataset, observation)
    if not mask.data.any():
        raise ReductionError(f"no energy is safe by {', '.join(recipe.safe.methods)}")
    return replace(dataset, mask_safe=mask)


def region_counts(observation: Observation, geom: RegionGeom) -> Map:
    """Events in the region, binned in energy."""
    inside = observation.events.where(in_region(observation.events, observation, geom))
    return Map(geom, histogram(inside, energies(geom))[:, None, None])


def in_region(events: EventList, observation: Observation, geom: RegionGeom) -> NDArray[np.bool_]:
    """Whether events lie in the region; around a point, within the response's energy-dependent direction cut."""
    if geom.is_point:
        return events.offset(geom.center).value < direction_cut(events.energies, observation, geom)
    return geom.contains(events.radec)


def histogram(events: EventList, energy: Axis) -> Floats:
    """Events per bin of energy, float64."""
    return np.histogram(events.energies, energy.edges_in("TeV"))[0].astype(float)


def direction_cut(energies: Floats, observation: Observation, geom: RegionGeom) -> Floats:
    """Radius of the response's direction cut at each energy, at the offset of the region [rad]."""
    rad_max = observation.responses.rad_max
    if rad_max is None:
        raise ReductionError(
            "the on region is a point, and the responses have no direction cut (RAD_MAX): give a circle with a radius"
        )
    offset = float(observation.pointing_icrs.separation(geom.center.icrs).rad)
    return rad_max(energies, np.full(np.shape(energies), offset))


def containment(observation: Observation, geom: RegionGeom, energy_true: Axis) -> Floats:
    """Share of the PSF of a source at the centre of a circle that falls into it, per true energy.

    Raises
    ------
    ReductionError
        The region is no circle, or the response already contains a direction cut.
    """
    psf, radius = observation.responses.psf, geom.radius
    if radius is None:
        raise ReductionError("a containment correction needs a circular on region")
    if observation.responses.is_point_like or psf is None:
        raise ReductionError("a containment correction needs a full-enclosure response with a PSF; switch it off")
    offset = float(observation.pointing_icrs.separation(geom.center.icrs).rad)
    return psf.containment(energy_true.center_in("TeV"), np.array(offset), radius.to_value("rad"))


def _require_coverage(observation: Observation, geom: RegionGeom) -> None:
    aeff = observation.responses.aeff
    if aeff is None:
        raise ReductionError("no effective area, so no exposure")
    reach = float(aeff.offset.edges_in("rad")[-1])
    offset = float(observation.pointing_icrs.separation(geom.center.icrs).rad)
    if aeff.offset.nbin > 1 and offset > reach:
        raise ReductionError(
            f"the region is {np.degrees(offset):.2f}° from the pointing, the responses reach {np.degrees(reach):.2f}°"
        )
