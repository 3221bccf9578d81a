"""A picture as a distribution of brightness: what is asked of its pixels, and where on the sky they lie.

One pixel convention, that of `skyfold.geom.wcs`: arrays are indexed [y, x], the centre of the first pixel is at
(0, 0), pixel (x, y) covers x ± 0.5 and y ± 0.5, and y grows upwards. Picture files begin with their top row; reading
them turns them over (`skyfold.io.pictures`).
"""

from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import ArrayLike, NDArray

from skyfold.errors import DataError, ShapeError
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map

Floats = NDArray[np.float64]
PIXEL = "0.01 deg"  # of pictures that do not know where on the sky they are


def as_picture(brightness: Map | ArrayLike, *, center: SkyCoord | None = None, pixel: Any = PIXEL) -> Map:
    """A map of brightness that photons can be drawn from; only the ratios of its pixels matter.

    Parameters
    ----------
    brightness : map of the sky, or an array of shape (ny, nx), (ny, nx, 3) or (ny, nx, 4) with its bottom row first.
        Colours are averaged, and weighted with the opacity if there is one.
    center, pixel : where the centre of an array lies on the sky (0°, 0° unless told), and the size of its pixels.

    Raises
    ------
    ShapeError
        Not an image, or a map with more than one bin of energy.
    DataError
        A pixel is negative, infinite or not a number, or all are zero.
    """
    if isinstance(brightness, Map):
        if not isinstance(brightness.geom, WcsGeom):
            raise ShapeError(f"a picture needs sky pixels; this map is on {brightness.geom}")
        if brightness.data.size != np.prod(brightness.geom.image_shape):
            raise ShapeError(f"a picture has one plane, this map {brightness.geom.shape}; sum it over its axes first")
        geom = brightness.geom.image
        pixels = brightness.data.reshape(geom.image_shape).astype(float)
    else:
        pixels = grey(brightness)
        ny, nx = pixels.shape
        geom = WcsGeom.create(center or SkyCoord(0, 0, unit="deg"), pixel=pixel, npix=(nx, ny))
    check_pixels(pixels, "picture")
    if pixels.sum() == 0:
        raise DataError("picture: all pixels are 0, there is nothing to draw photons from; wanted a positive total")
    return Map(geom, pixels)


def grey(pixels: ArrayLike) -> Floats:
    """Colours (ny, nx, 3) averaged to (ny, nx), times the opacity where there is a fourth channel.

    Raises
    ------
    ShapeError
        The array is not an image.
    """
    array = np.asarray(pixels, dtype=float)
    if array.ndim == 3 and array.shape[-1] in (3, 4):
        opacity = array[..., 3] / (array[..., 3].max() or 1.0) if array.shape[-1] == 4 else 1.0
        array = array[..., :3].mean(axis=-1) * opacity
    if array.ndim != 2 or 0 in array.shape:
        raise ShapeError(f"picture: shape {array.shape}; wanted (ny, nx), or (ny, nx, 3 or 4) for colours")
    return array


def check_pixels(pixels: Floats, name: str) -> None:
    """Insist on numbers that are finite and not negative.

    Raises
    ------
    DataError
        One is not; the message counts them and says where the first is.
    """
    for what, bad in (("not finite", ~np.isfinite(pixels)), ("negative", pixels < 0)):
        if bad.any():
            y, x = (int(i) for i in np.argwhere(bad)[0])
            raise DataError(
                f"{name}: {int(bad.sum())} of {bad.size} pixels are {what}, the first at x = {x}, y = {y}"
                f" ({pixels[y, x]:g}); set them to 0 or to what they should be first"
            )


def like(value: Any, geom: WcsGeom, name: str) -> Floats:
    """A number, or an array or map of one value for each pixel of `geom`, as an array of shape (ny, nx) or ().

    Raises
    ------
    ShapeError
        It has another shape, or is a map of other pixels.
    DataError
        A pixel is negative or not finite.
    """
    if isinstance(value, Map):
        if value.geom.shape == geom.shape and value.geom != geom:
            raise ShapeError(f"{name}: a map of other pixels ({value.geom}) than the picture ({geom}); reproject it")
        value = value.data
    array = np.asarray(value, dtype=float)
    if array.ndim and array.shape != geom.image_shape:
        raise ShapeError(f"{name}: shape {array.shape} (ny, nx), the picture has {geom.image_shape}; wanted the same")
    check_pixels(np.atleast_2d(array), name)
    return array
