"""Folders that are complete or not there."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skyfold.errors import DataError
from skyfold.io.paths import expand

SUMMARY = "summary.json"


@contextmanager
def new_folder(target: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """A folder to write into, beside its place; it is moved there if all goes well, and removed if not.

    An earlier result is replaced, if allowed, only when the new one is complete. A folder that holds other things than
    a result is never replaced.

    Raises
    ------
    DataError
        The target exists and may not be replaced, or cannot be written to.
    """
    place = expand(target).resolve()
    _require_free(place, overwrite)
    part = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    try:
        part.mkdir(parents=True)
    except OSError as error:
        raise DataError(f"{place}: cannot be written: {error.strerror}") from error
    try:
        yield part
        _move(part, place)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _require_free(place: Path, overwrite: bool) -> None:
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    if not (place / SUMMARY).is_file():
        raise DataError(f"{place}: exists and is no result of an analysis, so it is not replaced; name another folder")
    if not overwrite:
        raise DataError(f"{place}: holds a result already; allow to overwrite it (--overwrite), or name another folder")


def _move(part: Path, place: Path) -> None:
    """Put the new folder in its place; the old one steps aside and comes back if that fails."""
    old = part.with_suffix(".old")
    if place.exists():
        os.replace(place, old)
    try:
        os.replace(part, place)
    except OSError as error:
        if old.exists():
            os.replace(old, place)
        raise DataError(f"{place}: the result cannot be moved there: {error.strerror}") from error
    shutil.rmtree(old, ignore_errors=True)
