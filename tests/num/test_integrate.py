import numpy as np
import pytest

from skyfold.num.integrate import exprel, loglog_bins

EDGES = np.array([0.1, 1.0, 2.0, 30.0])


@pytest.mark.parametrize("index", [0.0, 1.0, 1.0 + 1e-9, 2.7, -1.5])
def test_a_power_law_is_integrated_exactly(index):
    power = 1 - index
    exact = (
        np.diff(np.log(EDGES)) if power == 0 else EDGES[:-1] ** power * np.expm1(power * np.diff(np.log(EDGES))) / power
    )
    np.testing.assert_allclose(loglog_bins(EDGES**-index, EDGES), exact, rtol=1e-12)


def test_a_bin_with_a_zero_is_a_straight_line():
    np.testing.assert_allclose(loglog_bins(np.array([0.0, 4.0, 2.0]), EDGES[:3])[0], 0.5 * 4 * 0.9)
    assert loglog_bins(np.zeros(4), EDGES).sum() == 0


def test_any_axis_can_be_integrated():
    values = np.random.default_rng(2).uniform(1, 2, (3, 4, 2))
    found = loglog_bins(values, EDGES, axis=1)
    assert found.shape == (3, 3, 2)
    np.testing.assert_allclose(found[1, :, 1], loglog_bins(values[1, :, 1], EDGES), rtol=1e-14)


def test_exprel_is_smooth_through_zero():
    z = np.array([-1e-5, -1e-9, 0.0, 1e-9, 1e-5, 1.0])
    np.testing.assert_allclose(exprel(z)[:5], 1 + z[:5] / 2, rtol=1e-10)
    assert exprel(z)[-1] == pytest.approx(np.e - 1)
