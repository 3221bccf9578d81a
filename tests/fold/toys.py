"""A small cube with a Gaussian PSF, whose expected counts can be found by other means."""

import numpy as np
from astropy.coordinates import SkyCoord

from skyfold.dataset.dataset import Dataset, SkyResponse
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map

ENERGY = Axis.energy("1 TeV", "10 TeV", 2)
TRUE = Axis.energy("0.8 TeV", "12 TeV", 4, true=True)
PIXEL = 0.02
SIGMA = 0.03  # of the PSF [deg]
SEEN = 1e6  # exposure [m2 s]


def cube(proj="TAN", frame="icrs", sigma=SIGMA, slope=0.0, npix=60, center=None):
    """Exposure rises by `slope` per pixel along x; migration spreads each true bin evenly over all reconstructed."""
    center = SkyCoord(83.6, 22.0, unit="deg") if center is None else center
    geom = WcsGeom.create(center, npix=npix, pixel=PIXEL, proj=proj, frame=frame, axes=[ENERGY])
    psf = gaussian_psf(center, TRUE, sigma, npix * PIXEL, proj, frame)
    matrix = np.full((TRUE.nbin, ENERGY.nbin, 1, 1), 0.5)
    ramp = SEEN * (1 + slope * (np.arange(npix) - npix / 2))
    exposure = np.broadcast_to(ramp, (TRUE.nbin, npix, npix))
    return Dataset(
        "toy",
        counts=Map.filled(geom),
        background=Map.filled(geom, 0.1),
        exposure=Map(geom.with_axes(TRUE), exposure, "m2 s"),
        psf=psf,
        edisp=SkyResponse(Map(psf.exposure.geom.image.with_axes(TRUE, ENERGY), matrix), psf.exposure),
    )


def gaussian_psf(center, energy, sigma, width, proj="TAN", frame="icrs"):
    """The same PSF everywhere, on one pixel of some width [deg]; sigma [deg], of all energies or one for each."""
    one = WcsGeom.create(center, npix=1, pixel=width, proj=proj, frame=frame)
    rad = Axis.even("rad", 0, 8 * np.max(sigma), 400, unit="deg")
    sigma = np.broadcast_to(sigma, energy.nbin)[:, None]
    density = np.exp(-(rad.center_in("deg") ** 2) / (2 * sigma**2)) / (2 * np.pi * np.radians(sigma) ** 2)
    weight = Map(one.with_axes(energy), np.ones((energy.nbin, 1, 1)), "m2 s")
    return SkyResponse(Map(one.with_axes(energy, rad), density[:, :, None, None], "sr-1"), weight)
