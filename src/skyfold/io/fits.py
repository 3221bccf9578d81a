"""FITS files as a whole: opened once and read, written at one go."""

import gzip
import io
import os
import warnings
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning
from numpy.typing import NDArray

from skyfold.errors import DataError, MissingHDU
from skyfold.io.atomic import write_bytes
from skyfold.io.paths import expand
from skyfold.io.raw_table import RawTable

PathLike = str | os.PathLike[str]
_BLOCK = 2880
_GZIP = b"\x1f\x8b"  # that such files start with
# Keywords that make other numbers of those in a file.
_SCALED = {"BSCALE", "BZERO", "BLANK"}


def read_bytes(path: Path) -> bytes:
    """The whole file, decompressed if it is gzip.

    Raises
    ------
    DataError
        The file is missing, a directory, or a truncated gzip.
    """
    with _readable(path) as source:
        content = source.read()
    if content[:2] == _GZIP:
        try:
            content = gzip.decompress(content)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(
                f"{path}: the gzip file is damaged or was cut short ({error}); get it again from its origin"
            ) from None
    return content


def open_fits(path: PathLike) -> fits.HDUList:
    """All HDUs of a FITS file, plain or gzip, with their data in memory; nothing stays open.

    Raises
    ------
    DataError
        The file is missing, not FITS, damaged or cut short; the message names it.
    """
    file = expand(path)
    return _hdus(io.BytesIO(read_bytes(file)), file)


@contextmanager
def streamed_fits(path: PathLike) -> Iterator[fits.HDUList]:
    """The same, but for use inside of a ``with`` only: data of a plain file are read when they are asked for.

    Of a large file that is to become arrays, no copy beside these is ever in memory.
    """
    file = expand(path)
    with _readable(file) as plain:
        packed = plain.read(2) == _GZIP
        yield _hdus(io.BytesIO(read_bytes(file)) if packed else plain, file)


def _readable(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (IsADirectoryError, PermissionError) as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None


def _hdus(source: BinaryIO, file: Path) -> fits.HDUList:
    """All HDUs of what was read from a file, found to be whole."""
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    start = source.read(9)
    if start != b"SIMPLE  =":
        raise DataError(f"{file}: not a FITS file: it starts with {start!r}, wanted 'SIMPLE  ='")
    source.seek(0)
    with warnings.catch_warnings():
        # What other programs' headers get wrong is theirs; what is missing from the file is found below.
        warnings.simplefilter("ignore", AstropyUserWarning)
        try:
            hdus = fits.open(source, memmap=False, lazy_load_hdus=False)
            found = list(hdus)
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise DataError(f"{file}: cannot be read as FITS: {error}; is it damaged?") from error
    for hdu in found:
        if _end(hdu) > size:
            raise DataError(
                f"{file}: HDU {hdu.name!r} is cut short: its header promises {_end(hdu)} bytes,"
                f" the file has {size}; get it again from its origin"
            )
    source.seek(_padded(_end(found[-1])))
    if source.read(8) == b"XTENSION":
        raise DataError(
            f"{file}: the HDU after {found[-1].name!r} is damaged or cut short; get it again from its origin"
        )
    return hdus


def image_of(hdu: Any) -> NDArray[Any]:
    """The numbers of an image HDU in this machine's byte order, in an array of their own.

    Read plane by plane from the file, for cubes are large: what astropy would keep of them is never made. Where it has
    them already they may have been changed since, and count as they are.
    """
    info, shape = hdu.fileinfo(), hdu.shape
    if info is None or "data" in vars(hdu) or isinstance(hdu, fits.CompImageHDU) or _SCALED & set(hdu.header):
        return np.array(hdu.data, dtype=hdu.data.dtype.newbyteorder("="))
    stored = np.dtype(fits.BITPIX2DTYPE[hdu.header["BITPIX"]]).newbyteorder(">")
    image = np.empty(shape, dtype=stored.newbyteorder("="))
    size = int(np.prod(shape[-2:])) * stored.itemsize
    file = info["file"]
    file.seek(info["datLoc"])
    for plane in image.reshape(-1, *shape[-2:]):
        plane[...] = np.frombuffer(file.read(size), dtype=stored).reshape(plane.shape)
    return image


def write_hdus(hdus: Iterable[Any], path: PathLike, *, overwrite: bool = False) -> None:
    """Write HDUs as a FITS file, compressed if its name ends in ``.gz``; complete or not there.

    The same HDUs give the same bytes.

    Raises
    ------
    DataError
        The file exists and may not be overwritten.
    """
    pieces = [piece for raw, group in groupby(hdus, _is_raw) for piece in (_raw if raw else _usual)(list(group))]
    if os.fspath(path).endswith(".gz"):
        pieces = [gzip.compress(b"".join(pieces), compresslevel=6, mtime=0)]
    write_bytes(pieces, path, overwrite=overwrite)


def find_hdu(hdus: fits.HDUList, name: str, where: object) -> Any:
    """The HDU of that name, in upper or lower case.

    Raises
    ------
    MissingHDU
        There is none.
    """
    for hdu in hdus:
        if hdu.name == name.upper():
            return hdu
    raise MissingHDU(name, where, [hdu.name for hdu in hdus])


def _is_raw(hdu: Any) -> bool:
    return isinstance(hdu, RawTable)


def _usual(hdus: list[Any]) -> list[memoryview]:
    """HDUs as astropy writes them."""
    first = isinstance(hdus[0], fits.PrimaryHDU)
    buffer = io.BytesIO()
    fits.HDUList(hdus if first else [fits.PrimaryHDU(), *hdus]).writeto(buffer, output_verify="exception")
    return [buffer.getbuffer()[0 if first else _BLOCK :]]


def _raw(tables: list[RawTable]) -> list[bytes | memoryview]:
    """Headers and rows, each filled up to whole blocks."""
    pieces: list[bytes | memoryview] = []
    for table in tables:
        rows = table.rows.view(np.uint8).data
        pieces += [table.header.tostring().encode("ascii"), rows, bytes(_padded(rows.nbytes) - rows.nbytes)]
    return pieces


def _end(hdu: Any) -> int:
    """Byte after the data of an HDU, without the padding that some writers leave away."""
    info = hdu.fileinfo() or {}
    return int(info.get("datLoc", 0)) + int(hdu.size)


def _padded(size: int) -> int:
    """The next multiple of a FITS block."""
    return -(-size // _BLOCK) * _BLOCK
