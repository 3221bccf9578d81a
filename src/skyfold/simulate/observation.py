"""Observations of any sky: event lists as a telescope would record them."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from skyfold.errors import DataError, ModelError
from skyfold.events.event_list import EventList
from skyfold.events.observation import Observation, ObsRef
from skyfold.model.source import Sky, Source
from skyfold.simulate.events import (
    BACKGROUND,
    Part,
    Range,
    background_factor,
    background_part,
    event_list,
    source_part,
)
from skyfold.simulate.plan import no_events
from skyfold.simulate.track import Track
from skyfold.units import strip

Seed = int | np.random.SeedSequence
Progress = Callable[[int, int], None]


def simulate_observation(
    sky: Sky,
    observation: Observation,
    seed: Seed,
    *,
    background: bool = True,
    dataset: str | None = None,
    energy_true: tuple[Any, Any] | None = None,
    energy: tuple[Any, Any] | None = None,
) -> Observation:
    """An observation with its events drawn from a sky, and from the background of its response.

    Energies and directions are scattered by the response at the true position of each photon, sources go with their
    light curves, and photons (not the background, whose rate is per ontime) are lost in the dead time. Every event has
    an MC_ID: 0 for background, 1, 2, ... for the sources of the sky in their order, whose names are in the meta data.

    Each component has its own stream of random numbers, from the seed, the number of the observation and the name: the
    same seed gives the same events, whatever else is simulated where. Densities are drawn from as the responses are
    interpolated; see `docs/simulation.md` for grids and what they miss.

    Parameters
    ----------
    observation : `planned`, or one that was made: its events are replaced.
    background : whether to draw from the background response.
    dataset : name of the dataset that the observation will be part of; its background models apply, and sources for
        others do not. Its number, as a reduction of single runs calls it, unless told.
    energy_true : range of true energies of photons; that of the effective area unless told.
    energy : range of reconstructed energies; other events are left out.

    Raises
    ------
    DataError
        There is no good time, or a response is missing.
    ModelError
        A source lies outside of the field of view, has no shape, or has a negative flux, brightness or light curve.
    """
    draw = partial(_drawn, sky=sky, seed=seed, background=background, dataset=dataset)
    events, unseen = draw(observation, energy_true=_range(energy_true), energy=_range(energy))
    _refuse_unseen(sky, set(unseen), [observation])
    return _with_events(observation, events, sky)


def simulate_observations(
    sky: Sky,
    plan: Iterable[Observation | ObsRef],
    seed: Seed,
    *,
    executor: Executor | None = None,
    background: bool = True,
    dataset: str | None = None,
    energy_true: tuple[Any, Any] | None = None,
    energy: tuple[Any, Any] | None = None,
    progress: Progress | None = None,
) -> list[Observation]:
    """Many observations of one sky, one after the other or on an executor: the events are the same.

    Parameters
    ----------
    plan : observations to be made (see `planned`), or references to ones that were: those are opened where the work is.
    executor : any `concurrent.futures.Executor`: processes, or a dask client's ``get_executor()``.
    progress : called with the number done and the number of observations.

    See `simulate_observation` for the rest.

    Raises
    ------
    DataError, ModelError
        As there, and if two observations have the same number; a source has to be seen by one of them.
    """
    plan = list(plan)
    ids = [item.obs_id for item in plan]
    if len(set(ids)) != len(ids):
        twice = next(i for i in ids if ids.count(i) > 1)
        raise DataError(f"observation id {twice} occurs more than once in the plan: both would have the same events")
    work = partial(
        _made,
        sky=sky,
        seed=seed,
        background=background,
        dataset=dataset,
        energy_true=_range(energy_true),
        energy=_range(energy),
    )
    done: list[Observation] = []
    unseen = set(sky)
    results = map(work, plan) if executor is None else executor.map(work, plan)
    for item, made in zip(plan, results, strict=True):
        # A planned observation stays here: only its events come back from a worker.
        observation = made.opened or item
        assert isinstance(observation, Observation)
        unseen &= set(made.unseen)
        done.append(_with_events(observation, made.events, sky))
        if progress is not None:
            progress(len(done), len(plan))
    _refuse_unseen(sky, unseen if plan else set(), done)
    return done


def mc_names(sky: Sky) -> dict[int, str]:
    """What each MC_ID is: 0 the background, then the sources of a sky in their order."""
    sources = [name for name, part in sky.items() if isinstance(part, Source)]
    return {0: BACKGROUND} | dict(enumerate(sources, start=1))


# One observation


class _Made(NamedTuple):
    """What a worker sends back: the observation if it opened it, its events, and the sources it did not see."""

    opened: Observation | None
    events: EventList
    unseen: list[str]


def _made(item: Observation | ObsRef, **options: Any) -> _Made:
    observation = item if isinstance(item, Observation) else item.open()
    return _Made(None if observation is item else observation, *_drawn(observation, **options))


def _drawn(
    observation: Observation,
    *,
    sky: Sky,
    seed: Seed,
    background: bool,
    dataset: str | None,
    energy_true: Range | None,
    energy: Range | None,
) -> tuple[EventList, list[str]]:
    """Events of an observation, and the names of sources outside of its field of view."""
    if not observation.gti.total_s > 0:
        raise DataError(f"observation {observation.obs_id} has no good time: nothing can be seen")
    track, named = Track(observation), str(observation.obs_id) if dataset is None else dataset
    factor = background_factor(sky, named, background)
    parts: dict[int, Part] = {}
    unseen = []
    if background:
        parts[0] = background_part(_stream(seed, observation.obs_id, ""), observation, track, factor, energy)
    for number, name in list(mc_names(sky).items())[1:]:
        source = sky[name]
        if source.datasets is not None and named not in source.datasets:
            continue
        part = source_part(_stream(seed, observation.obs_id, name), source, name, observation, track, energy_true)
        if part is None:
            unseen.append(name)
        else:
            parts[number] = part
    return (event_list(parts, energy) if parts else no_events()), unseen


def _stream(seed: Seed, obs_id: int, name: str) -> np.random.Generator:
    """Random numbers of one component of one observation: they depend on nothing else."""
    root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    key = (*root.spawn_key, obs_id, *name.encode())
    return np.random.default_rng(np.random.SeedSequence(root.entropy, spawn_key=key))


def _with_events(observation: Observation, events: EventList, sky: Sky) -> Observation:
    """With keywords that say what each MC_ID is: NMCIDS, and MIDnnnnn with MMNnnnnn for each."""
    names = mc_names(sky)
    facts: dict[str, Any] = {"NMCIDS": len(names)}
    for i, (number, name) in enumerate(names.items()):
        facts |= {f"MID{i:05d}": number, f"MMN{i:05d}": name}
    return replace(observation, events=events, meta={**observation.meta, **facts}, findings=())


def _refuse_unseen(sky: Sky, unseen: set[str], observations: list[Observation]) -> None:
    for name in mc_names(sky).values():
        if name in unseen:
            raise ModelError(
                f"source {name!r} lies outside of the field of view of"
                f" {', '.join(str(observation.obs_id) for observation in observations[:5])}"
                f"{', ...' if len(observations) > 5 else ''}: no photon of it is seen; leave it out, or point at it"
            )


def _range(energies: tuple[Any, Any] | None) -> Range | None:
    if energies is None:
        return None
    low, high = (float(strip(energy, "TeV", "energy")) for energy in energies)
    if not 0 <= low < high:
        raise DataError(f"energies from {low:g} to {high:g} TeV are no range; give the lower one first")
    return low, high
