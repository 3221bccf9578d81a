"""DL3: one observation, and the small reference by which it is found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import astropy.units as u
import numpy as np
from astropy.coordinates import EarthLocation, SkyCoord
from numpy.typing import NDArray

from skyfold.errors import DataError
from skyfold.events.event_list import EventList
from skyfold.events.finding import Finding
from skyfold.events.good_times import GoodTimes
from skyfold.events.pointing import Pointing
from skyfold.irf.responses import Responses
from skyfold.num.sphere import unit_vectors

# Files cut good times to whole seconds: events less than this outside of them still belong to the observation.
GTI_SLACK_S = 1.0


@dataclass(frozen=True)
class HduRef:
    """One HDU of an observation: what it is (``aeff``), in which class (``aeff_2d``), and where."""

    kind: str
    hdu_class: str
    path: Path
    hdu: str


@dataclass(frozen=True)
class ObsRef:
    """A row of the index: small, picklable, enough to find and open the rest.

    opener : a module-level function that reads an observation from its reference.
    row : what the index says of it, as plain values in the units of the index; times count from our reference.
    """

    obs_id: int
    hdus: tuple[HduRef, ...]
    opener: "Callable[[ObsRef], Observation]"
    row: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def open(self) -> "Observation":
        """Read everything into memory; each file is opened once."""
        return self.opener(self)


@dataclass(frozen=True, eq=False)
class Observation:
    """Events and the response they were taken with; in memory, never half-loaded.

    live_fraction : livetime per ontime, in (0, 1]: DEADC of the header.
    location : of the observatory; None if the file does not tell (needed only where altitude and azimuth matter).
    meta : header keywords of the events that are worth keeping.
    findings : deviations from the format that the reader saw and repaired.
    """

    obs_id: int
    events: EventList
    gti: GoodTimes
    pointing: Pointing
    responses: Responses
    live_fraction: float = 1.0
    location: EarthLocation | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.live_fraction <= 1:
            raise DataError(
                f"observation {self.obs_id}: livetime is {self.live_fraction:g} of the ontime; wanted more than 0 and"
                " at most 1 (keyword DEADC of the event header)"
            )

    @property
    def ontime_s(self) -> float:
        return self.gti.total_s

    @property
    def livetime_s(self) -> float:
        return self.gti.total_s * self.live_fraction

    @property
    def ontime(self) -> u.Quantity:
        return self.ontime_s * u.s

    @property
    def livetime(self) -> u.Quantity:
        """Good time corrected for dead time: Σ GTI × DEADC."""
        return self.livetime_s * u.s

    @cached_property
    def pointing_icrs(self) -> SkyCoord:
        """Where it looked in the middle of its good time."""
        return self.pointing.icrs(self.gti.middle_s, self.location)

    @cached_property
    def pointing_vector(self) -> NDArray[np.float64]:
        """The same as an ICRS unit vector, shape (3,)."""
        at = self.pointing_icrs
        return unit_vectors(at.ra.rad, at.dec.rad)

    def select_gti(self, gti: GoodTimes) -> Self:
        """The part of the observation within other good times: intervals and events.

        An event that belongs to the observation although it lies a fraction of a second outside its good times (see
        `GTI_SLACK_S`) goes with the nearest of them, so that the pieces of an observation hold all of its events.
        """
        common = self.gti.intersection(gti)
        seconds = self.gti.snapped(self.events.seconds, GTI_SLACK_S)
        return replace(self, gti=common, events=self.events.where(common.contains(seconds)))
