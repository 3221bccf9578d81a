"""Where a map is highest."""

from typing import Any, NamedTuple

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.errors import ConfigError, ShapeError
from skyfold.maps.filter import tophat_kernel
from skyfold.maps.map import Map
from skyfold.num.sphere import unit_vectors, vector_separation
from skyfold.units import strip

Floats = NDArray[np.float64]


class Peak(NamedTuple):
    """A pixel that is higher than all others around it."""

    value: float
    position: SkyCoord
    x: int
    y: int


def find_peaks(map_: Map, threshold: float, min_distance: Any = "0.1 deg") -> list[Peak]:
    """Pixels above a threshold that no pixel within `min_distance` exceeds, the highest first; nan is below everything.

    Of equal pixels within that distance of each other one is listed.

    Raises
    ------
    ShapeError
        The map has more than one bin along its axes.
    ConfigError
        The distance is not positive.
    """
    from scipy import ndimage

    planes = map_.data.reshape(-1, *map_.geom.image_shape)
    if len(planes) != 1:
        raise ShapeError(
            f"peaks are found in an image; this map has {len(planes)} bins along its axes: slice or sum it first"
        )
    distance = float(strip(min_distance, "deg", "min_distance"))
    if not distance > 0:
        raise ConfigError(f"min_distance is {min_distance}; wanted a positive angle such as '0.1 deg'")
    image = np.where(np.isnan(planes[0]), -np.inf, planes[0])
    around = tophat_kernel(max(distance / float(np.mean(map_.geom.pixel_size.value)), 1.0)) > 0
    highest = image == ndimage.maximum_filter(image, footprint=around, mode="constant", cval=-np.inf)
    y, x = np.nonzero(highest & (image > threshold))
    order = np.argsort(-image[y, x], kind="stable")
    y, x = y[order], x[order]
    if x.size == 0:
        return []
    sky = map_.geom.from_pix(x, y)
    kept = _apart(unit_vectors(sky.icrs.ra.rad, sky.icrs.dec.rad), np.radians(distance))
    return [Peak(float(image[y[i], x[i]]), sky[i], int(x[i]), int(y[i])) for i in kept]


def _apart(directions: Floats, distance: float) -> list[int]:
    """Indices of directions (3, n), each farther from all before it that are kept."""
    kept: list[int] = []
    for i in range(directions.shape[1]):
        if not kept or vector_separation(directions[:, kept], directions[:, i]).min() > distance:
            kept.append(i)
    return kept
