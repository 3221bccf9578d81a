"""Tables of positive numbers, read as power laws between their nodes; differentiable by JAX."""

import jax.numpy as jnp
import numpy as np
from jax import Array

from skyfold.num.double import Floats
from skyfold.num.smooth import power_between

Table = Array | Floats

_ZERO = float(np.finfo(float).tiny)  # what a table's zero counts as: its logarithm is finite


def interpolate(x: Array, nodes: Table, values: Table) -> Array:
    """Values at `x`, any shape; the outermost power laws go on beyond the ends.

    Parameters
    ----------
    x, nodes : positive; nodes of shape (n,), n > 1, rising.
    values : shape (n,), not negative.
    """
    nodes = jnp.asarray(nodes)
    log, slope = _segments(nodes, values)
    place = jnp.clip(jnp.searchsorted(nodes, x, side="right") - 1, 0, len(nodes) - 2)
    return jnp.exp(log[place] + slope[place] * jnp.log(x / nodes[place]))


def integrate(edges: Array, nodes: Table, values: Table, power: int = 0) -> Array:
    """∫ x^power y(x) dx over each bin, shape (n,), of what `interpolate` gives; exact wherever the nodes lie."""
    nodes = jnp.asarray(nodes)
    log, slope = _segments(nodes, values)
    x, start = jnp.log(edges)[:, None], jnp.log(nodes)
    inner = jnp.broadcast_to(start[None, 1:-1], (len(edges), len(nodes) - 2))
    reach = jnp.full((len(edges), 1), jnp.inf)
    # Each segment's share of each bin; the outermost segments reach as far as the bins do.
    in_segment = jnp.clip(x, jnp.concatenate([-reach, inner], axis=1), jnp.concatenate([inner, reach], axis=1))
    u = in_segment - start[None, :-1]
    s = jnp.broadcast_to(slope + power + 1, u[1:].shape)
    share = power_between(u[:-1], u[1:], s)
    return jnp.sum(jnp.exp(log + (power + 1) * start[:-1])[None, :] * share, axis=1)


def _segments(nodes: Array, values: Table) -> tuple[Array, Array]:
    """ln y at the lower end of each segment, and its slope d ln y / d ln x."""
    x, y = jnp.log(nodes), jnp.log(jnp.maximum(values, _ZERO))
    return y[:-1], jnp.diff(y) / jnp.diff(x)
