"""What is wrong in a configuration, in words: the key, what was found, what was wanted, and what may be meant."""

import difflib
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from skyfold.workflow.background import METHODS
from skyfold.workflow.config import AnalysisConfig

Path = tuple[str | int, ...]
_WANTED = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    "string_type": "a text",
    "list_type": "a list",
    "dict_type": "keys and values",
}


def describe(error: ValidationError, schema: type[BaseModel] = AnalysisConfig) -> list[tuple[Path, str]]:
    """Each mistake once: the path of its key, and a sentence that starts with the key."""
    found: dict[Path, dict[str, Any]] = {}
    for entry in error.errors(include_url=False):
        path = _path(entry["loc"], schema)
        if path not in found or _weight(entry) > _weight(found[path]):
            found[path] = dict(entry)
    # Where a value may be one or a list, each alternative complains: the longest path says most.
    kept = {path: e for path, e in found.items() if not any(p[: len(path)] == path and p != path for p in found)}
    return [_sentence(path, entry, schema) for path, entry in kept.items()]


def _weight(entry: Any) -> tuple[bool, int]:
    """Among complaints about one key a reason of ours says more than "not a list"."""
    return not entry["type"].endswith("_type"), len(entry["loc"])


def _path(loc: Path, schema: type[BaseModel]) -> Path:
    """The keys of a location, without the names of alternatives that pydantic puts between."""
    model: type[BaseModel] | None = schema
    path: list[str | int] = []
    for i, part in enumerate(loc):
        if isinstance(part, int):
            path.append(part)
        elif model is not None and part in model.model_fields:
            path.append(part)
            model = _section(model.model_fields[part].annotation)
        elif path == ["datasets", "background"] and part in METHODS:
            model = METHODS[part]
        elif model is not None and i == len(loc) - 1:
            path.append(part)  # a key that does not exist
    return tuple(path)


def _section(annotation: Any) -> type[BaseModel] | None:
    """The model of a field; None for plain values and for the background, whose method decides."""
    candidates = [a for a in (annotation, *get_args(annotation)) if isinstance(a, type) and issubclass(a, BaseModel)]
    return candidates[0] if len(candidates) == 1 else None


def _sentence(path: Path, entry: dict[str, Any], schema: type[BaseModel]) -> tuple[Path, str]:
    kind, value, context = entry["type"], entry["input"], entry.get("ctx", {})
    name = _dotted(path)
    if kind == "extra_forbidden":
        return path, f"{name}: no such key; {_nearest_key(entry['loc'], schema)}"
    if kind == "union_tag_invalid":
        methods = [method for method in METHODS if method != "none"]
        path = (*path, "method")
        return path, f"{_dotted(path)}: {context['tag']!r} {_instead(context['tag'], methods)}"
    if kind == "literal_error":
        return path, f"{name}: {value!r} {_instead(value, _quoted(context['expected']))}"
    if kind == "missing":
        return path, f"{name}: missing; it has no default, so give it"
    if kind == "value_error":
        return path, f"{name}: {context['error']}"
    if kind in ("model_type", "model_attributes_type", "dict_type") and value is None:
        return path, f"{name}: empty; take it out, or give it keys"
    if kind in ("model_type", "model_attributes_type"):
        return path, f"{name}: wanted a section with keys, found {value!r}"
    wanted = _WANTED.get(kind) or str(entry["msg"]).removeprefix("Input should be ")
    return path, f"{name}: wanted {wanted}, found {value!r}"


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "the file"


def _instead(value: Any, valid: list[str]) -> str:
    near = difflib.get_close_matches(str(value), valid, n=1, cutoff=0.5)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return f"is not one it can be; {meant}Valid are {', '.join(valid)}"


def _quoted(text: str) -> list[str]:
    """The values of a text such as ``'a', 'b' or 'c'``."""
    return text.split("'")[1::2]


def _nearest_key(loc: Path, schema: type[BaseModel]) -> str:
    """The key of this section that is spelt alike, or one of that name elsewhere, or all keys of the section."""
    key, parent = str(loc[-1]), _model_at(loc[:-1], schema)
    keys = list(parent.model_fields)
    near = difflib.get_close_matches(key, keys, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    paths = {path.rpartition(".")[2]: path for path in reversed(list(_all_keys(schema)))}
    elsewhere = difflib.get_close_matches(key, paths, n=1, cutoff=0.8)
    if elsewhere:
        return f"did you mean {paths[elsewhere[0]]}? Keys here are {', '.join(keys)}"
    return f"keys here are {', '.join(keys) or 'none'}"


def _model_at(loc: Path, schema: type[BaseModel]) -> type[BaseModel]:
    model = schema
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            model = _section(model.model_fields[part].annotation) or model
        elif isinstance(part, str) and part in METHODS:
            model = METHODS[part]
    return model


def _all_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name
        section = METHODS["none"] if prefix + name == "datasets.background" else _section(field.annotation)
        if section is not None:
            yield from _all_keys(section, f"{prefix}{name}.")
