import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erf

from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis
from skyfold.irf.kernel import psf_kernel, table_kernel
from skyfold.irf.psf_shapes import PsfKing, PsfMultiGauss

TRUE = Axis.energy("1 TeV", "100 TeV", 2, true=True)
OFFSET = Axis("offset", [0.0, 2.0], "deg")
ONE = np.ones((2, 1))
E = TRUE.center_in("TeV")


def gauss(sigma, sigma_high=None):
    values = np.array([[sigma], [sigma if sigma_high is None else sigma_high]])
    return PsfMultiGauss(TRUE, OFFSET, values[None], ONE[None])


def pixel_integrals(sigma, width, height, shape):
    """A Gaussian's share of each pixel."""

    def along(n, size):
        edges = (np.arange(n + 1) - n / 2) * size / (sigma * np.sqrt(2))
        return np.diff(erf(edges)) / 2

    return along(shape[0], height)[:, None] * along(shape[1], width)


@settings(max_examples=20, deadline=None)
@given(sigma=st.floats(0.05, 4.0))
def test_pixels_of_a_gaussian_at_any_size(sigma):
    kernel = psf_kernel(gauss(sigma), E[:1], 0.0, 1.0)
    (values,) = kernel.values
    assert values.shape[0] == values.shape[1]
    assert values.shape[0] % 2 == 1
    wanted = pixel_integrals(sigma, 1.0, 1.0, values.shape)
    assert kernel.cut[0] == pytest.approx(1 - wanted.sum(), abs=1e-5)
    assert np.abs(values - wanted / wanted.sum()).max() < 1.2e-3 * wanted.max()


def test_pixels_need_not_be_square():
    (values,) = psf_kernel(gauss(1.0), E[:1], 0.0, (0.5, 0.8)).values
    wanted = pixel_integrals(1.0, 0.5, 0.8, values.shape)
    np.testing.assert_allclose(values, wanted / wanted.sum(), atol=1e-3 * wanted.max())


def test_each_energy_sums_to_one_and_tells_what_was_cut():
    kernel = psf_kernel(gauss(2.0, 0.5), E, 0.0, 1.0, radius_max=2.0)
    assert kernel.values.shape == (2, 5, 5)
    np.testing.assert_allclose(kernel.values.sum(axis=(1, 2)), 1.0)
    np.testing.assert_allclose(kernel.cut, [1 - erf(2.5 / np.sqrt(8)) ** 2, 0.0], atol=5e-5)


def test_a_long_tail_is_reported():
    psf = PsfKing(TRUE, OFFSET, 1.5 * ONE, ONE)
    kernel = psf_kernel(psf, E[:1], 0.0, 1.0, containment=0.8)
    outside = 1 - psf.containment(E[0], 0.0, (kernel.values.shape[1] / 2) * np.array([1.0, np.sqrt(2)]))
    assert outside[1] < kernel.cut[0] < outside[0]


def test_an_energy_without_shape_stays_zero():
    psf = PsfMultiGauss(TRUE, OFFSET, np.array([[[0.0], [1.0]]]), ONE[None])
    kernel = psf_kernel(psf, [E[0], E[1]], 0.0, 1.0)
    assert np.all(kernel.values[0] == 0)
    assert np.isnan(kernel.cut[0])
    assert kernel.values[1].sum() == pytest.approx(1.0)


def test_no_shape_at_all_is_an_error():
    with pytest.raises(ShapeError, match="is the offset within the response"):
        psf_kernel(gauss(0.0), E, 0.0, 1.0)


def test_a_table_leads_to_the_kernel_of_its_form():
    rad = Axis.even("rad", 0.0, 6.0, 120, unit="rad")
    psf = gauss(1.0)
    density = psf.density_table(E, rad.center_in("rad"), 0.0)
    kernel, wanted = table_kernel(3.0 * density, rad, 0.5, radius_max=3.0), psf_kernel(psf, E, 0.0, 0.5, radius_max=3.0)
    np.testing.assert_allclose(kernel.values, wanted.values, atol=1e-3 * wanted.values.max())
    np.testing.assert_allclose(kernel.cut, wanted.cut, atol=1e-3)


def test_kernels_are_symmetric():
    (values,) = psf_kernel(gauss(1.3), E[:1], 0.0, 1.0).values
    for other in (values[::-1], values[:, ::-1], values.T):
        np.testing.assert_allclose(values, other, rtol=1e-9, atol=1e-15)
