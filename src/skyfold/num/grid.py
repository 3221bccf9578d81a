"""Tables that can be asked for values between their nodes.

Responses are evaluated on products of a few coordinates (every energy at every offset), so interpolation is done an
axis at a time: two gathers and a weighted sum, whatever the other axes are.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Place(NamedTuple):
    """Where coordinates fall between nodes: value = (1 - weight) v[below] + weight v[below + 1]."""

    below: NDArray[np.intp]
    weight: Floats


def place(x: ArrayLike, nodes: Floats) -> Place:
    """Locate `x` among rising `nodes`; beyond the first and last node the value there holds."""
    x = np.asarray(x, dtype=float)
    if nodes.size == 1:
        return Place(np.zeros(x.shape, dtype=np.intp), np.zeros(x.shape))
    below = np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, nodes.size - 2)
    weight = (x - nodes[below]) / (nodes[below + 1] - nodes[below])
    return Place(below, np.clip(weight, 0.0, 1.0))


def along(values: Floats, where: Place, axis: int) -> Floats:
    """Interpolate one axis of `values` at coordinates of any shape, which replaces that axis."""
    above = np.minimum(where.below + 1, values.shape[axis] - 1)
    axis = axis % values.ndim
    if axis == values.ndim - 1 and where.below.size > 1000:
        return _along_rows(values, where, above)
    weight = where.weight.reshape(where.weight.shape + (1,) * (values.ndim - axis - 1))
    # In place and without index checks (`place` has done them): half the time of the formula written out.
    lower = np.take(values, where.below, axis, mode="clip").astype(float, copy=False)
    step = np.take(values, above, axis, mode="clip") - lower
    step *= weight
    lower += step
    return lower


def _along_rows(values: Floats, where: Place, above: NDArray[np.intp]) -> Floats:
    """`along` the last axis for many coordinates: row by row, so that a row's result stays in the processor's cache."""
    result = np.empty((*values.shape[:-1], *where.below.shape))
    for row, out in zip(values.reshape(-1, values.shape[-1]), result.reshape(-1, *where.below.shape), strict=True):
        np.take(row.astype(float, copy=False), where.below, out=out, mode="clip")
        out += (np.take(row, above, mode="clip") - out) * where.weight
    return result


@dataclass(frozen=True)
class Grid:
    """Multilinear interpolation of a table, held constant beyond its outermost nodes.

    nodes : per axis, shape (n_i,), rising, in interpolation space (log energy, say).
    values : shape (n_1, ..., n_k).
    """

    nodes: tuple[Floats, ...]
    values: Floats

    def __call__(self, *coords: ArrayLike) -> Floats:
        """Values at coordinates that broadcast against each other."""
        places = [place(c, x) for c, x in zip(coords, self.nodes, strict=True)]
        result: Floats | float = 0.0
        for corner in np.ndindex(*(2,) * len(places)):
            # The node above the last one is never weighted: clip it into the table.
            index = tuple(
                np.minimum(p.below + step, size - 1)
                for p, step, size in zip(places, corner, self.values.shape, strict=True)
            )
            weights = [p.weight if step else 1 - p.weight for p, step in zip(places, corner, strict=True)]
            product = weights[0]
            for weight in weights[1:]:
                product = product * weight
            result = result + self.values[index] * product
        return np.asarray(result)

    def outer(self, *coords: ArrayLike) -> Floats:
        """Values at every combination of the coordinates, shape (*coords[0].shape, ..., *coords[-1].shape)."""
        arrays = [np.asarray(c, dtype=float) for c in coords]
        values = self.values
        # The axis that shrinks most goes first: a few energies before a million pixels.
        for axis in sorted(range(len(arrays)), key=lambda i: arrays[i].size / self.nodes[i].size):
            values = along(values, place(arrays[axis].ravel(), self.nodes[axis]), axis)
        return values.reshape([n for c in arrays for n in c.shape])
