"""Masks: boolean maps, True where data are used."""

from typing import Any

import numpy as np

from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis
from skyfold.maps.filter import convolve, tophat_kernel
from skyfold.maps.map import Map
from skyfold.units import strip


def energy_mask(geom: Any, lo: Any = None, hi: Any = None, name: str = "energy") -> Map:
    """Bins that lie wholly between two energies; either may be None.

    Raises
    ------
    ShapeError
        The geometry has no such axis of edges.
    """
    number = geom.axis_number(name)
    axis = geom.axes[number]
    if not isinstance(axis, Axis):
        raise ShapeError(f"axis {name!r} has no edges to compare with")
    inside = axis.within(lo, hi).reshape(-1, *(1,) * (len(geom.shape) - number - 1))
    return Map(geom, np.broadcast_to(inside, geom.shape))


def grown(mask: Map, radius: Any) -> Map:
    """The mask and all pixels within `radius` of it: an angle, or a bare number of pixels."""
    touched = convolve(mask.with_data(mask.data.astype(float)), _disk(mask, radius))
    return mask.with_data(touched.data > 0.5)


def shrunk(mask: Map, radius: Any) -> Map:
    """The pixels that have no pixel outside the mask within `radius`; the border of the map is not outside."""
    return ~grown(~mask, radius)


def _disk(mask: Map, radius: Any) -> Any:
    size = radius
    if not isinstance(radius, int | float):
        size = strip(radius, "deg", "radius") / mask.geom.pixel_size[0].to_value("deg")
    return tophat_kernel(float(size))
