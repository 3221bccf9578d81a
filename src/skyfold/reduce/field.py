"""Background from the rest of the field of view: the response's prediction, scaled to counts outside known sources."""

from dataclasses import dataclass, replace

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.errors import ReductionError
from skyfold.events.observation import Observation
from skyfold.maps.map import Map
from skyfold.reduce.exclusion import usable


@dataclass(frozen=True)
class FovScale:
    """One factor for the background of an observation: norm = N / B outside the exclusion, error √N / B.

    Parameters
    ----------
    exclusion : bool map, True where the sky is free of sources; on any geometry.
    min_counts, min_background : an observation with less outside the exclusion is left out.
    """

    exclusion: Map | None = None
    min_counts: float = 1.0
    min_background: float = 0.0

    def __call__(self, dataset: Dataset, observation: Observation | None = None) -> Dataset:
        """The dataset with its background scaled; `meta` gains ``fov_norm`` and ``fov_norm_err``.

        Raises
        ------
        ReductionError
            No background response, or too little outside the exclusion to scale to.
        """
        if dataset.background is None:
            raise ReductionError("a field-of-view scale needs a background response, and the observation has none")
        keep = usable(dataset.geom, self.exclusion) & dataset.safe
        n = float(dataset.counts.data[keep].sum())
        b = float(dataset.background.data[keep].sum())
        if n < self.min_counts or b <= self.min_background:
            raise ReductionError(
                f"{n:g} counts on {b:.4g} expected background outside the exclusion are too few to scale the background"
            )
        meta = {**dataset.meta, "fov_norm": n / b, "fov_norm_err": float(np.sqrt(n)) / b}
        return replace(dataset, background=dataset.background * (n / b), meta=meta)
