"""Sources as vectors of numbers: the compiled functions of a likelihood.

What a compiled function depends on is the kind of a source (its classes and how they nest) and the sizes of arrays.
Values, data, positions of windows and what is free are arguments, so that fits of one structure share what is compiled,
and sources of one kind are folded together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from skyfold.fold.predict import drift, image, through
from skyfold.fold.window import Numbers, Window
from skyfold.model.fields import parameter_leaves
from skyfold.model.spectral.base import Spectrum
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


class Bins(eqx.Module):
    """Listed bins of a source, (L,) both: pixel y · nx + x of the window, and bin of reconstructed energy."""

    pixels: Numbers
    reco: Numbers


class Directions(eqx.Module):
    """Along which a source changes with the free parameters, in the space of its own P parameters.

    every : (k, P); along each a free parameter rises by one unit.
    moving : (m, P) those of them that change the shape, and `which` (m,) they are.
    """

    every: Numbers
    moving: Numbers
    which: Numbers


class Light(NamedTuple):
    """What a shape sends into the listed bins (L, T), and into the statistic: (R, T) sums over the mask."""

    listed: Array
    summed: Array


class Folded(NamedTuple):
    """Expected counts of a source, and their derivatives along the directions asked for.

    total : over the bins of the statistic; d_total (k,)
    listed : (L,) in the listed bins; d_listed (k, L)
    light : what the shape alone sends into the bins
    drift : see `skyfold.fold.predict.drift`
    """

    total: Array
    listed: Array
    d_total: Array
    d_listed: Array
    light: Light
    drift: Array


def _light(pixels: Array, window: Window, bins: Bins) -> Light:
    """What an image (ny · nx, T) sends into the bins."""
    mask = window.mask.reshape(window.mask.shape[0], -1)
    return Light(pixels[bins.pixels], mask @ pixels)


def _seen(counts: Array, window: Window, bins: Bins) -> tuple[Array, Array]:
    """Sum over the mask, and what falls into the listed bins (L,), of counts (ny · nx, R)."""
    mask = window.mask.reshape(window.mask.shape[0], -1)
    return jnp.einsum("rp,pr->", mask, counts), counts[bins.pixels, bins.reco]


@partial(jax.jit, static_argnums=0)
def folded(kind: Kind, values: Array, data: list[Array], window: Window, bins: Bins, along: Directions) -> Folded:
    """Fold a source.

    The spectrum and the shape are factors: the expensive derivatives, of the image, are taken only where the shape
    changes.
    """
    if window.kind == "fixed":
        light = Light(window.kernel.T, window.exposure[..., 0].T)
    else:
        pixels, d_pixels = jax.linearize(lambda v: image(kind.build(v, data).shape, window), values)
        light = _light(pixels, window, bins)
    flow, d_flow = jax.linearize(lambda v: through(kind.build(v, data), window), values)
    by_bin = flow.T[bins.reco]
    d_flows = jax.vmap(d_flow)(along.every)
    d_total = jnp.einsum("ktr,rt->k", d_flows, light.summed)
    d_listed = jnp.einsum("klt,lt->kl", jnp.swapaxes(d_flows, 1, 2)[:, bins.reco], light.listed)
    if along.moving.shape[0]:
        # One after the other: batched products are several times as slow, and there are few.
        moved = [_seen(d @ flow, window, bins) for d in lax.optimization_barrier(jax.vmap(d_pixels)(along.moving))]
        d_total = d_total.at[along.which].add(jnp.stack([total for total, _ in moved]))
        d_listed = d_listed.at[along.which].add(jnp.stack([listed for _, listed in moved]))
    total, listed = jnp.sum(light.summed.T * flow), jnp.sum(light.listed * by_bin, axis=1)
    return Folded(total, listed, d_total, d_listed, light, drift(kind.build(values, data), window))


@partial(jax.jit, static_argnums=0)
def flow_bent(kind: Kind, values: Array, data: list[Array], window: Window, along: Directions, weights: Array) -> Array:
    """Second derivatives of Σ weights (T, R) × `through` along `every`, (k, k): those of the spectrum alone."""

    def weighted(step: Array) -> Array:
        return jnp.vdot(weights, through(kind.build(values + step @ along.every, data), window))

    return jax.hessian(weighted)(jnp.zeros(along.every.shape[0]))


@partial(jax.jit, static_argnums=0)
def scaled(
    kind: Kind, values: Array, data: list[Array], at: tuple[Array, ...], directions: Array
) -> tuple[Array, Array]:
    """Factors (n,) of a background, and their derivatives along the directions (k, P): (k, n).

    Parameters
    ----------
    at : n energies [TeV] for a spectrum, (lon, lat) [rad] of n pixels for a shape.
    """
    value, along = jax.linearize(lambda v: _factors(kind.build(v, data), at), values)
    return value, jax.vmap(along)(directions)


@partial(jax.jit, static_argnums=0)
def scaled_bent(
    kind: Kind, values: Array, data: list[Array], at: tuple[Array, ...], directions: Array, weights: Array
) -> Array:
    """Second derivatives (k, k) of Σ weights × factors of a background along the directions."""

    def weighted(step: Array) -> Array:
        return jnp.vdot(weights, _factors(kind.build(values + step @ directions, data), at))

    return jax.hessian(weighted)(jnp.zeros(directions.shape[0]))


def _factors(model: Any, at: tuple[Array, ...]) -> Array:
    return jnp.asarray(model.dnde(*at) if isinstance(model, Spectrum) else model(*at))
