"""The demo: a survey of a known sky is simulated and written, then read and analysed like any other."""

import os
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.predict import npred
from skyfold.errors import ConfigError, DataError
from skyfold.estimate.excess_map import ExcessMap, excess_map
from skyfold.estimate.significance import exclusion_from_significance
from skyfold.events.store import ObservationStore
from skyfold.fit.fit import fit
from skyfold.io.check import check_path, findings_table
from skyfold.io.dl3_write import write_store
from skyfold.io.store import read_store
from skyfold.maps.map import Map
from skyfold.reduce.chain import Progress, reduce
from skyfold.reduce.recipe import Recipe, SafeRange
from skyfold.reduce.ring import Ring
from skyfold.simulate.observation import simulate_observations
from skyfold.workflow.demo_products import write_demo
from skyfold.workflow.demo_result import CORRELATION, Demo
from skyfold.workflow.demo_sky import DATASET, Survey, observations, start_of_fit, true_sky
from skyfold.workflow.output import new_folder
from skyfold.workflow.steps import Clock

SEED = 20250201
# The response is known further out, but there is little to see.
_SAFE = SafeRange(methods=("offset-max",), offset_max="2.2 deg")
Watch = Callable[[str], AbstractContextManager[Progress | None]]


def demo(
    out: str | os.PathLike[str],
    *,
    seed: int = SEED,
    survey: Survey = Survey(),
    overwrite: bool = False,
    executor: Executor | None = None,
    plots: bool = True,
    watch: Watch = lambda _: nullcontext(),
) -> Demo:
    """Simulate a survey, analyse it as one would analyse any other, and write all of it into a folder.

    The folder is complete or not there; docs/demo.md says what it holds.

    Parameters
    ----------
    seed : of the simulation; the same seed gives the same numbers.
    executor : where observations are simulated and reduced; any `concurrent.futures.Executor`.
    plots : draw pictures too.
    watch : called with the title of each step that goes over observations, it gives a context with a function that is
        told the number done and the total, or None.

    Raises
    ------
    ConfigError
        The seed is negative.
    SkyfoldError
        The folder exists, or the survey is too small to be analysed; nothing is written then.
    """
    if seed < 0:
        raise ConfigError(f"seed: wanted a number from 0 on, found {seed}")
    clock = Clock()
    with new_folder(out, overwrite=overwrite) as folder:
        sky = true_sky()
        with clock("simulate"), watch("simulate") as progress:
            plan = observations(survey)
            made = simulate_observations(sky, plan, seed, dataset=DATASET, executor=executor, progress=progress)
        with clock("write survey"):
            write_store(made, folder / "survey")
        with clock("check survey"):
            store = _read(folder / "survey")
        with clock("significance"):
            significance, exclusion = ring_significance(store, survey, executor, watch)
        with clock("reduce"), watch("reduce") as progress:
            dataset = cube(store, survey, executor, progress)
        with clock("fit"), watch("fit"):
            start = start_of_fit(sky)
            result = fit(dataset, sky, start)
        with clock("residuals"), watch("residuals"):
            expected = npred(dataset, result.sky)
        runs = tuple(made)
        found = Demo(survey, seed, sky, start, runs, significance, exclusion, dataset, result, expected, clock.seconds)
        with watch("write"):
            write_demo(found, folder, clock, plots=plots)
    return found


def ring_significance(
    store: ObservationStore, survey: Survey, executor: Executor | None, watch: Watch
) -> tuple[ExcessMap, Map]:
    """Significance with the background from a ring around each pixel, and the sky that was left out of the rings.

    Nobody says where the sources are: what is significant at first is left out the second time.
    """
    exclusion = None
    for turn in ("first look", "second look"):
        with watch(f"rings, {turn}") as progress:
            ring = Ring("0.7 deg", "0.3 deg", exclusion)
            recipe = Recipe(
                survey.geom,
                survey.energy_true,
                offset_max="2.5 deg",
                selection=("counts", "exposure", "background"),
                safe=_SAFE,
                background=ring,
                image=True,
            )
            (image,) = reduce(store, recipe, executor=executor, strict=True, progress=progress).datasets
        found = excess_map(image, CORRELATION, selection=())
        if exclusion is None:
            exclusion = exclusion_from_significance(found.sqrt_ts, 4.0, min_size=5, grow="0.15 deg")
    assert exclusion is not None
    return found, exclusion


def cube(store: ObservationStore, survey: Survey, executor: Executor | None, progress: Progress | None) -> Dataset:
    """All observations in one cube of energy and sky."""
    # Linear between the nodes of the background: as it was drawn, not in its logarithm.
    recipe = Recipe(survey.geom, survey.energy_true, offset_max="2.5 deg", safe=_SAFE, across="linear")
    (stacked,) = reduce(store, recipe, executor=executor, strict=True, progress=progress).datasets
    return stacked.named(DATASET)


def _read(path: Path) -> ObservationStore:
    """The observations of a folder in which nothing deviates from the format."""
    findings = check_path(path)
    if findings:
        rows = "; ".join(" ".join(row) for row in findings_table(findings, path))
        raise DataError(f"{path}: the survey was not written as it should be: {rows}")
    return read_store(path)
