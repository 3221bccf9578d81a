"""What a YAML file says, read with messages that tell where it says so."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

import numpy as np

from skyfold.errors import DataError, ModelError, UnitError
from skyfold.io.paths import expand
from skyfold.num.double import Floats
from skyfold.units import dress
from skyfold.units import unit as read_unit

_REQUIRED: Any = object()


@dataclass(frozen=True)
class Node:
    """A mapping of a file.

    where : the file and the place in it, for messages.
    folder : of the file, where paths start from if there is such a file; None for text that is in no file.
    """

    data: Mapping[str, Any]
    where: str
    folder: Path | None = None

    def __contains__(self, key: str) -> bool:
        return self.data.get(key) is not None

    def error(self, text: str) -> ModelError:
        return ModelError(f"{self.where}: {text}")

    def only(self, *keys: str) -> Self:
        """Self, if it has no other keys than these.

        Raises
        ------
        ModelError
            It has; the message names the nearest of those it may have.
        """
        for key in self.data:
            if key not in keys:
                raise self.error(f"unknown key {key!r}{nearest(str(key), keys)}")
        return self

    def get(self, key: str, kind: type | tuple[type, ...], default: Any = _REQUIRED) -> Any:
        """A value of one of some types."""
        if key not in self:
            if default is _REQUIRED:
                raise self.error(f"no {key!r}; there are {', '.join(map(str, self.data)) or 'no keys'}")
            return default
        value = self.data[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            names = " or ".join(t.__name__ for t in (kind if isinstance(kind, tuple) else (kind,)))
            raise self.error(f"{key} is {value!r}, wanted {names}")
        return value

    def text(self, key: str, default: Any = _REQUIRED) -> str:
        return str(self.get(key, str, default))

    def number(self, key: str, default: Any = _REQUIRED) -> float:
        """A number, also where YAML takes it for a text: it wants 1.0e-12 with a point."""
        value = self.get(key, (int, float, str), default)
        try:
            return float(value)
        except ValueError as error:
            raise self.error(f"{key} is {value!r}, wanted a number") from error

    def names(self, key: str) -> tuple[str, ...] | None:
        """A list of names (or one name); None where there is none."""
        value = self.get(key, (list, tuple, str), None)
        return (value,) if isinstance(value, str) else None if value is None else tuple(map(str, value))

    def child(self, key: str, name: str = "") -> "Node":
        """The mapping at a key."""
        return Node(self.get(key, dict), f"{self.where}, {name or key}", self.folder)

    def children(self, key: str, label: str = "name") -> Iterator["Node"]:
        """The mappings of a list, each called by what it has for `label`."""
        for i, entry in enumerate(self.get(key, (list, tuple), ())):
            if not isinstance(entry, dict):
                raise self.error(f"entry {i} of {key} is {entry!r}, wanted a mapping with {label} and more")
            name = entry.get(label)
            yield Node(entry, f"{self.where}, {key.rstrip('s')} {i if name is None else repr(name)}", self.folder)

    def quantity(self, key: str) -> Any:
        """An array with a unit, written ``{data: [...], unit: TeV}``."""
        node = self.child(key).only("data", "unit")
        unit = read_unit(node.get("unit", str, ""), node.where)
        return dress(node.array("data"), unit)

    def array(self, key: str) -> Floats:
        """Numbers, in lists."""
        try:
            return np.array(self.get(key, (list, tuple)), dtype=float)
        except (TypeError, ValueError) as error:
            raise self.error(f"{key} is {self.data[key]!r}, wanted lists of numbers") from error

    def path(self, key: str) -> Path:
        """A file: beside the one that names it, or from here; variables are put in."""
        text = self.text(key)
        beside = expand(text) if self.folder is None else self.folder / expand(text)
        return beside if beside.exists() else expand(text)


@contextmanager
def said_at(where: str) -> Iterator[None]:
    """Put the place in the file before what a model says."""
    try:
        yield
    except (ModelError, UnitError) as error:
        if str(error).startswith(where.split(":")[0]):
            raise
        raise type(error)(f"{where}: {error}") from error
    except DataError as error:
        raise DataError(f"{where}: {error}") from error


def nearest(name: str, known: Any) -> str:
    """The end of a message on an unknown name."""
    near = get_close_matches(name, list(known), 1) or get_close_matches(_plain(name), list(known), 1)
    hint = f"; did you mean {near[0]!r}?" if near else ";"
    return f"{hint} There are {', '.join(known)}" if near else f"{hint} there are {', '.join(known)}"


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()
