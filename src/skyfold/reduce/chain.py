"""Observations to datasets: each on its own, on any executor, then stacked in order."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import NamedTuple

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.image import to_image
from skyfold.dataset.stack import stack
from skyfold.errors import MissingHDU, ReductionError, ShapeError, SkyfoldError
from skyfold.events.finding import Finding
from skyfold.events.observation import Observation, ObsRef
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.reduce.recipe import Recipe
from skyfold.reduce.safe import safe_mask
from skyfold.reduce.sky import background_map, counts_map, edisp_map, energies, exposure_map, offsets, psf_map
from skyfold.reduce.spectrum import reduce_region
from skyfold.units import strip

Progress = Callable[[int, int], None]


class Skipped(NamedTuple):
    """An observation that did not contribute, and why."""

    obs_id: int
    reason: str


@dataclass(frozen=True)
class Reduction:
    """What became of a list of observations.

    datasets : one a run, in the order given, or a single one if they were stacked.
    used, skipped : which observations contributed, and which did not and why.
    findings : what the readers noticed and repaired.
    """

    datasets: tuple[Dataset, ...]
    used: tuple[int, ...]
    skipped: tuple[Skipped, ...]
    findings: tuple[Finding, ...]


class _Outcome(NamedTuple):
    """What a worker sends back: a dataset, or the reason why there is none."""

    obs_id: int
    dataset: Dataset | None
    reason: str
    findings: tuple[Finding, ...]


def reduce(
    refs: Iterable[ObsRef],
    recipe: Recipe,
    *,
    stacked: bool = True,
    executor: Executor | None = None,
    strict: bool = False,
    progress: Progress | None = None,
) -> Reduction:
    """Reduce observations, one after the other or on an executor; the result does not depend on which.

    Parameters
    ----------
    refs : references, e.g. an `ObservationStore`; they are opened where they are reduced, so little travels.
    stacked : add all of them up; memory then holds one sum and one part, whatever their number.
    executor : any `concurrent.futures.Executor`: processes, or a dask client's ``get_executor()``.
    strict : raise the first error instead of listing the observation as skipped.
    progress : called with the number done and the number of observations.

    Raises
    ------
    ReductionError
        No observation contributes; the message lists the reasons.
    SkyfoldError
        With `strict`, the first error of any observation.
    """
    refs = list(refs)
    used: list[int] = []
    skipped: list[Skipped] = []
    findings: list[Finding] = []

    def parts() -> Iterator[Dataset]:
        work = partial(_outcome, recipe=recipe, strict=strict)
        outcomes = map(work, refs) if executor is None else executor.map(work, refs)
        for done, outcome in enumerate(outcomes, start=1):
            findings.extend(outcome.findings)
            if outcome.dataset is None:
                skipped.append(Skipped(outcome.obs_id, outcome.reason))
            else:
                used.append(outcome.obs_id)
                yield outcome.dataset
            if progress is not None:
                progress(done, len(refs))

    if not refs:
        raise ReductionError("no observations to reduce: the selection is empty")
    stream = parts()
    first = next(stream, None)
    if first is None:
        reasons = "; ".join(f"{s.obs_id}: {s.reason}" for s in skipped[:5])
        raise ReductionError(
            f"none of {len(refs)} observations contributes ({reasons}{'; …' if len(skipped) > 5 else ''})"
        )
    parts_in_order = chain([first], stream)
    datasets = (stack(parts_in_order, geom=_target(recipe)),) if stacked else tuple(parts_in_order)
    return Reduction(datasets, tuple(used), tuple(skipped), tuple(findings))


def _target(recipe: Recipe) -> object:
    """Geometry of the stack: the recipe's, on one energy bin if its parts are images."""
    energy = recipe.geom.axes[0]
    return recipe.geom.with_axes(energy.squashed() if recipe.image else energy)


def _outcome(ref: ObsRef, recipe: Recipe, strict: bool) -> _Outcome:
    findings: tuple[Finding, ...] = ()
    try:
        observation = ref.open()
        findings = observation.findings
        return _Outcome(ref.obs_id, reduce_observation(observation, recipe), "", findings)
    except (SkyfoldError, OSError) as error:
        if strict:
            raise
        return _Outcome(ref.obs_id, None, str(error), findings)


def reduce_observation(observation: Observation, recipe: Recipe) -> Dataset:
    """One observation, already read, as a dataset on its cut-out of the recipe's geometry.

    Raises
    ------
    ReductionError
        The observation cannot contribute; the message says why.
    """
    missing = [name for name in recipe.required if name not in observation.responses.available]
    if missing:
        raise MissingHDU(missing[0], f"observation {observation.obs_id}", list(observation.responses.available))
    if not observation.gti.total_s > 0:
        raise ReductionError("its good time intervals are empty")
    if isinstance(recipe.geom, WcsGeom):
        dataset = _cube(observation, recipe, recipe.geom)
    else:
        dataset = reduce_region(observation, recipe, recipe.geom)
    return dataset if recipe.background is None else recipe.background(dataset, observation)


def _cube(observation: Observation, recipe: Recipe, whole: WcsGeom) -> Dataset:
    geom = _cut(observation, recipe, whole.surveyed())
    _require_overlap(observation, geom)
    make, energy = recipe.selection, energies(geom)
    exposure = coarse = None
    if "exposure" in make:
        exposure = exposure_map(observation, geom, recipe.energy_true)
    if "psf" in make or "edisp" in make:
        margin = float(strip(recipe.binsize_irf, "deg"))
        coarse = exposure_map(observation, _cut(observation, recipe, recipe.coarse, margin), recipe.energy_true)
    dataset = Dataset(
        name=str(observation.obs_id),
        counts=counts_map(observation, geom),
        exposure=exposure,
        background=background_map(observation, geom, recipe.across) if "background" in make else None,
        psf=psf_map(observation, coarse, recipe.rad) if coarse is not None and "psf" in make else None,
        edisp=edisp_map(observation, coarse, energy) if coarse is not None and "edisp" in make else None,
        gti=observation.gti,
        livetime_s=observation.livetime_s,
        meta={"obs_ids": (observation.obs_id,)},
    )
    dataset = _with_safe_mask(dataset, observation, recipe)
    return to_image(dataset) if recipe.image else dataset


def _with_safe_mask(dataset: Dataset, observation: Observation, recipe: Recipe) -> Dataset:
    mask = Map.filled(dataset.geom, True) if recipe.safe is None else safe_mask(recipe.safe, dataset, observation)
    if not mask.data.any():
        raise ReductionError(f"no bin is safe by {', '.join(recipe.safe.methods) if recipe.safe else 'any method'}")
    return replace(dataset, mask_safe=mask)


def _cut(observation: Observation, recipe: Recipe, whole: WcsGeom, margin: float = 0.0) -> WcsGeom:
    """The box of the recipe around the pointing, `margin` degrees wider on each side, trimmed to the map."""
    if recipe.offset_max is None:
        return whole
    width = 2 * (float(strip(recipe.offset_max, "deg", "offset_max")) + margin)
    try:
        return whole.cutout(observation.pointing_icrs, width).geom
    except ShapeError as error:
        raise ReductionError(f"the map lies outside its field of view: {error}") from error


def _require_overlap(observation: Observation, geom: WcsGeom) -> None:
    """A map on which no response reaches any pixel cannot be filled."""
    aeff = observation.responses.aeff
    if aeff is None:
        return
    reach = aeff.offset.edges_in("rad")[-1]
    nearest = float(np.nanmin(offsets(geom, observation)))
    if nearest > reach:
        raise ReductionError(
            f"the map lies outside its field of view: its nearest pixel is {np.degrees(nearest):.2f}° from the"
            f" pointing, the responses reach {np.degrees(reach):.2f}°"
        )
