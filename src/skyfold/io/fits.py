"""FITS files as a whole: opened once and read into memory, written at one go."""

import gzip
import io
import os
import warnings
from collections.abc import Iterable
from typing import Any

from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from skyfold.errors import DataError, MissingHDU
from skyfold.io.atomic import write_bytes
from skyfold.io.bintable import read_bytes
from skyfold.io.paths import expand

PathLike = str | os.PathLike[str]


def open_fits(path: PathLike) -> fits.HDUList:
    """All HDUs of a FITS file, plain or gzip, with their data in memory; nothing stays open.

    Tables alone, as of an event list, are read faster by `skyfold.io.bintable`.

    Raises
    ------
    DataError
        The file is missing, not FITS, damaged or cut short; the message names it.
    """
    file = expand(path)
    content = read_bytes(file)
    if not content.startswith(b"SIMPLE  ="):
        raise DataError(f"{file}: not a FITS file: it starts with {content[:9]!r}, wanted 'SIMPLE  ='")
    with warnings.catch_warnings():
        # What other programs' headers get wrong is theirs; what is missing from the file is found below.
        warnings.simplefilter("ignore", AstropyUserWarning)
        try:
            hdus = fits.HDUList.fromstring(content)
            found = list(hdus)  # reads every header
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise DataError(f"{file}: cannot be read as FITS: {error}; is it damaged?") from error
    end = max(_end(hdu) for hdu in found)
    if end > len(content):
        raise DataError(f"{file}: cut short: its headers promise {end} bytes, the file has {len(content)}")
    return hdus


def write_hdus(hdus: Iterable[Any], path: PathLike, *, overwrite: bool = False) -> None:
    """Write HDUs as a FITS file, compressed if its name ends in ``.gz``; complete or not there.

    The same HDUs give the same bytes.

    Raises
    ------
    DataError
        The file exists and may not be overwritten.
    """
    buffer = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(buffer, output_verify="exception")
    content = buffer.getvalue()
    if os.fspath(path).endswith(".gz"):
        content = gzip.compress(content, compresslevel=6, mtime=0)
    write_bytes(content, path, overwrite=overwrite)


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


def _end(hdu: Any) -> int:
    """Byte after the data of an HDU, without the padding that some writers leave away."""
    info = hdu.fileinfo() or {}
    return int(info.get("datLoc", 0)) + int(hdu.size)
