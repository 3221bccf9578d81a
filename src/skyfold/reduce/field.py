"""Background from the rest of the field of view: the response's prediction, scaled to counts outside known sources."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skyfold.dataset.dataset import Dataset
from skyfold.errors import ReductionError
from skyfold.events.observation import Observation
from skyfold.maps.map import Map
from skyfold.reduce.exclusion import usable
from skyfold.units import strip

Floats = NDArray[np.float64]

# Newton's steps double their digits: ten are plenty, unless the data are hopeless.
_STEPS = 50


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
        predicted = _predicted(dataset)
        counts, background = _outside(dataset, predicted, self.exclusion)
        n, b = float(counts.sum()), float(background.sum())
        _require(n, b, self.min_counts, self.min_background)
        meta = {**dataset.meta, "fov_norm": n / b, "fov_norm_err": float(np.sqrt(n)) / b}
        return replace(dataset, background=predicted * (n / b), meta=meta)


@dataclass(frozen=True)
class FovFit:
    """Norm and tilt of the background of an observation, by the Cash likelihood of the counts outside the exclusion.

        background × norm (E / reference)^−tilt

    Without tilt the most likely norm is N / B, that of `FovScale`.

    Parameters
    ----------
    exclusion : bool map, True where the sky is free of sources; on any geometry.
    tilt : fit the slope as well; it needs counts in two energies at least.
    min_counts, min_background : an observation with less outside the exclusion is left out.
    reference : energy at which the norm is the factor.
    """

    exclusion: Map | None = None
    tilt: bool = True
    min_counts: float = 1.0
    min_background: float = 0.0
    reference: Any = "1 TeV"

    def __call__(self, dataset: Dataset, observation: Observation | None = None) -> Dataset:
        """The dataset with its background fitted; `meta` gains ``fov_norm``, ``fov_tilt`` and their ``_err``.

        Raises
        ------
        ReductionError
            No background response, too little outside the exclusion to fit to, or counts that fix no tilt.
        """
        predicted = _predicted(dataset)
        counts, background = _outside(dataset, predicted, self.exclusion)
        # A bin without expected background says nothing of its norm; in the likelihood it is a constant.
        n, b = np.where(background > 0, counts, 0.0).sum(axis=(1, 2)), background.sum(axis=(1, 2))
        _require(float(n.sum()), float(b.sum()), self.min_counts, self.min_background)
        reference = float(strip(self.reference, "TeV", "reference"))
        x = np.log(dataset.energy.center_in("TeV") / reference)
        found = _log_linear(n[b > 0], b[b > 0], x[b > 0], self.tilt)
        meta = dict(zip(("fov_norm", "fov_norm_err", "fov_tilt", "fov_tilt_err"), found, strict=True))
        factor = (found.norm * np.exp(-found.tilt * x))[:, None, None]
        return replace(dataset, background=predicted * factor, meta={**dataset.meta, **meta})


class _Found(NamedTuple):
    norm: float
    norm_err: float
    tilt: float
    tilt_err: float


def _log_linear(n: Floats, b: Floats, x: Floats, tilt: bool) -> _Found:
    """The most likely norm and tilt of μ = b norm e^(−tilt x), with errors from the second derivatives.

    In ln norm and tilt the statistic 2 Σ (μ − n ln μ) is convex. In x from the mean of the counts the two barely know
    of each other, and ln norm follows from the tilt: Σ μ = Σ n. What is left is one equation with a rising left side,

        ⟨x⟩ of μ at this tilt = ⟨x⟩ of n

    solved by Newton's method with steps cut to where μ changes by no more than e over the range of x.
    """
    total = float(n.sum())
    mean = float(n @ x) / total
    y = x - mean
    slope = 0.0
    if tilt:
        if not y.min() < 0 < y.max():
            raise ReductionError(
                f"{total:g} counts outside the exclusion, all at one end of {x.size} energies, fix no tilt of the"
                " background; fit its norm alone"
            )
        longest = 1 / float(np.ptp(y))
        for _ in range(_STEPS):
            weight = b * np.exp(-slope * y)
            weight /= weight.sum()
            step = float(np.clip(weight @ y / (weight @ y**2 - (weight @ y) ** 2), -longest, longest))
            slope += step
            if abs(step) < 1e-12 * longest:
                break
        else:
            raise ReductionError(f"the tilt of the background runs away, to {slope:.3g}; fit its norm alone")
    mu = b * np.exp(-slope * y)
    scale = total / float(mu.sum())  # the norm at the mean of the counts
    variance = 1 / float(scale * mu @ y**2) if tilt else 0.0  # of the tilt; Σ μ y = 0
    norm = scale * float(np.exp(slope * mean))  # at the reference
    norm_err = norm * float(np.sqrt(1 / total + mean**2 * variance))
    return _Found(norm, norm_err, slope, float(np.sqrt(variance)))


def _predicted(dataset: Dataset) -> Map:
    if dataset.background is None:
        raise ReductionError("a field-of-view background needs a background response, and the observation has none")
    return dataset.background


def _outside(dataset: Dataset, background: Map, exclusion: Map | None) -> tuple[Floats, Floats]:
    """Counts and background in safe bins outside the exclusion, zero elsewhere."""
    keep = usable(dataset.geom, exclusion) & dataset.safe
    return np.where(keep, dataset.counts.data, 0.0), np.where(keep, background.data, 0.0)


def _require(n: float, b: float, min_counts: float, min_background: float) -> None:
    if n < min_counts or n == 0 or b <= min_background:
        raise ReductionError(
            f"{n:g} counts on {b:.4g} expected background outside the exclusion are too few to scale the background"
        )
