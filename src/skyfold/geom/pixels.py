"""Other pixel grids on the same sky: finer, coarser, with a margin; and what two aligned grids share."""

from typing import NamedTuple

import numpy as np

from skyfold.errors import ShapeError
from skyfold.geom.wcs import WcsGeom

Slices = tuple[slice, slice]


class Overlap(NamedTuple):
    """The same pixels, as slices (y, x) into the part and into the whole."""

    part: Slices
    whole: Slices


def overlap(slices: Slices, image_shape: tuple[int, int]) -> Overlap | None:
    """What a part, at `slices` of a whole of `image_shape`, shares with it; None if nothing."""
    part, whole = [], []
    for where, size in zip(slices, image_shape, strict=True):
        start, stop = max(where.start, 0), min(where.stop, size)
        if stop <= start:
            return None
        whole.append(slice(start, stop))
        part.append(slice(start - where.start, stop - where.start))
    return Overlap((part[0], part[1]), (whole[0], whole[1]))


def upsampled(geom: WcsGeom, factor: int) -> WcsGeom:
    """Every pixel cut into factor × factor."""
    if factor < 1:
        raise ShapeError(f"pixels cannot be cut into {factor}; wanted a whole number from 1")
    return _rescaled(geom, 1.0 / factor, (geom.image_shape[0] * factor, geom.image_shape[1] * factor))


def downsampled(geom: WcsGeom, factor: int) -> WcsGeom:
    """Every factor × factor pixels joined into one.

    Raises
    ------
    ShapeError
        The number of pixels is not a multiple of `factor`; `skyfold.maps.cut.pad` or `crop` the map first.
    """
    ny, nx = geom.image_shape
    if factor < 1 or ny % factor or nx % factor:
        raise ShapeError(f"{nx} × {ny} pixels cannot be joined by {factor}: pad or crop to a multiple first")
    return _rescaled(geom, float(factor), (ny // factor, nx // factor))


def padded(geom: WcsGeom, npix: int) -> WcsGeom:
    """The geometry with `npix` more pixels on each side, or fewer if negative.

    Raises
    ------
    ShapeError
        No pixel is left.
    """
    ny, nx = geom.image_shape
    if min(ny, nx) + 2 * npix < 1:
        raise ShapeError(f"{nx} × {ny} pixels cannot lose {-npix} on each side")
    return geom.window(slice(-npix, ny + npix), slice(-npix, nx + npix))


def _rescaled(geom: WcsGeom, scale: float, image_shape: tuple[int, int]) -> WcsGeom:
    """Pixels `scale` times as large, with the same outer border."""
    wcs = geom.wcs.deepcopy()
    wcs.wcs.crpix = (geom.wcs.wcs.crpix - 0.5) / scale + 0.5
    if wcs.wcs.has_cd():
        wcs.wcs.cd = np.asarray(wcs.wcs.cd) * scale
    else:
        wcs.wcs.cdelt = wcs.wcs.cdelt * scale
    return WcsGeom(wcs, image_shape, geom.axes)
