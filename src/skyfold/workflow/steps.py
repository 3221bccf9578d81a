"""The steps of an analysis, in memory: select, reduce, estimate, fit."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.stack import stack
from skyfold.estimate.excess_map import EXTRAS, ExcessMap, excess_map
from skyfold.estimate.significance import exclusion_from_significance
from skyfold.events.finding import Finding
from skyfold.events.observation import ObsRef
from skyfold.events.store import ObservationStore
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.reduce.chain import Progress, Reduction, Skipped, reduce
from skyfold.reduce.exclusion import usable
from skyfold.reduce.recipe import Recipe
from skyfold.workflow import config as schema
from skyfold.workflow.background import Iterate
from skyfold.workflow.load import Config, as_config
from skyfold.workflow.notes import notes_on
from skyfold.workflow.plan import energy_axis, find_exclusion, make_recipe
from skyfold.workflow.select import select_observations

if TYPE_CHECKING:
    from skyfold.workflow.fitting import Fitted, Models


class Clock:
    """Wall-clock seconds of each step since it was made."""

    def __init__(self) -> None:
        self.begin = perf_counter()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + perf_counter() - start

    @property
    def total(self) -> float:
        return perf_counter() - self.begin


@dataclass(frozen=True, eq=False)
class Analysis:
    """What an analysis found.

    Parameters
    ----------
    config : what was asked for.
    datasets : what was asked for: one for each observation, or a single one, the stack.
    stacked : the sum of all of them.
    excess_map : excess and significance; None for spectra, and where there is no background.
    exclusion : bool image, True where the sky is free of sources; None if nothing is excluded.
    refs : the observations that were used.
    skipped : those that could not be used, and why.
    findings : what the readers noticed and repaired.
    notes : what was asked for and not done.
    fitted : the fit of the models; None without models.
    """

    config: schema.AnalysisConfig
    datasets: tuple[Dataset, ...]
    stacked: Dataset
    excess_map: ExcessMap | None
    exclusion: Map | None
    refs: tuple[ObsRef, ...]
    skipped: tuple[Skipped, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    fitted: "Fitted | None" = None


def analyse(
    config: Config,
    *,
    executor: Executor | None = None,
    strict: bool = False,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> Analysis:
    """Run an analysis in memory; nothing is written.

    With `datasets.background.iterate` what is significant is excluded and the background estimated once more, as often
    as it says.

    Parameters
    ----------
    config : a configuration, a nested dict, or the path of a file.
    executor, strict, progress : see `skyfold.reduce.chain.reduce`.
    clock : to note how long each step takes.

    Raises
    ------
    SkyfoldError
        The configuration cannot be run, or no observation contributes.
    """
    config, clock = as_config(config), clock or Clock()
    with clock("select"):
        store = select_observations(config.observations)
        models = _models(config, store)
        exclusion = given = find_exclusion(config.datasets, store)
    iterate: Iterate | None = getattr(config.datasets.background, "iterate", None)
    found: ExcessMap | None = None
    for turn in range(1 + (iterate.iterations if iterate else 0)):
        if turn and iterate and found:
            exclusion = _widened(given, found, iterate)
        with clock("reduce"):
            recipe = make_recipe(config, exclusion)
            reduction, stacked = _reduced(store, recipe, config, executor, strict, progress)
        with clock("excess_map"):
            found = _excess_map(stacked, config.excess_map)
    used = set(reduction.used)
    datasets, fitted = reduction.datasets, None
    if models is not None:
        with clock("fit"):
            datasets, stacked, fitted = _fitted(models, datasets, stacked, config.fit)
    return Analysis(
        config=config,
        datasets=datasets,
        stacked=stacked,
        excess_map=found,
        exclusion=exclusion,
        refs=tuple(ref for ref in store if ref.obs_id in used),
        skipped=reduction.skipped,
        findings=reduction.findings,
        notes=(*notes_on(config), *_notes(config, found, exclusion), *(fitted.notes if fitted else ())),
        fitted=fitted,
    )


# JAX takes a second to import: only a run with models does.


def _models(config: schema.AnalysisConfig, store: ObservationStore) -> "Models | None":
    """The models, read before anything is reduced, so that a mistake in them costs no time."""
    if not config.has_models:
        return None
    from skyfold.workflow.fitting import models_of

    return models_of(config, ["stacked"] if config.datasets.stack else [str(ref.obs_id) for ref in store])


def _fitted(
    models: "Models", datasets: tuple[Dataset, ...], stacked: Dataset, wanted: schema.Fit
) -> "tuple[tuple[Dataset, ...], Dataset, Fitted]":
    """Datasets and their sum with the bins to fit, and the fit."""
    from skyfold.workflow.fitting import fit_models, in_fit_range

    datasets = tuple(in_fit_range(dataset, wanted.fit_range) for dataset in datasets)
    return datasets, in_fit_range(stacked, wanted.fit_range), fit_models(models, datasets)


def _reduced(
    store: ObservationStore,
    recipe: Recipe,
    config: schema.AnalysisConfig,
    executor: Executor | None,
    strict: bool,
    progress: Progress | None,
) -> tuple[Reduction, Dataset]:
    """The reduction as asked for, and its sum."""
    stacked = config.datasets.stack
    reduction = reduce(store, recipe, stacked=stacked, executor=executor, strict=strict, progress=progress)
    if stacked:
        return reduction, reduction.datasets[0]
    energy = recipe.geom.axes[0]
    geom = recipe.geom.with_axes(energy.squashed() if recipe.image else energy)
    return reduction, stack(reduction.datasets, geom=geom)


def _excess_map(dataset: Dataset, wanted: schema.ExcessMap) -> ExcessMap | None:
    if not isinstance(dataset.geom, WcsGeom) or (dataset.background is None and dataset.counts_off is None):
        return None
    options, bands = wanted.parameters, wanted.energy_edges
    extras = options.selection_optional
    chosen = [extras] if isinstance(extras, str) else extras or []
    alpha = options.alpha_from or ("off" if options.correlate_off else "acceptance")
    return excess_map(
        dataset,
        wanted.correlation_radius,
        edges=energy_axis(bands).edges if bands.given else None,
        alpha_from=alpha,
        n_sigma=options.n_sigma,
        n_sigma_ul=options.n_sigma_ul,
        selection=tuple(extra for extra in EXTRAS if extra in chosen or "all" in chosen),
    )


def _widened(given: Map | None, found: ExcessMap, how: Iterate) -> Map:
    """What is excluded anyway, and what is significant."""
    fresh = exclusion_from_significance(found.sqrt_ts, how.threshold, how.min_size, how.grow)
    return fresh if given is None else Map(fresh.geom, fresh.data & usable(fresh.geom, given))


def _notes(config: schema.AnalysisConfig, found: ExcessMap | None, exclusion: Map | None) -> list[str]:
    notes = []
    if config.datasets.type == "3d" and found is None:
        notes.append("excess_map: not made, for the datasets have no background; add 'background' to map_selection")
    if exclusion is not None and exclusion.data.all():
        notes.append("datasets.background.exclusion: it excludes no pixel; is it where the map is?")
    return notes
