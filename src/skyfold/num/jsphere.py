"""Spherical trigonometry with finite derivatives everywhere, for compiled functions. Angles in radians."""

import jax.numpy as jnp
from jax import Array


def offsets(lon: Array, lat: Array, lon_0: Array, lat_0: Array) -> tuple[Array, Array]:
    """East and north of a centre, so that their hypotenuse is the separation (azimuthal equidistant projection).

    Unlike a separation and a position angle they are smooth at the centre.
    """
    east = jnp.cos(lat) * jnp.sin(lon - lon_0)
    # sin(lat − lat_0) + sin(lat_0) cos(lat) (1 − cos Δlon): exact, and without cancellation next to the centre
    north = jnp.sin(lat - lat_0) + 2 * jnp.sin(lat_0) * jnp.cos(lat) * jnp.sin((lon - lon_0) / 2) ** 2
    towards = jnp.sin(lat_0) * jnp.sin(lat) + jnp.cos(lat_0) * jnp.cos(lat) * jnp.cos(lon - lon_0)
    stretch = _angle_over_sine(east**2 + north**2, towards)
    return east * stretch, north * stretch


def separation2(lon: Array, lat: Array, lon_0: Array, lat_0: Array) -> Array:
    """Square of the angle between directions."""
    east, north = offsets(lon, lat, lon_0, lat_0)
    return east**2 + north**2


def _angle_over_sine(sine2: Array, cosine: Array) -> Array:
    """θ / sin θ from sin² θ and cos θ; a series where θ is small."""
    small = (sine2 < 1e-4) & (cosine > 0)
    safe = jnp.where(small, 0.5, jnp.maximum(sine2, 1e-30))
    far = jnp.arctan2(jnp.sqrt(safe), cosine) / jnp.sqrt(safe)
    near = 1 + sine2 * (1 / 6 + sine2 * (3 / 40 + sine2 * (5 / 112 + sine2 * 35 / 1152)))
    return jnp.where(small, near, far)
