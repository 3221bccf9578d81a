"""Responses are tabulated on coarser pixels than counts: which coarse pixels serve which counts pixels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skyfold.geom.wcs import WcsGeom
from skyfold.num.grid import Grid, along, place

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def coarse_pixels(geom: WcsGeom, coarse: WcsGeom) -> tuple[Floats, Floats]:
    """Coordinates (x, y) of every pixel centre of `geom` in the pixels of `coarse`; they broadcast to (ny, nx).

    Centres off either projection are far outside.
    """
    ny, nx = geom.image_shape
    mine, its = geom.wcs.wcs, coarse.wcs.wcs
    if list(mine.ctype) == list(its.ctype) and np.allclose(mine.crval, its.crval, rtol=0, atol=1e-9):
        # The same projection: pixels differ by a shift and a scale, a hundred times faster than through the sky.
        scale = np.linalg.solve(coarse.wcs.pixel_scale_matrix, geom.wcs.pixel_scale_matrix)
        dx, dy = np.arange(nx)[None, :] + 1 - mine.crpix[0], np.arange(ny)[:, None] + 1 - mine.crpix[1]
        x, y = scale[0, 0] * dx + its.crpix[0] - 1, scale[1, 1] * dy + its.crpix[1] - 1
        if scale[0, 1] or scale[1, 0]:  # one map is turned against the other
            x, y = x + scale[0, 1] * dy, y + scale[1, 0] * dx
        return x, y
    x, y = coarse.to_pix(geom.sky)
    return np.nan_to_num(x, nan=-9.0), np.nan_to_num(y, nan=-9.0)


def served(safe: Mask, geom: Any, coarse: Any) -> Mask:
    """Coarse pixels that a safe counts pixel looks up, per bin of the counts.

    A counts pixel is interpolated between the four coarse pixels around its centre. So a response is needed beyond the
    border of the safe pixels, by up to one coarse pixel. Being a union over pixels, it gives the same for a stack as
    for its parts taken together.

    Parameters
    ----------
    safe : shape (..., ny, nx), on `geom`.

    Returns
    -------
    bool array, shape (..., coarse ny, coarse nx)
    """
    if geom.image == coarse.image or not isinstance(geom, WcsGeom):
        return safe
    ny, nx = coarse.image_shape
    x, y = coarse_pixels(geom, coarse)
    # Cells lie between coarse centres, the first before the first of them. Rounding must not move a pixel across.
    cell_x, cell_y = (np.floor(c + 1e-6).astype(np.intp) + 1 for c in (x, y))
    inside = (cell_x >= 0) & (cell_x <= nx) & (cell_y >= 0) & (cell_y <= ny)
    cell = np.where(inside, cell_y * (nx + 1) + cell_x, (nx + 1) * (ny + 1))
    planes = safe.reshape(-1, *geom.image_shape)
    cells = np.zeros((len(planes), (nx + 1) * (ny + 1) + 1), dtype=bool)
    for plane, filled in zip(planes, cells, strict=True):
        filled[cell[plane]] = True
    box = cells[:, :-1].reshape(-1, ny + 1, nx + 1)
    corners = box[:, :-1, :-1] | box[:, :-1, 1:] | box[:, 1:, :-1] | box[:, 1:, 1:]
    return corners.reshape(*safe.shape[:-2], ny, nx)


def looked_up(values: Floats, geom: Any, coarse: Any) -> Floats:
    """Values (..., coarse ny, coarse nx) interpolated at the pixel centres of `geom`; constant beyond the outermost."""
    if geom.image == coarse.image or not isinstance(geom, WcsGeom):
        return values
    x, y = coarse_pixels(geom, coarse)
    nodes_y, nodes_x = (np.arange(float(n)) for n in coarse.image_shape)
    if x.shape[0] == 1 and y.shape[1] == 1:  # rows and columns of both are parallel
        return along(along(values, place(y[:, 0], nodes_y), -2), place(x[0], nodes_x), -1)
    planes = values.reshape(-1, *coarse.image_shape)
    result = np.stack([Grid((nodes_y, nodes_x), plane)(y, x) for plane in planes])
    return result.reshape(*values.shape[:-2], *geom.image_shape)
