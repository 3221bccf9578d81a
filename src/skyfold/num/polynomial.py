"""Polynomials that JAX compiles to little code."""

import jax.numpy as jnp
from jax import Array


def powers(x: Array, degree: int) -> Array:
    """x to the power of 0 to `degree`, (..., degree + 1)."""
    terms = [jnp.ones_like(x)]
    for _ in range(degree):
        terms.append(terms[-1] * x)
    return jnp.stack(terms, axis=-1)
