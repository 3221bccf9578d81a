import numpy as np
import pytest

from skyfold.num.grid import Grid, along, place

X, Y, Z = np.array([0.0, 1.0, 3.0]), np.array([-1.0, 2.0]), np.array([5.0])


def test_a_grid_gives_back_its_nodes():
    values = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(Grid((X, Y), values)(X[:, None], Y), values)


def test_a_multilinear_function_is_interpolated_exactly():
    def truth(x, y):
        return 2 + 3 * x - y + 0.5 * x * y

    x, y = np.linspace(0, 3, 7)[:, None], np.linspace(-1, 2, 5)
    np.testing.assert_allclose(Grid((X, Y), truth(X[:, None], Y))(x, y), truth(x, y), rtol=1e-14)


@pytest.mark.parametrize(("x", "expected"), [(-5.0, 1.0), (9.0, 7.0), (3.0, 7.0), (0.0, 1.0)])
def test_beyond_the_outermost_nodes_their_values_hold(x, expected):
    assert Grid((X,), np.array([1.0, 4.0, 7.0]))(x) == expected


def test_a_missing_coordinate_gives_a_missing_value():
    assert np.isnan(Grid((X,), np.ones(3))(np.nan))


def test_an_axis_of_one_node_is_constant():
    assert Grid((X, Z), np.array([[1.0], [2.0], [4.0]]))(2.0, -99.0) == 3.0


def test_outer_is_every_combination():
    values = np.random.default_rng(1).normal(size=(3, 2, 1))
    grid = Grid((X, Y, Z), values)
    x, y, z = np.linspace(-1, 4, 6).reshape(2, 3), np.linspace(-2, 3, 4), np.array([0.0, 7.0])
    expected = grid(x[:, :, None, None], y[:, None], z)
    assert grid.outer(x, y, z).shape == (2, 3, 4, 2)
    np.testing.assert_allclose(grid.outer(x, y, z), expected, rtol=1e-14)


def test_interpolating_leaves_the_table_alone():
    values = np.arange(6.0).reshape(3, 2)
    along(values, place(np.array([0.5, 2.0]), X), 0)
    np.testing.assert_array_equal(values, np.arange(6.0).reshape(3, 2))
