"""What a telescope recorded: one row a photon, or what looks like one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.time import Time
from numpy.typing import NDArray

from skyfold.errors import DataError
from skyfold.events.epoch import to_seconds, to_time
from skyfold.num.sphere import separation
from skyfold.units import strip

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EventList:
    """Events as plain columns, all of shape (n,).

    Parameters
    ----------
    seconds : arrival times, seconds of TT since 2000-01-01 TT.
    energies : reconstructed energies [TeV].
    ra, dec : reconstructed directions [deg], ICRS: degrees, because sky projections and files both speak them.
    columns : every other column by name; arrays, or Quantities where the file gives a unit.
    """

    seconds: Floats
    energies: Floats
    ra: Floats
    dec: Floats
    columns: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sizes = {
            "TIME": np.shape(self.seconds),
            "ENERGY": np.shape(self.energies),
            "RA": np.shape(self.ra),
            "DEC": np.shape(self.dec),
        }
        if len(set(sizes.values())) != 1 or any(len(c) != len(self.seconds) for c in self.columns.values()):
            raise DataError(f"event list: columns of different lengths: {sizes}")

    def __len__(self) -> int:
        return len(self.seconds)

    # The public door

    @property
    def time(self) -> Time:
        return to_time(self.seconds)

    @property
    def energy(self) -> u.Quantity:
        return self.energies * u.TeV

    @property
    def radec(self) -> SkyCoord:
        return SkyCoord(self.ra, self.dec, unit="deg", frame="icrs")

    def offset(self, position: SkyCoord) -> u.Quantity:
        """Angle of each event from a position."""
        at = position.icrs
        return separation(np.radians(self.ra), np.radians(self.dec), at.ra.rad, at.dec.rad) * u.rad

    def column(self, name: str) -> Any:
        """Any column by its FITS name.

        Raises
        ------
        DataError
            There is no such column; the message lists those there are.
        """
        own = {"TIME": self.seconds, "ENERGY": self.energies, "RA": self.ra, "DEC": self.dec}
        if name in own:
            return own[name]
        if name not in self.columns:
            raise DataError(f"event list: no column {name!r}; there are {', '.join([*own, *self.columns])}")
        return self.columns[name]

    # Selections

    def where(self, keep: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Self:
        """The events of a mask, of indices, or of a slice."""
        columns = {name: value[keep] for name, value in self.columns.items()}
        return replace(
            self,
            seconds=self.seconds[keep],
            energies=self.energies[keep],
            ra=self.ra[keep],
            dec=self.dec[keep],
            columns=columns,
        )

    def select_energy(self, lo: Any = 0.0, hi: Any = np.inf) -> Self:
        """lo ≤ energy < hi."""
        return self.where((self.energies >= strip(lo, "TeV", "energy")) & (self.energies < strip(hi, "TeV", "energy")))

    def select_time(self, start: Time | None = None, stop: Time | None = None) -> Self:
        """start ≤ time < stop."""
        lo = -np.inf if start is None else to_seconds(start)
        hi = np.inf if stop is None else to_seconds(stop)
        return self.where((self.seconds >= lo) & (self.seconds < hi))

    def select_offset(self, position: SkyCoord, hi: Any, lo: Any = 0.0) -> Self:
        """lo ≤ angle from `position` < hi."""
        offset = self.offset(position).value
        return self.where((offset >= strip(lo, "rad", "offset")) & (offset < strip(hi, "rad", "offset")))

    def select_column(self, name: str, lo: Any = None, hi: Any = None, *, equal: Any = None) -> Self:
        """Events with lo ≤ column < hi, or with column == equal (any of them, if it is a list)."""
        value = self.column(name)
        keep = np.ones(len(self), dtype=bool)
        if equal is not None:
            keep &= np.isin(np.asarray(value), np.asarray(equal))
        if lo is not None:
            keep &= value >= lo
        if hi is not None:
            keep &= value < hi
        return self.where(keep)


def stack_events(parts: Sequence[EventList]) -> EventList:
    """All events of several lists, in the order given; only the columns that all of them have are kept.

    Raises
    ------
    DataError
        There is no list to stack.
    """
    if not parts:
        raise DataError("event list: nothing to stack")
    names = [name for name in parts[0].columns if all(name in part.columns for part in parts)]
    return EventList(
        seconds=np.concatenate([part.seconds for part in parts]),
        energies=np.concatenate([part.energies for part in parts]),
        ra=np.concatenate([part.ra for part in parts]),
        dec=np.concatenate([part.dec for part in parts]),
        columns={name: np.concatenate([part.columns[name] for part in parts]) for name in names},
    )
