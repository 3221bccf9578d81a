"""What Gammapy takes the instrument to be at a source, measured from outside, to compare numbers with it.

Its results on the Galactic centre seen by CTA are met to 1e-6 with these rules:

* the PSF is interpolated between the pixels of its map without regard to the exposure there, and linear in radius, also
  below the first radius; the dispersion is that of the nearest pixel;
* the kernel of each energy is cut to a square of its own: the radius of containment, rounded to pixels, where the
  containment is not normalised and known in steps of a twentieth of a bin of radius;
* it is sampled at the middles of parts of pixels, no more than four across, summed and normalised to 1.
"""

from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.dataset.dataset import SkyResponse
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.num.grid import along, place

Floats = NDArray[np.float64]
# Parts of a pixel across which a kernel is sampled: so many in the width of 68 % containment, but at most ...
_WITHIN_CORE, _PARTS_AT_MOST = 12, 4
# Steps per bin of radius in which a radius of containment is known.
_STEPS = 20
# Parts per smallest feature of an extended shape.
_IN_GRAIN = 3


def density_at(response: SkyResponse, at: SkyCoord) -> Floats:
    """PSF densities (T, n_rad) at a position, linear between pixels."""
    geom, table = response.table.geom, response.table.data
    if isinstance(geom, RegionGeom):
        return np.asarray(table[..., 0, 0], dtype=float)
    x, y = (float(c) for c in geom.to_pix(at))
    nodes_y, nodes_x = (np.arange(float(n)) for n in geom.image_shape)
    return along(along(table, place(x, nodes_x), -1), place(y, nodes_y), -1)


def migration_at(response: SkyResponse, at: SkyCoord) -> Floats:
    """Dispersion (T, R) of the pixel nearest to a position."""
    geom, table = response.table.geom, response.table.data
    if isinstance(geom, RegionGeom):
        return np.asarray(table[..., 0, 0], dtype=float)
    x, y = (round(float(c)) for c in geom.to_pix(at))
    ny, nx = geom.image_shape
    return np.asarray(table[..., np.clip(y, 0, ny - 1), np.clip(x, 0, nx - 1)], dtype=float)


def parts_of(grain: float, pixel: float) -> int:
    """Parts of a pixel across which a shape with features of size `grain` is averaged."""
    return int(np.clip(np.ceil(_IN_GRAIN * pixel / grain - 1e-9), 1, 200))


def kernels(density: Floats, rad: Axis, pixel: tuple[float, float], containment: float) -> Floats:
    """Pixel sums of PSF densities (T, n_rad) [sr-1], (T, n, n), each normalised to 1 on a square of its own."""
    r, edges = rad.center_in("rad"), rad.edges_in("rad")
    fine = np.interp((np.arange(_STEPS * r.size) + 0.5) / _STEPS, np.arange(edges.size), edges)
    rings = np.pi * np.diff(edges**2)
    squares = []
    for row in density:
        enclosed = np.interp(fine, edges, np.append(0.0, np.cumsum(row * rings)))
        core, reach = (fine[np.argmin(np.abs(enclosed - share))] for share in (0.68, containment))
        parts = int(np.clip(np.ceil(_WITHIN_CORE * min(pixel) / (2 * core)), 1, _PARTS_AT_MOST))
        squares.append(_square(row, r, pixel, round(float(reach / min(pixel))), parts))
    size = max(len(square) for square in squares)
    return np.stack([np.pad(square, (size - len(square)) // 2) for square in squares])


def _square(row: Floats, r: Floats, pixel: tuple[float, float], half: int, parts: int) -> Floats:
    n = 2 * half + 1
    at = (np.arange(parts * n) - (parts * n - 1) / 2) / parts
    distance = np.hypot(at[:, None] * pixel[1], at[None, :] * pixel[0])
    inner = row[0] + (distance - r[0]) * (row[1] - row[0]) / (r[1] - r[0])
    values: Any = np.where(distance < r[0], inner, np.interp(distance, r, row, right=0.0))
    sums = values.reshape(n, parts, n, parts).sum(axis=(1, 3))
    total = sums.sum()
    return sums / total if total > 0 else np.zeros((n, n))
