"""Adding maps that share pixels."""

import numpy as np

from skyfold.errors import ShapeError
from skyfold.geom.pixels import overlap
from skyfold.maps.map import Map


def stack(target: Map, source: Map, weights: Map | None = None) -> Map:
    """`target` plus `source` where they overlap; masks are joined by `or`.

    Parameters
    ----------
    source : on pixels aligned with those of the target, and the same axes; it may stick out.
    weights : of the source's pixels: a number or mask on its geometry or image. Where the weight is 0 the source is
        not looked at, so that it may be nan there.

    Raises
    ------
    ShapeError
        The maps are not aligned; reproject one first.
    """
    if source.geom.axes != target.geom.axes:
        raise ShapeError(f"maps with different axes cannot be stacked: {source.geom} on {target.geom}")
    slices = _place(target, source)
    shared = overlap(slices, target.geom.image_shape)
    if shared is None:
        return target
    part, whole = (..., *shared.part), (..., *shared.whole)
    if target.data.dtype == bool:
        data = target.data.copy()
        added = source.data[part].astype(bool)
        data[whole] |= added if weights is None else added & (weights.data[part] != 0)
        return target.with_data(data)
    added = source.data_in(target.unit)[part]
    if weights is not None:
        share = weights.data[part]
        added = np.where(share == 0, 0.0, added) * share
    data = target.data.astype(np.result_type(target.data, float), copy=True)
    data[whole] += added
    return target.with_data(data)


def _place(target: Map, source: Map) -> tuple[slice, slice]:
    if source.geom == target.geom:
        ny, nx = target.geom.image_shape
        return slice(0, ny), slice(0, nx)
    find = getattr(source.geom, "offset_in", None)
    slices = find(target.geom) if find and hasattr(target.geom, "offset_in") else None
    if slices is None:
        raise ShapeError(f"maps on pixels that are not aligned cannot be stacked: {source.geom} on {target.geom}")
    return slices
