import astropy.units as u
import numpy as np
import pytest

from skyfold.errors import DataError, ShapeError
from skyfold.geom.axis import Axis
from skyfold.irf.effective_area import EffectiveArea

ENERGY = Axis("energy_true", [0.1, 1.0, 10.0, 100.0], "TeV", "log")  # centres 0.316, 3.16, 31.6
OFFSET = Axis("offset", [0.0, 1.0, 2.0], "deg")  # centres 0.5, 1.5
VALUES = np.array([[100.0, 40.0], [300.0, 200.0], [600.0, 400.0]])
AREA = EffectiveArea(ENERGY, OFFSET, VALUES, meta={"LO_THRES": 0.5})
E = ENERGY.center_in("TeV")


def deg(x):
    return np.radians(x)


def test_nodes_are_returned():
    np.testing.assert_allclose(AREA(E[:, None], deg([0.5, 1.5])), VALUES)


def test_linear_in_log_energy_and_offset():
    assert AREA(1.0, deg(1.0)) == pytest.approx((100 + 40 + 300 + 200) / 4)


def test_no_hole_at_the_centre_and_none_below_the_first_energy():
    np.testing.assert_allclose(AREA(E, 0.0), VALUES[:, 0])
    assert AREA(0.11, deg(0.5)) == pytest.approx(100.0)
    assert AREA(99.0, deg(0.5)) == pytest.approx(600.0)


def test_the_last_line_goes_on_to_the_edge_and_not_below_zero():
    assert AREA(E[1], deg(2.0)) == pytest.approx(150.0)
    steep = EffectiveArea(ENERGY, OFFSET, VALUES * [1.0, 0.1])
    np.testing.assert_allclose(steep(E, deg(2.0)), 0.0, atol=1e-9)


def test_zero_outside_the_edges():
    assert AREA(E[1], deg(2.01)) == 0
    assert AREA(0.09, 0.0) == 0
    assert AREA(101.0, 0.0) == 0
    assert AREA(0.0, 0.0) == 0


def test_outer_is_the_product_of_the_coordinates():
    offset = deg(np.linspace(0.0, 3.0, 12).reshape(3, 4))
    energy = np.geomspace(0.05, 200, 9)
    table = AREA.outer(energy, offset)
    assert table.shape == (9, 3, 4)
    np.testing.assert_allclose(table, AREA(energy[:, None, None], offset), rtol=1e-12)


def test_one_offset_holds_everywhere():
    one = EffectiveArea(ENERGY, Axis("offset", [0.39, 0.41], "deg"), VALUES[:, :1])
    np.testing.assert_allclose(one(E, deg(1.7)), VALUES[:, 0])


def test_offsets_given_as_nodes_end_at_the_last_one():
    nodes = EffectiveArea(ENERGY, Axis("offset", [0.0, 2.5], "deg", kind="nodes"), VALUES)
    np.testing.assert_allclose(nodes(E, deg(2.5)), VALUES[:, 1])
    assert nodes(E[0], deg(2.51)) == 0


def test_public_door_has_units():
    area = AREA.at(energy="1000 GeV", offset=60 * u.arcmin)
    assert area.to_value("cm2") == pytest.approx(160e4)


def test_safe_range():
    assert AREA.safe_range_tev == (0.5, np.inf)
    assert EffectiveArea(ENERGY, OFFSET, VALUES).safe_range_tev is None


def test_errors_name_the_response_and_the_bin():
    bad = VALUES.copy()
    bad[2, 1] = np.nan
    with pytest.raises(DataError, match=r"effective area: 1 values are not finite.*energy_true bin 2, offset bin 1"):
        EffectiveArea(ENERGY, OFFSET, bad)
    with pytest.raises(DataError, match=r"effective area: 1 values are negative, down to -1"):
        EffectiveArea(ENERGY, OFFSET, np.where(bad == bad, VALUES, -1.0))
    with pytest.raises(ShapeError, match=r"shape \(2, 3\), the axes energy_true \(3\), offset \(2\)"):
        EffectiveArea(ENERGY, OFFSET, VALUES.T)
