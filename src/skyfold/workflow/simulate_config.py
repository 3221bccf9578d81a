"""The configuration of simulated observations: its sections, their keys and defaults."""

from collections import Counter
from typing import Any

from pydantic import Field, model_validator

from skyfold.workflow.fields import Angle, Duration, EnergyRange, Moment, Plain, Position, Section, Size

# Runs in turn to the north, the south, the east and the west of the centre.
_AROUND = ["0 deg", "180 deg", "90 deg", "270 deg"]


class Interval(Section):
    """A time, from a moment to another."""

    start: Moment = Field(description="UTC unless the text says otherwise.")
    stop: Moment

    @model_validator(mode="after")
    def _rising(self) -> "Interval":
        from skyfold.events.epoch import to_seconds

        if not to_seconds(self.start) < to_seconds(self.stop):
            raise ValueError(f"start {self.start} is not before stop {self.stop}")
        return self


class Run(Section):
    """An observation: where to, and when."""

    obs_id: int = Field(ge=0, description="Its number; random numbers depend on it.")
    pointing: Position = Field(description="A direction that is tracked.")
    start: Moment | None = Field(default=None, description="UTC unless the text says otherwise.")
    livetime: Duration | None = Field(default=None, description="Ontime without dead time, from start on.")
    good_times: list[Interval] = Field(default=[], description="Instead of start and livetime, in order of time.")
    irf: str | None = Field(default=None, description="Instead of that of the others.")

    @model_validator(mode="after")
    def _whole(self) -> "Run":
        if not self.pointing.given:
            raise ValueError("pointing is empty: it needs frame, lon and lat")
        given = [name for name in ("start", "livetime") if getattr(self, name) is not None]
        if self.good_times and given:
            raise ValueError(f"both good_times and {', '.join(given)}: give good_times, or start and livetime")
        if not self.good_times and len(given) < 2:
            raise ValueError("no time: give start and livetime, or good_times")
        return self


class Wobble(Section):
    """Runs of equal length around a position, one after the other."""

    center: Position = Field(description="What is observed.")
    offset: Size = Field(default="0.5 deg", description="Of the pointings from there.")
    angles: list[Angle] = Field(
        default=_AROUND, min_length=1, description="Position angles of the pointings, from north through east, in turn."
    )
    number: int = Field(default=4, ge=1, description="Of runs.")
    start: Moment = Field(description="Of the first run; UTC unless the text says otherwise.")
    livetime: Duration = Field(default="28 min", description="Of each run.")
    every: Duration = Field(default="30 min", description="From the start of one run to that of the next.")
    first_id: int = Field(default=1, ge=0, description="Number of the first run.")

    @model_validator(mode="after")
    def _whole(self) -> "Wobble":
        if not self.center.given:
            raise ValueError("center is empty: it needs frame, lon and lat")
        return self

    def check_length(self, live_fraction: float) -> None:
        """Refuse runs that are not over before the next one starts."""
        from skyfold.units import strip

        ontime = float(strip(self.livetime, "s")) / live_fraction
        if self.number > 1 and ontime > strip(self.every, "s"):
            raise ValueError(
                f"wobble: runs of {self.livetime} livetime take {ontime:.0f} s and start every {self.every}: they"
                " overlap; start them less often"
            )


class SimulationConfig(Section):
    """Observations of a sky that is known."""

    seed: int = Field(default=0, ge=0, description="The same seed, the same events.")
    models: Plain | None = Field(
        default=None, description="What is in the sky, as a file of models has it: 'components' and more."
    )
    models_file: str | None = Field(default=None, description="Instead, such a file.")
    irf: str = Field(
        default="builtin", description="File of responses (GADF), or 'builtin', an analytic one of four telescopes."
    )
    observatory: str = Field(default="hess", description="Name of a known site.")
    telescope: str | None = Field(default=None, description="TELESCOP of the files; that of the site if not given.")
    object: str | None = Field(default=None, description="OBJECT of the files.")
    live_fraction: float = Field(default=0.95, gt=0, le=1, description="Livetime per ontime.")
    background: bool = Field(default=True, description="Whether to draw from the background response.")
    dataset: str | None = Field(
        default=None, description="Dataset of all runs, by which models name it; the number of each run if not given."
    )
    energy: EnergyRange = Field(default=EnergyRange(), description="Reconstructed energies; no others are written.")
    energy_true: EnergyRange = Field(
        default=EnergyRange(), description="True energies; those of the area if not given."
    )
    observations: list[Run] = Field(default=[], description="Runs one by one.")
    wobble: Wobble | None = Field(default=None, description="Runs around a position, besides or instead of those.")
    outdir: str = Field(default=".", description="Folder in which the folder of observations is made.")
    n_jobs: int = Field(default=1, ge=1, description="Number of processes.")
    metadata: dict[str, Any] | None = Field(default=None, description="Who wrote the file; kept, not used.")

    @model_validator(mode="after")
    def _whole(self) -> "SimulationConfig":
        if self.models is not None and self.models_file is not None:
            raise ValueError("both models and models_file: give one of them")
        if self.models is None and self.models_file is None and not self.background:
            raise ValueError("neither models nor background: nothing would be seen; give one of them")
        if not self.observations and self.wobble is None:
            raise ValueError("no observations: give a list of them, or a wobble")
        if self.wobble is not None:
            self.wobble.check_length(self.live_fraction)
        twice = [number for number, times in Counter(self.obs_ids).items() if times > 1]
        if twice:
            raise ValueError(f"obs_id {twice[0]} occurs more than once: both would have the same events")
        return self

    @property
    def obs_ids(self) -> list[int]:
        """Numbers of all runs."""
        around = [] if self.wobble is None else [self.wobble.first_id + i for i in range(self.wobble.number)]
        return [run.obs_id for run in self.observations] + around
