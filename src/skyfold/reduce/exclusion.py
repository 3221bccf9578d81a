"""Which pixels a background may be taken from."""

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map

Mask = NDArray[np.bool_]


def usable(geom: WcsGeom, exclusion: Map | None) -> Mask:
    """The exclusion mask on the pixels of `geom`, shape (ny, nx); True where the sky is free, and outside the mask.

    A mask with further axes excludes a pixel if it does so anywhere along them. A mask on other pixels is looked up at
    the pixel centres.
    """
    if exclusion is None:
        return np.ones(geom.image_shape, dtype=bool)
    slices = geom.offset_in(exclusion.geom)
    if slices is None:
        return free(geom.sky, exclusion)
    image = _image(exclusion)
    rows, columns = (np.arange(s.start, s.stop) for s in slices)
    inside = ((rows >= 0) & (rows < image.shape[0]))[:, None] & ((columns >= 0) & (columns < image.shape[1]))[None, :]
    looked = image[np.clip(rows, 0, image.shape[0] - 1)[:, None], np.clip(columns, 0, image.shape[1] - 1)[None, :]]
    return looked | ~inside


def free(sky: SkyCoord, exclusion: Map) -> Mask:
    """Whether positions are free of sources; True outside the mask."""
    x, y = exclusion.geom.to_idx(sky)
    return np.where(x < 0, True, _image(exclusion)[y, x])


def _image(exclusion: Map) -> Mask:
    return np.all(exclusion.data, axis=tuple(range(exclusion.data.ndim - 2)))
