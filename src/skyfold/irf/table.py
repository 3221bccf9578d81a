"""What all response tables share: axes as plain numbers, checks, and the rules at their ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skyfold.errors import DataError, ShapeError
from skyfold.geom.axis import Axis
from skyfold.num.grid import Place, along, place

Floats = NDArray[np.float64]
Meta = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Ruler:
    """An axis of a table in an internal unit: where coordinates fall between its nodes, and where it ends.

    Tables are interpolated between nodes (bin centres, or the nodes a file gives) in the scale of the axis, and held
    constant from the outermost node to the outermost edge.
    """

    nodes: Floats
    edges: Floats
    log: bool

    @classmethod
    def of(cls, axis: Axis, unit: str) -> Self:
        center = axis.center_in(unit)
        log = axis.scale == "log"
        return cls(np.log(center) if log else center, axis.edges_in(unit), log)

    def scaled(self, x: ArrayLike) -> Floats:
        """Coordinates in the scale of the nodes."""
        x = np.asarray(x, dtype=float)
        if not self.log:
            return x
        with np.errstate(divide="ignore", invalid="ignore"):  # energy 0 lies below every node
            return np.asarray(np.log(x))

    def place(self, x: ArrayLike) -> Place:
        """Where coordinates fall; those beyond the outermost nodes get the value there."""
        return place(self.scaled(x), self.nodes)

    def along(self, values: Floats, x: ArrayLike, axis: int) -> Floats:
        """Interpolate one axis of a table at coordinates of any shape, which replaces that axis."""
        return along(values, self.place(x), axis)

    def inside(self, x: ArrayLike) -> NDArray[np.bool_]:
        """Whether coordinates lie between the outermost edges, these included (files round them to float32)."""
        x = np.asarray(x, dtype=float)
        return (x >= self.edges[0] - _slack(self.edges[0])) & (x <= self.edges[-1] + _slack(self.edges[-1]))

    def below_last(self, x: ArrayLike) -> NDArray[np.bool_]:
        """Whether offsets lie within the last edge; towards the centre of the field of view a table has no hole.

        A table with one offset cannot say how it changes with offset: it holds everywhere.
        """
        x = np.asarray(x, dtype=float)
        if self.nodes.size == 1:
            return np.isfinite(x)
        return x <= self.edges[-1] + _slack(self.edges[-1])


def _slack(edge: float) -> float:
    return 1e-6 * abs(edge)


Corner = tuple[NDArray[np.intp], NDArray[np.intp], Floats]


def corners(energy: Ruler, offset: Ruler, at_energy: Floats, at_offset: Floats) -> list[Corner]:
    """The four rows around each point of an (energy, offset) table, and their weights, which sum to 1."""
    e, o = energy.place(at_energy), offset.place(at_offset)
    return [
        (
            np.minimum(e.below + i, energy.nodes.size - 1),
            np.minimum(o.below + j, offset.nodes.size - 1),
            (e.weight if i else 1 - e.weight) * (o.weight if j else 1 - o.weight),
        )
        for i in (0, 1)
        for j in (0, 1)
    ]


def share_of(valid: NDArray[np.bool_], at: list[Corner]) -> Floats:
    """Weight of the rows around each point that hold a shape; (n_energy, n_offset) → points."""
    return np.asarray(sum(weight * valid[e, o] for e, o, weight in at))


def floats(*values: ArrayLike) -> list[Floats]:
    """Arrays of float64, broadcast against each other."""
    return list(np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in values)))


def checked(what: str, values: ArrayLike, *axes: Axis) -> Floats:
    """`values` as read-only float64 after a look at its shape and contents.

    Raises
    ------
    ShapeError
        The shape is not that of the axes.
    DataError
        A value is not finite; the message names the response and the bin.
    """
    array = np.array(values, dtype=float)
    shape = tuple(axis.nbin for axis in axes)
    if array.shape != shape:
        names = ", ".join(f"{axis.name} ({axis.nbin})" for axis in axes)
        raise ShapeError(f"{what}: values have shape {array.shape}, the axes {names} need {shape}")
    bad = ~np.isfinite(array)
    if bad.any():
        first = np.unravel_index(int(np.argmax(bad)), shape)
        where = ", ".join(f"{axis.name} bin {i}" for axis, i in zip(axes, first, strict=True))
        raise DataError(
            f"{what}: {int(bad.sum())} values are not finite, the first at {where}; wanted numbers everywhere"
        )
    array.setflags(write=False)
    return array


def not_negative(what: str, values: Floats) -> None:
    """Refuse a table of densities or areas with values below 0.

    Raises
    ------
    DataError
        A value is negative.
    """
    if values.size and values.min() < 0:
        raise DataError(
            f"{what}: {int((values < 0).sum())} values are negative, down to {values.min():.4g}; wanted none"
        )


def fill_rows(values: Floats, valid: NDArray[np.bool_]) -> Floats:
    """Replace entries of (n_energy, n_offset) that are not valid by the nearest valid one in energy, else in offset.

    Parameters of a shape cannot be interpolated towards a bin without a shape; what stands in for it gets no weight.
    """
    if valid.all() or not valid.any():
        return values
    rows, columns = np.nonzero(valid)
    row, column = np.ogrid[: values.shape[0], : values.shape[1]]
    # A step in offset counts as more than any number of steps in energy.
    distance = np.abs(row[..., None] - rows) + values.shape[0] * np.abs(column[..., None] - columns)
    nearest = np.argmin(distance, axis=-1)
    return np.asarray(values[rows[nearest], columns[nearest]])
