"""Simulated observations from a configuration, written as a folder that any analysis reads."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from functools import cache
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord

from skyfold.errors import ConfigError
from skyfold.events.epoch import to_seconds, to_time
from skyfold.events.good_times import GoodTimes
from skyfold.events.observation import Observation
from skyfold.events.observatory import SITES, Site, site
from skyfold.io.dl3_write import require_free, write_store
from skyfold.io.models import read_models
from skyfold.io.responses import read_responses
from skyfold.irf.builtin import builtin_responses
from skyfold.irf.responses import Responses
from skyfold.model.background import FovBackground
from skyfold.model.source import Sky
from skyfold.num.sphere import offset_by
from skyfold.simulate.observation import Progress, simulate_observations
from skyfold.simulate.plan import planned
from skyfold.units import strip
from skyfold.workflow.fields import EnergyRange, Position
from skyfold.workflow.load import from_dict, read_as
from skyfold.workflow.simulate_config import Run, SimulationConfig, Wobble

Config = SimulationConfig | Mapping[str, Any] | str | os.PathLike[str]


def simulate(
    config: Config,
    out: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> list[Observation]:
    """Simulate observations and write them into a folder, which is complete or not there.

    The folder holds index tables and a file for each observation, see `skyfold.io.dl3_write.write_store`.

    Parameters
    ----------
    config : a configuration, a nested dict, or the path of a file.
    overwrite : replace an earlier folder of observations.
    executor, progress : see `skyfold.simulate.observation.simulate_observations`.

    Raises
    ------
    ConfigError
        The configuration has mistakes.
    SkyfoldError
        Models or responses cannot be read, or nothing can be simulated with them; the folder cannot be written.
    """
    config = as_simulation(config)
    require_free(out, overwrite=overwrite)
    observations = simulate_observations(
        sky_of(config),
        plan_of(config),
        config.seed,
        executor=executor,
        background=config.background,
        dataset=config.dataset,
        energy_true=_range(config.energy_true),
        energy=_range(config.energy),
        progress=progress,
    )
    write_store(observations, out, overwrite=overwrite)
    return observations


def as_simulation(config: Config) -> SimulationConfig:
    """A configuration from whatever a user has: one, a nested dict, or the path of a file."""
    if isinstance(config, SimulationConfig):
        return config
    return from_dict(SimulationConfig, config) if isinstance(config, Mapping) else read_as(SimulationConfig, config)


def event_numbers(observations: Iterable[Observation]) -> dict[str, int]:
    """Events of the background and of each source, by name, in simulated observations."""
    numbers: Counter[str] = Counter()
    for observation in observations:
        meta, labels = observation.meta, np.asarray(observation.events.columns["MC_ID"], dtype=int)
        for i in range(meta["NMCIDS"]):
            numbers[meta[f"MMN{i:05d}"]] += int(np.sum(labels == meta[f"MID{i:05d}"]))
    return dict(numbers)


def sky_of(config: SimulationConfig) -> Sky:
    """What is in the sky; nothing where the configuration has no models.

    Raises
    ------
    ConfigError
        A model is for a dataset that there will not be.
    SkyfoldError
        They cannot be read, see `skyfold.io.models.read_models`.
    """
    source = config.models_file if config.models is None else config.models
    sky = {} if source is None else read_models(source)[0]
    known = [str(number) for number in config.obs_ids] if config.dataset is None else [config.dataset]
    for name, part in sky.items():
        meant = (part.dataset,) if isinstance(part, FovBackground) else getattr(part, "datasets", None) or ()
        unknown = [dataset for dataset in meant if dataset not in known]
        if unknown:
            raise ConfigError(
                f"models: {name!r} is for dataset {unknown[0]!r}, which there is not; there are {', '.join(known)}:"
                " give the name that all runs go by in 'dataset', or the number of a run in the model"
            )
    return sky


def plan_of(config: SimulationConfig) -> list[Observation]:
    """The observations to be made, with their responses.

    Raises
    ------
    ConfigError
        The observatory is not known.
    """
    place = _site(config.observatory)
    responses = cache(_responses)
    facts = {"TELESCOP": config.telescope or place.telescope, "INSTRUME": config.telescope or place.telescope}
    facts |= {"ORIGIN": "SIMULATED"} | ({} if config.object is None else {"OBJECT": config.object})
    runs = [*config.observations, *([] if config.wobble is None else _around(config.wobble))]
    return [
        planned(
            run.obs_id,
            _direction(run.pointing),
            responses(run.irf or config.irf),
            gti=_good_times(run, config.live_fraction),
            live_fraction=config.live_fraction,
            location=place.location,
            meta=facts,
        )
        for run in runs
    ]


def _responses(name: str) -> Responses:
    return builtin_responses() if name == "builtin" else read_responses(name)


def _site(name: str) -> Site:
    found = site(name)
    if found is None:
        raise ConfigError(
            f"observatory: {name!r} is not a known site; wanted one of {', '.join(s.name for s in SITES)}"
        )
    return found


def _around(wobble: Wobble) -> list[Run]:
    """The runs of a pattern. A pointing is at its angle on the sphere, in the frame of the centre."""
    lon, lat, offset = (np.radians(_degrees(x)) for x in (wobble.center.lon, wobble.center.lat, wobble.offset))
    first, step = to_seconds(wobble.start), float(strip(wobble.every, "s"))
    runs = []
    for i in range(wobble.number):
        angle = np.radians(_degrees(wobble.angles[i % len(wobble.angles)]))
        at = (f"{np.degrees(x):.12g} deg" for x in offset_by(lon, lat, angle, offset))
        pointing = Position(frame=wobble.center.frame, **dict(zip(("lon", "lat"), at, strict=True)))
        start = to_time(float(first) + i * step).utc.isot
        runs.append(Run(obs_id=wobble.first_id + i, pointing=pointing, start=start, livetime=wobble.livetime))
    return runs


def _direction(position: Position) -> SkyCoord:
    return SkyCoord(position.lon, position.lat, frame=position.frame)


def _good_times(run: Run, live_fraction: float) -> GoodTimes:
    if run.good_times:
        ends = np.array([[to_seconds(interval.start), to_seconds(interval.stop)] for interval in run.good_times])
        return GoodTimes(ends[:, 0], ends[:, 1])
    start = float(to_seconds(run.start))
    return GoodTimes(np.array([start]), np.array([start + strip(run.livetime, "s") / live_fraction]))


def _degrees(text: str | None) -> float:
    return float(strip(text, "deg"))


def _range(energies: EnergyRange) -> tuple[Any, Any] | None:
    if not energies.given:
        return None
    return energies.min or "0 TeV", energies.max or np.inf
