"""Radial profiles given at nodes: density around a point, and what it encloses."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skyfold.geom.axis import Axis
from skyfold.irf.table import Floats

Rows = tuple[Any, ...]  # an index of all but the last axis


@dataclass(frozen=True, eq=False)
class Profiles:
    """Densities that are straight lines in q = r² between nodes, and 0 beyond the last.

    A smooth density is a smooth function of r², and 2π r dr = π dq: with ring means at the middles in q of even rings
    the integral of the lines is that of the rings, where lines in r lose up to 6 % at the cusp in the centre. Inside
    the first node the density there holds. Enclosed sums are exact integrals.

    squares : q at the knots [rad²], shape (m,); the first is 0.
    density : at the knots, shape (..., m).
    enclosed : integral from 0 to each knot, shape (..., m).
    """

    squares: Floats
    density: Floats
    enclosed: Floats

    @classmethod
    def of(cls, rad: Axis, density: Floats, *, means: bool) -> Self:
        """Profiles of a table (..., rad), constant to the first and to the last edge.

        means : the values are means over the rings of the axis; else they hold at its centres.
        """
        edges = rad.edges_in("rad") ** 2
        center = (edges[:-1] + edges[1:]) / 2 if means and rad.kind == "edges" else rad.center_in("rad") ** 2
        squares, columns = [center], [density]
        if center[0] > 0:
            squares.insert(0, np.zeros(1))
            columns.insert(0, density[..., :1])
        if edges[-1] > center[-1]:
            squares.append(edges[-1:])
            columns.append(density[..., -1:])
        q, y = np.concatenate(squares), np.concatenate(columns, axis=-1)
        rings = np.pi * np.diff(q) * (y[..., :-1] + y[..., 1:]) / 2
        return cls(q, y, np.concatenate([np.zeros((*y.shape[:-1], 1)), np.cumsum(rings, axis=-1)], axis=-1))

    @property
    def reach(self) -> float:
        """Radius of the last knot [rad]."""
        return float(np.sqrt(self.squares[-1]))

    @property
    def total(self) -> Floats:
        """Integral over all radii, shape (...)."""
        return self.enclosed[..., -1]

    def scaled(self, factor: Floats) -> Self:
        """Each profile times its factor (...)."""
        return type(self)(self.squares, self.density * factor[..., None], self.enclosed * factor[..., None])

    def density_at(self, r: ArrayLike, rows: Rows = (...,)) -> Floats:
        """Density at radii: of every profile at every radius, or of the profiles `rows` that broadcast against them."""
        i, x = self._place(r)
        value = self._line(i, x, rows)
        return np.where(np.asarray(r, dtype=float) ** 2 <= self.squares[-1] * (1 + 1e-12), value, 0.0)

    def enclosed_at(self, r: ArrayLike, rows: Rows = (...,)) -> Floats:
        """Integral out to radii, with `rows` as in `density_at`; the total beyond the last knot."""
        i, x = self._place(r)
        ring = np.pi * x * (self.density[(*rows, i)] + self._line(i, x, rows)) / 2
        return self.enclosed[(*rows, i)] + ring

    def _place(self, r: ArrayLike) -> tuple[NDArray[np.intp], Floats]:
        """The interval of each radius, and how far in q it lies in it."""
        q = np.minimum(np.asarray(r, dtype=float) ** 2, self.squares[-1])
        i = np.clip(np.searchsorted(self.squares, q, side="right") - 1, 0, self.squares.size - 2)
        return i, q - self.squares[i]

    def _line(self, i: NDArray[np.intp], x: Floats, rows: Rows) -> Floats:
        t = x / (self.squares[i + 1] - self.squares[i])
        return np.asarray(self.density[(*rows, i)] * (1 - t) + self.density[(*rows, i + 1)] * t)
