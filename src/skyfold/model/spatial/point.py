"""A source without extent."""

from jax import Array

from skyfold.model.spatial.base import Centred


class Point(Centred):
    """All light from one direction; it has no surface brightness."""

    def reach(self) -> Array:
        return 0 * self.lon_0  # what `jnp.zeros` gives would have to be compiled

    def grain(self) -> Array:
        return 0 * self.lon_0
