"""Sources folded into the bins of a likelihood, with derivatives: the compiled functions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.tree_util import register_dataclass
from numpy.typing import NDArray

from skyfold.fit.kinds import Kind
from skyfold.fold.point import Landing, exposed, in_block, landing, shifted
from skyfold.fold.predict import drift, image, moved_by, photons, pixel
from skyfold.fold.window import Numbers, Spot, Window
from skyfold.num.compiling import quickly, sparingly
from skyfold.num.double import Floats


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
    slopes: Array | None
    moves: Numbers


class Numbered(NamedTuple):
    """What of a source are but a few numbers.

    fluxes : (1 + k, C) photons in each channel, and their derivatives along the directions
    drift : pixels, see `skyfold.fold.predict.drift`
    landed : of a point
    """

    fluxes: Array
    drift: Array
    landed: Landed | None


class Folded(NamedTuple):
    """Expected counts of a source, then their derivatives along the directions asked for.

    total : (1 + k,) over the bins of the statistic
    listed : (L, 1 + k) in the listed bins
    """

    total: Array
    listed: Array


def folded(
    kind: Kind, values: Floats, data: list[Array], window: Window, bins: Bins, along: Directions
) -> tuple[Folded, Array]:
    """Fold a source; and how far it has drifted.

    In steps that are compiled one by one: the arrays between them are made once, where one function for all would make
    them anew for each number that it takes from them; and steps are shared by all sources to which they are the same.
    The expensive derivatives, of the image, are taken only where the shape changes.
    """
    numbered = _numbered(kind, values, data, window.spot, along)
    return _view(kind, values, data, window, bins, along, numbered.landed)(numbered.fluxes), numbered.drift


def flux_bent(
    kind: Kind,
    values: Floats,
    data: list[Array],
    window: Window,
    bins: Bins,
    along: Directions,
    linear: float,
    slopes: Floats,
) -> Array:
    """Second derivatives of linear × total + Σ slopes × listed along `every`, (k, k): those of the spectrum alone.

    Parameters
    ----------
    slopes : of as many of the listed bins as are no padding.
    """
    numbered = _numbered(kind, values, data, window.spot, along)
    resting, landed = replace(along, which=np.zeros(along.which.shape)), numbered.landed
    if landed is not None:
        landed = landed._replace(moves=np.zeros(landed.moves.shape))
    view = _view(kind, values, data, window, bins, resting, landed)
    rows, channels = numbered.fluxes.shape
    weights = np.zeros(channels)  # of a photon in each channel, as many at once as the compiled function takes fluxes
    for first in range(0, channels, rows):
        total, listed = view(np.eye(rows, channels, first))
        weighted = linear * np.asarray(total) + slopes @ np.asarray(listed)[: slopes.size]
        weights[first : first + rows] = weighted[: channels - first]
    return _flux_bent(kind, values, data, window.spot, along, weights)


def filled(values: NDArray[Any], size: int) -> NDArray[Any]:
    """As many rows as `size`, the rest 0."""
    rest = np.zeros((size - len(values), *values.shape[1:]), dtype=values.dtype)
    return np.concatenate([values, rest])


@partial(quickly, static=1)
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


def _view(
    kind: Kind,
    values: Floats,
    data: list[Array],
    window: Window,
    bins: Bins,
    along: Directions,
    landed: Landed | None,
) -> Callable[[Numbers], Folded]:
    """What the bins see of a source, by its fluxes (1 + k, C)."""
    if window.spot.kind == "fixed":
        return lambda fluxes: _known(fluxes, window)
    if landed is not None:
        return lambda fluxes: _point(fluxes, landed, window.kernel, exposed(window), window.seen, bins)
    images = _images(kind, values, data, window, along.moving)
    return lambda fluxes: _shape(fluxes, images, along.which, window.seen, bins)


@sparingly
def _point(fluxes: Array, landed: Landed, kernel: Array, exposure: Array | None, seen: Array, bins: Bins) -> Folded:
    """Fold a point where it landed, with a PSF and an exposure as `shifted` takes them."""
    (n, _, channels), (here, slopes, moves) = seen.shape, landed

    def light() -> tuple[Array, Array | None]:
        return shifted(here, slopes, kernel, exposure, n)

    def dark() -> tuple[Array, Array | None]:
        return jax.tree.map(lambda array: jnp.zeros(array.shape), jax.eval_shape(light))

    # XLA cannot tell what will come of a condition: without one it would make the image anew for each sum over it.
    psf, exposures = lax.cond(jnp.any(fluxes != 0), light, dark)
    side, (x0, y0) = len(psf), here.corner
    near = lax.dynamic_slice(seen.reshape(n, -1), (y0, x0 * channels), (side, side * channels))
    places = in_block(bins.pixels % n, bins.pixels // n, here.corner, side)
    return _summed(fluxes, psf, exposures, moves, near, places, bins.share)


@partial(sparingly, static=1)
def _images(kind: Kind, values: Array, data: list[Array], window: Window, moving: Array) -> Array:
    """The image, and its derivatives along some directions (m, P)."""

    def rows(values: Array) -> Array:
        return image(kind.build(values, data).shape, window).reshape(window.shape[0], -1)

    if not moving.shape[0]:
        return rows(values)[:, None]
    pixels, d_pixels = jax.linearize(rows, values)
    return jnp.concatenate([pixels[:, None], jax.vmap(d_pixels, out_axes=1)(moving)], axis=1)


@sparingly
def _shape(fluxes: Array, images: Array, which: Array, seen: Array, bins: Bins) -> Folded:
    """Fold a shape, with its images (ny, 1 + m, nx · C)."""
    ny, nx, _ = seen.shape
    places = bins.pixels % nx, bins.pixels // nx
    return _summed(fluxes, images, None, which, seen.reshape(ny, -1), places, bins.share)


def _summed(
    fluxes: Array,
    images: Array,
    exposures: Array | None,
    which: Array,
    seen: Array,
    places: tuple[Array, Array],
    share: Array,
) -> Folded:
    """Sums over the image of a source and over the changes of it.

    All that is wanted are weighted sums of them. That of the source itself has the weights of its fluxes and how they
    change, and how its exposure does; its changes have those of how much of them there is.

    Parameters
    ----------
    images : in each row of pixels (ny, 1 + m, nx · C): pixels and channels of a row are together, for over long rows
        XLA's loops are twice as fast as over short ones.
    exposures : (1 + m, C) by which they are still to be multiplied; None if by nothing.
    which : (1 + k, ≥ m) how much of these changes there is along each direction, the first row 0, for the value itself.
    seen : (ny, nx · C)
    places : columns and rows of the listed bins.
    """
    (ny, n, _), (x, y), channels = images.shape, places, fluxes.shape[1]
    factor, which = jnp.eye(n, 1) if exposures is None else exposures, which[:, : n - 1]
    itself = fluxes * factor[:1] + (which @ factor[1:]) * fluxes[:1]
    changed = which[:, :, None] * (fluxes[0] * factor[0])[None, None, :]
    weights = jnp.concatenate([itself[:, None], changed], axis=1).reshape(len(fluxes), -1)
    summed = jnp.sum(jnp.sum(images * seen[:, None, :], axis=0).reshape(n, -1, channels), axis=1)
    listed = images.reshape(ny, n, -1, channels)[y, :, x] * share[:, None, :]
    return Folded(weights @ summed.reshape(-1), listed.reshape(len(listed), -1) @ weights.T)


@sparingly
def _known(fluxes: Array, window: Window) -> Folded:
    """Fold a shape that does not change."""
    return Folded(fluxes @ window.exposure, window.kernel @ fluxes.T)


@partial(quickly, static=1)
def _flux_bent(kind: Kind, values: Array, data: list[Array], spot: Spot, along: Directions, weights: Array) -> Array:
    """Second derivatives of Σ weights (C,) × `photons` along `every`, (k, k)."""

    def weighted(step: Array) -> Array:
        return jnp.vdot(weights, photons(kind.build(values + step @ along.every, data), spot))

    return jax.jacfwd(jax.jacfwd(weighted))(jnp.zeros(along.every.shape[0]))
