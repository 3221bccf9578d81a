"""An analysis from a configuration: observations to datasets, an excess map, files and pictures."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.stack import stack
from skyfold.errors import ConfigError
from skyfold.estimate.excess_map import ExcessMap, excess_map
from skyfold.estimate.significance import SignificanceDistribution, significance_distribution
from skyfold.geom.wcs import WcsGeom
from skyfold.io.dataset import write_dataset
from skyfold.io.maps import write_map
from skyfold.io.paths import expand
from skyfold.maps.map import Map
from skyfold.reduce.chain import Reduction, reduce
from skyfold.reduce.ring import AdaptiveRing, Ring
from skyfold.workflow import build, summary
from skyfold.workflow.config import Config
from skyfold.workflow.output import result_directory
from skyfold.workflow.read import to_yaml

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What an analysis made, in memory; `summary` is the content of summary.json."""

    reduction: Reduction
    datasets: tuple[Dataset, ...]
    exclusion: Map | None
    excess: ExcessMap | None
    distribution: SignificanceDistribution | None
    summary: dict[str, Any]


@dataclass
class _Clock:
    """CPU-independent bookkeeping: seconds of each step as they end."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


def analyse(
    config: Config, *, executor: Executor | None = None, strict: bool = False, progress: Progress | None = None
) -> Outcome:
    """Carry out an analysis without writing anything.

    Parameters
    ----------
    executor, strict, progress : see `skyfold.reduce.chain.reduce`.

    Raises
    ------
    SkyfoldError
        The configuration cannot be carried out, no observation contributes, or, with `strict`, one fails.
    """
    clock = _Clock()
    with clock.step("select"):
        store = build.select_observations(config)
        geom = build.geometry(config)
        exclusion = build.exclusion_mask(config, geom)
        recipe = build.recipe(config, geom, exclusion)
    ringed = isinstance(recipe.background, Ring | AdaptiveRing)
    with clock.step("reduce"):
        # Runs with a ring are always stacked for the map; `stack: false` keeps them one by one besides.
        reduction = reduce(
            store, recipe, stacked=config.datasets.stack, executor=executor, strict=strict, progress=progress
        )
    datasets = reduction.datasets
    excess = distribution = None
    if isinstance(geom, WcsGeom):
        with clock.step("excess_map"):
            whole = datasets[0] if config.datasets.stack else stack(datasets, geom=_whole(recipe.geom, recipe.image))
            if ringed and not config.datasets.stack:
                datasets = (*datasets, whole)
            if whole.background is not None or whole.counts_off is not None:
                excess = excess_map(whole, **build.excess_options(config))
                distribution = significance_distribution(excess.sqrt_ts, exclusion)
    with clock.step("summary"):
        content = {
            "observations": {"ids": list(reduction.used), "number": len(reduction.used)},
            "skipped": [{"obs_id": s.obs_id, "reason": s.reason} for s in reduction.skipped],
            "livetime_s": sum(d.livetime_s for d in reduction.datasets),
            "datasets": {d.name: summary.dataset_summary(d) for d in datasets},
            "excess_map": None if excess is None or distribution is None else summary.excess_summary(excess, distribution),
            "findings": _count(reduction),
            "notes": build.notes(config),
            "versions": summary.versions(),
            "checksums": summary.checksums((r for r in store if r.obs_id in set(reduction.used)), expand(config.observations.datastore)),
        }
    return Outcome(reduction, datasets, exclusion, excess, distribution, {**content, "seconds": clock.seconds})


def run(
    config: Config,
    out: str | Path,
    *,
    overwrite: bool = False,
    plots: bool = True,
    executor: Executor | None = None,
    strict: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Carry out an analysis and write its results to a directory, which appears when it is complete.

    Written are ``summary.json``, ``config.yaml`` (every default filled in), ``datasets/NAME.fits``, ``maps/NAME.fits``,
    and, with `plots`, ``plots/NAME.png``.

    Raises
    ------
    ConfigError
        There are results already, and `overwrite` is False.
    """
    with result_directory(Path(out), overwrite=overwrite) as work:
        outcome = analyse(config, executor=executor, strict=strict, progress=progress)
        clock = _Clock(outcome.summary["seconds"])
        with clock.step("write"):
            write(outcome, config, work)
        if plots:
            with clock.step("plot"):
                draw(outcome, work / "plots")
        (work / "summary.json").write_text(json.dumps(outcome.summary, indent=2, allow_nan=False) + "\n")
    return outcome


def write(outcome: Outcome, config: Config, work: Path) -> None:
    """Datasets, maps and the resolved configuration."""
    (work / "config.yaml").write_text(to_yaml(config))
    (work / "datasets").mkdir()
    for dataset in outcome.datasets:
        write_dataset(work / "datasets" / f"{_file_name(dataset.name)}.fits", dataset)
    if outcome.excess is not None:
        (work / "maps").mkdir()
        for name, value in outcome.excess.maps.items():
            write_map(work / "maps" / f"{name}.fits", value)
        if outcome.exclusion is not None:
            write_map(work / "maps" / "exclusion.fits", outcome.exclusion)


def draw(outcome: Outcome, folder: Path) -> None:
    """The pictures of an excess map; a spectrum has none yet."""
    if outcome.excess is None or outcome.distribution is None:
        return
    from skyfold.plot.figure import save
    from skyfold.plot.maps import plot_map, plot_significance
    from skyfold.plot.significance import plot_significance_distribution

    folder.mkdir()
    found, exclusion = outcome.excess, outcome.exclusion
    radius = f"{found.meta['correlation_radius_deg']:g}°"
    for name in ("counts", "background", "excess"):
        figure = plot_map(getattr(found, name), label=f"{name} within {radius}", exclusion=exclusion)
        save(figure, folder / f"{name}.png")
    save(plot_significance(found.sqrt_ts, exclusion=exclusion), folder / "significance.png")
    save(plot_significance_distribution(outcome.distribution), folder / "significance_distribution.png")


def _whole(geom: WcsGeom, image: bool) -> WcsGeom:
    (energy,) = geom.axes
    return geom.with_axes(energy.squashed() if image else energy)


def _count(reduction: Reduction) -> dict[str, int]:
    counts: dict[str, int] = {}
    for finding in reduction.findings:
        counts[finding.severity.value] = counts.get(finding.severity.value, 0) + 1
    return counts


def _file_name(name: str) -> str:
    if not name or any(c in name for c in "/\\\0"):
        raise ConfigError(f"dataset {name!r}: this name cannot be a file name")
    return name
