"""What the instrument does at one position of a dataset: PSF and migration there, on its pixels."""

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.position import response_at
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.irf.fine_kernel import fine_kernel
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


def kernel_of(density: Density | None, pixel: tuple[float, float], step: int, containment: float) -> Floats:
    """Pixel sums of the PSF on a grid of pixels / step, (T, n, n); without one that of a point, which fills a pixel."""
    if density is None:
        return np.ones((1, step, step))
    values, rad, _ = density
    fine = fine_kernel(values, rad, (pixel[0] / step, pixel[1] / step), containment=containment).values
    return _summed(_summed(widened(fine, step - 1), step, axis=1), step, axis=2)


def _summed(values: Floats, n: int, axis: int) -> Floats:
    """Sums of n neighbours along an axis, which has n − 1 less of them than of values."""
    values = np.moveaxis(values, axis, 0)
    last = len(values) - n + 1
    total = values[:last].copy()
    for i in range(1, n):
        total += values[i : i + last]
    return np.moveaxis(total, 0, axis)


def widened(kernel: Floats, by: int) -> Floats:
    """Kernels with so many zeros more on every side."""
    return np.pad(kernel, ((0, 0), (by, by), (by, by)))


def pixel_size(geom: WcsGeom) -> tuple[float, float]:
    """Width and height of a pixel [rad]."""
    width, height = np.radians(geom.pixel_size.value)
    return float(width), float(height)
