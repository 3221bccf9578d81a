"""A uniform disk."""

from typing import ClassVar

import jax.numpy as jnp
from jax import Array
from jax.scipy.special import erfc

from skyfold.model.fields import param, positive
from skyfold.model.spatial.base import Centred
from skyfold.model.spatial.ellipse import MOST_ELONGATED, Moments, elongated, minor, of_sphere, root, size

# With this factor the edge falls from 95 to 5 percent within its width: 2 erf⁻¹(0.9).
_STEEPNESS = 2.326174307353347


class Disk(Centred):
    """A uniform ellipse with a soft edge: ½ erfc(2.326 (ρ − 1) / w), ρ = θ / r_0, over its integral on the sphere.

    r_0 : half the major axis, to where the brightness is half that at the centre.
    edge_width : w, part of r_0 over which the brightness falls from 95 to 5 percent.
    """

    smooth: ClassVar[bool] = False

    r_0: Array = positive(1.0, "deg")
    e: Array = param(0.0, frozen=True, domain=(0.0, MOST_ELONGATED))
    phi: Array = param(0.0, "deg", frozen=True)
    edge_width: Array = param(0.01, frozen=True, domain=(0.0, 1.0))

    def __call__(self, lon: Array, lat: Array) -> Array:
        theta2, ratio = elongated(self, lon, lat, self.e, self.phi)
        r_0 = size(self.r_0)
        inside = 0.5 * erfc(_STEEPNESS * (root(theta2) / r_0 - 1) / self._width())
        area, moments = self._plane()
        return inside / (r_0**2 * ratio * area * of_sphere(r_0, self.e, moments))

    def reach(self) -> Array:
        return size(self.r_0) * (1 + 1.2 * self._width())

    def grain(self) -> Array:
        return size(self.r_0) * minor(self.e)

    def _width(self) -> Array:
        return jnp.maximum(self.edge_width, 1e-4)

    def _plane(self) -> tuple[Array, Moments]:
        """Area and moments for r_0 = 1: ∫ f ρⁿ⁺¹ dρ = ⟨gⁿ⁺²⟩ / (n + 2), with g normal around 1, for −df/dρ is one."""
        s2 = self._width() ** 2 / (2 * _STEEPNESS**2)
        second = 1 + s2
        fourth = 1 + 6 * s2 + 3 * s2**2
        sixth = 1 + 15 * s2 + 45 * s2**2 + 15 * s2**3
        eighth = 1 + 28 * s2 + 210 * s2**2 + 420 * s2**3 + 105 * s2**4
        return jnp.pi * second, Moments(fourth / (2 * second), sixth / (3 * second), eighth / (4 * second))
