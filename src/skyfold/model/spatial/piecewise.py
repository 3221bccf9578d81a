"""A free-form factor across the sky."""

from dataclasses import field
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, Delaunay, QhullError

from skyfold.errors import ModelError
from skyfold.model.fields import params
from skyfold.model.spatial.base import Shape
from skyfold.model.tree import static
from skyfold.num.double import Floats
from skyfold.num.jsphere import offsets
from skyfold.units import strip


class PiecewiseNormShape(Shape):
    """Norms at some directions, planes between three of them, beyond them the norm of the nearest border.

    A pure number, the factor of a background. The triangles are those of Delaunay on the sky in azimuthal equidistant
    projection around the mean of the nodes.

    lon, lat : (n,) of the nodes, n > 2; Quantities, or numbers in deg.
    norms : n of them; in tables they are called ``norms.0``, ``norms.1``, ...
    interp : "lin", or "log" for planes in the logarithm of the norms.

    Raises
    ------
    ModelError
        Nodes and norms differ in number, are not finite, or lie on one line.
    """

    normalised: ClassVar[bool] = False
    moves: ClassVar[bool] = False

    lon: Floats
    lat: Floats
    norms: tuple[Array, ...] = params(domain=(0.0, float("inf")))
    interp: Literal["lin", "log"] = static(default="lin")
    # Made of the nodes, never given.
    middle: Any = field(default=None, kw_only=True, repr=False)
    corners: Any = field(default=None, kw_only=True, repr=False)
    weights: Any = field(default=None, kw_only=True, repr=False)
    border: Any = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "norms", tuple(self.norms))  # of an array too
        super().__post_init__()
        if self.interp not in ("lin", "log"):
            raise ModelError(f"PiecewiseNormShape.interp: found {self.interp!r}; wanted 'lin' or 'log'")
        for name in ("lon", "lat"):
            object.__setattr__(self, name, _angles(name, getattr(self, name), len(self.norms)))
        if isinstance(self.lon, jax.core.Tracer):
            return
        made = _triangles(self.lon, self.lat)
        for name, value in zip(("middle", "corners", "weights", "border"), made, strict=True):
            object.__setattr__(self, name, value)

    def __call__(self, lon: Array, lat: Array) -> Array:
        plane = _onto(jnp.stack(offsets(lon, lat, self.middle[0], self.middle[1])), jnp.asarray(self.border))
        at = jnp.concatenate([plane, jnp.ones((1, *jnp.shape(lon)))])
        weights = jnp.asarray(self.weights)

        def nearer(best: tuple[Array, Array], one: tuple[Array, Array]) -> tuple[tuple[Array, Array], None]:
            number, weight = one
            inside = jnp.min(jnp.tensordot(weight, at, axes=1), axis=0)
            better = inside > best[0]
            return (jnp.where(better, inside, best[0]), jnp.where(better, number, best[1])), None

        first = jnp.full(jnp.shape(lon), -jnp.inf), jnp.zeros(jnp.shape(lon), dtype=int)
        (_, triangle), _ = lax.scan(nearer, first, (jnp.arange(len(weights)), weights))
        share = jnp.maximum(jnp.einsum("...ij,j...->...i", weights[triangle], at), 0.0)
        share = share / jnp.sum(share, axis=-1, keepdims=True)
        norms, nodes = jnp.stack(self.norms), jnp.asarray(self.corners)[triangle]
        if self.interp == "log":
            return jnp.exp(jnp.sum(share * jnp.log(jnp.maximum(norms, 1e-300))[nodes], axis=-1))
        return jnp.sum(share * norms[nodes], axis=-1)

    def center(self) -> tuple[Array, Array]:
        return jnp.asarray(self.middle[0]), jnp.asarray(self.middle[1])

    def reach(self) -> Array:
        return jnp.asarray(jnp.inf)

    def grain(self) -> Array:
        """The least distance between two nodes."""
        lon, lat = jnp.radians(self.lon), jnp.radians(self.lat)
        east, north = offsets(lon, lat, self.middle[0], self.middle[1])
        apart = jnp.hypot(east[:, None] - east[None, :], north[:, None] - north[None, :])
        return jnp.min(jnp.where(jnp.eye(len(east), dtype=bool), jnp.inf, apart))


def _angles(name: str, given: Any, n: int) -> Floats:
    if isinstance(given, jax.core.Tracer):
        return given  # type: ignore[return-value]
    found = strip(given, "deg", f"PiecewiseNormShape.{name}")
    if found.shape != (n,) or n < 3 or not np.isfinite(found).all():
        raise ModelError(
            f"PiecewiseNormShape.{name}: found values of shape {found.shape} for {n} norms; give a finite one for each"
            " of three or more"
        )
    return found


def _onto(at: Array, border: Array) -> Array:
    """Points (2, ...), those outside of a convex border (k, 2, 2) moved to the nearest place on it."""

    def nearer(best: tuple[Array, Array, Array], side: Array) -> tuple[tuple[Array, Array, Array], None]:
        start, step = side[0].reshape(2, *(1,) * (at.ndim - 1)), (side[1] - side[0]).reshape(2, *(1,) * (at.ndim - 1))
        away = at - start
        along = jnp.clip(jnp.sum(away * step, axis=0) / jnp.sum(step**2), 0.0, 1.0)
        place = start + along[None] * step
        distance = jnp.sum((at - place) ** 2, axis=0)
        outside = best[2] | (step[0] * away[1] - step[1] * away[0] < 0)
        closer = distance < best[0]
        return (jnp.where(closer, distance, best[0]), jnp.where(closer[None], place, best[1]), outside), None

    first = jnp.full(at.shape[1:], jnp.inf), at, jnp.zeros(at.shape[1:], dtype=bool)
    (_, nearest, outside), _ = lax.scan(nearer, first, border)
    return jnp.where(outside[None], nearest, at)


def _triangles(lon: Floats, lat: Floats) -> tuple[Floats, NDArray[Any], Floats, Floats]:
    """What the nodes make.

    Returns
    -------
    middle : (2,), mean direction [rad].
    corners : (t, 3), the nodes of each triangle.
    weights : (t, 3, 3), matrices from (x, y, 1) to the shares of the corners.
    border : (k, 2, 2), from where to where its sides go, counter-clockwise.
    """
    lon, lat = np.radians(lon), np.radians(lat)
    mean = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]).mean(axis=1)
    middle = np.array([np.arctan2(mean[1], mean[0]), np.arctan2(mean[2], np.hypot(mean[0], mean[1]))])
    with jax.ensure_compile_time_eval():  # the nodes are numbers even where the norms are traced
        at = np.stack(offsets(jnp.asarray(lon), jnp.asarray(lat), *jnp.asarray(middle)), axis=1)
    try:
        corners = Delaunay(at).simplices
    except QhullError as error:
        raise ModelError("PiecewiseNormShape: the nodes lie on one line; wanted three that span a triangle") from error
    full = np.concatenate([at[corners], np.ones((*corners.shape, 1))], axis=2)  # (t, node, xy1)
    solid = np.abs(np.linalg.det(full)) > 1e-9 * np.ptp(at, axis=0).prod()  # slivers hold nothing
    if not solid.any():
        raise ModelError("PiecewiseNormShape: the nodes lie on one line; wanted three that span a triangle")
    around = ConvexHull(at).vertices
    border = np.stack([at[around], at[np.roll(around, -1)]], axis=1)
    return middle, corners[solid].astype(np.int64), np.linalg.inv(np.swapaxes(full[solid], 1, 2)), border
