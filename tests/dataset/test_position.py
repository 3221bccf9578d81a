import math
from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest

from skyfold.dataset.dataset import SkyResponse
from skyfold.dataset.position import band_psf, response_at, to_spectrum
from skyfold.errors import RegionError, ShapeError
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.geom.regions import region_mask
from skyfold.maps.map import Map
from tests.datasets import CENTER, COARSE, ENERGY_TRUE, REGION, WHOLE, random_dataset

RAD = Axis.even("rad", 0.0, 1.0, 200, unit="deg")


def test_a_response_at_a_pixel_centre_is_that_of_the_pixel():
    psf = random_dataset(1).psf
    table, exposure = response_at(psf, COARSE.from_pix(2, 3))
    np.testing.assert_allclose(table, psf.table.data[..., 3, 2])
    np.testing.assert_allclose(exposure, psf.exposure.data[..., 3, 2])


def test_between_pixels_exposure_is_the_weight():
    psf = random_dataset(1).psf
    table, _ = response_at(psf, COARSE.from_pix(2.5, 3))
    a, b = (psf.exposure.data[:, None, 3, i] for i in (2, 3))
    expected = (a * psf.table.data[..., 3, 2] + b * psf.table.data[..., 3, 3]) / (a + b)
    np.testing.assert_allclose(table, expected)


def test_beyond_the_outermost_pixels_theirs_holds():
    psf = random_dataset(1).psf
    table, _ = response_at(psf, COARSE.from_pix(-3, 2))
    np.testing.assert_allclose(table, psf.table.data[..., 2, 0])


def test_where_nothing_is_exposed_there_is_no_response():
    psf = random_dataset(1).psf
    table, exposure = response_at(replace(psf, exposure=psf.exposure * 0.0), CENTER)
    assert np.all(table == 0)
    assert np.all(exposure == 0)


def gaussian_psf(widths):
    """A Gaussian for each true energy, the same everywhere."""
    sigma = np.radians(widths)[:, None]
    density = np.exp(-0.5 * (RAD.center_in("rad") / sigma) ** 2) / (2 * np.pi * sigma**2)
    data = np.broadcast_to(density[..., None, None], (*density.shape, *COARSE.image_shape))
    exposure = Map.filled(COARSE.with_axes(ENERGY_TRUE), 1e9, "m2 s")
    return SkyResponse(Map(COARSE.with_axes(ENERGY_TRUE, RAD), data, "sr-1"), exposure)


def test_one_shape_at_all_energies_is_that_shape():
    dataset = replace(random_dataset(1), psf=gaussian_psf(np.full(4, 0.1)))
    found = band_psf(dataset)
    for density in found.density:
        np.testing.assert_allclose(density, dataset.psf.table.data[0, :, 0, 0])


def test_a_band_is_weighted_by_what_is_expected_in_it():
    dataset = replace(random_dataset(1), psf=gaussian_psf(np.array([0.2, 0.15, 0.1, 0.05])))
    soft, hard = (band_psf(dataset, index=index).density for index in (4.0, 0.0))
    assert np.all(hard[:, 0] > soft[:, 0])  # more photons of high energy: a sharper core
    only = np.zeros_like(dataset.edisp.table.data)
    only[1, 0], only[3, 2] = 0.7, 0.2
    diagonal = replace(dataset, edisp=replace(dataset.edisp, table=dataset.edisp.table.with_data(only)))
    found = band_psf(diagonal).density
    np.testing.assert_allclose(found[0], dataset.psf.table.data[1, :, 0, 0])
    np.testing.assert_allclose(found[2], dataset.psf.table.data[3, :, 0, 0])
    assert np.all(found[1] == 0)


def test_the_kernel_of_a_band_sums_to_one():
    dataset = replace(random_dataset(1), psf=gaussian_psf(np.full(4, 0.1)))
    kernel = band_psf(dataset).kernel("0.05 deg", radius_max="0.5 deg")
    np.testing.assert_allclose(kernel.values.sum(axis=(1, 2)), 1.0)
    half = kernel.values.shape[-1] // 2
    # The share of each pixel: of a Gaussian, the product of two differences of error functions.
    edges = (np.arange(-half, half + 2) - 0.5) * 0.05 / 0.1
    share = np.diff([math.erf(edge / math.sqrt(2)) / 2 for edge in edges])
    np.testing.assert_allclose(kernel.values[0], np.outer(share, share), atol=1e-4)


def test_no_psf_says_what_to_do():
    with pytest.raises(ShapeError, match="reduce it with 'psf'"):
        band_psf(replace(random_dataset(1), psf=None))


def test_a_spectrum_holds_the_safe_counts_of_the_region():
    cube = random_dataset(1, mask_fit=True)
    region = RegionGeom.circle(CENTER, "0.3 deg")
    found = to_spectrum(cube, region)
    held = region_mask(WHOLE.image, region.region)
    np.testing.assert_array_equal(found.counts.data[:, 0, 0], (cube.counts.data * cube.safe)[:, held].sum(axis=1))
    np.testing.assert_allclose(found.background.data[:, 0, 0], (cube.background.data * cube.safe)[:, held].sum(axis=1))
    np.testing.assert_allclose(found.exposure.data[:, 0, 0], cube.exposure.data[:, held].mean(axis=1))
    np.testing.assert_array_equal(found.safe[:, 0, 0], cube.safe[:, held].any(axis=1))
    np.testing.assert_allclose(found.edisp.table.data[..., 0, 0], response_at(cube.edisp, CENTER)[0])
    assert found.livetime_s == cube.livetime_s


def test_the_exposure_is_corrected_for_what_the_circle_does_not_hold():
    cube = replace(random_dataset(1), psf=gaussian_psf(np.array([0.2, 0.15, 0.1, 0.05])))
    plain, corrected = (to_spectrum(cube, REGION, containment_correction=c).exposure.data for c in (False, True))
    expected = 1 - np.exp(-0.5 * (0.1 / np.array([0.2, 0.15, 0.1, 0.05])) ** 2)
    np.testing.assert_allclose((corrected / plain)[:, 0, 0], expected, rtol=2e-3)


def test_off_counts_that_pixels_share_are_not_summed():
    with pytest.raises(ShapeError, match="may share off counts"):
        to_spectrum(random_dataset(1, stat="wstat"), REGION)


def test_a_correction_needs_a_psf():
    with pytest.raises(ShapeError, match="needs a PSF and a circular region"):
        to_spectrum(replace(random_dataset(1), psf=None), REGION, containment_correction=True)


def test_a_region_elsewhere_is_refused():
    far = RegionGeom.circle(CENTER.directional_offset_by(0 * u.deg, 5 * u.deg), "0.1 deg")
    with pytest.raises(RegionError, match="holds no pixel"):
        to_spectrum(random_dataset(1), far)
