"""Shapes given by a map."""

from typing import TYPE_CHECKING, Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from skyfold.errors import ModelError
from skyfold.model.spatial.base import Shape
from skyfold.model.tree import static
from skyfold.num.double import Floats

BRIGHTNESS, INTENSITY = "sr-1", "TeV-1 s-1 cm-2 sr-1"
_ZERO = 1e-300  # what counts as zero has a logarithm


class _Mapped(Shape):
    """Values on a grid of longitudes and latitudes, linear between them, 0 further than half a step outside.

    lon : (nx,), n > 1, rising in even steps [rad], over a turn and one step at most.
    lat : (ny,), the same.
    """

    normalised: ClassVar[bool] = False
    moves: ClassVar[bool] = False

    if TYPE_CHECKING:  # fields of each, in an order of its own

        @property
        def lon(self) -> Floats: ...

        @property
        def lat(self) -> Floats: ...

    def center(self) -> tuple[Array, Array]:
        return jnp.asarray((self.lon[0] + self.lon[-1]) / 2), jnp.asarray((self.lat[0] + self.lat[-1]) / 2)

    def reach(self) -> Array:
        """The corners of the map, with half a step; at most half the sky around."""
        half = [(nodes[-1] - nodes[0] + nodes[1] - nodes[0]) / 2 for nodes in (self.lon, self.lat)]
        return jnp.minimum(jnp.hypot(*half), jnp.pi)

    def grain(self) -> Array:
        return jnp.minimum(self.lon[1] - self.lon[0], self.lat[1] - self.lat[0])

    def _between(self, values: Array | Floats, lon: Array, lat: Array) -> Array:
        """Values (..., ny, nx) at directions: (..., *directions)."""
        middle = (self.lon[0] + self.lon[-1]) / 2
        turned = middle + jnp.mod(lon - middle + jnp.pi, 2 * jnp.pi) - jnp.pi
        x, across, in_x = _placed(turned, self.lon)
        y, along, in_y = _placed(lat, self.lat)
        table = jnp.asarray(values)
        low = table[..., y, x] * _like(1 - across, table) + table[..., y, x + 1] * _like(across, table)
        high = table[..., y + 1, x] * _like(1 - across, table) + table[..., y + 1, x + 1] * _like(across, table)
        found = low * _like(1 - along, table) + high * _like(along, table)
        return jnp.where(_like(in_x & in_y, table), found, 0.0)


class Template(_Mapped):
    """A map of brightness; see `skyfold.io.template_shapes` for those in files. It has no parameters.

    lon, lat : (nx,), (ny,), rising in even steps [rad].
    values : (ny, nx) [sr-1], not negative.

    Raises
    ------
    ModelError
        The grid is not even, values are negative or not finite, or of another shape than the grid.
    """

    lon: Floats
    lat: Floats
    values: Floats

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self, (len(self.lat), len(self.lon)))

    def __call__(self, lon: Array, lat: Array) -> Array:
        return self._between(self.values, lon, lat)


class EnergyTemplate(_Mapped):
    """Maps of brightness at energies, power laws between them and beyond their ends. It has no parameters.

    energy : (n,), n > 1, rising [TeV].
    lon, lat : (nx,), (ny,), rising in even steps [rad].
    values : (n, ny, nx), not negative.
    unit : of the values, ``"sr-1"``, or ``"TeV-1 s-1 cm-2 sr-1"`` where the spectrum is a pure number.

    Raises
    ------
    ModelError
        As `Template`, or the energies do not rise, or the unit is another.
    """

    energy_dependent: ClassVar[bool] = True

    energy: Floats
    lon: Floats
    lat: Floats
    values: Floats
    unit: str = static(default=BRIGHTNESS, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.unit not in (BRIGHTNESS, INTENSITY):
            raise ModelError(f"EnergyTemplate.unit: found {self.unit!r}; wanted {BRIGHTNESS!r} or {INTENSITY!r}")
        _check(self, (len(self.energy), len(self.lat), len(self.lon)))
        if _traced(self):
            return
        object.__setattr__(self, "energy", np.asarray(self.energy, dtype=float))
        if not (len(self.energy) > 1 and self.energy[0] > 0 and np.all(np.diff(self.energy) > 0)):
            raise ModelError(
                f"EnergyTemplate.energy: wanted two or more positive energies that rise, found {self.energy}"
            )

    def __call__(self, lon: Array, lat: Array, energy: Array) -> Array:  # type: ignore[override]  # as the flag says
        nodes, x = jnp.log(self.energy), jnp.log(energy)
        i = jnp.clip(jnp.searchsorted(nodes, x, side="right") - 1, 0, len(nodes) - 2)
        share = (x - nodes[i]) / (nodes[i + 1] - nodes[i])
        if jnp.ndim(x) == 0:
            pair = self._between(jnp.asarray(self.values)[jnp.stack([i, i + 1])], lon, lat)
        else:
            maps = self._between(self.values, lon, lat)
            pair = jnp.stack([jnp.take_along_axis(maps, (i + k)[None], axis=0)[0] for k in (0, 1)])
        low, high = jnp.log(jnp.maximum(pair, _ZERO))
        found = jnp.exp(low * (1 - share) + high * share)
        return jnp.where(jnp.minimum(pair[0], pair[1]) > 0, found, 0.0)


def _like(factor: Array, table: Array) -> Array:
    """A factor of directions with the leading axes of a table."""
    return factor.reshape((1,) * (table.ndim - 2) + factor.shape)


def _placed(at: Array, nodes: Floats) -> tuple[Array, Array, Array]:
    """The node below, the share of the one above, and whether it is on the map; the border is half a step wide."""
    place = (at - nodes[0]) / (nodes[1] - nodes[0])
    last = len(nodes) - 1
    below = jnp.clip(jnp.floor(place).astype(int), 0, last - 1)
    return below, jnp.clip(place - below, 0.0, 1.0), (place >= -0.5) & (place <= last + 0.5)


def _traced(shape: Any) -> bool:
    """Whether it was checked before."""
    return any(isinstance(part, jax.core.Tracer) for part in (shape.lon, shape.lat, shape.values))


def _check(shape: Any, wanted: tuple[int, ...]) -> None:
    model = type(shape).__name__
    if _traced(shape):
        return
    for name in ("lon", "lat", "values"):
        object.__setattr__(shape, name, np.asarray(getattr(shape, name), dtype=float))
    for name in ("lon", "lat"):
        steps = np.diff(getattr(shape, name))
        if not steps.size or not steps[0] > 0 or not np.allclose(steps, steps[0], rtol=1e-6):
            raise ModelError(f"{model}.{name}: wanted two or more numbers that rise in even steps [rad]")
    if shape.values.shape != wanted:
        raise ModelError(f"{model}.values: found shape {shape.values.shape} on a grid of {wanted}")
    if not (np.isfinite(shape.values).all() and np.all(shape.values >= 0)):
        bad = ~(np.isfinite(shape.values) & (shape.values >= 0))
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ModelError(f"{model}.values{list(first)} = {shape.values[first]:g}; wanted none below zero and no nan")
