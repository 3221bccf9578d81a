"""What a configuration asks for and this version does not do, in words: nothing is passed over in silence."""

from skyfold.workflow.background import FovBackground, NoBackground
from skyfold.workflow.config import AnalysisConfig, General, Log


def notes_on(config: AnalysisConfig) -> list[str]:
    """One sentence for each key that has no effect."""
    return [*_general(config.general), *_datasets(config), *_later_steps(config), *_excess(config)]


def _general(general: General) -> list[str]:
    notes = []
    if general.datasets_file is not None:
        notes.append("general.datasets_file: not read; datasets are reduced from the observations")
    if general.log.model_dump(exclude={"level"}) != Log().model_dump(exclude={"level"}):
        notes.append("general.log: no log is written; what happened is in the summary")
    return notes


def _datasets(config: AnalysisConfig) -> list[str]:
    datasets, notes = config.datasets, []
    if isinstance(datasets.background, FovBackground):
        options = datasets.background.parameters
        if options.tilt and options.method == "scale":
            notes.append("datasets.background.parameters.tilt: of no use with method scale; set it to fit")
    if isinstance(datasets.background, NoBackground) and datasets.background.parameters:
        notes.append("datasets.background.parameters: of no use while background.method is null")
    if datasets.safe_mask.parameters.irfs == "DL3":
        notes.append("datasets.safe_mask.parameters.irfs: thresholds are always those of the observation itself")
    if datasets.type == "3d" and datasets.on_region.given:
        notes.append("datasets.on_region: of no use for maps (datasets.type 3d)")
    return notes


def _later_steps(config: AnalysisConfig) -> list[str]:
    later = "is not run; it comes with a later version"
    asked = {
        "flux_points.energy": config.flux_points.energy.given,
        "light_curve.time_intervals": config.light_curve.time_intervals.given,
        "light_curve.energy_edges": config.light_curve.energy_edges.given,
    }
    notes = [f"{key}: this step {later}" for key, given in asked.items() if given]
    if config.fit.fit_range.given and not config.has_models:
        notes.append("fit.fit_range: of no use without models")
    return notes


def _excess(config: AnalysisConfig) -> list[str]:
    extras = config.excess_map.parameters.selection_optional
    notes = []
    if config.datasets.type == "1d" and "excess_map" in config.model_fields_set and config.excess_map.model_fields_set:
        notes.append("excess_map: of no use for spectra (datasets.type 1d)")
    if extras is not None and "sensitivity" in ([extras] if isinstance(extras, str) else extras):
        notes.append("excess_map.parameters.selection_optional: there is no sensitivity map yet")
    return notes
