"""Small tables of text that tell a simulated telescope what to do: pointings, vignetting, point spread function.

They are comma-separated, with one line of column names; a name may carry a unit, as in ``radius [deg]``. Lines that
begin with ``#`` are remarks.
"""

import csv
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.errors import DataError, UnitError
from skyfold.geom.wcs import WcsGeom
from skyfold.io.fits import read_bytes
from skyfold.io.paths import expand
from skyfold.simulate.blur import TabulatedBlur
from skyfold.simulate.views import View, Vignetting
from skyfold.units import unit as read_unit

PathLike = str | os.PathLike[str]
_FRAMES = {("ra", "dec"): "icrs", ("glon", "glat"): "galactic"}
_NAME = re.compile(r"^\s*(?P<name>\w+)\s*(\[(?P<unit>[^\]]*)\])?\s*$")


@dataclass(frozen=True)
class _Table:
    """Columns by name, numbers of shape (rows,) with their unit if the file gives one."""

    path: Path
    columns: dict[str, NDArray[np.float64]]
    units: dict[str, u.UnitBase]

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def get(self, name: str, *kinds: str | u.UnitBase) -> u.Quantity:
        """A column in its unit, or in the first of `kinds` if it has none.

        Raises
        ------
        DataError
            There is no such column.
        UnitError
            Its unit is of none of these kinds.
        """
        if name not in self.columns:
            raise DataError(f"{self.path}: no column {name!r}; found {', '.join(self.columns)}")
        unit = self.units.get(name, u.Unit(kinds[0]))
        if not any(unit.is_equivalent(kind) for kind in kinds):
            wanted = " or ".join(str(u.Unit(kind)) or "no unit" for kind in kinds)
            raise UnitError(f"{self.path}: column {name!r} is in {unit}; wanted {wanted}")
        return self.columns[name] << unit


def read_views(path: PathLike, geom: WcsGeom, vignetting: Vignetting | None = None) -> tuple[View, ...]:
    """Pointings of a telescope, one a line.

    Columns: a position, as ``x, y`` (pixels of the picture, 0 at the centre of the first), ``ra, dec`` or
    ``glon, glat`` (deg); ``livetime`` (s); and, if it does not see everything alike, ``radius`` (pixels beside x and
    y, else deg) of its field of view, and beside it ``sigma`` (likewise) if its efficiency falls like a Gaussian.

    Parameters
    ----------
    geom : pixels of the picture.
    vignetting : of all pointings, instead of a column ``radius``.

    Raises
    ------
    DataError
        The file is missing or no such table, has no pointing, or both a radius and a vignetting are given.
    UnitError
        A unit is none, or of another kind.
    """
    table = _read(path)
    pairs = [pair for pair in (("x", "y"), *_FRAMES) if set(pair) <= set(table.columns)]
    if len(pairs) != 1:
        raise DataError(f"{table.path}: columns {', '.join(table.columns)}; wanted x, y, or ra, dec, or glon, glat")
    (pair,) = pairs
    length = u.pix if pair == ("x", "y") else u.deg
    if "radius" in table and vignetting is not None:
        raise DataError(f"{table.path}: has a column 'radius', and a vignetting is given too; leave one away")
    if "sigma" in table and "radius" not in table:
        raise DataError(f"{table.path}: a column 'sigma' needs 'radius' beside it: where the field of view ends")
    first, second = (table.get(name, length) for name in pair)
    if length == u.deg and (abs(second) > 90 * u.deg).any():
        raise DataError(f"{table.path}: column {pair[1]!r} goes to {abs(second).max():g}; wanted -90 to 90 deg")
    at = geom.from_pix(first.value, second.value) if length == u.pix else SkyCoord(first, second, frame=_FRAMES[pair])
    livetime = table.get("livetime", "s")
    profiles = _profiles(table, geom, length) if "radius" in table else [vignetting] * len(livetime)
    views = []
    for number, (center, time, profile) in enumerate(zip(at, livetime, profiles, strict=True), 1):
        try:
            views.append(View(center, time, profile))
        except DataError as error:
            raise DataError(f"{table.path}: pointing {number}: {error}") from None
    return tuple(views)


def read_vignetting(path: PathLike) -> Vignetting:
    """Efficiency of a telescope: columns ``offset`` (deg) and ``efficiency``.

    Raises
    ------
    DataError
        The file is missing or no such table.
    """
    table = _read(path)
    try:
        return Vignetting(table.get("offset", "deg"), table.get("efficiency", "").value)
    except DataError as error:
        raise DataError(_once(table.path, error)) from None


def read_blur(path: PathLike) -> TabulatedBlur:
    """A point spread function: columns ``rad`` (pixels, or the angle its name gives) and ``density`` in any scale.

    Raises
    ------
    DataError
        The file is missing or no such table.
    """
    table = _read(path)
    rad = table.get("rad", u.pix, u.deg)
    try:
        return TabulatedBlur.of_density(rad.value if rad.unit == u.pix else rad, table.get("density", "").value)
    except DataError as error:
        raise DataError(_once(table.path, error)) from None


def _profiles(table: _Table, geom: WcsGeom, length: u.UnitBase) -> list[Vignetting | None]:
    def angle(name: str) -> u.Quantity:
        value = table.get(name, length, u.deg)
        return value.value * geom.pixel_size[1] if value.unit == u.pix else value

    try:
        if "sigma" in table:
            return [Vignetting.gaussian(s, r) for s, r in zip(angle("sigma"), angle("radius"), strict=True)]
        return [Vignetting.disk(r) for r in angle("radius")]
    except DataError as error:
        raise DataError(_once(table.path, error)) from None


def _read(path: PathLike) -> _Table:
    file = expand(path)
    try:
        lines = read_bytes(file).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise DataError(f"{file}: not a text; wanted comma-separated columns") from None
    rows = [row for row in csv.reader(line for line in lines if line.strip() and not line.lstrip().startswith("#"))]
    if len(rows) < 2:
        raise DataError(f"{file}: {len(rows)} lines; wanted a line of column names and at least one of numbers")
    matches = [_NAME.match(cell) for cell in rows[0]]
    if None in matches:
        raise DataError(f"{file}: column names {', '.join(rows[0])!r}; wanted names such as livetime or 'radius [deg]'")
    named: list[Any] = matches
    names = [match["name"].lower() for match in named]
    if any(len(row) != len(names) for row in rows):
        bad = next(row for row in rows if len(row) != len(names))
        raise DataError(f"{file}: {len(names)} columns, but {','.join(bad)!r} has {len(bad)}")
    try:
        numbers = np.array([[float(cell) for cell in row] for row in rows[1:]])
    except ValueError as error:
        raise DataError(f"{file}: {error}; wanted numbers below the column names") from None
    if not np.isfinite(numbers).all():
        raise DataError(f"{file}: a number is not finite")
    units = {name: read_unit(m["unit"], str(file)) for name, m in zip(names, named, strict=True) if m["unit"]}
    return _Table(file, dict(zip(names, numbers.T, strict=True)), units)


def _once(path: Path, error: DataError) -> str:
    """The message of an error, with the file named at its beginning once."""
    return f"{path}: {str(error).removeprefix(f'{path}: ')}"
