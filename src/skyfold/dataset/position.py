"""What a dataset is at one position: its responses there, its spectrum in a region around it."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.dataset.dataset import Dataset, SkyResponse
from skyfold.dataset.image import power_law_flux
from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.irf.kernel import Kernel, table_kernel
from skyfold.irf.migration import Migration
from skyfold.irf.radial import Profiles
from skyfold.maps.map import Map
from skyfold.maps.spectrum import spectrum
from skyfold.num.grid import along, place
from skyfold.units import EXPOSURE, strip

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BandPsf:
    """Point spread function in bands of reconstructed energy, at one position and for one spectrum.

    density : [sr-1], shape (n_energy, n_rad); 0 in a band that no true energy of the spectrum leads into.
    """

    energy: Axis
    rad: Axis
    density: Floats

    def kernel(self, pixel: Any, *, containment: float = 0.999, radius_max: Any = None) -> Kernel:
        """Kernel of each band on pixels of that size; see `skyfold.irf.kernel.table_kernel`."""
        largest = np.inf if radius_max is None else float(strip(radius_max, "rad", "radius_max"))
        size = float(strip(pixel, "rad", "pixel"))
        return table_kernel(self.density, self.rad, size, containment=containment, radius_max=largest)


def response_at(response: SkyResponse, position: SkyCoord | None) -> tuple[Floats, Floats]:
    """A response at a position, shape (n_true, n), and the exposure there [m2 s], (n_true,).

    Interpolated between its pixels with exposure as weight, constant beyond the outermost: 0 where nothing is exposed.
    """
    table, geom, unit = response.table.data, response.table.geom, float(response.exposure.unit.to(EXPOSURE))
    if isinstance(geom, RegionGeom):
        return table[..., 0, 0], response.exposure.data[..., 0, 0] * unit
    if position is None:
        raise ShapeError(f"a response on {geom} differs from place to place: give a position")
    rows, columns, at = _cell(geom, position)
    exposure = response.exposure.data[..., rows, columns] * unit
    weighted, norm = _between(table[..., rows, columns] * exposure[:, None], at), _between(exposure, at)
    found = np.divide(weighted, norm[:, None], out=np.zeros_like(weighted), where=norm[:, None] > 0)
    return found, norm


def band_psf(dataset: Dataset, position: SkyCoord | None = None, index: float = 2.0) -> BandPsf:
    """Point spread function in each bin of reconstructed energy for a power law.

    The densities of the true energies t, weighted with what is expected from them in the bin r:

        psf(r) = Σ_t w(t, r) psf(t) / Σ_t w(t, r),   w = φ_t · exposure(t) · migration(t → r),   φ = ∫ E^−index dE

    Parameters
    ----------
    position : centre of the dataset unless told.
    index : of the power law.

    Raises
    ------
    ShapeError
        The dataset has no PSF in true energy.
    """
    if dataset.psf is None or dataset.psf.table.geom.axes[0].name != "energy_true":
        raise ShapeError(f"dataset {dataset.name!r} has no PSF in true energy: reduce it with 'psf' selected")
    at = dataset.geom.center if position is None else position
    density, exposure = response_at(dataset.psf, at)
    true, rad = dataset.psf.table.geom.axes
    if dataset.edisp is None:
        matrix = Migration.diagonal(true, dataset.energy).matrix
    else:
        matrix = response_at(dataset.edisp, at)[0]
    weight = (power_law_flux(true, index) * exposure)[:, None] * matrix
    total = weight.sum(axis=0)[:, None]
    mean = np.divide(weight.T @ density, total, out=np.zeros((total.size, rad.nbin)), where=total > 0)
    return BandPsf(dataset.energy, rad, mean)


def to_spectrum(dataset: Dataset, region: Any, *, containment_correction: bool = False) -> Dataset:
    """What a cube holds in a region, as a spectrum.

    Counts and background are summed over the safe bins of the pixels whose centre lies in the region, exposure is their
    mean, the dispersion that at the centre of the region. A bin is safe where any pixel is.

    Parameters
    ----------
    region : a sky region, a text of one, or a region geometry.
    containment_correction : take the share of the PSF, at the centre of a circle, that falls into it off the exposure.

    Raises
    ------
    ShapeError
        The dataset is an on-off measurement (pixels may share off counts, so that they cannot be summed), or a
        correction is asked for without a PSF or circle.
    RegionError
        The region holds no pixel.
    """
    if dataset.stat != "cash":
        raise ShapeError(
            f"dataset {dataset.name!r} is an on-off measurement whose pixels may share off counts;"
            " reduce the observations in the region instead"
        )
    geom = region if isinstance(region, RegionGeom) else RegionGeom(region)
    safe = Map(dataset.geom, dataset.safe)
    exposure = None if dataset.exposure is None else spectrum(dataset.exposure, geom, np.mean)
    if containment_correction and exposure is not None:
        exposure = exposure.with_data(exposure.data * _containment(dataset, geom)[:, None, None])
    return replace(
        dataset,
        counts=spectrum(dataset.counts, geom, weights=safe),
        background=None if dataset.background is None else spectrum(dataset.background, geom, weights=safe),
        exposure=exposure,
        psf=None,
        edisp=None if dataset.edisp is None else _in_region(dataset.edisp, geom),
        mask_safe=spectrum(safe, geom, np.any),
        mask_fit=None if dataset.mask_fit is None else spectrum(safe.with_data(dataset.used), geom, np.any),
    )


def _cell(geom: WcsGeom, position: SkyCoord) -> tuple[slice, slice, tuple[float, float]]:
    """The pixels (rows, columns) around a position, or those nearest to it, and where it lies (y, x) from the first."""
    x, y = (float(c) for c in geom.to_pix(position))
    if not np.isfinite([x, y]).all():
        raise ShapeError(f"the position {position.to_string()} is off the projection of {geom}")
    first = [int(np.clip(np.floor(c), 0, max(n - 2, 0))) for c, n in zip((y, x), geom.image_shape, strict=True)]
    rows, columns = (slice(i, min(i + 2, n)) for i, n in zip(first, geom.image_shape, strict=True))
    return rows, columns, (y - first[0], x - first[1])


def _between(values: Floats, at: tuple[float, float]) -> Floats:
    """Every image of an array (..., ny, nx) at a position, or at the nearest inside the outermost pixel centres."""
    nodes_y, nodes_x = (np.arange(float(n)) for n in values.shape[-2:])
    return along(along(values, place(at[1], nodes_x), -1), place(at[0], nodes_y), -1)


def _in_region(response: SkyResponse, geom: RegionGeom) -> SkyResponse:
    table, exposure = response_at(response, geom.center)
    axes = response.table.geom.axes
    return SkyResponse(
        Map(geom.with_axes(*axes), table[..., None, None], response.table.unit),
        Map(geom.with_axes(axes[0]), exposure[..., None, None], EXPOSURE),
    )


def _containment(dataset: Dataset, geom: RegionGeom) -> Floats:
    if dataset.psf is None or geom.radius is None:
        raise ShapeError(f"dataset {dataset.name!r}: a containment correction needs a PSF and a circular region")
    density, _ = response_at(dataset.psf, geom.center)
    profiles = Profiles.of(dataset.psf.table.geom.axes[1], density, means=False)
    share = profiles.enclosed_at(geom.radius.to_value("rad"))
    return np.divide(share, profiles.total, out=np.zeros(share.shape), where=profiles.total > 0)
