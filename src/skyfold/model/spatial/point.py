"""A source without extent."""

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from skyfold.model.spatial.base import Centred


class Point(Centred):
    """All light from one direction; it has no surface brightness."""

    frame: str = eqx.field(static=True, default="", kw_only=True)

    def reach(self) -> Array:
        return jnp.zeros(())

    def grain(self) -> Array:
        return jnp.zeros(())
