"""Configurations from YAML files, with errors that name the key, its line, and what was meant."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from skyfold.errors import ConfigError
from skyfold.workflow.config import Config

Path_ = tuple[str | int, ...]


def read_config(path: str | Path, overrides: Iterable[str] = ()) -> Config:
    """Read an analysis from a YAML file.

    Parameters
    ----------
    overrides : texts such as ``datasets.geom.wcs.binsize=0.05 deg``; the value is YAML.

    Raises
    ------
    ConfigError
        The file is missing or no YAML, or a key or value is wrong; every wrong one is listed.
    """
    path = Path(path)
    try:
        text = path.read_text()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    return parse_config(text, overrides, str(path))


def parse_config(text: str, overrides: Iterable[str] = (), name: str = "configuration") -> Config:
    """The same from a text; `name` stands in errors for the file."""
    try:
        tree, lines = yaml.safe_load(text), yaml.compose(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: not valid YAML: {error}") from error
    if tree is not None and not isinstance(tree, dict):
        raise ConfigError(f"{name}: wanted sections such as 'observations:' and 'datasets:', found {type(tree).__name__}")
    tree = _override(tree or {}, overrides)
    try:
        return Config.model_validate(_without_empty_sections(tree, Config))
    except ValidationError as error:
        wrong = [_explain(detail, lines, name) for detail in error.errors()]
        raise ConfigError("\n".join(dict.fromkeys(wrong))) from None


def to_yaml(config: Config) -> str:
    """The configuration with every default filled in."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _override(tree: dict[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"--set {text!r}: wanted section.key=value, for instance excess_map.correlation_radius='0.1 deg'")
        tree = _with(tree, key.strip().split("."), yaml.safe_load(value))
    return tree


def _with(tree: Any, keys: list[str], value: Any) -> dict[str, Any]:
    branch = tree if isinstance(tree, dict) else {}
    rest = value if len(keys) == 1 else _with(branch.get(keys[0]), keys[1:], value)
    return {**branch, keys[0]: rest}


def _without_empty_sections(tree: Any, model: type[BaseModel]) -> Any:
    """A section written but left empty (``fit:``) has its defaults, as in the files of other tools."""
    if not isinstance(tree, Mapping):
        return tree
    kept: dict[Any, Any] = {}
    for key, value in tree.items():
        section = _section(model, key)
        if section is not None and value is None:
            continue
        kept[key] = value if section is None else _without_empty_sections(value, section)
    return kept


def _section(model: type[BaseModel], key: Any) -> type[BaseModel] | None:
    field = model.model_fields.get(str(key))
    kind = None if field is None else field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _explain(detail: Any, lines: yaml.Node | None, name: str) -> str:
    path: Path_ = tuple(detail["loc"])
    place, message = ".".join(str(p) for p in path), str(detail["msg"]).removeprefix("Value error, ")
    line = _line(lines, path)
    where = f"{name}:{line}" if line else name
    if detail["type"] != "extra_forbidden":
        return f"{where}: {place}: {message}"
    known = _known_keys(path[:-1])
    near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    return f"{where}: {place}: no such key; {meant}"


def _known_keys(path: Path_) -> list[str]:
    model: type[BaseModel] = Config
    for key in path:
        model = _section(model, key) or model
    return list(model.model_fields)


def _line(node: yaml.Node | None, path: Path_) -> int | None:
    """Line of the key at a path, or of the nearest one above it."""
    line = None
    for key in path:
        if not isinstance(node, yaml.MappingNode):
            break
        pair = next(((k, v) for k, v in node.value if k.value == str(key)), None)
        if pair is None:
            break
        line, node = pair[0].start_mark.line + 1, pair[1]
    return line
