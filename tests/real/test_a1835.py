"""Abell 1835 as XMM-Newton saw it: fits of an image whose PSF is a shape of its own.

Reference numbers: stamp fits with scipy, the cluster with a sampler (posterior means and standard deviations), all with
shapes evaluated at the centres of pixels; parameters have to agree within 0.2 of an error.
"""

from dataclasses import replace

import numpy as np
import pytest

from skyfold.dataset.from_image import from_image
from skyfold.dataset.window import Folding
from skyfold.estimate.calibration import calibrate
from skyfold.estimate.generative import Generative
from skyfold.fit.fit import fit
from skyfold.fit.goodness import goodness
from skyfold.fit.parameters import Parameters
from skyfold.fit.sample import posterior
from skyfold.io.maps import read_map
from skyfold.maps.map import Map
from skyfold.model.background import FovBackground
from skyfold.model.priors import GaussianPrior, LogNormalPrior, LogUniformPrior
from skyfold.model.source import Source
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.king import Beta, King
from skyfold.model.spectral.power_law import PowerLaw2, PowerLawNorm

BAND = {"emin": "1 keV", "emax": "2 keV"}
CENTRES = Folding(oversampling=1)


@pytest.fixture(scope="module")
def image(data_dir):
    stem = str(data_dir / "xmm-a1835" / "P0098010101M2U009")
    exposure = read_map(stem + "EXPMAP3000.FTZ", unit="s")
    return from_image("a1835", read_map(stem + "IMAGE_3000.FTZ"), exposure, ("1 keV", "2 keV"))


@pytest.fixture(scope="module")
def circles(data_dir):
    """Centres and radii (n, 3) of the point sources, in 0-based pixels; the file counts from 1."""
    return np.loadtxt(data_dir / "xmm-a1835" / "M2ptsrc_regions.txt") - [1, 1, 0]


def pixel_of(dataset):
    return float(dataset.geom.pixel_size[0].to_value("deg"))


def at(dataset, x, y):
    sky = dataset.geom.from_pix(x, y).icrs
    return {"lon_0": sky.ra.deg, "lat_0": sky.dec.deg, "frame": "icrs"}


def in_pixels(dataset, result, name):
    """Position (x, y) and its errors [pixels]."""
    shape, pixel = result.sky[name].shape, pixel_of(dataset)
    x, y = dataset.geom.lonlat_to_pix(shape.lon_0, shape.lat_0)
    cos = np.cos(np.radians(shape.lat_0))
    errors = result.error(f"{name}.shape.lon_0") * cos / pixel, result.error(f"{name}.shape.lat_0") / pixel
    return (float(x), float(y)), errors


def test_what_the_image_holds(image, circles):
    assert image.counts.data.sum() == 36174
    assert image.safe.sum() == 140179
    assert image.exposure.data_in("cm2 s").max() == pytest.approx(28168.1, abs=0.1)
    assert len(circles) == 26


@pytest.fixture(scope="module")
def stamp(image):
    """31 × 31 pixels around the first of the circles."""
    return image.cut(slice(383, 414), slice(216, 247))


def stamp_fit(stamp, shape, *frozen):
    """Result of a fit of one source over a constant rate, and its deviance."""
    sky = {
        "agn": Source(PowerLaw2(0.03, **BAND), shape),
        "sky": FovBackground("a1835", PowerLawNorm(norm=1e-5)),
    }
    table = Parameters.of(sky)
    for name in ("agn.spectrum.index", *frozen):
        table = table.freeze(name)
    result = fit(stamp, sky, table, folding=CENTRES).check()
    counts = stamp.counts.data
    fixed = 2 * np.sum(counts - counts * np.log(np.where(counts > 0, counts, 1)))  # from cash to cstat
    return result, result.stat - fixed


def test_the_agn_with_a_gaussian_psf(stamp):
    shape = Gaussian(sigma=1.6 * pixel_of(stamp), **at(stamp, 15, 15))
    result, cstat = stamp_fit(stamp, shape)
    (x, y), _ = in_pixels(stamp, result, "agn")
    assert stamp.used.sum() == 961
    assert cstat == pytest.approx(828.4, abs=0.05)
    assert x + 217 == pytest.approx(232.629, abs=0.2 * 0.080)  # 1-based
    assert y + 384 == pytest.approx(399.273, abs=0.2 * 0.078)
    assert result.sky["agn"].spectrum.amplitude == pytest.approx(0.03122, abs=0.2 * 0.00144)
    assert result.error("agn.spectrum.amplitude") == pytest.approx(0.00144, rel=0.05)
    assert result.sky["agn"].shape.sigma / pixel_of(stamp) == pytest.approx(1.644, abs=0.2 * 0.053)
    assert result.error("agn.shape.sigma") / pixel_of(stamp) == pytest.approx(0.053, rel=0.05)


def test_the_king_profile_is_better_than_the_gaussian_by_far(stamp):
    """The shape of a real PSF: 123.5 in the statistic, with as many parameters; neither is perfect (961 pixels)."""
    shape = King(core=1.1 * pixel_of(stamp), slope=1.45, **at(stamp, 15, 15))
    result, cstat = stamp_fit(stamp, shape, "agn.shape.slope")
    assert cstat == pytest.approx(704.9, abs=0.05)
    assert result.sky["agn"].spectrum.amplitude == pytest.approx(0.04003, abs=0.2 * 0.00180)
    assert result.error("agn.spectrum.amplitude") == pytest.approx(0.00180, rel=0.05)
    assert result.sky["agn"].shape.core / pixel_of(stamp) == pytest.approx(1.083, abs=0.2 * 0.060)
    assert result.error("agn.shape.core") / pixel_of(stamp) == pytest.approx(0.060, rel=0.05)


@pytest.fixture(scope="module")
def model(stamp):
    """The active galaxy as a King profile over a constant rate, as a recipe for data."""
    shape = King(core=pixel_of(stamp), slope=1.45, **at(stamp, 15, 15))
    sky = {"agn": Source(PowerLaw2(0.03, **BAND), shape), "sky": FovBackground("a1835", PowerLawNorm(norm=1e-5))}
    table = Parameters.of(sky).freeze("agn.spectrum.index").freeze("agn.shape.slope")
    table = table.set("agn.spectrum.amplitude", prior=LogUniformPrior(0.01, 0.1))
    table = table.set("agn.shape.core", prior=LogNormalPrior(np.log(pixel_of(stamp)), 0.3))
    table = table.set("sky.spectrum.norm", prior=LogUniformPrior(1e-6, 1e-4))
    for name, value in (("lon_0", shape.lon_0), ("lat_0", shape.lat_0)):
        table = table.set(f"agn.shape.{name}", prior=GaussianPrior(value, 2 * pixel_of(stamp)))
    return Generative.of(stamp, sky, table)


def test_mock_stamps_look_like_the_data(model, stamp):
    """Of the counts, the brightest pixel and the counts near the middle, the seen ones are among those of mocks."""
    draws = posterior(model.fit().check(), 50, 1, tried=150).check()
    y, x = np.indices(stamp.geom.image_shape)
    near = np.hypot(x - 15, y - 15) < 4

    def seen(counts):
        return [counts.sum(), counts.max(), counts[0][near].sum()]

    mocks = np.array([seen(d.datasets[0].counts.data) for d in model.posterior_predictive(draws, 40, 2)])
    share = np.mean(mocks <= seen(stamp.counts.data), axis=0)
    assert np.all((share > 0) & (share < 1)), share


def test_known_parameters_are_recovered(model):
    for seed in range(2):
        truth = model.draw_prior(seed)
        result = model.fit(model.simulate(seed, truth))
        pulls = [(row.value - truth[row.name].value) / row.error for row in result.parameters.free]
        assert np.abs(pulls).max() < 4


def test_the_gaussian_is_no_psf_and_king_is_nearer(stamp):
    """Deviance against that of simulated data: the Gaussian is 8 standard deviations off, the King profile 4."""
    off = {}
    gaussian = Gaussian(sigma=1.6 * pixel_of(stamp), **at(stamp, 15, 15))
    king = King(core=1.1 * pixel_of(stamp), slope=1.45, **at(stamp, 15, 15))
    for name, shape, frozen in (("gaussian", gaussian, ()), ("king", king, ("agn.shape.slope",))):
        found = goodness(stamp_fit(stamp, shape, *frozen)[0], 12, seed=3)
        off[name] = (found.deviance - found.simulated.mean()) / 25  # their standard deviation is 24 for the one, 25
    assert 6.5 < off["gaussian"] < 10
    assert 2 < off["king"] < 5.5


@pytest.mark.slow
def test_ranks_of_the_truth_are_uniform(model):
    found = calibrate(model, 100, 5, draws=49, tried=300)
    assert len(found.failures) <= 5
    assert min(found.p_values(5).values()) > 1e-3


@pytest.mark.slow
def test_cluster_agn_and_background_together(image, circles):
    """Ten parameters on 481 × 481 pixels; the background is a constant in counts, the other sources are masked."""
    field = image.cut(slice(100, 581), slice(100, 581))
    y, x = np.indices(field.geom.image_shape) + 100.0
    free = np.all([np.hypot(x - cx, y - cy) > radius for cx, cy, radius in circles[1:]], axis=0)
    ones = Map(field.geom, np.ones(field.geom.shape))
    field = replace(field, background=ones, mask_fit=Map(field.geom, free[None]))
    assert field.used.sum() == 138059
    assert field.counts.data[field.used].sum() == 35594

    pixel = pixel_of(field)
    area = float(np.median(field.geom.solid_angle))  # per steradian → per pixel
    sky = {
        "cluster": Source(
            PowerLaw2(np.exp(-5.0) / area, **BAND), Beta(core=3.8 * pixel, beta=0.58, **at(field, 227.5, 247))
        ),
        "agn": Source(PowerLaw2(0.03, **BAND), Gaussian(sigma=1.76 * pixel, **at(field, 131.5, 298))),
        "sky": FovBackground("a1835", PowerLawNorm(norm=0.06)),
    }
    result = fit(field, sky, Parameters.of(sky).freeze("*.spectrum.index"), folding=CENTRES).check()

    (x0, y0), _ = in_pixels(field, result, "cluster")
    (xa, ya), _ = in_pixels(field, result, "agn")
    cluster, agn = result.sky["cluster"], result.sky["agn"]
    found = {
        "b": (result.sky["sky"].spectrum.norm, 0.05241, 0.00086),
        "x0": (x0 + 100, 327.801, 0.039),
        "y0": (y0 + 100, 346.904, 0.040),
        "ln S0": (np.log(cluster.spectrum.amplitude * area), -5.0206, 0.0209),
        "rc": (cluster.shape.core / pixel, 3.826, 0.067),
        "beta": (cluster.shape.beta, 0.5795, 0.0025),
        "rpsf": (agn.shape.sigma / pixel, 1.761, 0.049),
        "xa": (xa + 100, 231.638, 0.082),
        "ya": (ya + 100, 398.262, 0.081),
        "ln F": (np.log(agn.spectrum.amplitude), -3.4265, 0.0444),
    }
    pulls = {name: (value - mean) / error for name, (value, mean, error) in found.items()}
    assert all(abs(pull) < 0.2 for pull in pulls.values()), pulls
    assert result.stat == pytest.approx(-12487.97, abs=0.02)
