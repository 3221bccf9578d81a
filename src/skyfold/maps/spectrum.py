"""What a map holds in a region."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skyfold.errors import RegionError
from skyfold.geom.region import RegionGeom
from skyfold.geom.regions import region_mask
from skyfold.maps.map import Map


def spectrum(map_: Map, region: Any, fn: Callable[..., NDArray[Any]] = np.sum, weights: Map | None = None) -> Map:
    """Reduce the pixels whose centre lies in a region to one number for each bin of the axes.

    Parameters
    ----------
    region : a sky region, a text of one, or a region geometry. A point is the pixel it falls into.
    fn : called as ``fn(values, axis=-1)``: ``np.sum`` for counts, ``np.mean`` for exposures.
    weights : multiplied first; a mask leaves pixels out of a sum.

    Raises
    ------
    RegionError
        The region holds no pixel of the map.
    """
    geom = region if isinstance(region, RegionGeom) else RegionGeom(region)
    held = region_mask(map_.geom.image, geom.region, outside="raise")
    values = map_.data[..., held]
    if weights is not None:
        share = np.broadcast_to(weights.data, map_.data.shape)[..., held]
        values = np.where(share == 0, 0.0, values) * share
    reduced = np.asarray(fn(values, axis=-1))
    if reduced.shape != map_.data.shape[:-2]:
        raise RegionError(f"{fn} must reduce the last axis only, and gave shape {reduced.shape}")
    return Map(geom.with_axes(*map_.geom.axes), reduced[..., None, None], map_.unit)
