"""Paths as users and index tables write them."""

import os
import re
from pathlib import Path

from skyfold.errors import DataError

# Two names of one place: what the field's analyses call it, and our own.
_DATA = ("SKYFOLD_DATA", "GAMMAPY_DATA")
_VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)\}")


def expand(path: str | os.PathLike[str]) -> Path:
    """A path with ``~``, ``$SKYFOLD_DATA``, ``$GAMMAPY_DATA`` and other variables put in.

    Either of the two data variables stands in for the other where only one is set.

    Raises
    ------
    DataError
        A variable is not set.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        for candidate in (name, *(_DATA if name in _DATA else ())):
            if candidate in os.environ:
                return os.environ[candidate]
        raise DataError(f"{os.fspath(path)}: the variable {name} is not set; set it to the folder that holds the data")

    return Path(_VARIABLE.sub(value, os.fspath(path))).expanduser()
