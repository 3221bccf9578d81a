"""Effective area of the instrument."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from skyfold.geom.axis import Axis
from skyfold.irf.table import Floats, Meta, Ruler, checked, not_negative
from skyfold.num.grid import Grid
from skyfold.units import dress, strip


@dataclass(frozen=True, eq=False)
class EffectiveArea:
    """Collection area [m2] against true energy and offset from the pointing.

    Linear in log energy and in offset between the nodes. Constant from the outermost energies and the first offset to
    the edges there; from the last offset, where area falls steeply, the last line goes on to the edge, but not below 0.
    Beyond the edges the area is 0.

    Parameters
    ----------
    energy_true, offset : axes, bins or nodes.
    values : area [m2], shape (n_energy_true, n_offset).
    point_like : the area is that after a direction cut; else it counts every reconstructed photon.
    meta : facts from the file, e.g. ``LO_THRES`` and ``HI_THRES`` [TeV].

    Raises
    ------
    ShapeError, DataError
        Values of another shape, not finite, or negative.
    """

    energy_true: Axis
    offset: Axis
    values: Floats
    point_like: bool = False
    meta: Meta = field(default_factory=dict)
    _energy: Ruler = field(init=False, repr=False)
    _offset: Ruler = field(init=False, repr=False)
    _table: Floats = field(init=False, repr=False)  # values, and those at the last edge

    def __post_init__(self) -> None:
        values = checked("effective area", self.values, self.energy_true, self.offset)
        not_negative("effective area", values)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "_energy", Ruler.of(self.energy_true, "TeV"))
        offset, table = _to_last_edge(Ruler.of(self.offset, "rad"), values)
        object.__setattr__(self, "_offset", offset)
        object.__setattr__(self, "_table", table)

    def __call__(self, energy: ArrayLike, offset: ArrayLike) -> Floats:
        """Area [m2] at true energies [TeV] and offsets [rad] that broadcast against each other."""
        energy, offset = np.asarray(energy, dtype=float), np.asarray(offset, dtype=float)
        grid = Grid((self._energy.nodes, self._offset.nodes), self._table)
        area = grid(self._energy.scaled(energy), offset)
        return np.where(self._energy.inside(energy) & self._offset.below_last(offset), area, 0.0)

    def outer(self, energy: ArrayLike, offset: ArrayLike) -> Floats:
        """Area [m2] at every energy (k,) [TeV] and every offset (any shape) [rad], shape (k, *offset.shape)."""
        energy, offset = np.asarray(energy, dtype=float), np.asarray(offset, dtype=float)
        table = self._energy.along(self._table, energy, 0) * self._energy.inside(energy)[:, None]
        area = self._offset.along(table, offset, 1)
        area *= self._offset.below_last(offset)
        return area

    def at(self, energy: Any, offset: Any) -> Any:
        """Area as a Quantity, from Quantities or texts such as ``"1 TeV"``, ``"0.5 deg"``."""
        return dress(self(strip(energy, "TeV", "energy"), strip(offset, "rad", "offset")), "m2")

    @property
    def safe_range_tev(self) -> tuple[float, float] | None:
        """LO_THRES and HI_THRES of the file [TeV]; an absent one is no limit, None if both are."""
        lo, hi = self.meta.get("LO_THRES"), self.meta.get("HI_THRES")
        if lo is None and hi is None:
            return None
        return (0.0 if lo is None else float(lo)), (np.inf if hi is None else float(hi))


def _to_last_edge(offset: Ruler, values: Floats) -> tuple[Ruler, Floats]:
    """The last edge as one more node, on the line through the last two."""
    x, edge = offset.nodes, offset.edges[-1]
    if x.size < 2 or edge <= x[-1]:
        return offset, values
    slope = (values[:, -1] - values[:, -2]) / (x[-1] - x[-2])
    last = np.maximum(values[:, -1] + slope * (edge - x[-1]), 0.0)
    return replace(offset, nodes=np.append(x, edge)), np.concatenate([values, last[:, None]], axis=1)
