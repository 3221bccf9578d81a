"""The configuration of an analysis: the sections, keys and defaults of Gammapy's high-level interface, and a few more.

A file written for that interface runs unchanged. What is more: ``datasets.background.exclusion`` may be a FITS mask, a
region file, or texts of regions; ``datasets.geom.wcs.proj``; the ring methods' parameters.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _quantity(example: str) -> Any:
    """A text of a number with a unit that converts to that of `example`."""

    def check(value: Any) -> Any:
        if value is None:
            return None
        import astropy.units as u

        wanted = u.Quantity(example).unit
        try:
            found = u.Quantity(str(value))
        except TypeError:
            raise ValueError(f"{value!r} is not a number with a unit; write for instance '{example}'") from None
        if not found.unit.is_equivalent(wanted):
            unit = f"unit {found.unit}" if str(found.unit) else "no unit"
            raise ValueError(f"{value!r} has {unit}; wanted one like that of '{example}'")
        return str(value)

    return Annotated[str, BeforeValidator(check)]


def _time(value: Any) -> Any:
    if value is None:
        return None
    from astropy.time import Time

    try:
        Time(str(value), scale="utc")
    except ValueError:
        raise ValueError(f"{value!r} is not a time; write for instance '2006-07-29T20:30:00' (UTC)") from None
    return str(value)


Angle = _quantity("0.5 deg")
Energy = _quantity("1 TeV")
TimeText = Annotated[str, BeforeValidator(_time)]
Frame = Literal["icrs", "galactic"]
Response = Literal["aeff", "edisp", "psf", "bkg", "rad_max", "full-enclosure", "point-like", "all-optional"]


class Section(BaseModel):
    """A section: its keys are known, and nothing changes after it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Log(Section):
    level: str = "info"
    filename: str | None = None
    filemode: str | None = None
    format: str | None = None
    datefmt: str | None = None


class General(Section):
    log: Log = Log()
    outdir: str = "."
    n_jobs: int = Field(1, ge=1)
    datasets_file: str | None = None
    models_file: str | None = None


class Cone(Section):
    """Observations whose pointing lies within `radius` of a position."""

    frame: Frame | None = None
    lon: Angle | None = None
    lat: Angle | None = None
    radius: Angle | None = None


class TimeRange(Section):
    """Observations within a time range, UTC."""

    start: TimeText | None = None
    stop: TimeText | None = None


class Observations(Section):
    datastore: str = "$SKYFOLD_DATA/hess-dl3-dr1"
    obs_ids: list[int] = []
    obs_file: str | None = None
    obs_cone: Cone = Cone()
    obs_time: TimeRange = TimeRange()
    required_irf: list[Response] | Response = ["aeff", "edisp", "psf", "bkg"]


class SkyDir(Section):
    frame: Frame | None = None
    lon: Angle | None = None
    lat: Angle | None = None


class Width(Section):
    width: Angle = "5.0 deg"
    height: Angle = "5.0 deg"


class Wcs(Section):
    skydir: SkyDir = SkyDir()
    binsize: Angle = "0.02 deg"
    width: Width = Width()
    binsize_irf: Angle = "0.2 deg"
    proj: str = "CAR"


class Selection(Section):
    offset_max: Angle | None = "2.5 deg"


class EnergyBins(Section):
    min: Energy = "1.0 TeV"
    max: Energy = "10.0 TeV"
    nbins: int = Field(5, ge=1)


class TrueEnergyBins(Section):
    min: Energy = "0.5 TeV"
    max: Energy = "20.0 TeV"
    nbins: int = Field(16, ge=1)


class Axes(Section):
    energy: EnergyBins = EnergyBins()
    energy_true: TrueEnergyBins = TrueEnergyBins()


class Geom(Section):
    wcs: Wcs = Wcs()
    selection: Selection = Selection()
    axes: Axes = Axes()


class Background(Section):
    method: Literal["reflected", "fov_background", "ring", "adaptive_ring"] | None = None
    exclusion: str | list[str] | None = None
    parameters: dict[str, Any] = {}


class SafeMask(Section):
    methods: list[Literal["aeff-default", "aeff-max", "edisp-bias", "offset-max", "bkg-peak"]] = ["aeff-default"]
    parameters: dict[str, Any] = {}


class OnRegion(Section):
    frame: Frame | None = None
    lon: Angle | None = None
    lat: Angle | None = None
    radius: Angle | None = None


class Datasets(Section):
    type: Literal["1d", "3d"] = "1d"
    stack: bool = True
    geom: Geom = Geom()
    map_selection: list[Literal["counts", "exposure", "background", "psf", "edisp"]] = [
        "counts",
        "exposure",
        "background",
        "psf",
        "edisp",
    ]
    background: Background = Background()
    safe_mask: SafeMask = SafeMask()
    on_region: OnRegion = OnRegion()
    containment_correction: bool = True


class OptionalEnergies(Section):
    min: Energy | None = None
    max: Energy | None = None
    nbins: int | None = None


class EnergyRange(Section):
    min: Energy | None = None
    max: Energy | None = None


class Fit(Section):
    fit_range: EnergyRange = EnergyRange()


class FluxPoints(Section):
    energy: OptionalEnergies = OptionalEnergies()
    source: str = "source"
    parameters: dict[str, Any] = {"selection_optional": "all"}


class ExcessMap(Section):
    correlation_radius: Angle = "0.1 deg"
    parameters: dict[str, Any] = {}
    energy_edges: OptionalEnergies = OptionalEnergies()


class LightCurve(Section):
    time_intervals: Any = {"start": None, "stop": None}
    energy_edges: OptionalEnergies = OptionalEnergies()
    source: str = "source"
    parameters: dict[str, Any] = {"selection_optional": "all"}


class Config(Section):
    """A whole analysis."""

    general: General = General()
    observations: Observations = Observations()
    datasets: Datasets = Datasets()
    fit: Fit = Fit()
    flux_points: FluxPoints = FluxPoints()
    excess_map: ExcessMap = ExcessMap()
    light_curve: LightCurve = LightCurve()
    metadata: dict[str, Any] = {}
