"""Formulas at and around the point where their textbook forms divide zero by zero."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skyfold.num import double  # noqa: F401
from skyfold.num.smooth import exprel, exprel2, power_between, signed_power

Z = np.array([-40.0, -2.0, -0.3 - 1e-12, -0.3 + 1e-12, -1e-3, -1e-12, 0.0, 1e-300, 1e-7, 0.2, 0.3, 0.31, 3.0, 200.0])


def derivative(order: int, k: int, z: float) -> float:
    """Of (e^z − Σ_{n<k} zⁿ/n!) / z^k, by its integral form ∫₀¹ t^order e^(zt) (1 − t)^(k−1) / (k−1)! dt."""
    t, weight = np.polynomial.legendre.leggauss(300)
    t = (t + 1) / 2
    return float(np.sum(weight / 2 * t**order * np.exp(z * t) * ((1 - t) ** (k - 1)) / math.factorial(k - 1)))


@pytest.mark.parametrize(("function", "k"), [(exprel, 1), (exprel2, 2)])
def test_tails_of_the_exponential_and_two_derivatives_are_precise_everywhere(function, k):
    slope = jax.grad(function)
    run = jax.jit(jax.vmap(lambda z: (function(z), slope(z), jax.grad(slope)(z))))
    for order, values in enumerate(run(Z)):
        np.testing.assert_allclose(values, [derivative(order, k, z) for z in Z], rtol=1e-12)


def test_a_power_law_is_integrated_between_logarithms():
    np.testing.assert_allclose(power_between(np.log(2.0), np.log(3.0), 0.0), np.log(1.5))
    np.testing.assert_allclose(power_between(np.log(2.0), np.log(3.0), 3.0), (27 - 8) / 3)


def test_a_signed_power_goes_on_through_zero():
    np.testing.assert_allclose(signed_power(np.array([-2.0, 0.0, 2.0]), 0.5), [-np.sqrt(2), 0, np.sqrt(2)])
    assert jax.grad(signed_power)(0.0, 1.0) == 1.0
    assert jax.grad(signed_power, argnums=1)(0.0, 1.0) == 0.0


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
def test_an_odd_power_has_second_derivatives_at_zero(p):
    def curve(x):
        return signed_power(x, jnp.asarray(p))

    bent = float(jax.grad(jax.grad(curve))(jnp.asarray(0.0)))
    assert bent == 0.0
