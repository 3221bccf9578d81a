import numpy as np
import pytest

from skyfold.errors import DataError
from skyfold.geom.axis import Axis
from skyfold.irf.psf_shapes import PsfKing, PsfMultiGauss

TRUE = Axis.energy("1 TeV", "100 TeV", 2, true=True)
OFFSET = Axis("offset", [0.0, 2.0], "deg")
ONE = np.ones((2, 1))


def test_a_single_gaussian():
    psf = PsfMultiGauss(TRUE, OFFSET, 0.01 * ONE[None], ONE[None])
    assert psf(3.0, 0.0, 0.01) == pytest.approx(np.exp(-0.5) / (2 * np.pi * 1e-4))
    assert psf.containment_radius(3.0, 0.0, 0.68) == pytest.approx(0.01 * np.sqrt(-2 * np.log(0.32)))


def test_components_weigh_by_amplitude_and_width_squared():
    psf = PsfMultiGauss(TRUE, OFFSET, np.stack([0.01 * ONE, 0.02 * ONE]), np.stack([ONE, 0.5 * ONE]))
    core, halo = 1 - np.exp(-0.5), 1 - np.exp(-0.125)
    assert psf.containment(3.0, 0.0, 0.01) == pytest.approx((core + 0.5 * 4 * halo) / 3)


def test_a_width_of_zero_is_no_component():
    sigma, amplitude = np.stack([0.01 * ONE, 0 * ONE]), np.stack([ONE, 0.7 * ONE])
    psf = PsfMultiGauss(TRUE, OFFSET, sigma, amplitude)
    assert psf.containment(3.0, 0.0, 0.01) == pytest.approx(1 - np.exp(-0.5))
    assert np.isfinite(psf(3.0, 0.0, 0.0))


def test_a_component_that_begins_at_some_energy_keeps_its_width():
    sigma = np.stack([0.01 * ONE, np.array([[0.0], [0.04]])])
    amplitude = np.stack([ONE, np.array([[0.0], [0.1]])])
    e = TRUE.center_in("TeV")
    psf = PsfMultiGauss(TRUE, OFFSET, sigma, amplitude)
    middle = psf(np.sqrt(e[0] * e[1]), 0.0, 0.05)
    halo = 0.05 * np.exp(-0.5 * (0.05 / 0.04) ** 2) + np.exp(-12.5)
    assert middle == pytest.approx(halo / (2 * np.pi * (1e-4 + 0.05 * 16e-4)))


def test_king_profile_and_its_closed_forms():
    gamma, sigma, r = 2.2, 0.01, 0.017
    psf = PsfKing(TRUE, OFFSET, gamma * ONE, sigma * ONE)
    base = 1 + r**2 / (2 * gamma * sigma**2)
    assert psf(3.0, 0.0, r) == pytest.approx((1 - 1 / gamma) / (2 * np.pi * sigma**2) * base**-gamma)
    assert psf.containment(3.0, 0.0, r) == pytest.approx(1 - base ** (1 - gamma))
    assert psf.containment_radius(3.0, 0.0, 1 - base ** (1 - gamma)) == pytest.approx(r)
    assert psf.reach > psf.containment_radius(3.0, 0.0, 0.99)


@pytest.mark.parametrize(("gamma", "sigma"), [(1.0, 0.01), (0.0, 0.01), (2.0, 0.0)])
def test_a_king_profile_that_cannot_be_normalised_is_none(gamma, sigma):
    psf = PsfKing(TRUE, OFFSET, gamma * ONE, sigma * ONE)
    assert psf(3.0, 0.0, 0.001) == 0
    assert psf.containment(3.0, 0.0, 1.0) == 0
    assert np.isnan(psf.containment_radius(3.0, 0.0, 0.5))


def test_nan_is_refused_by_name():
    with pytest.raises(DataError, match="PSF SIGMA_1: 1 values are not finite"):
        PsfMultiGauss(TRUE, OFFSET, np.array([[[0.01], [np.nan]]]), ONE[None])
    with pytest.raises(DataError, match="PSF GAMMA"):
        PsfKing(TRUE, OFFSET, np.nan * ONE, ONE)
