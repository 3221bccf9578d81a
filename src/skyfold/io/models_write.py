"""Sources and backgrounds as the mappings of a model file."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any, NamedTuple

from skyfold.dataset.dataset import Dataset
from skyfold.errors import ModelError
from skyfold.fit.parameters import Parameters
from skyfold.fit.rows import Row
from skyfold.io.models_counts import maps_of_counts
from skyfold.io.models_data import Beside, numbers
from skyfold.io.models_kinds import PARTS, Part, Parts
from skyfold.io.models_names import kind_of, names_in_files
from skyfold.io.models_parameters import entry_of, in_utc
from skyfold.model.background import FovBackground, TemplateNpred
from skyfold.model.fields import EVERYWHERE, specs
from skyfold.model.priors import LinearPenalty
from skyfold.model.source import RESPONSES, Sky, Source


class Written(NamedTuple):
    """The content of a file: plain numbers, texts, lists and mappings; and what goes beside it by names of files."""

    content: dict[str, Any]
    beside: dict[str, Beside]


def components_of(
    sky: Sky, table: Parameters, stem: str, parts: Parts = PARTS, datasets: Sequence[Dataset] = ()
) -> Written:
    """A sky and its table as they are written.

    Parameters
    ----------
    stem : what the names of files beside begin with.
    parts : with the classes that files can name.
    datasets : those that templates are for.

    Raises
    ------
    ModelError
        Something in the sky has no name in files.
    """
    names, counts = names_in_files(sky, parts), maps_of_counts(sky, datasets)
    shared = {row.link.to for row in table.rows if row.link is not None and row.link.factor == 1}
    entries = {row.name: _entry(row, names, shared, table) for row in table.rows}
    components = [_component(name, component, parts, entries, counts) for name, component in sky.items()]
    beside: dict[str, Beside] = {}
    content: dict[str, Any] = {"components": [_aside(c, f"{stem}_{c['name']}", beside) for c in components]}
    links = [_link(row, names) for row in table.rows if row.link is not None and row.link.factor != 1]
    penalties = [_penalty(penalty, names) for penalty in table.penalties]
    content |= ({"links": links} if links else {}) | ({"penalties": penalties} if penalties else {})
    return Written(content, beside)


def _aside(content: Any, name: str, beside: dict[str, Beside]) -> Any:
    """The content with names of files, which begin with `name`, for all that goes beside, and is put there."""
    if isinstance(content, Beside):
        stem = re.sub(r"\W+", "_", name)
        files = (f"{stem}{'' if i == 1 else f'_{i}'}.fits" for i in count(1))
        file = next(file for file in files if file not in beside)
        beside[file] = content
        return file
    if isinstance(content, dict):
        return {key: _aside(value, f"{name}_{key}".removesuffix("_filename"), beside) for key, value in content.items()}
    return content


class Entry(NamedTuple):
    """A parameter as a file has it: its name there, the row that says what is known of it, the label of its links."""

    name: str
    row: Row
    label: str | None = None


def _entry(row: Row, names: dict[str, str], shared: set[str], table: Parameters) -> Entry:
    """Those that are equal share a label with the name of the one that leads, and say the same."""
    leader = row if row.link is None or row.link.factor != 1 else table[row.link.to]
    label = None
    if leader.name in shared:
        label = f"{names[leader.name].rpartition('.')[2]}@{names[leader.name]}"
    name = names[row.name].rpartition(".")[2]
    if row.link is not None and row.link.factor != 1:
        # Whoever reads no factors shall not move it by itself; bounds are those of its leader, and not rounded twice.
        return Entry(name, replace(row, bounds=EVERYWHERE, free=False))
    return Entry(name, leader, label)


def _link(row: Row, names: dict[str, str]) -> dict[str, Any]:
    assert row.link is not None
    return {"parameter": names[row.name], "to": names[row.link.to], "factor": float(row.link.factor)}


def _penalty(penalty: LinearPenalty, names: dict[str, str]) -> dict[str, Any]:
    return {
        "parameters": [names[name] for name in penalty.names],
        "precision": numbers(penalty.precision),
        "mean": numbers(penalty.mean),
    }


def _component(
    name: str, component: Any, parts: Parts, entries: dict[str, Entry], counts: dict[str, Beside]
) -> dict[str, Any]:
    if isinstance(component, Source):
        head: dict[str, Any] = {"name": name, "type": "SkyModel"}
        if set(component.irf) != set(RESPONSES):
            head["apply_irf"] = {key: key in component.irf for key in RESPONSES}
        datasets = component.datasets
    elif isinstance(component, FovBackground):
        head = {"name": name, "type": "FoVBackgroundModel"}
        datasets = (component.dataset,)
    elif isinstance(component, TemplateNpred):
        head = {"name": name, "type": "TemplateNPredModel", "filename": counts[name]}
        datasets = component.datasets
    else:
        raise ModelError(f"{name} is a {type(component).__name__}; files hold sources and backgrounds")
    if datasets is not None:
        head["datasets_names"] = list(datasets)
    models = {part.key: (part, getattr(component, part.field, None)) for part in parts}
    return head | {
        key: _model(model, part, f"{name}.{part.field}", entries)
        for key, (part, model) in models.items()
        if model is not None
    }


def _model(model: Any, part: Part, where: str, entries: dict[str, Entry]) -> dict[str, Any]:
    kind = kind_of(model, part, where)
    content: dict[str, Any] = {"type": part.title(kind)} | part.data.write(model) | kind.data.write(model)
    names = [
        f"{name}.{i}" for name in specs(kind.cls) if name == kind.sequence for i in range(len(getattr(model, name)))
    ]
    names = [name for name in specs(kind.cls) if name != kind.sequence] + names
    said = [entries[f"{where}.{name}"] for name in names]
    utc = content.get("scale") == "utc"
    said = [entry._replace(row=in_utc(entry.row)) if utc and entry.name == "t_ref" else entry for entry in said]
    content["parameters"] = [entry_of(*entry) for entry in said]
    content |= {key: _model(getattr(model, key), part, f"{where}.{key}", entries) for key in kind.models}
    return content | dict(kind.fixed)
