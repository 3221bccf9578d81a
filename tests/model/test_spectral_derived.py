"""Quantities that follow from a spectrum and its covariance, against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skyfold.errors import ShapeError
from skyfold.model.spectral import derived
from skyfold.model.spectral.cutoff import ExpCutoffPowerLaw
from skyfold.model.spectral.log_parabola import LogParabola
from skyfold.model.spectral.power_law import BrokenPowerLaw, Constant, PowerLaw

# index, amplitude, reference of a power law, correlated
POWER_LAW = PowerLaw(2.3, 1e-12, "2 TeV")
COVARIANCE = np.zeros((3, 3))
COVARIANCE[:2, :2] = [[0.04, 5e-15], [5e-15, 1e-26]]
ENERGY = np.array([0.5, 2.0, 10.0])


def test_the_error_of_a_power_law_is_its_closed_form():
    value, error = derived.dnde(POWER_LAW, ENERGY, COVARIANCE)
    x = np.log(ENERGY / 2)
    np.testing.assert_allclose(value, POWER_LAW.dnde(ENERGY))
    np.testing.assert_allclose(error / value, np.sqrt(1e-26 / 1e-24 - 2 * x * 5e-15 / 1e-12 + x**2 * 0.04), rtol=1e-10)


def test_a_sampled_band_of_small_errors_is_the_linear_one():
    small = COVARIANCE * 1e-4
    value, error = derived.dnde(POWER_LAW, ENERGY, small)
    band = derived.dnde_band(POWER_LAW, ENERGY, small, np.random.default_rng(0), samples=40_000)
    np.testing.assert_allclose(band.median, value, rtol=1e-3)
    np.testing.assert_allclose((band.high - band.low) / 2, error, rtol=0.02)


def test_a_sampled_band_of_large_errors_is_not_symmetric():
    wide = np.diag([1.0, 0.0, 0.0])
    low, median, high = derived.dnde_band(POWER_LAW, ENERGY[2:], wide, np.random.default_rng(0), samples=40_000)
    np.testing.assert_allclose(np.log(high / median), np.log(5), rtol=0.03)  # one sigma of the index at ln E/E0 = ln 5
    np.testing.assert_allclose(np.log(median / low), np.log(5), rtol=0.03)


def test_the_error_of_an_integral_with_a_free_amplitude_is_that_of_the_amplitude():
    only = np.diag([0.0, 1e-26, 0.0])
    for quantity in (derived.flux, derived.energy_flux):
        value, error = quantity(POWER_LAW, 1.0, 10.0, only)
        assert error / value == pytest.approx(0.1)


def test_the_pivot_of_a_power_law_is_where_index_and_amplitude_are_uncorrelated():
    expected = 2 * np.exp(5e-15 / (1e-12 * 0.04))
    assert derived.pivot_energy(POWER_LAW, COVARIANCE) == pytest.approx(expected, rel=1e-6)


def test_there_is_no_pivot_beyond_the_range_or_of_one_parameter():
    assert np.isnan(derived.pivot_energy(POWER_LAW, COVARIANCE, 0.1, 2.0))
    assert np.isnan(derived.pivot_energy(POWER_LAW, np.diag([0.0, 1e-26, 0.0])))


def test_the_index_is_the_local_one():
    np.testing.assert_allclose(derived.index(POWER_LAW, ENERGY), np.full(3, 2.3))
    curved = LogParabola(1e-12, "2 TeV", 2.1, 0.3)
    np.testing.assert_allclose(derived.index(curved, ENERGY), 2.1 + 0.6 * np.log(ENERGY / 2))
    value, error = derived.propagate(lambda s: derived.index(s, ENERGY), POWER_LAW, COVARIANCE)
    np.testing.assert_allclose(error, np.full(3, 0.2))


@pytest.mark.parametrize(
    ("spectrum", "peak"),
    [
        (ExpCutoffPowerLaw(1.7, lambda_=0.2, alpha=0.8), (0.3 / 0.8) ** (1 / 0.8) / 0.2),  # 1.467267 in Gammapy 2.1
        (LogParabola(1e-12, "2 TeV", 2.1, 0.3), 2 * np.exp(-0.1 / 0.6)),  # 1.692963 in Gammapy 2.1
        (BrokenPowerLaw(1.5, 2.5, ebreak="0.7 TeV"), 0.7),
        (PowerLaw(2.0), np.nan),
        (PowerLaw(2.5), np.nan),
        (Constant(), np.nan),
    ],
)
def test_the_peak_is_where_the_energy_flux_is_largest(spectrum, peak):
    np.testing.assert_allclose(derived.peak_energy(spectrum), peak, rtol=1e-6)


def test_many_spectra_at_once_can_be_asked():
    peaks = jax.jit(jax.vmap(lambda alpha: derived.peak_energy(LogParabola(1e-12, 1.0, alpha, 0.5))))
    np.testing.assert_allclose(peaks(jnp.array([1.5, 2.5])), np.exp([0.5, -0.5]), rtol=1e-6)


def test_a_covariance_of_other_parameters_is_an_error_that_lists_what_is_wanted():
    with pytest.raises(ShapeError, match=r"PowerLaw: .*\(2, 2\); wanted one of its 3 parameters index, amplitude, ref"):
        derived.dnde(POWER_LAW, ENERGY, np.eye(2))
