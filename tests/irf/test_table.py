import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skyfold.geom.axis import Axis
from skyfold.irf.table import Ruler, corners, fill_rows

VALID = np.array([[False, False], [True, False], [True, True], [False, True]])


def test_the_nearest_valid_row_in_energy_stands_in():
    values = np.arange(8.0).reshape(4, 2)
    np.testing.assert_array_equal(fill_rows(values, VALID), [[2, 5], [2, 5], [4, 5], [4, 7]])


def test_a_column_without_any_takes_from_its_neighbour():
    valid = VALID & [True, False]
    np.testing.assert_array_equal(fill_rows(np.arange(8.0).reshape(4, 2), valid)[:, 1], [2, 2, 4, 4])


def test_nothing_to_fill():
    values = np.ones((2, 2))
    assert fill_rows(values, values > 0) is values
    assert fill_rows(values, values < 0) is values


@given(energy=st.floats(1e-3, 1e3), offset=st.floats(0.0, 4.0))
def test_weights_of_the_rows_around_a_point_sum_to_one(energy, offset):
    rulers = (
        Ruler.of(Axis.energy("0.1 TeV", "10 TeV", 4), "TeV"),
        Ruler.of(Axis("offset", [0.0, 1.0, 2.0], "deg"), "deg"),
    )
    around = corners(*rulers, np.array(energy), np.array(offset))
    assert np.isclose(sum(weight for _, _, weight in around), 1.0)
    assert min(weight for _, _, weight in around) >= 0


def test_edges_rounded_to_float32_are_inside():
    ruler = Ruler.of(Axis("offset", [0.0, 2.5], "deg"), "rad")
    assert ruler.inside(float(np.float32(np.radians(2.5))) + 1e-9)
    assert not ruler.inside(np.radians(2.501))
