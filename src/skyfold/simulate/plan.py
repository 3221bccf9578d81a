"""Observations that have not been made."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from astropy.coordinates import EarthLocation, SkyCoord
from astropy.time import Time

from skyfold.errors import DataError
from skyfold.events.epoch import to_seconds
from skyfold.events.event_list import EventList
from skyfold.events.good_times import GoodTimes
from skyfold.events.observation import Observation
from skyfold.events.observatory import SITES, site
from skyfold.events.pointing import FixedPointing, Pointing
from skyfold.irf.responses import Responses
from skyfold.units import strip


def planned(
    obs_id: int,
    pointing: SkyCoord | Pointing,
    responses: Responses,
    *,
    start: Time | str | None = None,
    livetime: Any = None,
    gti: GoodTimes | None = None,
    live_fraction: float = 1.0,
    location: EarthLocation | str | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Observation:
    """An observation that has not been made: everything but events.

    Parameters
    ----------
    pointing : a direction that is tracked, or any `Pointing`.
    start, livetime : from a moment on (a text is UTC), until so much livetime is gathered: livetime / live_fraction.
    gti : good times, instead of those two.
    live_fraction : livetime per ontime.
    location : of the telescope, or the name of a known site, e.g. ``"hess"``.
    meta : keywords of the event header, e.g. TELESCOP, INSTRUME, OBJECT.

    Raises
    ------
    DataError
        No good time, a livetime that is not positive, or an unknown site.
    """
    return Observation(
        obs_id,
        no_events(),
        _good_times(obs_id, start, livetime, gti, live_fraction),
        _tracked(pointing) if isinstance(pointing, SkyCoord) else pointing,
        responses,
        live_fraction,
        _location(location),
        {"TELESCOP": "SIMULATED", "INSTRUME": "SIMULATED", "ORIGIN": "SIMULATED", **(meta or {})},
    )


def no_events() -> EventList:
    """A list without any."""
    none = np.zeros(0)
    return EventList(none, none, none, none)


def _good_times(
    obs_id: int, start: Time | str | None, livetime: Any, gti: GoodTimes | None, live_fraction: float
) -> GoodTimes:
    if (gti is None) == (start is None or livetime is None):
        raise DataError(f"observation {obs_id} needs either good times (gti), or both a start and a livetime")
    if gti is not None:
        if not gti.total_s > 0:
            raise DataError(f"observation {obs_id}: its good times are empty, so no event can lie within them")
        return gti
    seconds = float(strip(livetime, "s", "livetime"))
    if not (0 < seconds < np.inf and live_fraction > 0):
        raise DataError(f"observation {obs_id}: livetime is {seconds:g} s; wanted more than 0")
    first = float(to_seconds(start))
    return GoodTimes(np.array([first]), np.array([first + seconds / live_fraction]))


def _tracked(pointing: SkyCoord) -> FixedPointing:
    at = pointing.icrs
    return FixedPointing(float(at.ra.deg), float(at.dec.deg))


def _location(location: EarthLocation | str | None) -> EarthLocation | None:
    if not isinstance(location, str):
        return location
    found = site(location)
    if found is None:
        raise DataError(f"location {location!r} is not a known site; wanted one of {', '.join(s.name for s in SITES)}")
    return found.location
