import numpy as np
import pytest
from scipy.special import ndtr

from skyfold.errors import DataError
from skyfold.geom.axis import Axis
from skyfold.irf.migration import Migration

TRUE = Axis.energy("0.1 TeV", "100 TeV", 60, true=True)
RECO = Axis.energy("0.05 TeV", "200 TeV", 400)


def biased(bias, sigma=0.1):
    """Gaussian in E / E_true around 1 + bias(E_true)."""
    e = TRUE.center_in("TeV")
    at = RECO.edges_in("TeV") / e[:, None]
    return Migration(TRUE, RECO, np.diff(ndtr((at - 1 - bias(e)[:, None]) / sigma), axis=1))


def test_no_dispersion_between_equal_axes_is_the_identity():
    same = Axis.energy("0.1 TeV", "100 TeV", 60)
    np.testing.assert_allclose(Migration.diagonal(TRUE, same).matrix, np.eye(60), atol=1e-12)


def test_no_dispersion_shares_by_overlap_and_loses_the_rest():
    coarse = Axis("energy", [1.0, 10.0], "TeV", "log")
    true = Axis("energy_true", [0.1, np.sqrt(10.0), 1000.0], "TeV", "log")
    np.testing.assert_allclose(Migration.diagonal(true, coarse).matrix[:, 0], [1 / 3, 0.2])


def test_counts_are_kept_or_lost_never_made():
    matrix = biased(lambda e: 0 * e)
    counts = np.linspace(1, 5, 60)
    assert matrix(counts).sum() <= counts.sum()
    assert matrix(counts[20:40] @ np.eye(60)[20:40]).sum() == pytest.approx(counts[20:40].sum(), rel=1e-6)


def test_bias_and_resolution():
    matrix = biased(lambda e: 0.05 + 0 * e)
    np.testing.assert_allclose(matrix.bias([0.5, 5.0]), 0.05, atol=1e-3)
    np.testing.assert_allclose(matrix.resolution([0.5, 5.0]), 0.1, rtol=0.01)


def test_bias_energy():
    matrix = biased(lambda e: 0.2 / e)
    assert matrix.bias_energy(0.1) == pytest.approx(2.0 * 1.1, rel=2e-3)


def test_a_bias_that_never_exceeds_the_limit_allows_every_energy():
    assert biased(lambda e: 0.02 + 0 * e).bias_energy(0.1) == pytest.approx(0.05)


def test_a_bias_that_never_falls_is_an_error():
    with pytest.raises(DataError, match=r"the bias never falls to 0\.1"):
        biased(lambda e: 0.3 + 0.01 * np.log(e)).bias_energy(0.1)


def test_rows_without_events_have_no_bias():
    empty = Migration(TRUE, RECO, np.zeros((60, 400)))
    assert np.all(np.isnan(empty.bias()))
    with pytest.raises(DataError, match="no true energy leads into"):
        empty.bias_energy(0.1)
