"""What the demo made and found, as a value."""

from dataclasses import dataclass

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.estimate.excess_map import ExcessMap
from skyfold.events.observation import Observation
from skyfold.fit.fit import FitResult
from skyfold.fit.parameters import Parameters
from skyfold.maps.map import Map
from skyfold.model.source import Sky
from skyfold.workflow.demo_sky import Survey

CORRELATION = "0.1 deg"


@dataclass(frozen=True)
class Recovered:
    """A parameter: what it is, where the fit started, and what the fit found."""

    name: str
    unit: str
    truth: float
    start: float
    value: float
    error: float

    @property
    def pull(self) -> float:
        """(value − truth) / error; nan without error."""
        return (self.value - self.truth) / self.error


@dataclass(frozen=True, eq=False)
class Demo:
    """What the demo made and found.

    Parameters
    ----------
    sky, start : the truth, and the table of parameters with the values at which the fit started.
    observations : as they were simulated.
    excess_map, exclusion : significance above a ring, and what the rings left out.
    dataset, fit : the cube that was fitted, and the outcome.
    expected : counts expected of each source and background at the end of the fit.
    seconds : of wall-clock time, by step.
    """

    survey: Survey
    seed: int
    sky: Sky
    start: Parameters
    observations: tuple[Observation, ...]
    excess_map: ExcessMap
    exclusion: Map
    dataset: Dataset
    fit: FitResult
    expected: dict[str, Map]
    seconds: dict[str, float]

    @property
    def recovered(self) -> tuple[Recovered, ...]:
        """The free parameters, in the order of the sky."""
        truth = Parameters.of(self.sky)
        return tuple(
            Recovered(row.name, row.unit, truth[row.name].value, self.start[row.name].value, row.value, row.error)
            for row in self.fit.parameters.free
        )

    @property
    def distance(self) -> float:
        """Δᵀ C⁻¹ Δ, Δ the free parameters minus the truth: χ² of as many degrees of freedom; nan without errors."""
        away = np.array([row.value - row.truth for row in self.recovered])
        scale = np.sqrt(self.fit.covariance.diagonal())
        if not np.all(np.isfinite(self.fit.covariance)):
            return float("nan")
        return float(away / scale @ np.linalg.solve(self.fit.correlation, away / scale))

    @property
    def n_events(self) -> dict[str, int]:
        """Events of each source, and of the background, by name."""
        labels = np.concatenate([run.events.columns["MC_ID"] for run in self.observations])
        sources = [name for name in self.sky if name != "background"]
        return {name: int(np.sum(labels == i)) for i, name in enumerate(["background", *sources])}
