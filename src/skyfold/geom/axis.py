"""One binned coordinate."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import astropy.units as u
import numpy as np
from numpy.typing import ArrayLike, NDArray

from skyfold.errors import ShapeError
from skyfold.geom.listed_axes import LabelAxis, TimeAxis, adjacent
from skyfold.units import strip
from skyfold.units import unit as read_unit

Floats = NDArray[np.float64]
Scale = Literal["lin", "log", "sqrt"]
Kind = Literal["edges", "nodes"]

# A scale is the coordinate in which bins are even and tables are interpolated.
_FORWARD: dict[str, Callable[[Any], Any]] = {"lin": lambda x: x, "log": np.log, "sqrt": np.sqrt}
_BACKWARD: dict[str, Callable[[Any], Any]] = {"lin": lambda x: x, "log": np.exp, "sqrt": np.square}


@dataclass(frozen=True, eq=False)
class Axis:
    """Bins along one coordinate, given by their edges or, for tabulated values, by their nodes.

    Two axes are equal when they have the same name, unit, scale and kind, and values equal to one part in 10⁹.

    Parameters
    ----------
    name : what the coordinate is, e.g. ``"energy_true"``.
    values : edges, shape (n + 1,), or nodes, shape (n,); strictly rising, in `unit`; a Quantity brings its own unit.
    scale : ``"lin"``, ``"log"`` or ``"sqrt"``: where the middle of a bin is.
    kind : ``"edges"`` or ``"nodes"``.

    Raises
    ------
    ShapeError
        Values do not rise, are too few, or are not positive on a log axis.
    """

    name: str
    values: Floats
    unit: u.UnitBase = u.dimensionless_unscaled
    scale: Scale = "lin"
    kind: Kind = "edges"

    def __post_init__(self) -> None:
        unit = self.values.unit if isinstance(self.values, u.Quantity) else read_unit(self.unit, f"axis {self.name!r}")
        values = np.array(getattr(self.values, "value", self.values), dtype=float)
        least = 2 if self.kind == "edges" else 1
        if self.scale not in _FORWARD:
            raise ShapeError(f"axis {self.name!r}: scale {self.scale!r} is not one of {', '.join(_FORWARD)}")
        if values.ndim != 1 or values.size < least or not np.all(np.diff(values) > 0):
            raise ShapeError(
                f"axis {self.name!r}: {self.kind} must be a rising 1-d list of at least {least}, found {_short(values)}"
            )
        if (
            not np.all(np.isfinite(values))
            or (self.scale == "log" and values[0] <= 0)
            or (self.scale == "sqrt" and values[0] < 0)
        ):
            raise ShapeError(f"axis {self.name!r}: {self.kind} {_short(values)} cannot have a {self.scale} scale")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "unit", unit)

    # How to make one

    @classmethod
    def even(cls, name: str, lo: Any, hi: Any, nbin: int, *, unit: str | u.UnitBase = "", scale: Scale = "lin") -> Self:
        """`nbin` bins from `lo` to `hi`, even in `scale`. Bare numbers are in `unit`."""
        unit = read_unit(unit) if unit else getattr(u.Quantity(hi), "unit", u.dimensionless_unscaled)
        ends = _FORWARD[scale](np.array([strip(lo, unit, name), strip(hi, unit, name)]))
        edges = _BACKWARD[scale](np.linspace(ends[0], ends[1], int(nbin) + 1))
        edges[[0, -1]] = strip(lo, unit), strip(hi, unit)  # exactly what was asked for
        return cls(name, edges, unit, scale)

    @classmethod
    def energy(
        cls, lo: Any, hi: Any, nbin: int | None = None, *, per_decade: float | None = None, true: bool = False
    ) -> Self:
        """A logarithmic energy axis from `lo` to `hi`, called ``energy_true`` if `true`, else ``energy``.

        With `per_decade` the number of bins is the smallest that gives at least as many in each decade.
        """
        if (nbin is None) == (per_decade is None):
            raise ShapeError("an energy axis needs either nbin or per_decade")
        lo_q, hi_q = u.Quantity(lo), u.Quantity(hi)
        if nbin is None:
            nbin = int(np.ceil(np.log10((hi_q / lo_q).to_value("")) * float(per_decade or 0) - 1e-9))
        unit = lo_q.unit if lo_q.unit == hi_q.unit else u.TeV
        return cls.even("energy_true" if true else "energy", lo_q, hi_q, nbin, unit=unit, scale="log")

    # What it is made of

    @property
    def nbin(self) -> int:
        return self.values.size - (self.kind == "edges")

    @property
    def edges(self) -> u.Quantity:
        """Edges (nbin + 1,). Between nodes they lie half-way in the scale; the outer ones are the outer nodes."""
        if self.kind == "edges":
            return self.values << self.unit
        scaled = _FORWARD[self.scale](self.values)
        middle = _BACKWARD[self.scale]((scaled[:-1] + scaled[1:]) / 2)
        return np.concatenate([self.values[:1], middle, self.values[-1:]]) << self.unit

    @property
    def center(self) -> u.Quantity:
        """Bin centres in the scale (geometric on a log axis), or the nodes; (nbin,)."""
        if self.kind == "nodes":
            return self.values << self.unit
        scaled = _FORWARD[self.scale](self.values)
        return _BACKWARD[self.scale]((scaled[:-1] + scaled[1:]) / 2) << self.unit

    @property
    def width(self) -> u.Quantity:
        """Bin widths, shape (nbin,)."""
        return np.diff(self.edges)

    def edges_in(self, unit: str | u.UnitBase) -> Floats:
        """Edges as plain numbers in `unit`."""
        return strip(self.edges, unit, f"axis {self.name!r}")

    def center_in(self, unit: str | u.UnitBase) -> Floats:
        """Centres as plain numbers in `unit`."""
        return strip(self.center, unit, f"axis {self.name!r}")

    # Where a coordinate falls

    def to_pix(self, coord: Any) -> Floats:
        """Bin coordinate: i at the centre of bin i, i ± 0.5 at its edges, even in the scale. Extrapolates."""
        x = self._scaled(coord)
        if self.kind == "edges":
            return _interp(x, _FORWARD[self.scale](self.values), -0.5)
        if self.nbin == 1:
            return np.zeros(np.shape(x))
        return _interp(x, _FORWARD[self.scale](self.values), 0.0)

    def to_idx(self, coord: Any) -> NDArray[np.intp]:
        """Bin that holds each coordinate, lower edge included and upper excluded; −1 outside (and for nan)."""
        x = strip(coord, self.unit, f"axis {self.name!r}")
        idx = np.searchsorted(self.edges.value, x, side="right") - 1
        return np.where((idx >= 0) & (idx < self.nbin), idx, -1)

    def from_pix(self, pix: ArrayLike) -> u.Quantity:
        """Coordinate at a bin coordinate; the inverse of `to_pix`."""
        scaled = _FORWARD[self.scale](self.values)
        at = np.arange(scaled.size) - (0.5 if self.kind == "edges" else 0.0)
        return _BACKWARD[self.scale](_extend(np.asarray(pix, dtype=float), at, scaled)) << self.unit

    def within(self, lo: Any = None, hi: Any = None) -> NDArray[np.bool_]:
        """Bins that lie wholly between `lo` and `hi`, shape (nbin,); to one part in 10⁶ of a bin."""
        edges = _FORWARD[self.scale](self.edges.value)
        slack = 1e-6 * np.diff(edges)
        inside = np.ones(self.nbin, dtype=bool)
        if lo is not None:
            inside &= edges[:-1] >= self._scaled(lo) - slack
        if hi is not None:
            inside &= edges[1:] <= self._scaled(hi) + slack
        return inside

    def _scaled(self, coord: Any) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):  # log of 0 is -inf: below every bin, as it should be
            return np.asarray(_FORWARD[self.scale](strip(coord, self.unit, f"axis {self.name!r}")))

    # Other axes from it

    def renamed(self, name: str) -> Self:
        return replace(self, name=name)

    def to(self, unit: str | u.UnitBase) -> Self:
        """The same axis in another unit."""
        return replace(self, values=strip(self.values << self.unit, unit, f"axis {self.name!r}"), unit=read_unit(unit))

    def sliced(self, bins: slice) -> Self:
        """The bins of a contiguous slice."""
        start, stop = adjacent(self.name, bins, self.nbin)
        return replace(self, values=self.values[start : stop + (self.kind == "edges")])

    def squashed(self) -> Self:
        """One bin over the whole range."""
        return replace(self, values=self.edges.value[[0, -1]], kind="edges")

    def downsampled(self, factor: int) -> Self:
        """Every `factor` bins joined into one.

        Raises
        ------
        ShapeError
            The number of bins is not a multiple of `factor`.
        """
        if self.kind != "edges" or self.nbin % factor:
            raise ShapeError(f"axis {self.name!r}: {self.nbin} bins cannot be joined by {factor}")
        return replace(self, values=self.values[::factor])

    def upsampled(self, factor: int) -> Self:
        """Every bin cut into `factor`, even in the scale."""
        at = np.arange(self.nbin * factor + 1) / factor - 0.5
        return replace(self, values=self.from_pix(at).value, kind="edges")

    def groups(self, edges: Any) -> list[slice]:
        """Bins that make up each coarser bin of `edges`, snapped to the nearest edge of this axis.

        Raises
        ------
        ShapeError
            A coarse bin holds no bin of this axis.
        """
        wanted = strip(edges, self.unit, f"axis {self.name!r}")
        mine, scale = self.edges.value, _FORWARD[self.scale]
        nearest = np.abs(scale(mine)[None, :] - scale(wanted)[:, None]).argmin(axis=1)
        if np.any(np.diff(nearest) <= 0):
            raise ShapeError(f"axis {self.name!r}: edges {_short(wanted)} are finer than its own {_short(mine)}")
        return [slice(int(a), int(b)) for a, b in zip(nearest[:-1], nearest[1:], strict=True)]

    # Equality

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Axis):
            return NotImplemented
        same = (self.name, self.scale, self.kind, self.nbin) == (other.name, other.scale, other.kind, other.nbin)
        if not same or not self.unit.is_equivalent(other.unit):
            return False
        scale = np.max(np.abs(self.values))
        return bool(
            np.allclose(self.values, (other.values << other.unit).to_value(self.unit), rtol=1e-9, atol=1e-12 * scale)
        )

    def __hash__(self) -> int:
        return hash((self.name, self.scale, self.kind, self.nbin))

    def __str__(self) -> str:
        lo, hi = self.edges.value[[0, -1]]
        return f"{self.name}: {self.nbin} {self.scale} bins, {lo:.6g} to {hi:.6g} {self.unit}".rstrip()


AnyAxis = Axis | LabelAxis | TimeAxis


def _interp(x: Floats, nodes: Floats, first: float) -> Floats:
    """Index-like coordinate of `x`: `first` at nodes[0], +1 at each further node, straight beyond both ends."""
    return _extend(x, nodes, np.arange(nodes.size, dtype=float) + first)


def _extend(x: Floats, xp: Floats, fp: Floats) -> Floats:
    """Linear interpolation that continues its outermost segments."""
    if xp.size == 1:
        return np.full(np.shape(x), fp[0])
    below = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, xp.size - 2)
    slope = (fp[below + 1] - fp[below]) / (xp[below + 1] - xp[below])
    return np.asarray(fp[below] + (x - xp[below]) * slope)


def _short(values: Floats) -> str:
    return np.array2string(np.asarray(values), threshold=6, edgeitems=3, precision=6)
