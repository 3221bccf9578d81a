"""Binary tables of FITS files, as readers want them: columns by name in any case, in native byte order, in memory."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning
from numpy.typing import NDArray

from skyfold.errors import DataError
from skyfold.io.fits import open_fits


@dataclass(frozen=True)
class Column:
    """One field of a table: what the header says about it; `code` is the letter of its format."""

    name: str
    unit: str | None
    code: str


class Columns(Mapping[str, Column]):
    """Columns by name: the exact name, or else the first that differs in upper and lower case."""

    def __init__(self, columns: fits.ColDefs):
        self._columns = {c.name: Column(c.name, (c.unit or "").strip() or None, c.format.format) for c in columns}
        self._folded = {name.upper(): name for name in reversed(self._columns)}

    @property
    def names(self) -> list[str]:
        return list(self._columns)

    def __getitem__(self, name: str) -> Column:
        return self._columns[name] if name in self._columns else self._columns[self._folded[name.upper()]]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self._columns or name.upper() in self._folded)

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


class Rows(Mapping[str, NDArray[Any]]):
    """Values of columns by name, case as in `Columns`; arrays of their own, shape (rows, ...)."""

    def __init__(self, hdu: fits.BinTableHDU, columns: Columns):
        self._hdu, self._columns = hdu, columns

    def __getitem__(self, name: str) -> NDArray[Any]:
        column = self._columns[name]
        if column.code in "PQ":
            raise DataError(f"column {column.name!r}: arrays of variable length are not read")
        # By number: astropy takes names that differ only in case for the same.
        values = np.asarray(self._table.field(self._columns.names.index(column.name)))
        return values.astype(values.dtype.newbyteorder("="))

    @cached_property
    def _table(self) -> fits.FITS_rec:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyUserWarning)  # a TDIM that does not fit its column is no TDIM
            return self._hdu.data

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return int(self._hdu.header["NAXIS2"])


@dataclass(frozen=True, eq=False)
class TableHDU:
    """A table extension of a file that is in memory."""

    hdu: fits.BinTableHDU

    @property
    def header(self) -> fits.Header:
        return self.hdu.header

    @property
    def name(self) -> str:
        return str(self.hdu.name).strip().upper()

    @cached_property
    def columns(self) -> Columns:
        return Columns(self.hdu.columns)

    @cached_property
    def data(self) -> Rows:
        return Rows(self.hdu, self.columns)


def read_tables(path: Path) -> tuple[TableHDU, ...]:
    """All binary tables of a FITS file, in order; images are passed over.

    Raises
    ------
    DataError
        The file is missing, not FITS, damaged, or shorter than its headers promise.
    """
    tables = [hdu for hdu in open_fits(path) if isinstance(hdu, fits.BinTableHDU)]
    for hdu in tables:
        width = hdu.columns.dtype.itemsize
        if width != hdu.header["NAXIS1"]:
            found = hdu.header["NAXIS1"]
            raise DataError(f"{path}: HDU {hdu.name!r}: its columns take {width} bytes a row, NAXIS1 says {found}")
    return tuple(TableHDU(hdu) for hdu in tables)
