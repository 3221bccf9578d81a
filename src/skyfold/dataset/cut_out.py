"""Pixels of a window: what a dataset holds there, and how the sky lies on them."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.dataset.at_source import AREA
from skyfold.dataset.dataset import Dataset
from skyfold.dataset.fineness import Fineness
from skyfold.fold import plane
from skyfold.fold.window import Local
from skyfold.geom.wcs import WcsGeom

Floats = NDArray[np.float64]
# Sizes of windows: few, so that compiled code is shared between sources and fits. All suit the Fourier transform.
_SIZES = (12, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 256, 320, 384, 512, 640, 768, 1024)
# Those for a point, which nothing transforms, go in smaller steps, with its block: of so many pixels.
_STEP_OF_SIDES = 4


@dataclass(frozen=True)
class Cut:
    """Which n × n pixels of a dataset are in a window, from its corner (y, x) on; `side` of the block of a point."""

    corner: tuple[int, int]
    n: int
    side: int

    @classmethod
    def of(cls, image_shape: tuple[int, int], how: Fineness, at: tuple[float, float], blur: int, margin: int) -> Self:
        """Around the pixel `at`, (x, y), with room for a PSF of radius `blur`, and a `margin` to move in [pixels]."""
        (ny, nx), side = image_shape, _STEP_OF_SIDES * int(np.ceil((2 * blur + 4) / _STEP_OF_SIDES))
        if how.point:
            n = side + 2 * margin + 2
        elif how.wide:
            n = window_size(2 * ((max(ny, nx) + 1) // 2 + blur) + 1)
        else:
            n = window_size(2 * (blur + int(np.ceil(1.1 * how.reach)) + margin + 1) + 1)
        y, x = (ny // 2, nx // 2) if how.wide else (int(np.floor(at[1])), int(np.floor(at[0])))
        return cls((y - n // 2, x - n // 2), n, side)

    def contents(self, dataset: Dataset) -> tuple[Floats, Floats]:
        """Which bins enter the statistic, (R, n, n), and the exposure, (T, n, n) [cm2 s]."""
        assert dataset.exposure is not None
        rows, columns = (np.arange(first, first + self.n) for first in self.corner)
        shape = dataset.geom.image_shape
        used = dataset.used_at(_nearest(rows, columns, shape))
        mask = np.where(inside(rows, columns, shape), used, False).astype(float)
        return mask, taken(dataset.exposure.data, rows, columns) * float(dataset.exposure.unit.to(AREA))


def window_size(least: int) -> int:
    """A size of windows, even."""
    return next((size for size in _SIZES if size >= least), least + least % 2)


def inside(rows: NDArray[Any], columns: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Which crossings of rows and columns are pixels of a (ny, nx) image."""
    return ((rows >= 0) & (rows < shape[0]))[:, None] & ((columns >= 0) & (columns < shape[1]))[None, :]


def taken(data: NDArray[Any], rows: NDArray[Any], columns: NDArray[Any]) -> Floats:
    """Rows and columns of (..., ny, nx); beyond its border the nearest."""
    return np.ascontiguousarray(data[_nearest(rows, columns, data.shape[-2:])], dtype=float)


def _nearest(rows: NDArray[Any], columns: NDArray[Any], shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The index of rows and columns; beyond the border of a (ny, nx) image of the nearest."""
    return ..., np.clip(rows, 0, shape[0] - 1)[:, None], np.clip(columns, 0, shape[1] - 1)[None, :]


def interpolated(data: Floats, rows: Floats, columns: Floats) -> Floats:
    """Values of (..., ny, nx) at coordinates, linear between pixels; beyond the border the nearest."""
    for axis, at in ((-2, rows), (-1, columns)):
        at = np.clip(at, 0, data.shape[axis] - 1)
        low = np.minimum(at.astype(int), max(data.shape[axis] - 2, 0))
        high = np.minimum(low + 1, data.shape[axis] - 1)
        share = at - low if axis == -1 else (at - low)[:, None]
        data = np.take(data, low, axis) * (1 - share) + np.take(data, high, axis) * share
    return data


def local_at(geom: WcsGeom, at: SkyCoord, origin: tuple[float, float], n: int) -> Local:
    """Polynomials between the pixels of a window of n × n and the tangent plane at the source."""
    pole = np.array([at.spherical.lon.rad, at.spherical.lat.rad])
    x0, y0 = (float(c) for c in geom.to_pix(at))
    steps = np.linspace(0, n, 11)
    dx, dy = (grid.ravel() for grid in np.meshgrid(steps - origin[0], steps - origin[1]))
    sky = geom.from_pix(x0 + dx, y0 + dy).transform_to(at.frame).spherical
    near = np.isfinite(sky.lon.rad)
    xi, eta = plane.to_plane(sky.lon.rad[near], sky.lat.rad[near], pole)
    scale = np.array([np.abs([xi, eta]).max(), np.abs([dx, dy]).max()])
    dx, dy = dx[near], dy[near]
    to_pixel = plane.fitted(xi / scale[0], eta / scale[0], dx, dy)
    return Local(
        pole=pole,
        origin=np.array(origin),
        scale=scale,
        to_pixel=to_pixel,
        to_plane=plane.fitted(dx / scale[1], dy / scale[1], xi, eta),
        per_rad=np.hypot(to_pixel[:, 1, 0], to_pixel[:, 0, 1]) / scale[0],
    )


def wrapped(kernel: Floats, n: int) -> Floats:
    """A kernel on n × n points with its centre at the first, as a Fourier transform wants it."""
    half = kernel.shape[-1] // 2
    full = np.zeros((len(kernel), n, n))
    full[:, : kernel.shape[1], : kernel.shape[2]] = kernel
    return np.roll(full, (-half, -half), axis=(1, 2))
