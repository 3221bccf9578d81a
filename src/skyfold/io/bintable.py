"""Binary tables of FITS files, read whole and decoded column by column when asked.

An observation is seven small tables. astropy builds and validates a column object for each of their fields, which costs
four times as much as decompressing the file; here a header is a dict and a column a view of the bytes. What is offered
(``header``, ``data[name]``, ``columns[name].unit``, ``columns.names``, ``name``) has the names that `astropy.io.fits`
uses, so that a reader of responses takes either.
"""

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skyfold.errors import DataError

_BLOCK, _CARD = 2880, 80
_TYPES = {
    "L": "S1",
    "X": "u1",
    "B": "u1",
    "I": ">i2",
    "J": ">i4",
    "K": ">i8",
    "A": "S",
    "E": ">f4",
    "D": ">f8",
    "C": ">c8",
    "M": ">c16",
}
_FORM = re.compile(r"\s*(\d*)([LXBIJKAEDCMPQ])")


@dataclass(frozen=True, eq=False)
class Column:
    """One field of a table: its bytes, and what the header says about them."""

    name: str
    unit: str | None
    code: str
    raw: NDArray[Any]
    dim: tuple[int, ...] | None = None
    scale: float = 1.0
    zero: float = 0.0

    def decoded(self) -> NDArray[Any]:
        """Values in native byte order, shape (rows, *dim)."""
        if self.code in "PQ":
            raise DataError(f"column {self.name!r}: arrays of variable length are not read")
        raw = self.raw
        if self.code == "A":
            return np.char.rstrip(np.char.decode(raw, "ascii", "replace")) if raw.size else raw.astype(str)
        if self.code == "L":
            return raw == b"T"
        if self.code == "X":
            return np.unpackbits(raw.reshape(len(raw), -1), axis=1)[:, : (self.dim or (8,))[-1]].astype(bool)
        values = raw.astype(raw.dtype.newbyteorder("="))
        if self.scale != 1.0 or self.zero != 0.0:
            whole = self.code in "BIJK" and self.scale == 1.0 and float(self.zero).is_integer() and self.zero < 2**62
            values = values.astype(np.int64) + int(self.zero) if whole else values * self.scale + self.zero
        return values.reshape(len(values), *self.dim) if self.dim else values


class Columns(Mapping[str, Column]):
    """Columns by name: the exact name, or else the only one that differs in upper and lower case."""

    def __init__(self, columns: dict[str, Column]):
        self._columns = columns
        self._folded = {name.upper(): name for name in reversed(columns)}  # the first of several wins

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
    """Decoded columns by name, case as in `Columns`."""

    def __init__(self, columns: Columns, size: int):
        self._columns, self._size = columns, size

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._columns[name].decoded()

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return self._size


@dataclass(frozen=True, eq=False)
class TableHDU:
    """A table extension; `rows` is a structured view of its bytes."""

    header: Mapping[str, Any]
    rows: NDArray[Any]

    @property
    def name(self) -> str:
        return str(self.header.get("EXTNAME", "")).strip().upper()

    @cached_property
    def columns(self) -> Columns:
        return Columns(
            {column.name: column for column in (self._column(i) for i in range(len(self.rows.dtype.names or ())))}
        )

    @property
    def data(self) -> Rows:
        return Rows(self.columns, len(self.rows))

    def _column(self, i: int) -> Column:
        header, n = self.header, i + 1
        repeat, code = _form(str(header[f"TFORM{n}"]))
        return Column(
            name=str(header.get(f"TTYPE{n}", f"col{n}")).strip(),
            unit=str(header.get(f"TUNIT{n}") or "").strip() or None,
            code=code,
            raw=self.rows[f"f{i}"],
            dim=(repeat,) if code == "X" else _dim(header.get(f"TDIM{n}"), repeat),
            scale=float(header.get(f"TSCAL{n}", 1.0)),
            zero=float(header.get(f"TZERO{n}", 0.0)),
        )


def read_bytes(path: Path) -> bytes:
    """The whole file, decompressed if it is gzip.

    Raises
    ------
    DataError
        The file is missing, a directory, or a truncated gzip.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (IsADirectoryError, PermissionError) as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(
                f"{path}: the gzip file is damaged or was cut short ({error}); get it again from its origin"
            ) from None
    return content


def read_tables(path: Path) -> tuple[TableHDU, ...]:
    """All binary tables of a FITS file, in order; images are passed over.

    Raises
    ------
    DataError
        The file is missing, not FITS, damaged, or shorter than its headers promise.
    """
    content = read_bytes(path)
    if not content.startswith(b"SIMPLE  ="):
        raise DataError(f"{path}: not a FITS file: it starts with {content[:9]!r}, wanted 'SIMPLE  ='")
    tables, at = [], 0
    while at == 0 or content.startswith(b"XTENSION", at):
        header, at = _read_header(content, at, path)
        size = _data_size(header)
        if at + size > len(content):
            name = header.get("EXTNAME", "PRIMARY")
            raise DataError(
                f"{path}: HDU {name!r} is cut short: its header promises {size} bytes, the file has"
                f" {len(content) - at} left; get it again from its origin"
            )
        if str(header.get("XTENSION", "")).strip() == "BINTABLE":
            tables.append(TableHDU(header, _rows(content, at, header, path)))
        at += -(-size // _BLOCK) * _BLOCK
    return tuple(tables)


def _rows(content: bytes, at: int, header: Mapping[str, Any], path: Path) -> NDArray[Any]:
    fields = []
    try:
        for n in range(1, int(header["TFIELDS"]) + 1):
            repeat, code = _form(str(header[f"TFORM{n}"]))
            fields.append((f"f{n - 1}", _dtype(repeat, code)))
    except (KeyError, DataError) as error:
        raise DataError(
            f"{path}: HDU {header.get('EXTNAME', '')!r}: {error}: the description of its columns is broken"
        ) from None
    dtype = np.dtype(fields)
    width, count = int(header["NAXIS1"]), int(header["NAXIS2"])
    if dtype.itemsize != width:
        raise DataError(
            f"{path}: HDU {header.get('EXTNAME', '')!r}: its columns take {dtype.itemsize} bytes a row,"
            f" NAXIS1 says {width}; get it again from its origin"
        )
    return np.frombuffer(content, dtype, count, at)


def _dtype(repeat: int, code: str) -> Any:
    if code == "A":
        return f"S{repeat}" if repeat else "V0"
    if code == "X":
        return ("u1", (-(-repeat // 8),))
    if code in "PQ":
        return (">i4" if code == "P" else ">i8", (2 * repeat,))
    return _TYPES[code] if repeat == 1 else (_TYPES[code], (repeat,))


def _form(text: str) -> tuple[int, str]:
    match = _FORM.match(text)
    if match is None:
        raise DataError(f"TFORM {text!r} is not a column format")
    return int(match[1] or 1), match[2]


def _dim(text: Any, repeat: int) -> tuple[int, ...] | None:
    """FITS writes the fastest index first; a TDIM that does not fit the column is no TDIM."""
    if text is None:
        return None
    shape = tuple(int(n) for n in re.findall(r"\d+", str(text)))[::-1]
    return shape if shape and int(np.prod(shape)) == repeat else None


def _data_size(header: Mapping[str, Any]) -> int:
    axes = [int(header[f"NAXIS{i + 1}"]) for i in range(int(header.get("NAXIS", 0)))]
    count = int(np.prod(axes)) if axes else 0
    return abs(int(header["BITPIX"])) // 8 * int(header.get("GCOUNT", 1)) * (int(header.get("PCOUNT", 0)) + count)


def _read_header(content: bytes, at: int, path: Path) -> tuple[dict[str, Any], int]:
    """The keywords of the header at a byte, and the byte after it. Of a repeated keyword the first counts."""
    header: dict[str, Any] = {}
    last = ""
    while True:
        block = content[at : at + _BLOCK].decode("latin-1")
        if len(block) < _BLOCK:
            raise DataError(f"{path}: the file ends within a header; get it again from its origin")
        at += _BLOCK
        for i in range(0, _BLOCK, _CARD):
            card = block[i : i + _CARD]
            key = card[:8].rstrip()
            if card[8:10] == "= ":
                last = key
                header.setdefault(key, _value(card[10:]))
            elif key == "END":
                return header, at
            elif key == "CONTINUE" and isinstance(header.get(last), str):
                header[last] = header[last].removesuffix("&") + str(_value(card[8:]))
            elif key == "HIERARCH" and "=" in card:
                name, _, text = card[8:].partition("=")
                last = name.strip()
                header.setdefault(last, _value(text))


def _value(text: str) -> Any:
    """The value of a card: a text in quotes, T or F, a number, or None where there is none."""
    text = text.lstrip()
    if text.startswith("'"):
        parts = re.match(r"'((?:[^']|'')*)'?", text)
        return parts[1].replace("''", "'").rstrip() if parts else ""
    text = text.partition("/")[0].strip()
    if text in ("T", "F"):
        return text == "T"
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text.replace("D", "E").replace("d", "e"))
    except ValueError:
        return text or None
