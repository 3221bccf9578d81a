"""What is left of the data when a sky is taken off: where a model lacks something, and where it has too much."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.image import rebin_energy
from skyfold.dataset.predict import BACKGROUND, total
from skyfold.dataset.stack import stack
from skyfold.errors import ConfigError, ShapeError
from skyfold.estimate.excess_map import in_disks
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.filter import convolve, tophat_kernel
from skyfold.maps.map import Map
from skyfold.maps.rebin import rebin
from skyfold.num.safe import divide
from skyfold.stat.poisson import cstat
from skyfold.units import strip

Floats = NDArray[np.float64]
Method = Literal["diff", "diff/sqrt(model)", "significance"]


def residuals(
    dataset: Dataset,
    parts: Mapping[str, Map],
    method: Method = "significance",
    correlation_radius: Any = None,
    *,
    image: bool = False,
) -> Map:
    """Counts of a dataset against what a sky expects there.

    Parameters
    ----------
    parts : expected counts of sources and backgrounds by name, as `skyfold.dataset.predict.npred` returns them.
    method : with n counts where μ are expected,

        ``"diff"``              n − μ;
        ``"diff/sqrt(model)"``  (n − μ) / √μ;
        ``"significance"``      ± √(−2 ln L), L relative to the largest possible: cstat, or wstat of an on-off
                                measurement, with the sign of n − μ. Right at small μ too, where the second is not.
    correlation_radius : n and μ are sums over a disk around each pixel; over the pixel itself if None.
    image : sum over energy first.

    Returns
    -------
    Map
        On the geometry of the counts, or that of one energy bin. Only bins that enter the statistic count; nan where
        there is none in reach, and where nothing is expected under a root.

    Raises
    ------
    ConfigError
        No such method, or a radius that is not positive.
    ShapeError
        A part is on other bins than the counts, or a region is to be correlated.
    """
    if method not in get_args(Method):
        raise ConfigError(f"residuals: no method {method!r}; there are {', '.join(get_args(Method))}")
    kernel = _disk(dataset, correlation_radius)
    edges = dataset.energy.edges[[0, -1]] if image else dataset.energy.edges
    model = _sum(dataset, parts)
    seen = rebin_energy(_used(dataset), edges)
    reach = convolve(seen.counts.with_data(seen.safe.astype(float)), kernel).data

    def summed(value: Map) -> Floats:
        return convolve(rebin(value.with_data(np.where(dataset.used, value.data, 0.0)), "energy", edges), kernel).data

    n, mu = convolve(seen.counts, kernel).data, summed(model)
    if method == "diff":
        result = n - mu
    elif method == "diff/sqrt(model)":
        result = divide(n - mu, np.sqrt(np.maximum(mu, 0.0)))
    elif dataset.counts_off is None:
        result = np.copysign(np.sqrt(np.maximum(cstat(n, mu), 0.0)), n - mu)
    else:
        counting, _ = in_disks(seen, kernel, "acceptance")
        signal = summed(model - parts[BACKGROUND])
        result = np.copysign(np.sqrt(np.maximum(counting.stat(signal), 0.0)), counting.excess - signal)
    return Map(seen.geom, np.where(reach > 0, result, np.nan))


def over_the_sky(dataset: Dataset, parts: Mapping[str, Map]) -> tuple[Dataset, dict[str, Map]]:
    """A dataset and what is expected there as spectra: summed over the pixels that enter the statistic.

    At energies of which none does, over those that are safe. Without responses; a spectrum stays as it is.

    Raises
    ------
    ShapeError
        The dataset is an on-off measurement on a map: its pixels may share off counts.
    """
    if not isinstance(dataset.geom, WcsGeom):
        return dataset, dict(parts)
    if dataset.counts_off is not None:
        raise ShapeError(f"dataset {dataset.name!r} is an on-off measurement: its pixels may share off counts")
    safe, used = (np.any(bins, axis=(1, 2))[:, None, None] for bins in (dataset.safe, dataset.used))
    bins = np.where(used, dataset.used, dataset.safe)
    geom = RegionGeom.point(dataset.geom.center, dataset.geom.axes)

    def summed(value: Map) -> Map:
        return Map(geom, np.where(bins, value.data, 0.0).sum(axis=(1, 2), keepdims=True))

    background = None if dataset.background is None else summed(dataset.background)
    whole = Dataset(
        dataset.name, summed(dataset.counts), background, mask_safe=Map(geom, safe), mask_fit=Map(geom, used)
    )
    return whole, {name: summed(part) for name, part in parts.items()}


def together(
    datasets: Sequence[Dataset], expected: Mapping[str, Mapping[str, Map]], geom: Any = None
) -> tuple[Dataset, dict[str, Map]]:
    """Datasets that were fitted together as one, for residuals of all: what enters their statistics, added up.

    Parameters
    ----------
    expected : counts of each part, of each dataset by its name.
    geom : of the sum, see `skyfold.dataset.stack.stack`.

    Returns
    -------
    dataset : sums of the counts that enter the statistic; without responses.
    parts : sums of what is expected there, as one part.

    Raises
    ------
    ShapeError
        One is an on-off measurement: counts measured for one say nothing of another.
    """
    measured = [dataset.name for dataset in datasets if dataset.counts_off is not None]
    if measured:
        raise ShapeError(f"dataset {measured[0]!r} is an on-off measurement; look at its residuals by themselves")
    bare = [
        replace(_used(dataset), background=_sum(dataset, expected[dataset.name]), exposure=None, psf=None)
        for dataset in datasets
    ]
    added = stack(bare, geom=geom)
    return added, {"npred": added.expected_background}


def _sum(dataset: Dataset, parts: Mapping[str, Map]) -> Map:
    for name, part in parts.items():
        if part.geom != dataset.geom:
            raise ShapeError(f"expected counts of {name!r} are on {part.geom}, those of the dataset on {dataset.geom}")
    return total(dataset, dict(parts))


def _used(dataset: Dataset) -> Dataset:
    """The bins that enter the statistic, as the safe ones of a dataset; without the dispersion, of no use here."""
    return replace(dataset, mask_safe=Map(dataset.geom, dataset.used), mask_fit=None, edisp=None)


def _disk(dataset: Dataset, correlation_radius: Any) -> Floats:
    if correlation_radius is None:
        return np.ones((1, 1))
    if not isinstance(dataset.geom, WcsGeom):
        raise ShapeError(f"dataset {dataset.name!r} is on {dataset.geom}: only maps have a correlation_radius")
    radius = float(strip(correlation_radius, "deg", "correlation_radius"))
    if not radius > 0:
        raise ConfigError(f"correlation_radius is {correlation_radius}; wanted a positive angle such as '0.1 deg'")
    return tophat_kernel(radius / float(np.mean(dataset.geom.pixel_size.value)))
