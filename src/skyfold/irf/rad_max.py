"""Radius of the direction cut that point-like responses assume."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from skyfold.geom.axis import Axis
from skyfold.irf.table import Floats, Meta, Ruler, checked, not_negative
from skyfold.num.grid import Grid
from skyfold.units import dress, strip


@dataclass(frozen=True, eq=False)
class RadMax:
    """Cut radius [rad] against reconstructed energy and offset.

    Linear in log energy and in offset between nodes, constant beyond them.

    values : shape (n_energy, n_offset) [rad].
    """

    energy: Axis
    offset: Axis
    values: Floats
    meta: Meta = field(default_factory=dict)
    _grid: Grid = field(init=False, repr=False)
    _energy: Ruler = field(init=False, repr=False)

    def __post_init__(self) -> None:
        values = checked("RAD_MAX", self.values, self.energy, self.offset)
        not_negative("RAD_MAX", values)
        energy = Ruler.of(self.energy, "TeV")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "_energy", energy)
        object.__setattr__(self, "_grid", Grid((energy.nodes, Ruler.of(self.offset, "rad").nodes), values))

    @classmethod
    def fixed(cls, radius: float) -> Self:
        """One radius [rad] at every energy and offset: what the keyword RAD_MAX says."""
        energy = Axis("energy", np.array([1e-6, 1e6]), "TeV", "log")
        offset = Axis("offset", np.array([0.0, np.pi]), "rad")
        return cls(energy, offset, np.full((1, 1), float(radius)))

    @property
    def is_fixed(self) -> bool:
        """Whether it is the same radius everywhere."""
        return bool(np.ptp(self.values) == 0)

    def __call__(self, energy: ArrayLike, offset: ArrayLike) -> Floats:
        """Radius [rad] at reconstructed energies [TeV] and offsets [rad] that broadcast against each other."""
        return self._grid(self._energy.scaled(energy), np.asarray(offset, dtype=float))

    def at(self, energy: Any, offset: Any) -> Any:
        """Radius as a Quantity, from Quantities or texts."""
        return dress(self(strip(energy, "TeV", "energy"), strip(offset, "rad", "offset")), "rad")
