"""Reading values off a map, and counting things into one."""

from typing import Any, Literal, TypeAlias

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.num.grid import Grid

Floats = NDArray[np.float64]
Sky: TypeAlias = "SkyCoord | tuple[Floats, Floats]"
Indices = NDArray[np.intp]


def fill_counts(geom: WcsGeom | RegionGeom, sky: Sky, weights: Floats | None = None, **coords: Any) -> Map:
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
    _require_coords(geom, coords)
    along = [axis.to_idx(coords[axis.name]) for axis in geom.axes]
    # Finding pixels is what costs time: only for what lies on all axes.
    on_axes = np.logical_and.reduce([i >= 0 for i in along]) if along else slice(None)
    kept = sky[on_axes] if isinstance(sky, SkyCoord) else (np.asarray(sky[0])[on_axes], np.asarray(sky[1])[on_axes])
    index = [*(i[on_axes] for i in along), *_image_indices(geom, kept)]
    inside = index[-1] >= 0
    flat = np.ravel_multi_index([i[inside] for i in index], geom.shape)
    # Only the bins of events are touched: bincount would count every bin of the map and then copy it to float.
    counts = np.zeros(int(np.prod(geom.shape)))
    np.add.at(counts, flat, 1.0 if weights is None else np.asarray(weights, dtype=float)[on_axes][inside])
    return Map(geom, counts.reshape(geom.shape))


def get(map_: Map, sky: Sky, **coords: Any) -> NDArray[Any]:
    """The value of the bin that holds each position; nan outside of the map, False for a mask.

    Parameters
    ----------
    sky : positions, or their right ascensions and declinations (ICRS, deg).
    coords : a coordinate for each further axis, by its name; all broadcast.
    """
    index = np.broadcast_arrays(*_indices(map_.geom, sky, coords))
    inside = np.logical_and.reduce([i >= 0 for i in index])
    values = map_.data[tuple(np.where(inside, i, 0) for i in index)]
    return np.where(inside, values, False if values.dtype == bool else np.nan)


def interpolate(map_: Map, sky: Sky, *, scale: Literal["lin", "log"] = "lin", **coords: Any) -> Floats:
    """Values between pixel and bin centres, linear in pixels and in the scale of each axis; in the unit of the map.

    Within the outermost centres' half pixels and half bins the value of the outermost holds; outside of the map it is
    nan. A mask gives its nearest value as 0 or 1.

    Parameters
    ----------
    sky : positions, or their right ascensions and declinations (ICRS, deg).
    scale : ``"log"`` interpolates the logarithm of the values, as fits exposures; zeros become the smallest float.
    coords : a coordinate for each further axis, by its name; all broadcast.

    Raises
    ------
    ShapeError
        An axis has no coordinate or cannot be interpolated, or a coordinate has no axis.
    """
    if map_.data.dtype == bool:
        return get(map_, sky, **coords).astype(float)
    geom = map_.geom
    _require_coords(geom, coords)
    x, y = _pixels(geom, sky)
    at = [_axis_pixels(axis, coords[axis.name]) for axis in geom.axes] + [y, x]
    tiny = np.finfo(float).tiny
    values = map_.data.astype(float) if scale == "lin" else np.log(np.maximum(map_.data, tiny))
    inside: Any = np.logical_and.reduce(
        np.broadcast_arrays(*[(p >= -0.5) & (p <= n - 0.5) for p, n in zip(at, geom.shape, strict=True)])
    )
    nodes = tuple(np.arange(float(n)) for n in geom.shape)
    found = Grid(nodes, values)(*(np.nan_to_num(p, nan=0.0, posinf=0.0, neginf=0.0) for p in at))
    return np.where(inside, found if scale == "lin" else np.exp(found), np.nan)


def _axis_pixels(axis: Any, coord: Any) -> Floats:
    if not isinstance(axis, Axis):
        raise ShapeError(f"axis {axis.name!r} has no scale to interpolate in; take bins of it with `sliced` first")
    pix = axis.to_pix(coord)
    if axis.kind == "nodes":  # the outermost nodes are the border
        return np.where((pix < -1e-9) | (pix > axis.nbin - 1 + 1e-9), np.nan, pix)
    return pix


def _require_coords(geom: Any, coords: dict[str, Any]) -> None:
    names = [axis.name for axis in geom.axes]
    if sorted(names) != sorted(coords):
        wanted = ", ".join(names) or "none"
        raise ShapeError(f"each axis needs a coordinate: axes {wanted}; coordinates {', '.join(coords) or 'none'}")


def _indices(geom: Any, sky: Sky, coords: dict[str, Any]) -> list[Indices]:
    """Array index of every coordinate along each axis and y, x; −1 outside."""
    _require_coords(geom, coords)
    return [*(axis.to_idx(coords[axis.name]) for axis in geom.axes), *_image_indices(geom, sky)]


def _image_indices(geom: Any, sky: Sky) -> tuple[Indices, Indices]:
    if isinstance(geom, RegionGeom):
        at = SkyCoord(*sky, unit="deg") if isinstance(sky, tuple) else sky
        held = np.where(geom.contains(at), 0, -1)
        return held, held
    x, y = geom.pix_to_idx(*_pixels(geom, sky))
    return y, x


def _pixels(geom: WcsGeom, sky: Sky) -> tuple[Floats, Floats]:
    if isinstance(sky, tuple):
        return geom.radec_to_pix(*sky)
    if sky.frame.name == geom.frame:
        return geom.to_pix(sky)
    at = sky.icrs
    return geom.radec_to_pix(at.ra.deg, at.dec.deg)
