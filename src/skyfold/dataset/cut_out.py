"""Pixels of a window: what a dataset holds there, and how the sky lies on them."""

from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.fold import plane
from skyfold.fold.window import Local
from skyfold.geom.wcs import WcsGeom

Floats = NDArray[np.float64]


def inside(rows: NDArray[Any], columns: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Which crossings of rows and columns are pixels of a (ny, nx) image."""
    return ((rows >= 0) & (rows < shape[0]))[:, None] & ((columns >= 0) & (columns < shape[1]))[None, :]


def taken(data: NDArray[Any], rows: NDArray[Any], columns: NDArray[Any]) -> Floats:
    """Rows and columns of (..., ny, nx); beyond its border the nearest."""
    ny, nx = data.shape[-2:]
    pixels = data[..., np.clip(rows, 0, ny - 1)[:, None], np.clip(columns, 0, nx - 1)[None, :]]
    return np.ascontiguousarray(pixels, dtype=float)


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
