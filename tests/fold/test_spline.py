"""Cubic splines on grids against SciPy's."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import map_coordinates, spline_filter1d

from skyfold.fold.spline import TAPS, coefficients, cubic, place, weights


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (2, 2), (3, 5), (2, 3, 40, 41)])
def test_coefficients_are_those_of_scipy(shape):
    samples = np.random.default_rng(1).normal(size=shape)
    before = samples.copy()
    expected = samples
    for axis in (-2, -1):
        expected = spline_filter1d(expected, order=3, axis=axis, mode="mirror") if shape[axis] > 1 else expected
    np.testing.assert_allclose(coefficients(samples), expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(samples, before)


def test_a_spline_goes_through_its_samples_and_between_them_as_scipy_does():
    samples = np.random.default_rng(2).normal(size=(12, 15))
    kept, at = coefficients(samples), np.array([[4.0, 7.0], [5.3, 6.8], [7.99, 3.01]])
    for y, x in at:
        (first_y, along), (first_x, across) = place(jnp.asarray(y), 3), place(jnp.asarray(x), 3)
        taps = kept[int(first_y) : int(first_y) + 4, int(first_x) : int(first_x) + 4]
        expected = map_coordinates(samples, [[y], [x]], order=3, mode="mirror")[0]
        assert float(along @ taps @ across) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("order", [1, 3])
def test_weights_sum_to_one_and_move_the_mean(order):
    x = jnp.linspace(0, 0.999, 7)
    found = weights(x, order)
    assert found.shape == (7, TAPS[order])
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-14)
    nodes = np.arange(TAPS[order]) - (TAPS[order] // 2 - 1)
    np.testing.assert_allclose(found @ nodes, x, atol=1e-14)


def test_weights_are_the_spline_around_each_node():
    x = 0.3
    np.testing.assert_allclose(weights(jnp.asarray(x), 3), cubic(x - np.arange(-1, 3)), rtol=1e-13)
