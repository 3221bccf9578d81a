"""Small datasets of every kind for the tests of fits; `skyfold.dataset.fake` fills them with counts."""

from dataclasses import replace

import numpy as np
from astropy.coordinates import SkyCoord
from scipy.stats import norm

from skyfold.dataset.dataset import Dataset, SkyResponse
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.model.background import FovBackground
from skyfold.model.source import Source
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.power_law import PowerLaw
from tests.fold.toys import gaussian_psf

CENTER = SkyCoord(83.6, 22.0, unit="deg")
PIXEL = 0.02  # [deg]
SEEN = 1e9  # exposure [m2 s]
RESOLUTION = 0.12  # of ln energy
TRUTH = PowerLaw(index=2.3, amplitude="5e-11 cm-2 s-1 TeV-1")


def migration(true, energy):
    """Log-normal dispersion without bias; what falls outside of the reconstructed range is lost."""
    edges, middle = np.log(energy.edges_in("TeV")), np.log(true.center_in("TeV"))
    return np.diff(norm.cdf((edges[None, :] - middle[:, None]) / RESOLUTION), axis=1)


def spectrum(name="spectrum", background=2.0, seen=SEEN):
    """One region, 12 energies, a known background of so many counts in the first of them, less in the others."""
    energy, true = Axis.energy("1 TeV", "50 TeV", 12), Axis.energy("0.5 TeV", "100 TeV", 30, true=True)
    geom = RegionGeom.circle(CENTER, "0.1 deg", axes=[energy])
    behind = background * (energy.center_in("TeV") / energy.center_in("TeV")[0]) ** -1.7
    weight = Map.filled(geom.with_axes(true), seen, "m2 s")
    matrix = migration(true, energy)[..., None, None]
    return Dataset(
        name,
        counts=Map.filled(geom),
        background=Map(geom, behind[:, None, None]),
        exposure=weight,
        edisp=SkyResponse(Map(geom.with_axes(true, energy), matrix), weight),
    )


def on_off(name="on-off", background=2.0, alpha=0.2):
    """The same with its background measured beside it: counts_off are what is expected there, on average."""
    known = spectrum(name, background)
    assert known.background is not None
    return replace(
        known,
        background=None,
        counts_off=Map(known.geom, known.background.data / alpha),
        acceptance=Map.filled(known.geom, 1.0),
        acceptance_off=Map.filled(known.geom, 1 / alpha),
    )


def cube(name="cube", background=0.05, n_energies=3, n_true=6, pixel=PIXEL):
    """40 × 40 pixels with a PSF of 1.5 pixels, `background` counts in each bin."""
    energy, true = Axis.energy("1 TeV", "10 TeV", n_energies), Axis.energy("0.6 TeV", "15 TeV", n_true, true=True)
    geom = WcsGeom.create(CENTER, npix=40, pixel=pixel, axes=[energy])
    psf = gaussian_psf(CENTER, true, 1.5 * pixel, 40 * pixel)
    matrix = migration(true, energy)[..., None, None]
    return Dataset(
        name,
        counts=Map.filled(geom),
        background=Map.filled(geom, background),
        exposure=Map.filled(geom.with_axes(true), SEEN, "m2 s"),
        psf=psf,
        edisp=SkyResponse(Map(psf.exposure.geom.image.with_axes(true, energy), matrix), psf.exposure),
    )


def image(name="image", background=0.15, pixel=PIXEL):
    """The same in one energy bin."""
    return cube(name, background, n_energies=1, n_true=3, pixel=pixel)


def offset(dx=0.0, dy=0.0):
    """Position of a shape, so many pixels to the right of and above the centre."""
    geom = WcsGeom.create(CENTER, npix=40, pixel=PIXEL)
    at = geom.from_pix(19.5 + dx, 19.5 + dy)
    return {"lon_0": at.ra.deg, "lat_0": at.dec.deg, "frame": "icrs"}


def point_sky(dataset="cube", dx=0.3, dy=-0.2):
    """A point and the background of a dataset."""
    return {"source": Source(TRUTH, Point(**offset(dx, dy))), "bkg": FovBackground(dataset)}


def gaussian_sky(dataset="cube", dx=0.3, dy=-0.2, **shape):
    """An extended source and the background of a dataset."""
    wide = Gaussian(**({"sigma": 0.05} | shape), **offset(dx, dy))
    return {"source": Source(TRUTH, wide), "bkg": FovBackground(dataset)}


def spectrum_sky():
    """A source as spectra see it."""
    return {"source": Source(TRUTH)}
