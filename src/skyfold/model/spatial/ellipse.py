"""What round and elongated shapes share: distances along ellipses, and the area that a sphere has."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from skyfold.model.spatial.base import Centred
from skyfold.num.jsphere import offsets

MOST_ELONGATED = 1.0 - 1e-9


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


def minor(e: Array) -> Array:
    """Ratio of minor to major axis."""
    return jnp.sqrt(1 - e**2)


class Moments(NamedTuple):
    """Means of ρ², ρ⁴ and ρ⁶ over a round density of ρ in the plane."""

    second: Array | float
    fourth: Array | float
    sixth: Array | float


def of_sphere(major: Array, e: Array, moments: Moments) -> Array:
    """Integral over the sphere of a density f(ρ) of elliptical radius ρ = θ / `major` [rad], over that in the plane.

    In azimuthal equidistant coordinates dΩ = (sin θ / θ) dx dy, so that this is the mean of
    1 − θ²/6 + θ⁴/120 − θ⁶/5040 over the ellipse: 1 − O(major² / 6), exact to 1e-5 where `major` is 10 deg.
    """
    a2 = major**2
    b2 = a2 * (1 - e**2)
    second = moments.second * (a2 + b2) / 2
    fourth = moments.fourth * (3 * a2**2 + 2 * a2 * b2 + 3 * b2**2) / 8
    sixth = moments.sixth * (5 * a2**3 + 3 * a2**2 * b2 + 3 * a2 * b2**2 + 5 * b2**3) / 16
    return 1 - second / 6 + fourth / 120 - sixth / 5040


def size(angle: Array) -> Array:
    """A width [deg] in rad; at least a millionth of a degree, for at its bound 0 a shape is a point."""
    return jnp.radians(jnp.maximum(angle, 1e-6))


def root(x: Array) -> Array:
    """√x with a finite derivative at 0."""
    return jnp.sqrt(jnp.maximum(x, 1e-30))
