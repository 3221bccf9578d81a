"""Is the background understood? The distribution of significances, and where sources are."""

from dataclasses import dataclass
from typing import Any

import astropy.units as u
import numpy as np
from numpy.typing import ArrayLike, NDArray

from skyfold.errors import ConfigError, ShapeError
from skyfold.maps.map import Map
from skyfold.maps.mask import grown
from skyfold.reduce.exclusion import usable
from skyfold.units import strip

Floats = NDArray[np.float64]
_ROOT_TWO_PI = np.sqrt(2 * np.pi)


@dataclass(frozen=True, eq=False)
class SignificanceDistribution:
    """Histograms of √TS over all pixels and over those outside the exclusion, and the Gaussian that fits the latter.

    If the background is right, √TS outside known sources follows a Gaussian of mean 0 and standard deviation 1. Pixels
    closer than the diameter of the correlation share counts: the histogram scatters more than its numbers suggest.

    Parameters
    ----------
    edges : of the bins, shape (n + 1,).
    everywhere, outside : pixels per bin, shape (n,).
    mean, std : of the Gaussian of maximum likelihood for all values outside the exclusion, beyond the bins too: their
        mean and standard deviation; nan if there are none.
    n_outside : number of these values.
    """

    edges: Floats
    everywhere: NDArray[np.int64]
    outside: NDArray[np.int64]
    mean: float
    std: float
    n_outside: int

    @property
    def inside(self) -> NDArray[np.int64]:
        """Pixels per bin inside the exclusion."""
        return self.everywhere - self.outside

    def fitted(self, sqrt_ts: ArrayLike) -> Floats:
        """Pixels outside the exclusion per bin that the fitted Gaussian has at values of √TS."""
        width = float(np.diff(self.edges).mean())
        z = (np.asarray(sqrt_ts, dtype=float) - self.mean) / self.std
        return self.n_outside * width * np.exp(-0.5 * z**2) / (self.std * _ROOT_TWO_PI)


def significance_distribution(
    sqrt_ts: Map, exclusion: Map | None = None, bins: int | ArrayLike = 60
) -> SignificanceDistribution:
    """The distribution of a significance map; nan pixels are left out.

    Parameters
    ----------
    sqrt_ts : on a sky map.
    exclusion : bool map, True where the sky is free of sources; on any geometry.
    bins : number of even bins between the smallest and the largest value, or edges.

    Raises
    ------
    ShapeError
        The map has no value.
    """
    known = np.isfinite(sqrt_ts.data)
    if not known.any():
        raise ShapeError("the significance map has no value in any pixel: no counts were in reach of the correlation")
    outside = known & usable(sqrt_ts.geom, exclusion)
    everywhere, edges = np.histogram(sqrt_ts.data[known], bins)
    values = sqrt_ts.data[outside]
    return SignificanceDistribution(
        edges=edges,
        everywhere=everywhere,
        outside=np.histogram(values, edges)[0],
        mean=float(values.mean()) if values.size else np.nan,
        std=float(values.std()) if values.size else np.nan,
        n_outside=int(values.size),
    )


def exclusion_from_significance(sqrt_ts: Map, threshold: float = 5.0, min_size: int = 1, grow: Any = "0 deg") -> Map:
    """An exclusion mask of what is significant: the next one of an iteration.

    Parameters
    ----------
    sqrt_ts : on a sky map; pixels that are nan are not significant, a pixel is if it is so at any energy.
    threshold : of √TS.
    min_size : smallest number of connected pixels (by sides or corners) that are excluded.
    grow : distance by which the excluded pixels are widened.

    Returns
    -------
    Map
        Bool image, True where the sky is free.

    Raises
    ------
    ConfigError
        A threshold or size that is not positive, or a negative distance.
    """
    from scipy import ndimage

    distance = float(strip(grow, "deg", "grow"))
    if not threshold > 0 or min_size < 1 or not distance >= 0:
        raise ConfigError(
            f"exclusion: threshold {threshold}, min_size {min_size}, grow {grow};"
            " wanted the first two positive and the last not negative"
        )
    image = sqrt_ts.geom.image
    hot = np.any(np.nan_to_num(sqrt_ts.data, nan=-np.inf) > threshold, axis=tuple(range(sqrt_ts.data.ndim - 2)))
    labels, _ = ndimage.label(hot, structure=np.ones((3, 3)))
    large = np.bincount(labels.ravel()) >= min_size
    large[0] = False
    return ~grown(Map(image, large[labels]), distance * u.deg)
