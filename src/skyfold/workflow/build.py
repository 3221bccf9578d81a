"""From the texts of a configuration to the values that the rooms below work with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord

from skyfold.errors import ConfigError, RegionError
from skyfold.events.store import ObservationStore
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.geom.regions import region_mask
from skyfold.geom.wcs import WcsGeom
from skyfold.io.maps import read_mask
from skyfold.io.paths import expand
from skyfold.io.regions import read_regions
from skyfold.io.store import read_store
from skyfold.maps.map import Map
from skyfold.reduce.field import FovScale
from skyfold.reduce.recipe import Background, Recipe, SafeRange
from skyfold.reduce.reflected import Reflected
from skyfold.reduce.ring import AdaptiveRing, Ring
from skyfold.units import strip
from skyfold.workflow.config import Config

_REQUIRED = {"full-enclosure": ("aeff", "edisp", "psf", "bkg"), "point-like": ("aeff", "edisp"), "all-optional": ()}
_METHODS: Mapping[str, type] = {
    "ring": Ring,
    "adaptive_ring": AdaptiveRing,
    "fov_background": FovScale,
    "reflected": Reflected,
}
# Names that other tools give to what we call by the field's words.
_ALIASES = {"stepsize": "step", "threshold_alpha": "alpha", "max_region_number": "max_regions", "binsz": "pixel", "angle_increment": "increment"}


def select_observations(config: Config) -> ObservationStore:
    """The observations that the configuration asks for.

    Raises
    ------
    DataError
        The store cannot be read, or holds none of them.
    """
    asked = config.observations
    store = read_store(expand(asked.datastore))
    ids = list(asked.obs_ids) or (None if asked.obs_file is None else _ids_from(expand(asked.obs_file)))
    cone = asked.obs_cone
    center = _position("observations.obs_cone", cone)
    if center is not None and cone.radius is None:
        raise ConfigError("observations.obs_cone: a position without a radius; write for instance radius: 2.5 deg")
    times = asked.obs_time.start, asked.obs_time.stop
    return store.select(
        ids=ids,
        cone=None if center is None else (center, cone.radius),
        time=None if times == (None, None) else times,
    ).check()


def _ids_from(path: Path) -> list[int]:
    """Observation ids, one a line; further columns, and a first line that names them, are passed over."""
    try:
        rows = [line.replace(",", " ").split() for line in path.read_text().splitlines() if line.strip()]
    except OSError as error:
        raise ConfigError(f"observations.obs_file: {path} cannot be read: {error.strerror}") from error
    words = [row[0] for row in rows if not row[0].startswith("#")]
    if words and not words[0].lstrip("-").isdigit():
        words = words[1:]
    try:
        return [int(word) for word in words]
    except ValueError as error:
        raise ConfigError(f"observations.obs_file: {path}: wanted an observation id at the start of each line: {error}") from error


def geometry(config: Config) -> WcsGeom | RegionGeom:
    """Where counts are binned: the on region of a 1d analysis, the map of a 3d one."""
    asked = config.datasets
    bins = asked.geom.axes.energy
    energy = Axis.energy(bins.min, bins.max, bins.nbins)
    if asked.type == "1d":
        center = _position("datasets.on_region", asked.on_region)
        if center is None:
            raise ConfigError("datasets.on_region: a 1d analysis needs frame, lon and lat of its on region")
        radius = asked.on_region.radius
        return RegionGeom.point(center, [energy]) if radius is None else RegionGeom.circle(center, radius, [energy])
    wcs = asked.geom.wcs
    center = _position("datasets.geom.wcs.skydir", wcs.skydir)
    if center is None:
        raise ConfigError("datasets.geom.wcs.skydir: a 3d analysis needs frame, lon and lat of the centre of its map")
    width = (wcs.width.width, wcs.width.height)
    return WcsGeom.create(center, width, wcs.binsize, proj=wcs.proj, frame=wcs.skydir.frame or "icrs", axes=[energy])


def recipe(config: Config, geom: WcsGeom | RegionGeom, exclusion: Map | None) -> Recipe:
    """How each observation becomes a dataset."""
    asked = config.datasets
    bins = asked.geom.axes.energy_true
    background = _background(config, exclusion)
    required = config.observations.required_irf
    return Recipe(
        geom=geom,
        energy_true=Axis.energy(bins.min, bins.max, bins.nbins, true=True),
        offset_max=asked.geom.selection.offset_max,
        selection=tuple(asked.map_selection),
        binsize_irf=asked.geom.wcs.binsize_irf,
        safe=_safe_range(config),
        background=background,
        image=isinstance(background, Ring | AdaptiveRing),
        containment_correction=asked.containment_correction and asked.type == "1d",
        required=_REQUIRED[required] if isinstance(required, str) else _required(list(required)),
    )


def _required(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for name in names for part in _REQUIRED.get(name, (name,))))


def _safe_range(config: Config) -> SafeRange | None:
    asked = config.datasets.safe_mask
    if not asked.methods:
        return None
    options = dict(asked.parameters)
    position = options.pop("position", None)
    if isinstance(position, Mapping):
        position = SkyCoord(position["lon"], position["lat"], frame=position.get("frame", "icrs"))
    elif config.datasets.type == "1d":
        position = _position("datasets.on_region", config.datasets.on_region)
    return _made(SafeRange, "datasets.safe_mask.parameters", {"methods": tuple(asked.methods), "position": position, **options})


def _background(config: Config, exclusion: Map | None) -> Background | None:
    asked = config.datasets.background
    if asked.method is None:
        return None
    options = {_ALIASES.get(key, key): value for key, value in asked.parameters.items()}
    if asked.method == "fov_background":
        if options.pop("method", "scale") != "scale":
            raise ConfigError(
                "datasets.background.parameters.method: only 'scale' is there; the fitted background comes with the models"
            )
        options = {{"min_npred_background": "min_background"}.get(key, key): value for key, value in options.items()}
    if asked.method == "adaptive_ring":
        growth = {"fixed_width": "r_in", "fixed_r_in": "width"}
        if "method" in options:
            options["grow"] = growth.get(str(options.pop("method")), "")
        if "r_out_max" not in options:
            raise ConfigError("datasets.background.parameters: adaptive_ring needs r_out_max, the largest outer radius to try")
    if asked.method == "ring" and not {"r_in", "width"} <= set(options):
        raise ConfigError("datasets.background.parameters: a ring needs r_in and width, for instance r_in: 0.5 deg, width: 0.3 deg")
    if (asked.method == "reflected") != (config.datasets.type == "1d"):
        kinds = "spectra (type: 1d)" if asked.method == "reflected" else "maps (type: 3d)"
        raise ConfigError(f"datasets.background.method: {asked.method} is for {kinds}, this analysis has type {config.datasets.type}")
    return _made(_METHODS[asked.method], "datasets.background.parameters", {"exclusion": exclusion, **options})


def _made(kind: type, place: str, options: dict[str, Any]) -> Any:
    """A value of a kind, with an error that names a wrong option's place and the right ones."""
    import difflib
    from dataclasses import fields

    known = [f.name for f in fields(kind)]
    wrong = [name for name in options if name not in known]
    if wrong:
        near = difflib.get_close_matches(wrong[0], known, n=1, cutoff=0.5)
        meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
        raise ConfigError(f"{place}.{wrong[0]}: no such parameter; {meant}")
    return kind(**options)


def exclusion_mask(config: Config, geom: WcsGeom | RegionGeom) -> Map | None:
    """The sky that is free of sources, from a FITS mask, a region file, or texts of regions; None if nothing is excluded.

    Regions are drawn on the pixels of the map; for a spectrum, on pixels of the map's size about the on region.

    Raises
    ------
    ConfigError
        The file is missing, or a text is no region.
    """
    asked = config.datasets.background.exclusion
    if asked is None:
        return None
    texts = [asked] if isinstance(asked, str) else list(asked)
    if len(texts) == 1 and _is_path(texts[0]):
        path = expand(texts[0])
        if not path.is_file():
            raise ConfigError(f"datasets.background.exclusion: no such file: {path}; wanted a FITS mask, a region file or regions")
        if path.name.lower().endswith((".fits", ".fits.gz", ".fit", ".fits.fz")):
            return read_mask(path)
        regions: Any = read_regions(path)
    else:
        regions = texts
    pixels = geom.image if isinstance(geom, WcsGeom) else WcsGeom.create(geom.center, "10 deg", config.datasets.geom.wcs.binsize)
    try:
        return Map(pixels, region_mask(pixels, regions, inside=False))
    except RegionError as error:
        raise ConfigError(f"datasets.background.exclusion: {error}") from error


def _is_path(text: str) -> bool:
    return "(" not in text


def excess_options(config: Config) -> dict[str, Any]:
    """Arguments of `excess_map`; the names that other tools use are understood."""
    asked = config.excess_map
    options = dict(asked.parameters)
    if "correlate_off" in options:
        options["alpha_from"] = "off" if options.pop("correlate_off") else "acceptance"
    if "selection_optional" in options:
        chosen = options.pop("selection_optional")
        names = ("errn-errp", "ul") if chosen == "all" else tuple(chosen or ())
        options["selection"] = tuple(name for name in names if name in ("errn-errp", "ul"))
    known = ("alpha_from", "index", "n_sigma", "n_sigma_ul", "selection")
    wrong = [name for name in options if name not in known]
    if wrong:
        raise ConfigError(f"excess_map.parameters.{wrong[0]}: no such parameter; there are {', '.join(known)}")
    bins = asked.energy_edges
    if bins.min is not None and bins.max is not None and bins.nbins is not None:
        options["edges"] = Axis.energy(bins.min, bins.max, bins.nbins).edges
    return {"correlation_radius": asked.correlation_radius, "selection": (), **options}


def notes(config: Config) -> list[str]:
    """Steps that the configuration describes and this version does not take."""
    asked: list[tuple[bool, str]] = [
        (config.general.models_file is not None, "general.models_file: models are not read yet, nothing is fitted"),
        (config.general.datasets_file is not None, "general.datasets_file: datasets are made from the observations"),
        (config.fit.fit_range.min is not None or config.fit.fit_range.max is not None, "fit.fit_range: no fit is made yet"),
        (config.flux_points.energy.nbins is not None, "flux_points: not computed yet"),
        (_has_times(config.light_curve.time_intervals), "light_curve: not computed yet"),
    ]
    return [text for wanted, text in asked if wanted]


def _has_times(intervals: Any) -> bool:
    if isinstance(intervals, Mapping):
        return any(value is not None for value in intervals.values())
    return bool(intervals)


def _position(place: str, asked: Any) -> SkyCoord | None:
    """A position of a section with frame, lon and lat; None if it has neither."""
    if asked.lon is None and asked.lat is None:
        return None
    if asked.lon is None or asked.lat is None:
        raise ConfigError(f"{place}: needs both lon and lat, for instance lon: 83.63 deg, lat: 22.01 deg")
    lon, lat = (float(strip(v, "deg")) for v in (asked.lon, asked.lat))
    if not -90 <= lat <= 90 or not np.isfinite(lon):
        raise ConfigError(f"{place}: lon {asked.lon}, lat {asked.lat} is no position; latitudes go from -90 to 90 deg")
    return SkyCoord(lon, lat, unit="deg", frame=asked.frame or "icrs")
