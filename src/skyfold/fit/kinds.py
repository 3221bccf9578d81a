"""Sources as vectors of numbers: the compiled functions of a likelihood.

What a compiled function depends on is the kind of a source (its classes and how they nest) and the sizes of arrays.
Values, data, positions of windows and what is free are arguments, so that fits of one structure, and the sources of one
kind in it, share what is compiled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.tree_util import register_dataclass

from skyfold.fold.point import Landing, Slopes, in_block, landing, shifted
from skyfold.fold.predict import drift, image, moved_by, photons, pixel
from skyfold.fold.window import Numbers, Spot, Window
from skyfold.model.fields import parameter_leaves
from skyfold.model.spectral.base import Spectrum
from skyfold.num.double import Floats
from skyfold.num.quick import quickly


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


@register_dataclass
@dataclass(frozen=True, eq=False)
class Bins:
    """Listed bins of a source.

    pixels : (L,) pixel y · nx + x of the window.
    share : (L, C) of the counts of each channel there that end up in the bin of reconstructed energy.
    """

    pixels: Numbers
    share: Numbers


@register_dataclass
@dataclass(frozen=True, eq=False)
class Directions:
    """Along which a source changes with the free parameters, in the space of its own P parameters.

    every : (k, P); along each a free parameter rises by one unit.
    moving : (m, P) those of them that change the shape, and `which` (1 + k, m) they are, after a row for the value
        itself: 1 where they are the same.
    """

    every: Numbers
    moving: Numbers
    which: Numbers


class Landed(NamedTuple):
    """Where a point is in its window, and by how many pixels along x and y that changes along the directions.

    moves : (1 + k, 2), the first row 0, for the value itself.
    """

    landing: Landing
    slopes: Slopes | None
    moves: Array


class Numbered(NamedTuple):
    """What of a source are but a few numbers.

    fluxes : (1 + k, C) photons in each channel, and their derivatives along the directions
    drift : pixels, see `skyfold.fold.predict.drift`
    landed : of a point
    """

    fluxes: Array
    drift: Array
    landed: Landed | None


class Light(NamedTuple):
    """What a shape sends from each channel into the listed bins, (L, C), and into all bins of the statistic, (C,).

    exposure : (C,) by which both are still to be multiplied: that at a point; 1 for others, whose images hold it.
    """

    listed: Numbers
    summed: Numbers
    exposure: Numbers


class Folded(NamedTuple):
    """Expected counts of a source, then their derivatives along the directions asked for.

    total : (1 + k,) over the bins of the statistic
    listed : (1 + k, L) in the listed bins
    light : what the shape alone sends there
    """

    total: Array
    listed: Array
    light: Light


def folded(
    kind: Kind, values: Floats, data: list[Array], window: Window, bins: Bins, along: Directions
) -> tuple[Folded, Array]:
    """Fold a source; and how far it has drifted.

    In steps that are compiled one by one: the arrays between them are made once, where one function for all would make
    them anew for each number that it takes from them; and steps are shared by all sources to which they are the same.
    The expensive derivatives, of the image, are taken only where the shape changes.
    """
    numbered = _numbered(kind, values, data, window.spot, along)
    if window.spot.kind == "fixed":
        light = Light(window.kernel, window.exposure, np.ones(window.exposure.shape))
        return _known(light, numbered.fluxes), numbered.drift
    if numbered.landed is not None:
        images = _shifted(*numbered.landed[:2], window)
    else:
        images = _images(kind, values, data, window, along.moving), ()
    return _seen(*images, numbered, along.which, window.seen, bins), numbered.drift


@partial(quickly, static_argnums=0)
def _numbered(kind: Kind, values: Array, data: list[Array], spot: Spot, along: Directions) -> Numbered:
    def few(values: Array) -> tuple[Array, Array | None]:
        source = kind.build(values, data)
        return photons(source, spot), pixel(source.shape, spot) if spot.kind == "point" else None

    (flux, at), changes = jax.linearize(few, values)
    d_flux, d_at = jax.vmap(changes)(along.every)
    fluxes = jnp.concatenate([flux[None], d_flux])
    if at is None:
        return Numbered(fluxes, drift(kind.build(values, data), spot), None)
    here, slopes = landing(at, spot)
    moves = jnp.pad(d_at, ((1, 0), (0, 0)))
    return Numbered(fluxes, moved_by(at, spot), Landed(here, slopes if along.moving.shape[0] else None, moves))


_shifted = jax.jit(shifted)


@partial(jax.jit, static_argnums=0)
def _images(kind: Kind, values: Array, data: list[Array], window: Window, moving: Array) -> tuple[Array, ...]:
    """The image, and its derivatives along some directions (m, P); (ny · nx, C) each."""
    if not moving.shape[0]:
        return (image(kind.build(values, data).shape, window),)
    pixels, d_pixels = jax.linearize(lambda v: image(kind.build(v, data).shape, window), values)
    return (pixels, *jax.vmap(d_pixels)(moving))


@jax.jit
def _seen(
    images: tuple[Array, ...], exposures: tuple[Array, ...], numbered: Numbered, which: Array, seen: Array, bins: Bins
) -> Folded:
    """Fold an image and the changes of it; of a point those of its PSF, in a block of the window, and the exposures."""
    (fluxes, _, landed), where = numbered, bins.pixels
    exposure = jnp.ones(fluxes.shape[1])
    if landed is not None:
        side, (x, y) = images[0].shape[0], landed.landing.corner
        where, which = in_block(where, landed.landing, seen.shape[1], side), landed.moves
        seen = lax.dynamic_slice(seen, (y, x, 0), (side, side, fluxes.shape[1]))
        exposure = exposures[0]
    channels = [one.reshape(-1, fluxes.shape[1]) for one in images]
    listed = [pixels[where] * bins.share for pixels in channels]
    summed = [jnp.sum(pixels * seen.reshape(pixels.shape), axis=0) for pixels in channels]
    found = _known(Light(listed[0], summed[0], exposure), fluxes)
    if len(images) == 1:
        return found
    flux = fluxes[0] * exposure
    total, each = (jnp.stack([change @ flux for change in changes]) for changes in (summed[1:], listed[1:]))
    if landed is not None:  # it sees another exposure where it moves
        also = fluxes[:1] * jnp.stack(exposures[1:])
        total, each = total + also @ summed[0], each + also @ listed[0].T
    return found._replace(total=found.total + which @ total, listed=found.listed + which @ each)


@jax.jit
def _known(light: Light, fluxes: Array) -> Folded:
    """Fold a shape that does not change."""
    fluxes = fluxes * light.exposure[None, :]
    return Folded(fluxes @ light.summed, fluxes @ light.listed.T, light)


@partial(quickly, static_argnums=0)
def flux_bent(kind: Kind, values: Array, data: list[Array], spot: Spot, along: Directions, weights: Array) -> Array:
    """Second derivatives of Σ weights (C,) × `photons` along `every`, (k, k): those of the spectrum alone."""

    def weighted(step: Array) -> Array:
        return jnp.vdot(weights, photons(kind.build(values + step @ along.every, data), spot))

    return jax.jacfwd(jax.jacfwd(weighted))(jnp.zeros(along.every.shape[0]))


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


_scaled_by_energy, _scaled_by_pixel = quickly(_scaled, static_argnums=0), jax.jit(_scaled, static_argnums=0)
_bent_by_energy, _bent_by_pixel = quickly(_bent, static_argnums=0), jax.jit(_bent, static_argnums=0)
