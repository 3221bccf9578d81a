"""What the instrument does at one position of a dataset: PSF and migration there, on its pixels."""

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.position import response_at
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.irf.fine_kernel import fine_quadrant
from skyfold.irf.migration import Migration
from skyfold.model.source import Source

Floats = NDArray[np.float64]
AREA = "cm2 s"  # of exposures where sources are folded

Density = tuple[Floats, Axis, bool]


def psf_at(dataset: Dataset, source: Source, at: SkyCoord) -> Density | None:
    """PSF densities (T or R, n_rad) at a position, their radii, and whether they are of reconstructed energies."""
    if dataset.psf is None or "psf" not in source.irf:
        return None
    energies, rad = dataset.psf.table.geom.axes
    return response_at(dataset.psf, at)[0], rad, energies.name == "energy"


def migration_at(dataset: Dataset, source: Source, at: SkyCoord | None = None) -> Floats:
    """Probabilities (T, R) of reconstructed energies at a position; no dispersion for a source that has none."""
    if dataset.edisp is None or "edisp" not in source.irf:
        return Migration.diagonal(dataset.energy_true, dataset.energy).matrix
    return response_at(dataset.edisp, at)[0]


def quadrant_of(density: Density | None, pixel: tuple[float, float], step: int, containment: float) -> Floats:
    """Pixel sums of the PSF at the points x, y ≥ 0 of a grid of pixels / step, odd, around its middle: (T, n, n).

    It is the same on all sides: `skyfold.irf.kernel.mirrored` makes it whole. Without a PSF a point fills a pixel.
    """
    if density is None:
        return np.ones((1, step // 2 + 1, step // 2 + 1))
    values, rad, _ = density
    fine = fine_quadrant(values, rad, (pixel[0] / step, pixel[1] / step), containment=containment)
    return _summed(_summed(fine, step, axis=1), step, axis=2)


def _summed(values: Floats, n: int, axis: int) -> Floats:
    """Sums of n neighbours, odd, along an axis of what is mirrored at its first point and 0 beyond its last."""
    values, half = np.moveaxis(values, axis, 0), n // 2
    around = np.concatenate([values[half:0:-1], values, np.zeros((2 * half, *values.shape[1:]))])
    total = np.zeros((len(values) + half, *values.shape[1:]))
    for first in range(n):
        total += around[first : first + len(total)]
    return np.moveaxis(total, 0, axis)


def pixel_size(geom: WcsGeom) -> tuple[float, float]:
    """Width and height of a pixel [rad]."""
    width, height = np.radians(geom.pixel_size.value)
    return float(width), float(height)
