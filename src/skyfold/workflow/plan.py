"""From a configuration to a recipe: what is made of each observation."""

from typing import Any

import numpy as np

from skyfold.errors import ConfigError
from skyfold.events.store import ObservationStore
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.reduce.field import FovFit, FovScale
from skyfold.reduce.recipe import Background, Recipe, SafeRange
from skyfold.reduce.reflected import Reflected
from skyfold.reduce.ring import AdaptiveRing, Ring
from skyfold.units import strip
from skyfold.workflow import background as methods
from skyfold.workflow.config import AnalysisConfig, Datasets, SafeMask
from skyfold.workflow.exclusion import exclusion_map
from skyfold.workflow.fields import EnergyAxis
from skyfold.workflow.select import position

# An exclusion given as regions is drawn out to where off regions can lie: twice the offset of the pointings that can
# see the on region at all.
_FARTHEST_POINTING_DEG = 10.0


def make_recipe(config: AnalysisConfig, exclusion: Map | None) -> Recipe:
    """How observations become datasets.

    Raises
    ------
    ConfigError
        The configuration lacks what this needs, or asks for what there is not yet.
    """
    wanted = config.datasets
    rings = isinstance(wanted.background, methods.RingBackground | methods.AdaptiveRingBackground)
    return Recipe(
        geom=_geom(wanted),
        energy_true=energy_axis(wanted.geom.axes.energy_true, true=True),
        offset_max=wanted.geom.selection.offset_max,
        selection=tuple(wanted.map_selection),
        binsize_irf=wanted.geom.wcs.binsize_irf,
        safe=_safe(wanted.safe_mask),
        background=_background(wanted.background, exclusion),
        image=rings,
        containment_correction=wanted.containment_correction,
        required=tuple(name for name in config.observations.required_irf if name not in ("events", "gti")),
    )


def find_exclusion(wanted: Datasets, store: ObservationStore) -> Map | None:
    """The exclusion mask of a configuration, on its map; of spectra, around the on region as far as off regions lie.

    Raises
    ------
    ConfigError, DataError, RegionError
        There is no centre to draw regions around, or an exclusion cannot be read.
    """
    if not wanted.background.exclusions:
        return None
    image = _map_geom(wanted) if wanted.type == "3d" else _around_on_region(wanted, store)
    return exclusion_map(wanted.background.exclusions, image)


def energy_axis(wanted: EnergyAxis, *, true: bool = False) -> Axis:
    """Logarithmic bins of a section with min, max and nbins."""
    return Axis.energy(wanted.min, wanted.max, wanted.nbins, true=true)


def _geom(wanted: Datasets) -> WcsGeom | RegionGeom:
    energy = energy_axis(wanted.geom.axes.energy)
    if wanted.type == "3d":
        return _map_geom(wanted).with_axes(energy)
    region = wanted.on_region
    if not region.given:
        raise ConfigError("datasets.on_region: spectra (datasets.type 1d) need frame, lon, lat and usually radius")
    if region.radius is None:
        return RegionGeom.point(position(region), [energy])
    return RegionGeom.circle(position(region), region.radius, [energy])


def _map_geom(wanted: Datasets) -> WcsGeom:
    wcs = wanted.geom.wcs
    if not wcs.skydir.given:
        raise ConfigError("datasets.geom.wcs.skydir: maps (datasets.type 3d) need frame, lon and lat of their centre")
    return WcsGeom.create(position(wcs.skydir), (wcs.width.width, wcs.width.height), wcs.binsize, proj=wcs.proj)


def _around_on_region(wanted: Datasets, store: ObservationStore) -> WcsGeom:
    geom = _geom(wanted)
    offsets = store.pointing.separation(geom.center.icrs).deg
    near = offsets[offsets < _FARTHEST_POINTING_DEG]
    radius = 0.0 if wanted.on_region.radius is None else float(strip(wanted.on_region.radius, "deg"))
    reach = 2 * float(np.max(near, initial=0.0)) + radius + 0.5
    return WcsGeom.create(geom.center, f"{2 * reach} deg", wanted.geom.wcs.binsize)


def _safe(wanted: SafeMask) -> SafeRange | None:
    limits = wanted.parameters
    if not wanted.methods:
        return None
    return SafeRange(
        methods=tuple(wanted.methods),
        aeff_percent=limits.aeff_percent,
        bias_percent=limits.bias_percent,
        offset_max=limits.offset_max,
        position=position(limits.position) if limits.position.given else None,
        fixed_offset=limits.fixed_offset,
    )


def _background(wanted: Any, exclusion: Map | None) -> Background | None:
    match wanted:
        case methods.AdaptiveRingBackground(parameters=p):
            return AdaptiveRing(
                r_in=p.r_in,
                width=p.width,
                r_out_max=p.r_out_max,
                step=p.stepsize,
                alpha=p.threshold_alpha,
                theta=p.theta,
                grow="r_in" if p.method == "fixed_width" else "width",
                exclusion=exclusion,
            )
        case methods.RingBackground(parameters=p):
            return Ring(r_in=p.r_in, width=p.width, exclusion=exclusion)
        case methods.FovBackground(parameters=p):
            least = {"min_counts": p.min_counts, "min_background": p.min_npred_background}
            return FovFit(exclusion, tilt=p.tilt, **least) if p.method == "fit" else FovScale(exclusion, **least)
        case methods.ReflectedBackground(parameters=p):
            return Reflected(
                exclusion=exclusion,
                min_distance=p.min_distance,
                min_distance_input=p.min_distance_input,
                increment=p.angle_increment,
                pixel=p.binsz,
                max_regions=p.max_region_number,
            )
    return None
