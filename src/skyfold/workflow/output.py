"""A directory of results that is there whole, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skyfold.errors import ConfigError


@contextmanager
def result_directory(target: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A new directory beside `target` to write into, which takes its place when all has gone well.

    On any error it vanishes, and what was at `target` before stays as it was.

    Raises
    ------
    ConfigError
        There is something at `target` already and `overwrite` is False, or nothing can be written beside it.
    """
    target = target.absolute()
    if target.exists() and not overwrite:
        raise ConfigError(f"{target}: there are results already; choose another --out, or give --overwrite")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise ConfigError(f"{target}: cannot be written: {error.strerror}") from error
    try:
        work.chmod(0o755)  # mkdtemp gives nobody else access
        yield work
        _take_place(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _take_place(work: Path, target: Path) -> None:
    if not target.exists():
        os.rename(work, target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
    os.rename(target, old / target.name)
    try:
        os.rename(work, target)
    except OSError:
        os.rename(old / target.name, target)  # put back what was there
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
