"""Configurations from files: YAML, overrides, and messages that say where a mistake is and what was meant."""

import json
import os
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import getitem
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from skyfold.errors import ConfigError
from skyfold.io.paths import expand
from skyfold.workflow.config import AnalysisConfig
from skyfold.workflow.fields import Section
from skyfold.workflow.mistakes import describe

Path = tuple[str | int, ...]
Schema = TypeVar("Schema", bound=Section)
Config = AnalysisConfig | Mapping[str, Any] | str | os.PathLike[str]
# Keys that Gammapy does not know, and the value at which they need not be written.
_ADDITIONS: tuple[tuple[Any, ...], ...] = (
    ("metadata", None),
    ("models", None),
    ("datasets", "geom", "wcs", "proj", "CAR"),
    ("datasets", "background", "iterate", None),
)
# The C parser is ten times as fast, where PyYAML was built with it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_config(path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> AnalysisConfig:
    """Read a configuration file.

    Parameters
    ----------
    overrides : texts such as ``"datasets.stack=false"``; the value is read as YAML.

    Raises
    ------
    ConfigError
        The file cannot be read, or has unknown keys or wrong values; the message names file, line, key and remedy.
    """
    return read_as(AnalysisConfig, path, overrides)


def read_as(schema: type[Schema], path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> Schema:
    """Read a file of any schema; see `read_config`."""
    file = expand(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    return _from_yaml(schema, text, overrides, str(file))


def config_from_yaml(text: str, overrides: Iterable[str] = (), where: str = "configuration") -> AnalysisConfig:
    """A configuration from YAML; see `read_config`."""
    return _from_yaml(AnalysisConfig, text, overrides, where)


def _from_yaml(schema: type[Schema], text: str, overrides: Iterable[str], where: str) -> Schema:
    raw, lines = _parse(text, where)
    places = {path: f"{where}, line {line}" for path, line in lines.items()}
    for override in overrides:
        path, value = _split(override)
        _put(raw, path, value, override)
        places = {p: place for p, place in places.items() if p[: len(path)] != path}
        places[path] = f"--set {override}"
    return _validated(schema, raw, where, places)


def config_from_dict(data: Mapping[str, Any]) -> AnalysisConfig:
    """A configuration from nested dicts; quantities, times and angles may be objects or texts.

    Raises
    ------
    ConfigError
        Unknown keys or wrong values.
    """
    return from_dict(AnalysisConfig, data)


def from_dict(schema: type[Schema], data: Mapping[str, Any]) -> Schema:
    """A configuration of any schema; see `config_from_dict`."""
    return _validated(schema, dict(data), "configuration", {})


def as_config(config: Config) -> AnalysisConfig:
    """A configuration from whatever a user has: one, a nested dict, or the path of a file."""
    if isinstance(config, AnalysisConfig):
        return config
    return config_from_dict(config) if isinstance(config, Mapping) else read_config(config)


def to_yaml(config: AnalysisConfig) -> str:
    """The configuration with all defaults written out, in the schema that Gammapy reads where no addition is used."""
    data = config.model_dump(mode="json")
    for *sections, key, unused in _ADDITIONS:
        section = reduce(getitem, sections, data)
        if section.get(key, ...) == unused:
            del section[key]
    return dumped(data)


def dumped(data: Mapping[str, Any]) -> str:
    """Plain values as YAML."""
    return yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True, width=120)


def json_schema(schema: type[Section] = AnalysisConfig) -> str:
    """The JSON schema of configurations."""
    return json.dumps(schema.model_json_schema(), indent=2)


def _validated(schema: type[Schema], raw: Mapping[str, Any], where: str, places: Mapping[Path, str]) -> Schema:
    try:
        return schema.model_validate(raw)
    except ValidationError as error:
        mistakes = [f"{_place(path, where, places)}: {text}" for path, text in describe(error, schema)]
    raise ConfigError("\n".join(mistakes))


def _place(path: Path, where: str, places: Mapping[Path, str]) -> str:
    """The line of a key, or of the nearest section that is written."""
    for length in range(len(path), 0, -1):
        if path[:length] in places:
            return places[path[:length]]
    return where


def _parse(text: str, where: str) -> tuple[dict[str, Any], dict[Path, int]]:
    """Nested dicts, and the line of each key."""
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        raw = {} if node is None else loader.construct_document(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f", line {mark.line + 1}"
        raise ConfigError(f"{where}{line}: not YAML: {getattr(error, 'problem', None) or error}") from error
    if not isinstance(raw, dict):
        raise ConfigError(f"{where}: wanted sections such as 'observations:', found {type(raw).__name__}")
    lines: dict[Path, int] = {}
    _note_lines(node, (), lines, where)
    return raw, lines


def _note_lines(node: Any, path: Path, lines: dict[Path, int], where: str) -> None:
    if isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            lines[*path, i] = item.start_mark.line + 1
            _note_lines(item, (*path, i), lines, where)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            at, line = (*path, str(key.value)), key.start_mark.line + 1
            if at in lines:  # YAML takes the last one without a word
                raise ConfigError(f"{where}, line {line}: {'.'.join(map(str, at))} again; first on line {lines[at]}")
            lines[at] = line
            _note_lines(value, at, lines, where)


def _split(override: str) -> tuple[tuple[str, ...], Any]:
    name, sign, text = override.partition("=")
    if not sign or not name.strip():
        raise ConfigError(f"--set {override}: wanted KEY=VALUE such as 'datasets.stack=false'")
    try:
        return tuple(name.strip().split(".")), yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {override}: {text!r} is not YAML; put quotes around it") from error


def _put(raw: dict[str, Any], path: tuple[str, ...], value: Any, override: str) -> None:
    section = raw
    for i, name in enumerate(path[:-1]):
        section = section.setdefault(name, {})
        if section is None or not isinstance(section, dict):
            raise ConfigError(f"--set {override}: {'.'.join(path[: i + 1])} is not a section but {section!r}")
    section[path[-1]] = value
