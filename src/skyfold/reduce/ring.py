"""Background from a ring around each pixel.

Counts in the ring, away from known sources, are scaled to the pixel by the ratio of acceptances (Berge, Funk & Hinton
2007, A&A 466, 1219). With B the acceptance (the background response's prediction) and E the exclusion mask:

    N_off = (N · E) ⊗ ring        acceptance = B        acceptance_off = (B · E) ⊗ ring
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skyfold.dataset.dataset import Dataset
from skyfold.errors import ConfigError, ReductionError
from skyfold.events.observation import Observation
from skyfold.maps.filter import convolve, ring_kernel, tophat_kernel
from skyfold.maps.map import Map
from skyfold.reduce.exclusion import usable
from skyfold.units import strip

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ring:
    """A ring of fixed radii.

    Parameters
    ----------
    r_in, width : inner radius and width; pixels whose centre lies between r_in and r_in + width belong to the ring.
    exclusion : bool map, True where the sky is free of sources; on any geometry.
    """

    r_in: Any = "0.5 deg"
    width: Any = "0.3 deg"
    exclusion: Map | None = None

    def __call__(self, dataset: Dataset, observation: Observation | None = None) -> Dataset:
        """The dataset as an on-off measurement; pixels whose ring holds no acceptance are not safe.

        Raises
        ------
        ReductionError
            There is no background response to serve as acceptance, or no pixel keeps a ring.
        """
        counts, acceptance = _off_free(dataset, self.exclusion)
        kernel = _ring(dataset, self.r_in, self.width)
        off = convolve(acceptance, kernel)
        return _on_off(dataset, convolve(counts, kernel).data, off.data, f"{self.r_in} + {self.width}")


@dataclass(frozen=True)
class AdaptiveRing:
    """A ring that grows, pixel by pixel, until it holds enough acceptance.

    Parameters
    ----------
    r_in, width : of the first ring.
    r_out_max : largest outer radius that is tried.
    step : by which a ring grows.
    alpha : acceptance in a circle `theta` around the pixel per acceptance of the ring that is small enough.
    grow : ``"r_in"`` keeps the width and moves the ring outward; ``"width"`` keeps the inner radius.
    exclusion : bool map, True where the sky is free of sources.

    A pixel for which no ring is large enough takes the one with most acceptance.
    """

    r_in: Any = "0.5 deg"
    width: Any = "0.3 deg"
    r_out_max: Any = "1.5 deg"
    step: Any = "0.02 deg"
    alpha: float = 0.1
    theta: Any = "0.22 deg"
    grow: Literal["r_in", "width"] = "r_in"
    exclusion: Map | None = None

    def __call__(self, dataset: Dataset, observation: Observation | None = None) -> Dataset:
        """The dataset as an on-off measurement.

        Raises
        ------
        ReductionError
            There is no background response to serve as acceptance, or no pixel keeps a ring.
        """
        counts, acceptance = _off_free(dataset, self.exclusion)
        around = tophat_kernel(float(strip(self.theta, "deg") / dataset.geom.pixel_size.value[0]))
        wanted = convolve(_background(dataset), around).data / self.alpha
        counts_off, acceptance_off = np.zeros(dataset.geom.shape), np.zeros(dataset.geom.shape)
        open_ = np.ones(dataset.geom.shape, dtype=bool)
        for r_in, width in self._rings():
            kernel = _ring(dataset, r_in, width)
            off = convolve(acceptance, kernel).data
            better = open_ & (off > acceptance_off)
            counts_off = np.where(better, convolve(counts, kernel).data, counts_off)
            acceptance_off = np.where(better, off, acceptance_off)
            open_ &= off < wanted
            if not open_.any():
                break
        return _on_off(dataset, counts_off, acceptance_off, f"{self.r_in} + {self.width}, to {self.r_out_max}")

    def _rings(self) -> list[tuple[float, float]]:
        r_in, width, last, step = (float(strip(v, "deg")) for v in (self.r_in, self.width, self.r_out_max, self.step))
        if step <= 0 or r_in + width > last:
            raise ConfigError(
                f"adaptive ring: a first ring of {r_in:g}° + {width:g}° cannot grow by {step:g}° to {last:g}°"
            )
        growth = step * np.arange(int((last - r_in - width) / step + 1e-9) + 1)
        return [(r_in + g, width) if self.grow == "r_in" else (r_in, width + g) for g in growth]


def _ring(dataset: Dataset, r_in: Any, width: Any) -> Floats:
    pixel = float(dataset.geom.pixel_size.value[0])
    return ring_kernel(float(strip(r_in, "deg", "r_in")) / pixel, float(strip(width, "deg", "width")) / pixel)


def _background(dataset: Dataset) -> Map:
    if dataset.background is None:
        raise ReductionError("a ring needs the background response as acceptance, and the observation has none")
    return dataset.background.with_data(dataset.background.data * dataset.safe)


def _off_free(dataset: Dataset, exclusion: Map | None) -> tuple[Map, Map]:
    """Counts and acceptance where off events may come from: safe, and free of sources."""
    keep = usable(dataset.geom, exclusion) & dataset.safe
    return dataset.counts.with_data(dataset.counts.data * keep), _background(dataset).with_data(
        _background(dataset).data * keep
    )


def _on_off(dataset: Dataset, counts_off: Floats, acceptance_off: Floats, ring: str) -> Dataset:
    # A ring that only brushes the acceptance by rounding of a transform holds none.
    has_ring = acceptance_off > 1e-10 * acceptance_off.max(initial=0.0)
    if not np.any(has_ring & dataset.safe):
        raise ReductionError(
            f"no pixel keeps a ring of {ring}: the exclusion or the safe range leaves no acceptance;"
            " widen the ring or the map"
        )
    geom = dataset.geom
    return replace(
        dataset,
        background=None,
        counts_off=Map(geom, np.where(has_ring, counts_off, 0.0)),
        acceptance=_background(dataset),
        acceptance_off=Map(geom, np.where(has_ring, acceptance_off, 0.0)),
        mask_safe=Map(geom, dataset.safe & has_ring),
    )
