"""Numbers on a geometry."""

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from skyfold.errors import ShapeError
from skyfold.geom.axis import AnyAxis
from skyfold.units import strip
from skyfold.units import unit as read_unit


class Geom(Protocol):
    """What a map needs to know about its pixels; WCS, HEALPix and region grids all fit."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def axes(self) -> tuple[AnyAxis, ...]: ...
    def axis_number(self, name: str) -> int: ...
    def with_axes(self, *axes: AnyAxis) -> Any: ...


@dataclass(frozen=True, eq=False)
class Map:
    """An array with a geometry and a unit. One class for every kind of geometry.

    Arithmetic with another map needs the same geometry; with a number or Quantity it broadcasts. Units are converted
    and combined; comparisons give boolean maps.

    Raises
    ------
    ShapeError
        The array does not have the shape of the geometry.
    """

    geom: Any
    data: NDArray[Any]
    unit: u.UnitBase = u.dimensionless_unscaled

    def __post_init__(self) -> None:
        data = np.asarray(self.data)
        if data.shape != self.geom.shape:
            raise ShapeError(f"data has shape {data.shape}, its geometry {self.geom.shape}")
        object.__setattr__(self, "data", data)
        object.__setattr__(self, "unit", read_unit(self.unit))

    @classmethod
    def filled(cls, geom: Any, value: float | bool = 0.0, unit: str | u.UnitBase = "") -> Self:
        """A map with one value everywhere."""
        return cls(geom, np.full(geom.shape, value), read_unit(unit))

    @property
    def quantity(self) -> u.Quantity:
        return self.data << self.unit

    def data_in(self, unit: str | u.UnitBase) -> NDArray[np.float64]:
        """The data as plain numbers in `unit`."""
        return strip(self.quantity, unit, "map")

    def to(self, unit: str | u.UnitBase) -> Self:
        """The same map in another unit."""
        return self.with_data(self.data_in(unit), read_unit(unit))

    def with_data(self, data: NDArray[Any], unit: str | u.UnitBase | None = None) -> Self:
        return replace(self, data=data, unit=self.unit if unit is None else read_unit(unit))

    # Arithmetic

    def _apply(self, fn: Callable[[Any, Any], Any], other: Any, *, swap: bool = False) -> Self:
        if isinstance(other, Map):
            if other.geom != self.geom:
                raise ShapeError(
                    f"maps on different geometries: {self.geom} and {other.geom}; reproject or cut one first"
                )
            other = other.quantity
        mine = self.data if self.data.dtype == bool and not isinstance(other, u.Quantity) else self.quantity
        result = fn(other, mine) if swap else fn(mine, other)
        return self.with_data(getattr(result, "value", result), getattr(result, "unit", u.dimensionless_unscaled))

    def __add__(self, other: Any) -> Self:
        return self._apply(operator.add, other)

    def __sub__(self, other: Any) -> Self:
        return self._apply(operator.sub, other)

    def __mul__(self, other: Any) -> Self:
        return self._apply(operator.mul, other)

    def __truediv__(self, other: Any) -> Self:
        with np.errstate(divide="ignore", invalid="ignore"):  # a map may have empty pixels: their ratio is nan or inf
            return self._apply(operator.truediv, other)

    def __pow__(self, power: float) -> Self:
        return self._apply(operator.pow, power)

    def __radd__(self, other: Any) -> Self:
        return self._apply(operator.add, other, swap=True)

    def __rsub__(self, other: Any) -> Self:
        return self._apply(operator.sub, other, swap=True)

    def __rmul__(self, other: Any) -> Self:
        return self._apply(operator.mul, other, swap=True)

    def __rtruediv__(self, other: Any) -> Self:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._apply(operator.truediv, other, swap=True)

    def __lt__(self, other: Any) -> Self:
        return self._apply(operator.lt, other)

    def __le__(self, other: Any) -> Self:
        return self._apply(operator.le, other)

    def __gt__(self, other: Any) -> Self:
        return self._apply(operator.gt, other)

    def __ge__(self, other: Any) -> Self:
        return self._apply(operator.ge, other)

    def __and__(self, other: Any) -> Self:
        return self._logic(np.logical_and, other)

    def __or__(self, other: Any) -> Self:
        return self._logic(np.logical_or, other)

    def __invert__(self) -> Self:
        return self.with_data(~self.data.astype(bool))

    def _logic(self, fn: Callable[..., Any], other: Self) -> Self:
        if other.geom != self.geom:
            raise ShapeError(f"masks on different geometries: {self.geom} and {other.geom}")
        return self.with_data(fn(self.data, other.data))

    # Axes

    def sum_over(self, *names: str) -> Self:
        """Sum over the named axes (all of them if none is named); each stays as one bin over its whole range."""
        return self.reduce_over(np.sum, *names)

    def reduce_over(self, fn: Callable[..., NDArray[Any]], *names: str) -> Self:
        """Reduce the named axes with `fn(data, axis=..., keepdims=True)`; each stays as one bin."""
        numbers = tuple(self.geom.axis_number(name) for name in names) or tuple(range(len(self.geom.axes)))
        axes = [axis.squashed() if i in numbers else axis for i, axis in enumerate(self.geom.axes)]
        return replace(self, geom=self.geom.with_axes(*axes), data=fn(self.data, axis=numbers, keepdims=True))
