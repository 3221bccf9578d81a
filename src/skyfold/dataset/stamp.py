"""Postage stamps: the surroundings of one source, and the coordinates of their pixels."""

from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord

from skyfold.dataset.dataset import Dataset
from skyfold.errors import ShapeError
from skyfold.geom.wcs import WcsGeom
from skyfold.num.double import Floats


def stamp(dataset: Dataset, center: SkyCoord, npix: int | tuple[int, int]) -> Dataset:
    """The part of a dataset around a position: counts, exposure, background and masks, responses as they are.

    Parameters
    ----------
    npix : pixels along x and y; odd numbers have the pixel of the position in their middle.

    Raises
    ------
    ShapeError
        The stamp reaches beyond the dataset, or has no pixels.
    """
    nx, ny = (npix, npix) if isinstance(npix, int) else npix
    x, y = (int(i) for i in dataset.geom.to_idx(center))
    rows, columns = slice(y - ny // 2, y - ny // 2 + ny), slice(x - nx // 2, x - nx // 2 + nx)
    height, width = dataset.geom.image_shape
    inside = min(rows.start, columns.start) >= 0 and rows.stop <= height and columns.stop <= width
    if nx < 1 or ny < 1 or not inside:
        raise ShapeError(
            f"a stamp of {nx} × {ny} pixels around pixel ({x}, {y}) of dataset {dataset.name!r}, which has"
            f" {width} × {height}: make it smaller, or move it in"
        )
    return dataset.cut(rows, columns)


def ramps(geom: WcsGeom, of: Any = None, first: int = 0) -> tuple[Floats, Floats]:
    """Coordinates x and y of the middle of each pixel, (ny, nx) each: images that rise to the right and upwards.

    Parameters
    ----------
    of : geometry in whose pixels to count; its own unless told. The pixels of a stamp in those of the image, say.
    first : number of the first pixel: 0 as in arrays, 1 as FITS and image coordinates count.
    """
    y, x = (grid.astype(float) for grid in np.indices(geom.image_shape))
    if of is not None:
        x, y = of.to_pix(geom.from_pix(x, y))
    return x + first, y + first
