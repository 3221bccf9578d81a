"""Models as vectors of numbers: what a compiled function of a likelihood is compiled for.

What it depends on is the kind of a model (its classes and how they nest) and the sizes of arrays. Values, data,
positions of windows and what is free are arguments, so that fits of one structure, and the sources of one kind in it,
share what is compiled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from skyfold.model.fields import parameter_leaves
from skyfold.model.spectral.base import Spectrum
from skyfold.num.compiling import quickly, sparingly
from skyfold.num.double import Floats


@dataclass(frozen=True)
class Kind:
    """The structure of a model: its tree, and which of its leaves are parameters."""

    tree: Any
    parameters: tuple[int, ...]

    def build(self, values: Array, data: Sequence[Array]) -> Any:
        """The model with these parameters (P,) and other arrays."""
        rest = iter(data)
        leaves = range(self.tree.num_leaves)
        filled = [values[self.parameters.index(i)] if i in self.parameters else next(rest) for i in leaves]
        return jax.tree.unflatten(self.tree, filled)


def taken_apart(model: Any) -> tuple[Kind, Floats, list[Any]]:
    """Kind, parameters (P,) and other arrays of a model; `Kind.build` puts them together."""
    leaves, tree = jax.tree.flatten(model)
    numbers = tuple(leaf.number for leaf in parameter_leaves(model))
    data = [leaf for i, leaf in enumerate(leaves) if i not in numbers]
    return Kind(tree, numbers), np.array([leaves[i] for i in numbers], dtype=float), data


def scaled(
    kind: Kind, values: Floats, data: list[Any], at: tuple[Floats, ...], directions: Floats
) -> tuple[Array, Array]:
    """Factors (n,) of a background, and their derivatives along the directions (k, P): (k, n).

    Parameters
    ----------
    at : n energies [TeV] for a spectrum, (lon, lat) [rad] of n pixels for a shape.
    """
    compiled = _scaled_by_energy if len(at) == 1 else _scaled_by_pixel  # energies are few, pixels many
    return compiled(kind, values, data, at, directions)


def scaled_bent(
    kind: Kind, values: Floats, data: list[Any], at: tuple[Floats, ...], directions: Floats, weights: Floats
) -> Array:
    """Second derivatives (k, k) of Σ weights × factors of a background along the directions."""
    compiled = _bent_by_energy if len(at) == 1 else _bent_by_pixel
    return compiled(kind, values, data, at, directions, weights)


def _scaled(
    kind: Kind, values: Array, data: list[Array], at: tuple[Array, ...], directions: Array
) -> tuple[Array, Array]:
    value, along = jax.linearize(lambda v: _factors(kind.build(v, data), at), values)
    return value, jax.vmap(along)(directions)


def _bent(
    kind: Kind, values: Array, data: list[Array], at: tuple[Array, ...], directions: Array, weights: Array
) -> Array:
    def weighted(step: Array) -> Array:
        return jnp.vdot(weights, _factors(kind.build(values + step @ directions, data), at))

    return jax.hessian(weighted)(jnp.zeros(directions.shape[0]))


def _factors(model: Any, at: tuple[Array, ...]) -> Array:
    return jnp.asarray(model.dnde(*at) if isinstance(model, Spectrum) else model(*at))


_scaled_by_energy, _scaled_by_pixel = quickly(_scaled, static=1), sparingly(_scaled, static=1)
_bent_by_energy, _bent_by_pixel = quickly(_bent, static=1), sparingly(_bent, static=1)
