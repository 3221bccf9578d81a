"""Many observations, by reference: what an index tells about them, and how to choose among them."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.time import Time
from numpy.typing import ArrayLike, NDArray

from skyfold.errors import DataError
from skyfold.events.epoch import to_seconds, to_time
from skyfold.events.observation import ObsRef
from skyfold.num.sphere import separation
from skyfold.units import strip


@dataclass(frozen=True, eq=False)
class ObservationStore:
    """References to observations, with one value of each index column for each of them.

    Parameters
    ----------
    refs : one for each observation.
    columns : by the names of the GADF observation index; arrays of shape (n,), or Quantities where the file gives a
        unit. TSTART and TSTOP count seconds of TT since 2000-01-01 TT, whatever the reference of the file.
    origin : what this is a selection of, for messages.

    Raises
    ------
    DataError
        Two observations have the same id, or a column does not have one value for each observation.
    """

    refs: tuple[ObsRef, ...]
    columns: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""

    def __post_init__(self) -> None:
        ids, counts = np.unique(self.obs_ids, return_counts=True)
        if np.any(counts > 1):
            twice = ", ".join(str(i) for i in ids[counts > 1][:10])
            raise DataError(
                f"{self.origin or 'observation store'}: observation id {twice} occurs more than once;"
                " ids must be unique: remove one of them"
            )
        wrong = [name for name, values in self.columns.items() if len(values) != len(self.refs)]
        if wrong:
            raise DataError(
                f"observation store: column {wrong[0]!r} has {len(self.columns[wrong[0]])} values"
                f" for {len(self.refs)} observations"
            )

    def __len__(self) -> int:
        return len(self.refs)

    def __iter__(self) -> Iterator[ObsRef]:
        return iter(self.refs)

    def __getitem__(self, obs_id: int) -> ObsRef:
        """The observation with an id."""
        return self.refs[int(self._rows([obs_id])[0])]

    @cached_property
    def obs_ids(self) -> NDArray[np.int64]:
        return np.array([ref.obs_id for ref in self.refs], dtype=np.int64)

    @property
    def pointing(self) -> SkyCoord:
        """Pointing directions of the index, ICRS."""
        return SkyCoord(self._degrees("RA_PNT"), self._degrees("DEC_PNT"), unit="deg", frame="icrs")

    @property
    def start(self) -> Time:
        return to_time(self._seconds("TSTART"))

    @property
    def stop(self) -> Time:
        return to_time(self._seconds("TSTOP"))

    def column(self, name: str) -> Any:
        """One value for each observation.

        Raises
        ------
        DataError
            The index has no such column; the message names the nearest ones.
        """
        if name == "OBS_ID":
            return self.obs_ids
        if name not in self.columns:
            near = difflib.get_close_matches(name.upper(), self.columns, n=3) or sorted(self.columns)
            raise DataError(f"observation store: no column {name!r}; there is {', '.join(near) or 'none'}")
        return self.columns[name]

    # Selections

    def where(self, keep: NDArray[np.bool_] | NDArray[np.intp] | list[int], origin: str | None = None) -> Self:
        """The observations of a mask, or of row numbers in the order given."""
        rows = np.arange(len(self))[np.asarray(keep, dtype=None if len(keep) else int)]
        columns = {name: values[rows] for name, values in self.columns.items()}
        refs = tuple(self.refs[i] for i in rows)
        return replace(self, refs=refs, columns=columns, origin=self.describe() if origin is None else origin)

    def select(
        self,
        *,
        ids: Iterable[int] | None = None,
        cone: tuple[SkyCoord, Any] | None = None,
        border: Any = None,
        time: tuple[Time | str | None, Time | str | None] | None = None,
        **columns: Any,
    ) -> Self:
        """The observations that satisfy every condition; there may be none (see `check`).

        Parameters
        ----------
        ids : in the order wanted.
        cone : (centre, radius): pointings less than the radius from the centre.
        border : angle added to the radius.
        time : (start, stop): observations that overlap this interval; None leaves an end open.
        **columns : by name of an index column: ``OBJECT="Crab"`` (equal), ``N_TELS=[3, 4]`` (one of a list), or
            ``ZEN_PNT=(0, 40)`` (lo ≤ value < hi; None leaves an end open). Numbers are in the unit of the column.

        Raises
        ------
        DataError
            An id or a column is not in the store.
        """
        chosen = self if ids is None else self.where(self._rows(ids))
        notes = [] if ids is None else [f"{len(chosen)} ids"]
        keep = np.ones(len(chosen), dtype=bool)
        if cone is not None:
            inside, note = chosen._in_cone(*cone, border)
            keep &= inside
            notes.append(note)
        if time is not None:
            keep &= chosen._in_time(*time)
            notes.append(f"time from {time[0]} until {time[1]}")
        for name, wanted in columns.items():
            keep &= _matches(chosen.column(name), wanted, name)
            notes.append(f"{name} = {wanted}")
        return chosen.where(keep, f"{self.describe()}; selected by {', '.join(notes) or 'nothing'}")

    def group_by(self, name: str) -> dict[Any, Self]:
        """A store for each value of a column, in the order of the values."""
        values = np.asarray(self.column(name))
        return {value.item(): self.where(values == value) for value in np.unique(values)}

    def check(self) -> Self:
        """The store itself, if it holds an observation.

        Raises
        ------
        DataError
            It is empty; the message tells what there was to choose from.
        """
        if not self.refs:
            raise DataError(f"no observation selected from {self.origin or 'an empty store'}; widen the selection")
        return self

    def describe(self) -> str:
        """One line: how many observations, and where they look."""
        text = f"{len(self)} observations"
        if len(self) and {"RA_PNT", "DEC_PNT"} <= set(self.columns):
            ra, dec = self._degrees("RA_PNT"), self._degrees("DEC_PNT")
            text += f" at RA {ra.min():.2f} to {ra.max():.2f} deg, Dec {dec.min():.2f} to {dec.max():.2f} deg"
        return text

    # Conditions

    def _rows(self, ids: Iterable[int]) -> NDArray[np.intp]:
        at = {int(obs_id): row for row, obs_id in enumerate(self.obs_ids)}
        wanted = [int(obs_id) for obs_id in ids]
        missing = [obs_id for obs_id in wanted if obs_id not in at]
        if missing:
            near = sorted(at, key=lambda obs_id: abs(obs_id - missing[0]))[:3]
            raise DataError(
                f"observation store: no observation {', '.join(map(str, missing[:10]))} among {len(self)};"
                f" the nearest ids are {', '.join(map(str, sorted(near))) or 'none'}"
            )
        return np.array([at[obs_id] for obs_id in wanted], dtype=np.intp)

    def _in_cone(self, center: SkyCoord, radius: Any, border: Any) -> tuple[NDArray[np.bool_], str]:
        reach = strip(radius, "rad", "cone radius") + (0.0 if border is None else strip(border, "rad", "cone border"))
        at = center.icrs
        ra, dec = np.radians(self._degrees("RA_PNT")), np.radians(self._degrees("DEC_PNT"))
        angle = separation(ra, dec, at.ra.rad, at.dec.rad)
        note = f"a cone of {np.degrees(reach):g} deg around ({at.ra.deg:.3f}, {at.dec.deg:.3f}) deg"
        if angle.size:
            note += f" (nearest pointing {np.degrees(np.nanmin(angle)):.2f} deg away)"
        return angle < reach, note

    def _in_time(self, start: Time | str | None, stop: Time | str | None) -> NDArray[np.bool_]:
        lo = -np.inf if start is None else float(to_seconds(start))
        hi = np.inf if stop is None else float(to_seconds(stop))
        return (self._seconds("TSTOP") > lo) & (self._seconds("TSTART") < hi)

    def _degrees(self, name: str) -> NDArray[np.float64]:
        values = self.column(name)
        return strip(values, "deg", name)

    def _seconds(self, name: str) -> NDArray[np.float64]:
        return strip(self.column(name), "s", name)


def _matches(values: Any, wanted: Any, name: str) -> NDArray[np.bool_]:
    """Rows of a column that equal a value, one of a list, or lie in a (lo, hi)."""
    if isinstance(values, u.Quantity):
        values, wanted = values.value, _bare(wanted, values.unit, name)
    if isinstance(wanted, tuple):
        if len(wanted) != 2:
            raise DataError(
                f"observation store: {name} = {wanted}: a range is (lo, hi); a list [..] means one of its values"
            )
        lo, hi = wanted
        keep = np.ones(len(values), dtype=bool)
        if lo is not None:
            keep &= values >= lo
        if hi is not None:
            keep &= values < hi
        return keep
    return np.isin(values, wanted)


def _bare(wanted: Any, unit: u.UnitBase, name: str) -> Any:
    if isinstance(wanted, tuple | list):
        return type(wanted)(_bare(item, unit, name) for item in wanted)
    return None if wanted is None else _number(wanted, unit, name)


def _number(wanted: ArrayLike, unit: u.UnitBase, name: str) -> Any:
    number = strip(wanted, unit, name)
    return number.item() if number.ndim == 0 else number
