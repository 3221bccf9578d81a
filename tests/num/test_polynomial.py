"""Powers of numbers, and their derivatives."""

import jax
import jax.numpy as jnp
import numpy as np

from skyfold.num.polynomial import powers


def test_powers_of_any_shape_follow_along_a_last_axis():
    x = np.random.default_rng(0).normal(size=(3, 2))
    found = powers(jnp.asarray(x), 4)
    assert found.shape == (3, 2, 5)
    np.testing.assert_allclose(found, x[..., None] ** np.arange(5), rtol=1e-14)
    np.testing.assert_array_equal(powers(jnp.asarray(7.0), 0), [1.0])


def test_derivatives_hold_at_zero_too():
    for x in (0.0, -1.7, 0.3):
        first, second = jax.jacfwd(powers)(x, 3), jax.jacfwd(jax.jacfwd(powers))(x, 3)
        np.testing.assert_allclose(first, [0, 1, 2 * x, 3 * x**2], atol=1e-15)
        np.testing.assert_allclose(second, [0, 0, 2, 6 * x], atol=1e-15)
