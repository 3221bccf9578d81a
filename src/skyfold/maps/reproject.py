"""The same sky on other pixels."""

from dataclasses import replace
from typing import Literal

import numpy as np

from skyfold.geom.pixels import upsampled
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.lookup import get
from skyfold.maps.map import Map
from skyfold.num.grid import Grid


def reproject(
    map_: Map, geom: WcsGeom, preserve: Literal["counts", "values"] = "values", oversampling: int | None = None
) -> Map:
    """A map on the pixels of another geometry; its further axes stay.

    Parameters
    ----------
    geom : the pixels wanted; further axes of it are not looked at.
    preserve : ``"values"`` interpolates at pixel centres (a mask takes its nearest value): for exposures and rates.
        ``"counts"`` cuts each pixel into a grid of points and counts their even shares into the new pixels: what lies
        on the new map is conserved exactly.
    oversampling : points along each side of a pixel for ``"counts"``; 4, and 4 for each new pixel, unless told.

    Outside of the map values are nan (False in a mask) and counts 0.
    """
    image = geom.image
    wanted = image.with_axes(*map_.geom.axes)
    if map_.data.dtype == bool:
        planes = map_.data.reshape(-1, *map_.geom.image_shape)
        sky = image.sky
        data = np.stack([get(Map(map_.geom.image, plane), sky) for plane in planes])
    elif preserve == "values":
        data = _interpolated(map_, image)
    else:
        data = _shared_out(map_, image, oversampling)
    return replace(map_, geom=wanted, data=data.reshape(wanted.shape))


def _interpolated(map_: Map, image: WcsGeom) -> np.ndarray:
    x, y = map_.geom.to_pix(image.sky)
    ny, nx = map_.geom.image_shape
    inside = (x >= -0.5) & (x <= nx - 0.5) & (y >= -0.5) & (y <= ny - 0.5)
    nodes = np.arange(float(ny)), np.arange(float(nx))
    at = np.where(inside, y, 0.0), np.where(inside, x, 0.0)
    planes = map_.data.reshape(-1, ny, nx).astype(float)
    return np.stack([np.where(inside, Grid(nodes, plane)(*at), np.nan) for plane in planes])


def _shared_out(map_: Map, image: WcsGeom, oversampling: int | None) -> np.ndarray:
    ratio = float((map_.geom.pixel_size / image.pixel_size).max().to_value(""))
    n = oversampling or max(4, int(np.ceil(4 * ratio)))
    fine = upsampled(map_.geom.image, n)
    x, y = image.to_idx(fine.sky)
    ny, nx = map_.geom.image_shape
    inside = (x >= 0).ravel()
    target = (y * image.image_shape[1] + x).ravel()[inside]
    rows, columns = np.divmod(np.arange(inside.size)[inside], nx * n)
    source = (rows // n) * nx + columns // n
    planes = map_.data.reshape(-1, ny * nx)
    size = image.image_shape[0] * image.image_shape[1]
    return np.stack([np.bincount(target, plane[source] / n**2, minlength=size) for plane in planes])
