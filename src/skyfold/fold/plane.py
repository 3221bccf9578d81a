"""From the sky to the pixels of a window and back, through the tangent plane."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from skyfold.fold.window import Local
from skyfold.num.polynomial import powers

DEGREE = 4


def to_plane(lon: Any, lat: Any, pole: Any) -> tuple[Any, Any]:
    """Gnomonic projection (ξ, η) [rad] of directions [rad] on the plane that touches the sky at `pole`.

    Of JAX's arrays or NumPy's.
    """
    xp = lat.__array_namespace__()
    dlon = lon - pole[0]
    s0, c0 = xp.sin(pole[1]), xp.cos(pole[1])
    s, c = xp.sin(lat), xp.cos(lat)
    towards = s0 * s + c0 * c * xp.cos(dlon)
    return c * xp.sin(dlon) / towards, (c0 * s - s0 * c * xp.cos(dlon)) / towards


def from_plane(xi: Array, eta: Array, pole: Array) -> tuple[Array, Array]:
    """Directions (lon, lat) [rad] of points of the plane; the inverse of `to_plane`."""
    s0, c0 = jnp.sin(pole[1]), jnp.cos(pole[1])
    along = c0 - eta * s0
    return pole[0] + jnp.arctan2(xi, along), jnp.arctan2(s0 + eta * c0, jnp.hypot(xi, along))


def pixel_of(local: Local, lon: Array, lat: Array) -> Array:
    """Pixel coordinates (x, y) in the window of one direction [rad], (2,)."""
    xi, eta = to_plane(jnp.asarray(lon), jnp.asarray(lat), local.pole)
    across, along = powers(jnp.stack([xi, eta]) / local.scale[0], DEGREE)
    # A sum of products is one step of compiled code, products of matrices of five by five are two slower ones.
    return local.origin + jnp.sum(local.to_pixel * (across[:, None] * along[None, :])[None], axis=(1, 2))


def grid_of(local: Local, x: Array, y: Array) -> tuple[tuple[Array, Array], Array]:
    """Directions (lon, lat) [rad] of a grid of columns x and rows y, and the solid angle of a pixel [sr] there.

    All have shape (y, x). The solid angle is the Jacobian of the polynomials, times that of the tangent plane.
    """
    scale = local.scale[1]
    u, v = (x - local.origin[0]) / scale, (y - local.origin[1]) / scale
    across, along = powers(u, DEGREE), powers(v, DEGREE)
    xi, eta = _on_grid(local.to_plane, across, along)
    by_x, by_y = _on_grid(local.to_plane, _slopes(u), along), _on_grid(local.to_plane, across, _slopes(v))
    flat = jnp.abs(by_x[0] * by_y[1] - by_x[1] * by_y[0]) / scale**2
    return from_plane(xi, eta, local.pole), flat / (1 + xi**2 + eta**2) ** 1.5


def _on_grid(coefficients: Array, across: Array, along: Array) -> Array:
    return jnp.einsum("cij,xi,yj->cyx", coefficients, across, along)


def _slopes(u: Array) -> Array:
    """Derivatives of the powers of u."""
    lower = powers(u, DEGREE - 1) * jnp.arange(1, DEGREE + 1)[None, :]
    return jnp.pad(lower, ((0, 0), (1, 0)))


def fitted(u: np.ndarray, v: np.ndarray, *targets: np.ndarray) -> np.ndarray:
    """Coefficients (targets, n, n) by powers of u and of v of the polynomials nearest to targets of shape (points,)."""
    powers = [(i, n - i) for n in range(DEGREE + 1) for i in range(n + 1)]
    basis = np.stack([u**i * v**j for i, j in powers], axis=-1)
    found = np.linalg.lstsq(basis, np.stack(targets, axis=-1), rcond=None)[0]
    coefficients = np.zeros((len(targets), DEGREE + 1, DEGREE + 1))
    coefficients[:, [i for i, _ in powers], [j for _, j in powers]] = found.T
    return coefficients
