"""Parts of maps, and maps with a margin."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from astropy.coordinates import SkyCoord

from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis
from skyfold.geom.pixels import overlap, padded
from skyfold.maps.map import Map


def cutout(
    map_: Map, center: SkyCoord, width: Any, mode: Literal["trim", "partial", "strict"] = "trim", fill: float = 0.0
) -> Map:
    """The part of a map in a box around a position.

    Parameters
    ----------
    width : angle, or (width, height); rounded to whole pixels.
    mode : as of `WcsGeom.cutout`; with ``"partial"`` pixels outside of the map hold `fill` (False in a mask).

    Raises
    ------
    ShapeError
        The box does not touch the map, or crosses its border in strict mode.
    """
    geom, slices = map_.geom.cutout(center, width, mode)
    if mode != "partial":
        return replace(map_, geom=geom, data=map_.data[(..., *slices)])
    shared = overlap(slices, map_.geom.image_shape)
    data = np.full(geom.shape, fill).astype(map_.data.dtype)
    if shared is not None:
        data[(..., *shared.part)] = map_.data[(..., *shared.whole)]
    return replace(map_, geom=geom, data=data)


def sliced(map_: Map, name: str, bins: "int | slice | tuple[Any, Any]") -> Map:
    """Some adjacent bins of one axis; the axis stays.

    Parameters
    ----------
    bins : one bin by its number, a slice of numbers, or a range (lo, hi) of coordinates: the bins wholly inside of it.
        Either end may be None.

    Raises
    ------
    ShapeError
        There is no such axis, or no bin is left.
    """
    number = map_.geom.axis_number(name)
    axis = map_.geom.axes[number]
    where = _slice(axis, bins)
    axes = list(map_.geom.axes)
    axes[number] = axis.sliced(where)
    index = (slice(None),) * number + (where,)
    return replace(map_, geom=map_.geom.with_axes(*axes), data=map_.data[index])


def _slice(axis: Any, bins: Any) -> slice:
    if isinstance(bins, slice):
        return bins
    if isinstance(bins, tuple):
        if not isinstance(axis, Axis):
            raise ShapeError(f"axis {axis.name!r} has no coordinate, so no range: give bin numbers")
        inside = np.flatnonzero(axis.within(*bins))
        if not inside.size:
            raise ShapeError(f"axis {axis.name!r}: no bin lies wholly between {bins[0]} and {bins[1]}; it has {axis}")
        return slice(int(inside[0]), int(inside[-1]) + 1)
    if not -axis.nbin <= bins < axis.nbin:
        raise ShapeError(f"axis {axis.name!r} has no bin {bins}; it has {axis.nbin}")
    return slice(bins % axis.nbin, bins % axis.nbin + 1)


def pad(map_: Map, npix: int, mode: Literal["constant", "edge"] = "constant", fill: float = 0.0) -> Map:
    """A margin of `npix` pixels on each side, holding `fill` or the value of the nearest pixel."""
    if npix < 0:
        raise ShapeError(f"a margin cannot have {npix} pixels; use crop")
    margin = [(0, 0)] * (map_.data.ndim - 2) + [(npix, npix)] * 2
    if mode == "edge":
        data = np.pad(map_.data, margin, mode="edge")
    else:
        data = np.pad(map_.data, margin, constant_values=np.asarray(fill).astype(map_.data.dtype))
    return replace(map_, geom=padded(map_.geom, npix), data=data)


def crop(map_: Map, npix: int) -> Map:
    """The map without `npix` pixels on each side."""
    if npix < 0:
        raise ShapeError(f"a crop cannot have {npix} pixels; use pad")
    ny, nx = map_.geom.image_shape
    return replace(map_, geom=padded(map_.geom, -npix), data=map_.data[..., npix : ny - npix, npix : nx - npix])
