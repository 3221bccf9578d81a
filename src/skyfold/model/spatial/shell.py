"""Shells: what is bright between two spheres, in projection."""

from typing import ClassVar, NamedTuple

import jax.numpy as jnp
from jax import Array

from skyfold.model.fields import param, positive
from skyfold.model.spatial.base import Centred
from skyfold.model.spatial.ellipse import size
from skyfold.num.jsphere import separation2

# Part of R² in R² − θ² over which the rim of a ball is smoothed: 1 percent of its radius.
_RIM = 0.02
# ∫ (√t − h(t)) dt from 0 to 1, with h as in `_depth`: what the smoothing takes off.
_TAKEN = 2 / 3 - (7.875 / 4 - 11.25 / 5 + 4.375 / 6)
_THINNEST = 1e-3


class Radii(NamedTuple):
    """Of the inner and the outer sphere [rad]."""

    inner: Array
    outer: Array


class _Layer(Centred):
    """√(R² − θ²) − √(r² − θ²), each 0 outside of its sphere, over its integral on the sky.

    The root of a projected ball has no finite slope at its rim; it is replaced there by a polynomial that has two
    continuous derivatives, from the rim to 1 percent inside.
    """

    smooth: ClassVar[bool] = False

    def radii(self) -> Radii:
        raise NotImplementedError

    def __call__(self, lon: Array, lat: Array) -> Array:
        theta2 = separation2(lon, lat, *self.center())
        inner, outer = self.radii()
        return (_depth(theta2, outer) - _depth(theta2, inner)) / (_volume(outer) - _volume(inner))

    def reach(self) -> Array:
        return 1.02 * self.radii().outer

    def grain(self) -> Array:
        """The thickness of the shell."""
        inner, outer = self.radii()
        return outer - inner


class Shell(_Layer):
    """A shell of an inner radius and a width, in projection.

    radius : of the inside.
    width : thickness.
    """

    radius: Array = positive(1.0, "deg")
    width: Array = positive(0.2, "deg")

    def radii(self) -> Radii:
        inner = size(self.radius)
        return Radii(inner, inner + jnp.maximum(jnp.radians(self.width), _THINNEST * inner))


class Shell2(_Layer):
    """A shell of an outer radius and a relative width, in projection.

    r_0 : radius of the outside.
    eta : thickness, as part of r_0; 1 is a ball.
    """

    r_0: Array = positive(1.0, "deg")
    eta: Array = param(0.2, domain=(0.02, 1.0))

    def radii(self) -> Radii:
        outer = size(self.r_0)
        return Radii(outer * (1 - self.eta), outer)


def _depth(theta2: Array, radius: Array) -> Array:
    """√(R² − θ²), and within the rim √_RIM R h(t) with t = (1 − θ²/R²) / _RIM.

    h(t) = t³ (7.875 − 11.25 t + 4.375 t²) joins 0 and √t with two derivatives on either side.
    """
    radius = jnp.maximum(radius, 1e-12)  # of a ball, the inner sphere has none
    t = (1 - theta2 / radius**2) / _RIM
    near = jnp.clip(t, 0.0, 1.0)
    rim = near**3 * (7.875 - 11.25 * near + 4.375 * near**2)
    return radius * _RIM**0.5 * jnp.where(t < 1, rim, jnp.sqrt(jnp.maximum(t, 1.0)))


def _volume(radius: Array) -> Array:
    """∫ of `_depth` over the sky: 2π R³ / 3 of a ball, less what is taken off its rim, times the mean of sin θ / θ."""
    ball = 2 * jnp.pi / 3 - jnp.pi * _RIM**1.5 * _TAKEN
    return ball * radius**3 * (1 - radius**2 / 15 + radius**4 / 525 - radius**6 / 33075)
