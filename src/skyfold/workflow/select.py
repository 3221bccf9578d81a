"""From a configuration to the observations it selects."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from astropy.coordinates import SkyCoord

from skyfold.errors import ConfigError
from skyfold.events.epoch import to_seconds
from skyfold.events.good_times import GoodTimes, union
from skyfold.events.observation import Observation, ObsRef
from skyfold.events.store import ObservationStore
from skyfold.io.paths import expand
from skyfold.io.store import read_store
from skyfold.units import strip
from skyfold.workflow.config import Observations
from skyfold.workflow.fields import Position, TimeRange

_NEVER = 1e18  # seconds: an end of time that is not given


def select_observations(wanted: Observations) -> ObservationStore:
    """The observations that fulfil every condition, by reference; with `obs_time` they are cut to it when opened.

    Raises
    ------
    DataError
        The store cannot be read, an id is not in it, or nothing is left; the message says what there was.
    ConfigError
        The file of ids is none.
    """
    store = read_store(wanted.datastore)
    ids = wanted.obs_ids or (None if wanted.obs_file is None else _ids_in(wanted.obs_file))
    circle = wanted.obs_cone
    cone = (position(circle), circle.radius) if circle.given else None
    store = store.select(ids=ids, cone=cone) if ids or cone else store
    if wanted.obs_time.given:
        store = _within(store, _times(wanted.obs_time))
    return store.check()


def position(place: Position) -> SkyCoord:
    """The direction of a section with frame, lon and lat."""
    return SkyCoord(strip(place.lon, "deg"), strip(place.lat, "deg"), unit="deg", frame=place.frame)


def _ids_in(path: str) -> list[int]:
    """The first column of a text table; a line that names its columns, and comments, are passed over."""
    file = expand(path)
    try:
        rows = [line.partition("#")[0].replace(",", " ").split() for line in file.read_text().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"observations.obs_file: {file}: cannot be read: {error}") from error
    words = [row[0] for row in rows if row]
    if words and not words[0].isdigit():
        words = words[1:]
    wrong = [word for word in words if not word.isdigit()]
    if wrong or not words:
        found = f"found {wrong[0]!r}" if wrong else "found none"
        raise ConfigError(f"observations.obs_file: {file}: wanted an observation id at the start of each line, {found}")
    return [int(word) for word in words]


def _times(interval: TimeRange) -> GoodTimes:
    starts, stops = (_moments(value, end) for value, end in ((interval.start, -_NEVER), (interval.stop, _NEVER)))
    if np.any(stops <= starts):
        raise ConfigError(f"observations.obs_time: stop {interval.stop} is not after start {interval.start}")
    return union(GoodTimes(a, b) for a, b in zip(starts, stops, strict=True))


def _moments(value: str | list[str] | None, end: float) -> np.ndarray:
    texts = [value] if value is None or isinstance(value, str) else value
    return np.array([end if text is None else float(to_seconds(text)) for text in texts])


def _within(store: ObservationStore, times: GoodTimes) -> ObservationStore:
    start, stop = (strip(store.column(name), "s", name) for name in ("TSTART", "TSTOP"))
    touched = ((stop[:, None] > times.start) & (start[:, None] < times.stop)).any(axis=1)
    chosen = store.where(touched, f"{store.describe()}; selected by obs_time")
    cut = tuple(replace(ref, opener=_CutTo(ref.opener, tuple(times.start), tuple(times.stop))) for ref in chosen.refs)
    return replace(chosen, refs=cut)


@dataclass(frozen=True)
class _CutTo:
    """Opens an observation and keeps what was recorded in some intervals; travels to workers."""

    opener: Callable[[ObsRef], Observation]
    start: tuple[float, ...]
    stop: tuple[float, ...]

    def __call__(self, ref: ObsRef) -> Observation:
        return self.opener(ref).select_gti(GoodTimes(np.array(self.start), np.array(self.stop)))
