"""Formulas that divide zero by zero at one point, written so that they and their derivatives stay exact there.

Differentiable by JAX. A textbook form with a special case at the point has the right value there and a wrong gradient.
"""

import math

import jax.numpy as jnp
from jax import Array

# Taylor series below this, the closed form above. With these terms both, and their second derivatives, are good to
# 1e-12 on either side: the closed form loses digits as 1 / z², the series as z^12.
_SERIES_BELOW = 0.3
_TERMS = 13


def exprel(z: Array) -> Array:
    """(e^z − 1) / z, any shape."""
    far = jnp.abs(z) >= _SERIES_BELOW
    safe = jnp.where(far, z, 1.0)  # keep the unused branch finite, or its gradient is nan
    return jnp.where(far, jnp.expm1(safe) / safe, _tail_of_exp(jnp.where(far, 0.0, z), 1))


def exprel2(z: Array) -> Array:
    """(e^z − 1 − z) / z², any shape."""
    far = jnp.abs(z) >= _SERIES_BELOW
    safe = jnp.where(far, z, 1.0)
    return jnp.where(far, (jnp.expm1(safe) - safe) / safe**2, _tail_of_exp(jnp.where(far, 0.0, z), 2))


def power_between(low: Array, high: Array, s: Array) -> Array:
    """∫ x^(s−1) dx for ln x from `low` to `high`, arrays of one shape; smooth through s = 0.

    With w = high − low it is e^(s·low) w exprel(s w), finite where the textbook (x₁^s − x₀^s) / s is not.
    """
    width = high - low
    return jnp.exp(s * low) * width * exprel(s * width)


def signed_power(x: Array, p: Array) -> Array:
    """x |x|^(p−1): x^p for positive x, continued as an odd function through zero to where x^p has no value."""
    # The square of what divides has to stay a number, or second derivatives at zero are none.
    return x * jnp.maximum(jnp.abs(x), 1e-100) ** (p - 1)


def _tail_of_exp(z: Array, k: int) -> Array:
    """Σ zⁿ / (n + k)!"""
    total = jnp.zeros_like(z)
    for n in reversed(range(_TERMS)):
        total = total * z + 1 / math.factorial(n + k)
    return total
