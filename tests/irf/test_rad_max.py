import numpy as np
import pytest

from skyfold.geom.axis import Axis
from skyfold.irf.rad_max import RadMax

ENERGY = Axis("energy", [0.1, 1.0, 10.0], "TeV", "log")
ONE_OFFSET = Axis("offset", [0.39, 0.41], "deg")


def test_linear_in_log_energy_and_constant_beyond():
    radius = RadMax(ENERGY, ONE_OFFSET, np.array([[0.004], [0.002]]))
    np.testing.assert_allclose(radius([0.01, 1.0, 50.0], 0.03), [0.004, 0.003, 0.002])
    assert not radius.is_fixed


def test_one_radius_for_all():
    radius = RadMax.fixed(0.0025)
    assert radius.is_fixed
    np.testing.assert_allclose(radius([1e-9, 1.0, 1e9], [[0.0], [1.0]]), 0.0025)
    assert radius.at("3 TeV", "1 deg").to_value("deg") == pytest.approx(np.degrees(0.0025))
