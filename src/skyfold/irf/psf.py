"""Point spread functions: density per solid angle around the true direction.

Every form answers the same questions. Between nodes a table is linear in log energy and in offset; a parametric form is
evaluated with parameters that are. Energies and offsets without events have no shape and get no weight; the outermost
energies hold beyond the table (where area is 0, no shape matters); beyond the last offset the density is 0.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skyfold.errors import DataError
from skyfold.geom.axis import Axis
from skyfold.irf.radial import Profiles
from skyfold.irf.table import Floats, Meta, Ruler, checked, corners, floats, not_negative, share_of
from skyfold.num.roots import newton
from skyfold.units import dress, strip


class Psf(ABC):
    """What can be asked of any point spread function; energies in TeV, angles in rad, densities in sr-1."""

    energy_true: Axis
    offset: Axis

    @abstractmethod
    def __call__(self, energy: ArrayLike, offset: ArrayLike, rad: ArrayLike) -> Floats:
        """Density [sr-1] at coordinates that broadcast."""

    @abstractmethod
    def containment(self, energy: ArrayLike, offset: ArrayLike, rad: ArrayLike) -> Floats:
        """Share of the events within a radius, at coordinates that broadcast."""

    @abstractmethod
    def density_table(self, energy: ArrayLike, rad: ArrayLike, offset: ArrayLike) -> Floats:
        """Density [sr-1] at every energy (k,), radius (m,) and offset (any shape), shape (*offset.shape, k, m)."""

    @abstractmethod
    def known(self, energy: ArrayLike, offset: ArrayLike) -> NDArray[np.bool_]:
        """Whether there is a shape at coordinates that broadcast."""

    @property
    @abstractmethod
    def reach(self) -> float:
        """A radius [rad] that holds practically all events at every energy and offset."""

    def containment_radius(self, energy: ArrayLike, offset: ArrayLike, fraction: ArrayLike) -> Floats:
        """Radius [rad] that holds a share of the events, at coordinates that broadcast; nan where no shape is known."""
        energy, offset, fraction = floats(energy, offset, fraction)
        check_fraction(fraction)

        def excess(r: Floats, f: Floats, e: Floats, o: Floats) -> tuple[Floats, Floats]:
            return self.containment(e, o, r) - f, 2 * np.pi * r * self(e, o, r)

        radius = newton(excess, 0.0, self.reach, fraction, energy, offset).x
        return np.where(self.known(energy, offset), radius, np.nan)

    def at(self, energy: Any, offset: Any, rad: Any) -> Any:
        """Density as a Quantity, from Quantities or texts."""
        return dress(
            self(strip(energy, "TeV", "energy"), strip(offset, "rad", "offset"), strip(rad, "rad", "rad")), "sr-1"
        )

    def containment_at(self, energy: Any, offset: Any, rad: Any) -> Any:
        """Share of the events within a radius, from Quantities or texts."""
        plain = strip(energy, "TeV", "energy"), strip(offset, "rad", "offset"), strip(rad, "rad", "rad")
        return dress(self.containment(*plain), "")

    def containment_radius_at(self, energy: Any, offset: Any, fraction: float = 0.68) -> Any:
        """Containment radius as a Quantity, from Quantities or texts."""
        return dress(
            self.containment_radius(strip(energy, "TeV", "energy"), strip(offset, "rad", "offset"), fraction), "rad"
        )


def check_fraction(fraction: Floats) -> None:
    """Refuse shares that no radius holds.

    Raises
    ------
    DataError
        A share is below 0, 1 or more, or not a number.
    """
    if np.any((fraction < 0) | (fraction >= 1) | np.isnan(fraction)):
        raise DataError(
            f"containment fraction {np.min(fraction):g} to {np.max(fraction):g}: wanted at least 0 and below 1"
        )


@dataclass(frozen=True, eq=False)
class PsfTable(Psf):
    """A density tabulated in radius: means over rings, linear in r² between their middles (see `Profiles`).

    Parameters
    ----------
    energy_true, offset, rad : axes; `rad` from the true direction.
    values : density, shape (n_energy_true, n_offset, n_rad), normalised here: each row that is not empty integrates to
        1 over 2π r dr. `norms` keeps what the rows integrated to, shape (n_energy_true, n_offset).
    """

    energy_true: Axis
    offset: Axis
    rad: Axis
    values: Floats
    meta: Meta = field(default_factory=dict)
    norms: Floats = field(init=False, repr=False)
    _profiles: Profiles = field(init=False, repr=False)
    _energy: Ruler = field(init=False, repr=False)
    _offset: Ruler = field(init=False, repr=False)

    def __post_init__(self) -> None:
        values = checked("PSF table", self.values, self.energy_true, self.offset, self.rad)
        not_negative("PSF table", values)
        profiles = Profiles.of(self.rad, values, means=True)
        norms = profiles.total
        factor = np.divide(1.0, norms, out=np.zeros(norms.shape), where=norms > 0)
        object.__setattr__(self, "values", values * factor[..., None])
        object.__setattr__(self, "norms", norms)
        object.__setattr__(self, "_profiles", profiles.scaled(factor))
        object.__setattr__(self, "_energy", Ruler.of(self.energy_true, "TeV"))
        object.__setattr__(self, "_offset", Ruler.of(self.offset, "rad"))

    @property
    def reach(self) -> float:
        return self._profiles.reach

    def __call__(self, energy: ArrayLike, offset: ArrayLike, rad: ArrayLike) -> Floats:
        return self._pointwise(self._profiles.density_at, energy, offset, rad)

    def containment(self, energy: ArrayLike, offset: ArrayLike, rad: ArrayLike) -> Floats:
        return np.minimum(self._pointwise(self._profiles.enclosed_at, energy, offset, rad), 1.0)

    def known(self, energy: ArrayLike, offset: ArrayLike) -> NDArray[np.bool_]:
        energy, offset = floats(energy, offset)
        share = share_of(self.norms > 0, corners(self._energy, self._offset, energy, offset))
        return (share > 0) & self._offset.below_last(offset)

    def density_table(self, energy: ArrayLike, rad: ArrayLike, offset: ArrayLike) -> Floats:
        energy, offset = np.atleast_1d(np.asarray(energy, dtype=float)), np.asarray(offset, dtype=float)
        table = self._profiles.density_at(np.atleast_1d(np.asarray(rad, dtype=float)))
        # The share of rows with a shape travels along as one more radius.
        table = np.concatenate([table, (self.norms > 0)[..., None]], axis=-1)
        table = np.moveaxis(self._energy.along(table, energy, 0), 1, 0)
        looked = self._offset.along(table, offset, 0)
        share, keep = looked[..., -1:], self._offset.below_last(offset)[..., None, None]
        out = np.zeros((*offset.shape, energy.size, table.shape[-1] - 1))
        return np.divide(looked[..., :-1], share, out=out, where=(share > 0) & keep)

    def _pointwise(
        self, evaluate: Callable[..., Floats], energy: ArrayLike, offset: ArrayLike, rad: ArrayLike
    ) -> Floats:
        energy, offset, rad = floats(energy, offset, rad)
        at = corners(self._energy, self._offset, energy, offset)
        value = sum(weight * evaluate(rad, (e, o)) for e, o, weight in at)
        share = share_of(self.norms > 0, at)
        keep = (share > 0) & self._offset.below_last(offset)
        return np.divide(value, share, out=np.zeros(rad.shape), where=keep)
