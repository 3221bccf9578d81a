import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from scipy.signal import convolve2d

from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.filter import box_kernel, convolve, gauss_kernel, ring_kernel, smooth, tophat_kernel
from skyfold.maps.map import Map

GEOM = WcsGeom.create(
    SkyCoord(83.63, 22.01, unit="deg"), pixel="0.1 deg", npix=(31, 26), axes=[Axis.energy("1 TeV", "16 TeV", 2)]
)
RNG = np.random.default_rng(4)
COUNTS = Map(GEOM, RNG.poisson(0.3, GEOM.shape).astype(float))


def impulse(x: int = 15, y: int = 13) -> Map:
    data = np.zeros(GEOM.shape)
    data[:, y, x] = 1
    return Map(GEOM, data)


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (5, 3), (5, 5), (7, 7), (9, 15), (51, 51)])
def test_convolution_is_the_sum_it_stands_for(shape):
    kernel = RNG.normal(size=shape)
    found = convolve(COUNTS, kernel)
    y, x = shape[0] // 2, shape[1] // 2
    for image, expected in zip(found.data, COUNTS.data, strict=True):
        full = convolve2d(expected, kernel)
        np.testing.assert_allclose(image, full[y : y + 26, x : x + 31], atol=1e-12)


@pytest.mark.parametrize("kernel", [tophat_kernel(1.0), tophat_kernel(4.2), ring_kernel(5, 3)])
def test_counts_under_a_whole_kernel_are_whole(kernel):
    found = convolve(COUNTS, kernel).data
    np.testing.assert_array_equal(found, np.rint(found))
    assert found.min() >= 0


def test_what_is_not_negative_stays_so():
    background = Map(GEOM, 10.0 ** RNG.uniform(-30, 5, GEOM.shape))
    assert convolve(background, gauss_kernel(2.0)).data.min() >= 0


def test_a_kernel_for_each_image():
    kernels = np.stack([tophat_kernel(2), 3 * tophat_kernel(2)])
    found = convolve(COUNTS, kernels)
    np.testing.assert_allclose(found.data[1], 3 * convolve(COUNTS, tophat_kernel(2)).data[1])
    np.testing.assert_allclose(found.data[0], convolve(COUNTS, tophat_kernel(2)).data[0])


@pytest.mark.parametrize("radius", [1, 4])
def test_a_missing_pixel_is_missed_only_where_the_kernel_reaches(radius):
    data = COUNTS.data.copy()
    data[0, 13, 15] = np.nan
    found, whole = convolve(COUNTS.with_data(data), tophat_kernel(radius)), convolve(COUNTS, tophat_kernel(radius))
    touched = convolve(impulse(), tophat_kernel(radius)).data[0] > 0
    assert np.all(np.isnan(found.data[0]) == touched)
    np.testing.assert_array_equal(found.data[0][~touched], whole.data[0][~touched])
    np.testing.assert_array_equal(found.data[1], whole.data[1])


def test_kernels_hold_the_pixels_their_names_say():
    assert tophat_kernel(1).sum() == 5
    assert tophat_kernel(0.5).tolist() == [[1]]
    assert tophat_kernel(2).shape == (5, 5)
    ring = ring_kernel(2, 1)
    assert ring.shape == (7, 7)
    assert not np.any(ring * np.pad(tophat_kernel(1.99), 2)[0:7, 0:7])
    np.testing.assert_array_equal(ring + np.pad(tophat_kernel(1.99), 2)[0:7, 0:7], tophat_kernel(3))
    # 0.5 and 0.8 degrees in pixels of 0.02: radii that are whole only up to rounding hold their border pixels.
    assert ring_kernel(0.5 / 0.02, 0.3 / 0.02).shape == (81, 81)
    assert ring_kernel(0.5 / 0.02, 0.3 / 0.02).sum() == ring_kernel(25, 15).sum()


@pytest.mark.parametrize("sigma", [0.0, 0.7, 2.0])
def test_a_gauss_kernel_sums_to_one_and_has_its_width(sigma):
    kernel = gauss_kernel(sigma)
    offset = np.arange(len(kernel)) - len(kernel) // 2
    assert kernel.sum() == pytest.approx(1)
    assert np.sqrt((kernel.sum(axis=0) * offset**2).sum()) == pytest.approx(sigma, rel=2e-3)


@pytest.mark.parametrize("width", [0.4, 1.0, 2.0, 3.0, 4.6])
def test_a_box_kernel_has_its_width_to_a_fraction_of_a_pixel(width):
    kernel = box_kernel(width)
    assert kernel.sum() == pytest.approx(1)
    assert kernel.max() == pytest.approx(1 / max(width, 1) ** 2)


@pytest.mark.parametrize("kernel", ["gauss", "disk", "box"])
def test_smoothing_keeps_counts_away_from_the_border(kernel):
    smoothed = smooth(impulse(), "0.2 deg", kernel)
    np.testing.assert_allclose(smoothed.data.sum(axis=(1, 2)), 1)
    assert smoothed.data[0, 13, 15] == smoothed.data.max()
    np.testing.assert_allclose(smooth(impulse(), 2, kernel).data, smoothed.data)
    np.testing.assert_allclose(smooth(impulse(), 12 * u.arcmin, kernel).data, smoothed.data, atol=1e-15)
    assert smooth(impulse(0, 0), "0.2 deg", kernel).data[0].sum() < 0.9


def test_what_cannot_be_done_says_why():
    with pytest.raises(ShapeError, match=r"an odd number of pixels on each side, found shape \(2, 3\)"):
        convolve(COUNTS, np.ones((2, 3)))
    with pytest.raises(ShapeError, match="no smoothing kernel 'tophat'; there are gauss, disk, box"):
        smooth(COUNTS, 2, "tophat")
