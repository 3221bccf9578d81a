"""Reading values off a map, and counting things into one."""

from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.errors import ShapeError
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map

Floats = NDArray[np.float64]


def fill_counts(
    geom: WcsGeom, sky: SkyCoord | tuple[Floats, Floats], weights: Floats | None = None, **coords: Any
) -> Map:
    """Count positions into the bins of a geometry; what falls outside is left out.

    Parameters
    ----------
    sky : positions, shape (n,), or their right ascensions and declinations (ICRS, deg).
    weights : of each position, shape (n,); 1 unless told.
    coords : a coordinate of shape (n,) for each further axis, by its name.

    Raises
    ------
    ShapeError
        An axis has no coordinate, or a coordinate has no axis.
    """
    names = [axis.name for axis in geom.axes]
    if sorted(names) != sorted(coords):
        raise ShapeError(f"counting needs a coordinate for each axis: {', '.join(names)}; got {', '.join(coords) or 'none'}")
    x, y = geom.pix_to_idx(*(geom.radec_to_pix(*sky) if isinstance(sky, tuple) else geom.to_pix(sky)))
    index = [*(axis.to_idx(coords[axis.name]) for axis in geom.axes), y, x]
    inside = np.logical_and.reduce([i >= 0 for i in index])
    flat = np.ravel_multi_index([i[inside] for i in index], geom.shape)
    weights = None if weights is None else np.asarray(weights, dtype=float)[inside]
    counts = np.bincount(flat, weights, minlength=int(np.prod(geom.shape)))
    return Map(geom, counts.reshape(geom.shape).astype(float))
