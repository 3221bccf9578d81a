"""Background from the off pulse: the same pixels and energies, at other phases."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skyfold.dataset.dataset import Dataset
from skyfold.errors import ConfigError
from skyfold.events.observation import Observation
from skyfold.geom.region import RegionGeom
from skyfold.maps.map import Map
from skyfold.reduce.sky import counts_map
from skyfold.reduce.spectrum import region_counts

Interval = tuple[float, float]


@dataclass(frozen=True)
class PhaseOff:
    """On and off phase intervals; one that ends before it starts passes through phase 1.

    on, off : intervals in [0, 1].
    column : name of the events' phase column.
    """

    on: tuple[Interval, ...]
    off: tuple[Interval, ...]
    column: str = "PHASE"

    def __post_init__(self) -> None:
        for name, intervals in (("on", self.on), ("off", self.off)):
            if not intervals or any(not 0 <= edge <= 1 for pair in intervals for edge in pair):
                raise ConfigError(f"phase background: {name} needs intervals within 0 and 1, found {intervals}")

    def __call__(self, dataset: Dataset, observation: Observation) -> Dataset:
        """The dataset of the on phases, with the off phases as its off measurement.

        Raises
        ------
        DataError
            The events have no phase column.
        """
        phase = np.asarray(observation.events.column(self.column), dtype=float) % 1.0
        geom = dataset.geom
        return replace(
            dataset,
            counts=self._counts(dataset, observation, _within(phase, self.on)),
            background=None,
            counts_off=self._counts(dataset, observation, _within(phase, self.off)),
            acceptance=Map.filled(geom, _width(self.on)),
            acceptance_off=Map.filled(geom, _width(self.off)),
        )

    def _counts(self, dataset: Dataset, observation: Observation, keep: NDArray[np.bool_]) -> Map:
        kept = replace(observation, events=observation.events.where(keep))
        count = region_counts if isinstance(dataset.geom, RegionGeom) else counts_map
        return count(kept, dataset.geom)


def _within(phase: NDArray[np.float64], intervals: tuple[Interval, ...]) -> NDArray[np.bool_]:
    inside = np.zeros(phase.shape, dtype=bool)
    for lo, hi in intervals:
        inside |= (phase >= lo) & (phase < hi) if lo < hi else (phase >= lo) | (phase < hi)
    return inside


def _width(intervals: tuple[Interval, ...]) -> float:
    return float(sum((hi - lo) % 1.0 or 1.0 for lo, hi in intervals))
