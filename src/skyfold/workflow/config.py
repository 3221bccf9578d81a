"""The configuration of an analysis: its sections, their keys and defaults.

The schema is that of Gammapy's high-level interface, so that its files run unchanged; additions are the methods of
`skyfold.workflow.background`, an exclusion given as regions, and the projection of maps. Reading and messages are in
`skyfold.workflow.load`.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from skyfold.workflow.background import (
    AdaptiveRingBackground,
    Background,
    FovBackground,
    NoBackground,
    ReflectedBackground,
    RingBackground,
)
from skyfold.workflow.fields import (
    Angle,
    Circle,
    Energy,
    EnergyAxis,
    EnergyRange,
    Parameters,
    Plain,
    Position,
    Section,
    Size,
    TimeRange,
)

Product = Literal["counts", "exposure", "background", "psf", "edisp"]
RequiredHdu = Literal["events", "gti", "aeff", "edisp", "psf", "bkg", "rad_max"]
SafeMethod = Literal["aeff-default", "aeff-max", "edisp-bias", "offset-max", "bkg-peak"]
Extra = Literal["errn-errp", "ul", "sensitivity", "alpha", "acceptance_on", "acceptance_off", "all"]


class Log(Section):
    """Accepted; a run reports in its summary."""

    level: str = "info"
    filename: str | None = None
    filemode: str | None = None
    format: str | None = None
    datefmt: str | None = None


class General(Section):
    """Where results go, and with how many processes."""

    log: Log = Log()
    outdir: str = Field(default=".", description="Folder in which the folder of results is made.")
    n_jobs: int = Field(default=1, ge=1, description="Number of processes.")
    datasets_file: str | None = Field(default=None, description="Datasets already reduced.")
    models_file: str | None = Field(default=None, description="Models to fit; not together with models.")


class Observations(Section):
    """Which observations to use; conditions add up."""

    datastore: str = Field(
        default="$GAMMAPY_DATA/hess-dl3-dr1", description="Folder with index tables, or an event file."
    )
    obs_ids: list[int] = Field(default=[], description="Observation ids; all if empty.")
    obs_file: str | None = Field(default=None, description="Text file with observation ids; not together with obs_ids.")
    obs_cone: Circle = Field(default=Circle(), description="Pointings within this circle.")
    obs_time: TimeRange = Field(default=TimeRange(), description="Only what was recorded in these times.")
    required_irf: list[RequiredHdu] = Field(
        default=["aeff", "edisp", "psf", "bkg"], description="Responses without which an observation is left out."
    )

    @model_validator(mode="after")
    def _once(self) -> "Observations":
        if self.obs_ids and self.obs_file is not None:
            raise ValueError("both obs_ids and obs_file: give one of them")
        if self.obs_cone.given and self.obs_cone.radius is None:
            raise ValueError("obs_cone has no radius")
        return self


class Width(Section):
    """Size of the map."""

    width: Size = "5.0 deg"
    height: Size = "5.0 deg"


class Wcs(Section):
    """Pixels of maps."""

    skydir: Position = Field(default=Position(), description="Centre of the map.")
    binsize: Size = Field(default="0.02 deg", description="Pixel size.")
    width: Width = Width()
    binsize_irf: Size = Field(default="0.2 deg", description="Pixel size of the PSF and dispersion maps.")
    proj: str = Field(
        default="CAR", description="FITS code of the projection, whose reference is the centre of the map."
    )


class Selection(Section):
    """What of an observation is used."""

    offset_max: Size | None = Field(
        default="2.5 deg",
        description="Half-width of the box around the pointing to which maps are cut; null does not cut.",
    )


class RecoAxis(EnergyAxis):
    """Reconstructed energies."""

    min: Energy = "1.0 TeV"
    max: Energy = "10.0 TeV"
    nbins: int = Field(default=5, ge=1)


class TrueAxis(EnergyAxis):
    """True energies."""

    min: Energy = "0.5 TeV"
    max: Energy = "20.0 TeV"
    nbins: int = Field(default=16, ge=1)


class Axes(Section):
    """Logarithmic energy bins."""

    energy: RecoAxis = RecoAxis()
    energy_true: TrueAxis = TrueAxis()


class Geom(Section):
    """Bins of sky and energy."""

    wcs: Wcs = Wcs()
    selection: Selection = Selection()
    axes: Axes = Axes()


class SafeParameters(Parameters):
    """Limits of the methods."""

    aeff_percent: float = Field(default=10.0, ge=0, le=100, description="aeff-max: of the largest effective area.")
    bias_percent: float = Field(default=10.0, ge=0, description="edisp-bias: of the energy.")
    position: Position = Field(
        default=Position(), description="Where energy thresholds are taken; the centre if not given."
    )
    fixed_offset: Angle | None = Field(default=None, description="Take them at this offset from the pointing instead.")
    offset_max: Size = Field(default="3 deg", description="offset-max: distance from the pointing.")
    irfs: Literal["DL3", "DL4"] = Field(
        default="DL4", description="Accepted; thresholds are those of the observation itself."
    )


class SafeMask(Section):
    """Where responses are known well enough; of several methods, all must agree."""

    methods: list[SafeMethod] = ["aeff-default"]
    parameters: SafeParameters = SafeParameters()


class Datasets(Section):
    """How observations become binned data."""

    type: Literal["1d", "3d"] = Field(default="1d", description="1d: spectra of a region; 3d: maps.")
    stack: bool = Field(default=True, description="Add all observations up; else each has a dataset of its own.")
    geom: Geom = Geom()
    map_selection: list[Product] = ["counts", "exposure", "background", "psf", "edisp"]
    background: Background = NoBackground()
    safe_mask: SafeMask = SafeMask()
    on_region: Circle = Field(
        default=Circle(), description="Of spectra; without radius, the direction cut of the responses."
    )
    containment_correction: bool = Field(
        default=True, description="Of spectra: for the part of the PSF outside the region."
    )

    @model_validator(mode="after")
    def _fits_type(self) -> "Datasets":
        method = self.background.method
        if self.type == "1d" and isinstance(self.background, RingBackground | AdaptiveRingBackground | FovBackground):
            raise ValueError(f"background.method {method!r} needs maps: set type to '3d', or use 'reflected'")
        if self.type == "3d" and isinstance(self.background, ReflectedBackground):
            raise ValueError("background.method 'reflected' is for spectra: set type to '1d', or use 'ring'")
        if method is not None and self.type == "3d" and "background" not in self.map_selection:
            raise ValueError(f"background.method {method!r} needs 'background' in map_selection")
        return self


class Fit(Section):
    """Of the models to the datasets."""

    fit_range: EnergyRange = Field(
        default=EnergyRange(), description="Reconstructed energies; bins that lie wholly in it are fitted."
    )


class FluxPoints(Section):
    """Of one source."""

    energy: EnergyAxis = EnergyAxis()
    source: str = "source"
    parameters: dict[str, Any] = {"selection_optional": "all"}


def _no_bool(value: Any) -> Any:
    """The word ``off``, which YAML takes for false."""
    return "off" if value is False else value


class ExcessParameters(Parameters):
    """How excess and significance are computed."""

    n_sigma: float = Field(default=1.0, gt=0, description="Of the asymmetric errors.")
    n_sigma_ul: float = Field(default=2.0, gt=0, description="Of the upper limit, one-sided.")
    alpha_from: Annotated[Literal["acceptance", "off"] | None, BeforeValidator(_no_bool)] = Field(
        default=None,
        description="α from the acceptances (null means this), or from the off counts in the correlation circle.",
    )
    correlate_off: bool | None = Field(default=None, description="Another way to say alpha_from: true is 'off'.")
    selection_optional: Extra | list[Extra] | None = Field(
        default=None, description="Maps made besides; 'all' makes all."
    )

    @model_validator(mode="after")
    def _once(self) -> "ExcessParameters":
        if self.alpha_from is not None and self.correlate_off is not None:
            raise ValueError("both alpha_from and correlate_off: give one of them")
        return self


class ExcessMap(Section):
    """Excess and significance in a circle around each pixel."""

    correlation_radius: Size = Field(default="0.1 deg", description="Of the circle.")
    parameters: ExcessParameters = ExcessParameters()
    energy_edges: EnergyAxis = Field(default=EnergyAxis(), description="Bands; one over all energies if not given.")


class LightCurve(Section):
    """Of one source."""

    time_intervals: TimeRange = TimeRange()
    energy_edges: EnergyAxis = EnergyAxis()
    source: str = "source"
    parameters: dict[str, Any] = {"selection_optional": "all"}


class AnalysisConfig(Section):
    """An analysis from observations to results."""

    general: General = General()
    observations: Observations = Observations()
    datasets: Datasets = Datasets()
    models: Plain | None = Field(
        default=None, description="Models to fit, as a file of models has them: 'components' and more."
    )
    fit: Fit = Fit()
    flux_points: FluxPoints = FluxPoints()
    excess_map: ExcessMap = ExcessMap()
    light_curve: LightCurve = LightCurve()
    metadata: Plain | None = Field(default=None, description="Who wrote the file; kept, not used.")

    @model_validator(mode="after")
    def _once(self) -> "AnalysisConfig":
        if self.models is not None and self.general.models_file is not None:
            raise ValueError("both models and general.models_file: give one of them")
        return self

    @property
    def has_models(self) -> bool:
        return self.models is not None or self.general.models_file is not None
