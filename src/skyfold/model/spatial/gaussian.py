"""Gaussian shapes."""

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from skyfold.model.fields import param, positive
from skyfold.model.spatial.base import Centred
from skyfold.num.jsphere import offsets


def elongated(shape: Centred, lon: Array, lat: Array, e: Array, phi: Array) -> tuple[Array, Array]:
    """Square of the distance [rad²] along ellipses of one major axis, and the ratio of minor to major axis.

    e = √(1 − b² / a²); the major axis points to the position angle phi [deg], from north through east.
    """
    east, north = offsets(lon, lat, *shape.center())
    angle = jnp.radians(phi)
    along = east * jnp.sin(angle) + north * jnp.cos(angle)
    across = east * jnp.cos(angle) - north * jnp.sin(angle)
    ratio2 = 1 - e**2
    return along**2 + across**2 / ratio2, jnp.sqrt(ratio2)


class Gaussian(Centred):
    """exp(−θ² / 2σ²) / (2π σ² √(1 − e²)), σ along the major axis.

    Normalised in the tangent plane and on the sphere to O(σ² / 3): 1e-3 at 3 deg.
    """

    sigma: Array = positive(1.0, "deg")
    e: Array = param(0.0, frozen=True, domain=(0.0, 1.0 - 1e-9))
    phi: Array = param(0.0, "deg", frozen=True)
    frame: str = eqx.field(static=True, default="", kw_only=True)

    def __call__(self, lon: Array, lat: Array) -> Array:
        theta2, ratio = elongated(self, lon, lat, self.e, self.phi)
        sigma2 = self._sigma() ** 2
        return jnp.exp(-theta2 / (2 * sigma2)) / (2 * jnp.pi * sigma2 * ratio)

    def reach(self) -> Array:
        return 5 * self._sigma()

    def grain(self) -> Array:
        return self._sigma() * jnp.sqrt(1 - self.e**2)

    def _sigma(self) -> Array:
        """In rad; at least a millionth of a degree, for at its bound 0 a Gaussian is a point."""
        return jnp.radians(jnp.maximum(self.sigma, 1e-6))
