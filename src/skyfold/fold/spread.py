"""The light of an extended shape on the points of a window."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from skyfold.fold.plane import grid_of, pixel_of
from skyfold.fold.spline import cubic
from skyfold.fold.window import Spot, Window
from skyfold.model.spatial.base import Shape


def spread(shape: Shape, window: Window) -> Array:
    """The light of a shape on the points of its window, (1 or T, N, N).

    The shape is evaluated on a grid that moves and grows with it, so that the result is as smooth in its position and
    size as the shape itself, and right at any size; each node is spread over the points by a cubic B-spline. A shape
    that is wide and smooth is evaluated at the points themselves.
    """
    local, step = window.spot.local, window.spot.oversampling
    n_y, n_x = (step * n for n in window.shape)
    middle = (step - 1) / 2
    if window.nodes == 0:
        shown, area = grid_of(local, (jnp.arange(n_x) - middle) / step, (jnp.arange(n_y) - middle) / step)
        return brightness(shape, shown, window.spot) * (area / step**2)[None]
    x0, y0 = pixel_of(local, *shape.center())
    nodes = 2 * (jnp.arange(window.nodes) + 0.5) / window.nodes - 1
    reach_x, reach_y = local.per_rad * shape.reach()
    x, y = x0 + reach_x * nodes, y0 + reach_y * nodes
    shown, area = grid_of(local, x, y)
    light = brightness(shape, shown, window.spot) * area[None] * (4 * reach_x * reach_y / window.nodes**2)
    if shape.normalised:
        light = light / jnp.sum(light, axis=(1, 2), keepdims=True)
    rows = cubic(jnp.arange(n_y)[:, None] - (step * y + middle)[None, :])
    columns = cubic(jnp.arange(n_x)[:, None] - (step * x + middle)[None, :])
    return jnp.einsum("yi,tij,xj->tyx", rows, light, columns)


def brightness(shape: Shape, shown: tuple[Array, Array], spot: Spot) -> Array:
    """Surface brightness in each bin of true energy, or the same in all: (T or 1, ...)."""
    seen: Any = shape
    if not shape.energy_dependent:
        return jnp.asarray(seen(*shown))[None]
    energies = jnp.sqrt(spot.edges[1:] * spot.edges[:-1])
    return jax.vmap(lambda energy: seen(*shown, energy))(energies)
