"""Coarser and finer bins, along an axis or over the image."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis
from skyfold.geom.pixels import downsampled, upsampled
from skyfold.maps.map import Map

Preserve = Literal["counts", "values"]


def rebin(map_: Map, name: str, edges: Any, fn: np.ufunc = np.add) -> Map:
    """Join bins of one axis into those of coarser edges, snapped to the nearest of its own.

    Bins outside of `edges` are left out. A mask is open where any of its bins is.

    Parameters
    ----------
    edges : rising edges as a Quantity (bare numbers in the axis's unit), or an axis.
    fn : how values are joined: ``np.add``, ``np.maximum``, ``np.logical_and``...

    Raises
    ------
    ShapeError
        There is no such axis, or a coarse bin holds no bin of it.
    """
    number = map_.geom.axis_number(name)
    axis = map_.geom.axes[number]
    if not isinstance(axis, Axis):
        raise ShapeError(f"axis {name!r} has no edges to rebin")
    if map_.data.dtype == bool and fn is np.add:
        fn = np.logical_or
    groups = axis.groups(edges.edges if isinstance(edges, Axis) else edges)
    starts = [group.start for group in groups]
    # Group by group: `reduceat` takes four times as long along an axis that is not the last.
    before = (slice(None),) * number
    joined = [fn.reduce(map_.data[(*before, group)], axis=number, keepdims=True) for group in groups]
    data = np.concatenate(joined, axis=number)
    axes = list(map_.geom.axes)
    axes[number] = replace(axis, values=axis.edges.value[[*starts, groups[-1].stop]], kind="edges")
    return replace(map_, geom=map_.geom.with_axes(*axes), data=data)


def downsample(map_: Map, factor: int, preserve: Preserve = "counts") -> Map:
    """Join factor × factor pixels: their sum, or their mean for ``"values"``. A mask is open where any pixel is.

    Raises
    ------
    ShapeError
        The number of pixels is not a multiple of `factor`.
    """
    geom = downsampled(map_.geom, factor)
    ny, nx = geom.image_shape
    blocks = map_.data.reshape(*map_.data.shape[:-2], ny, factor, nx, factor)
    if map_.data.dtype == bool:
        data = np.asarray(blocks.any(axis=(-3, -1)))
    elif preserve == "counts":
        data = blocks.sum(axis=(-3, -1))
    else:
        data = blocks.mean(axis=(-3, -1))
    return replace(map_, geom=geom, data=data)


def upsample(map_: Map, factor: int, preserve: Preserve = "counts") -> Map:
    """Cut pixels into factor × factor; each takes an even share of the counts, or the whole value for ``"values"``."""
    data = np.repeat(np.repeat(map_.data, factor, axis=-2), factor, axis=-1)
    if preserve == "counts" and data.dtype != bool:
        data = data / factor**2
    return replace(map_, geom=upsampled(map_.geom, factor), data=data)
