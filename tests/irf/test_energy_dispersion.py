import astropy.units as u
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from skyfold.errors import DataError
from skyfold.geom.axis import Axis
from skyfold.irf.energy_dispersion import EnergyDispersion

TRUE = Axis.energy("0.1 TeV", "100 TeV", 12, true=True)
MIGRA = Axis("migra", np.concatenate([np.linspace(0, 1.5, 151), np.linspace(1.5, 4, 51)[1:]]))
OFFSET = Axis("offset", [0.0, 1.0, 2.5], "deg", kind="nodes")
WIDTH = np.diff(MIGRA.values)


def gauss(bias=0.0, sigma=0.15):
    """Probability per bin of μ, the same at every energy and offset."""
    p = np.diff(ndtr((MIGRA.values - 1 - bias) / sigma))
    return np.broadcast_to(p[None, :, None], (12, MIGRA.nbin, 3)).copy()


def dispersion(bias=0.0, sigma=0.15):
    return EnergyDispersion.normalised(gauss(bias, sigma), TRUE, MIGRA, OFFSET)[0]


@pytest.mark.parametrize(
    ("convention", "factor"),
    [("density", 1 / WIDTH[:, None]), ("probability per bin", 1.0), ("unnormalised", 37 / WIDTH[:, None])],
)
def test_three_conventions_lead_to_one_density(convention, factor):
    value, found = EnergyDispersion.normalised(gauss() * factor, TRUE, MIGRA, OFFSET)
    assert found == convention
    np.testing.assert_allclose((value.values * WIDTH[:, None]).sum(axis=1), 1.0)
    np.testing.assert_allclose(value.values, gauss() / WIDTH[:, None], rtol=1e-6)


def test_empty_rows_stay_empty_and_lend_no_weight():
    raw = gauss()
    raw[:4] = 0
    value, _ = EnergyDispersion.normalised(raw, TRUE, MIGRA, OFFSET)
    assert np.all(value.values[:4] == 0)
    # Between an empty row and a good one the good one's shape holds, whole.
    between = np.sqrt(TRUE.center_in("TeV")[3] * TRUE.center_in("TeV")[4])
    np.testing.assert_allclose(value(between, 1.0, 0.0), value(TRUE.center_in("TeV")[4], 1.0, 0.0))
    assert value(TRUE.center_in("TeV")[1], 1.0, 0.0) == 0
    assert np.isnan(value.bias(TRUE.center_in("TeV")[1], 0.0))


def test_outside():
    value = dispersion()
    assert value(1.0, 4.1, 0.0) == 0
    assert value(1.0, 1.0, np.radians(2.6)) == 0
    assert value(1e4, 1.0, 0.0) == value(90.0, 1.0, 0.0) > 0  # no area there; a shape does no harm


@given(
    lo=st.floats(0.02, 5.0),
    decades=st.floats(0.3, 4.0),
    n=st.integers(1, 40),
    bias=st.floats(-0.3, 0.3),
    offset=st.floats(0.0, 2.5),
)
def test_rows_of_a_migration_matrix_sum_to_one_or_less(lo, decades, n, bias, offset):
    value = dispersion(bias)
    reco = Axis.energy(lo * u.TeV, lo * 10**decades * u.TeV, n)
    matrix = value.migration(TRUE, reco, np.radians(offset))
    assert matrix.shape == (12, n)
    assert matrix.min() >= 0
    assert matrix.sum(axis=1).max() <= 1 + 1e-12
    merged = value.migration(TRUE, reco.squashed(), np.radians(offset))
    np.testing.assert_allclose(matrix.sum(axis=1), merged[:, 0], atol=1e-12)


def test_migration_of_a_gaussian_and_loss_outside():
    reco = Axis.energy("1 TeV", "10 TeV", 20)
    matrix = dispersion(0.05, 0.2).migration(TRUE, reco, np.radians([[0.0, 1.7], [2.5, 9.0]]))
    assert matrix.shape == (2, 2, 12, 20)
    e, edges = TRUE.center_in("TeV"), reco.edges_in("TeV")
    wanted = np.diff(ndtr((np.minimum(edges / e[:, None], 4.0) - 1.05) / 0.2), axis=1)
    np.testing.assert_allclose(matrix[0, 1], wanted, atol=4e-4)
    assert matrix[0, 0, 0].sum() == 0  # 0.13 TeV is never reconstructed above 1 TeV
    assert 0.05 < matrix[0, 0, 3].sum() < 0.95
    assert np.all(matrix[1, 1] == 0)  # beyond the last offset


def test_on_another_migration_axis_probability_is_kept():
    migra = Axis.even("migra", 0.2, 5.0, 48)
    table = dispersion().on_migra(TRUE.center_in("TeV"), migra, np.radians([0.3, 0.6]))
    assert table.shape == (2, 12, 48)
    np.testing.assert_allclose((table * 0.1).sum(axis=-1), 1.0, atol=1e-6)


def test_bias_and_resolution():
    value = dispersion(0.1, 0.2)
    np.testing.assert_allclose(value.bias([1.0, 20.0], 0.01), 0.1, atol=1e-3)
    np.testing.assert_allclose(value.resolution(1.0, 0.01), 0.2, rtol=5e-3)


def test_public_door():
    value = dispersion()
    assert value.at("1 TeV", 1.0, "0.5 deg").to_value("") == pytest.approx(float(value(1.0, 1.0, np.radians(0.5))))


def test_negative_and_nan_are_refused():
    raw = gauss()
    raw[3, 4, 1] = -1
    with pytest.raises(DataError, match="energy dispersion: 1 values are negative"):
        EnergyDispersion.normalised(raw, TRUE, MIGRA, OFFSET)
    raw[3, 4, 1] = np.inf
    with pytest.raises(DataError, match="energy_true bin 3, migra bin 4, offset bin 1"):
        EnergyDispersion.normalised(raw, TRUE, MIGRA, OFFSET)
