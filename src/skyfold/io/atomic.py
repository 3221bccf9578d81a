"""Files that are complete or not there."""

import os
from collections.abc import Iterable
from pathlib import Path

from skyfold.errors import DataError
from skyfold.io.paths import expand

Bytes = bytes | memoryview


def write_bytes(content: Bytes | Iterable[Bytes], path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write a file, or the pieces of one, beside its place and move it there at the end.

    Raises
    ------
    DataError
        The file exists and may not be overwritten, or its directory cannot be written to.
    """
    target = expand(path)
    if target.exists() and not overwrite:
        raise DataError(f"{target}: exists already; allow to overwrite it, or name another file")
    part = _beside(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                file.writelines([content] if isinstance(content, Bytes) else content)
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{target}: cannot be written: {error.strerror}") from error


def _beside(target: Path) -> Path:
    """A hidden name in the same directory: only within one file system is a move a single step."""
    return target.with_name(f".{target.name}.{os.getpid()}.part")
