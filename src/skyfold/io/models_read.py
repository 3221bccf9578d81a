"""Sources and backgrounds from the mappings of a model file."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from astropy.time import Time

from skyfold.dataset.dataset import Dataset
from skyfold.fit.parameters import Parameters
from skyfold.io.models_counts import read_counts
from skyfold.io.models_kinds import PARTS, SPATIAL, SPECTRAL, Kind, Part, Parts
from skyfold.io.models_names import names_in_files
from skyfold.io.models_parameters import Entry, read_entries
from skyfold.io.yaml_node import Node, nearest, said_at
from skyfold.model.background import FovBackground, TemplateNpred
from skyfold.model.fields import EVERYWHERE, Spec, specs
from skyfold.model.priors import LinearPenalty
from skyfold.model.source import RESPONSES, Sky, Source

_COMPONENT = ("name", "type", "datasets_names", "spectral", "spatial")
_SCALES = ("tt", "utc", "tai", "tdb", "tcb", "tcg")
_SOURCE = ("SkyModel", "FoVBackgroundModel", "TemplateNPredModel")


class Found(NamedTuple):
    """A component or a part of one, with the entries of its parameters by their names, ``spectrum.index``."""

    value: Any
    entries: dict[str, Entry]


class Components(NamedTuple):
    """What a file says.

    names : of its parameters in tables, by what the file calls them: ``gc.spectral.index``.
    factors : values of the table over those of the file, by their names in the table, of those that the file has.
    """

    sky: Sky
    table: Parameters
    names: dict[str, str]
    factors: dict[str, float]


def read_components(root: Node, parts: Parts = PARTS, datasets: Sequence[Dataset] = ()) -> Components:
    """The sky of a file and the table of its parameters.

    Parameters
    ----------
    parts : with the classes that the file may name.
    datasets : to compare the bins of templates with.

    Raises
    ------
    ModelError, UnitError, DataError
        See `skyfold.io.models.read_models`.
    """
    sky: Sky = {}
    entries: dict[str, Entry] = {}
    for node in _components(root):
        name = _name(node)
        if name in sky:
            raise node.error(f"there are two components {name!r}; give them different names")
        found = _component(node, parts, datasets)
        sky[name] = found.value
        entries |= {f"{name}.{key}": entry for key, entry in found.entries.items()}
    table = Parameters.of(sky)
    known = set(table.names)
    names = {there: here for here, there in names_in_files(sky, parts).items() if here in known}
    table = _table(table, entries, names)
    table = _penalised(_linked(table, root, names), root, names)
    applied = table.apply(sky)
    sky = {name: applied[name] for name in sky}  # in the order of the file
    return Components(sky, table, names, {name: entry.factor for name, entry in entries.items()})


def _components(root: Node) -> Iterator[Node]:
    if "components" not in root:
        raise root.error("no list 'components'; wanted the sources and backgrounds of a sky")
    return root.children("components")


def _name(node: Node) -> str:
    """Backgrounds of a dataset may go without a name."""
    datasets = node.names("datasets_names")
    if "name" not in node and node.data.get("type") == "FoVBackgroundModel" and datasets:
        return f"{datasets[0]}-bkg"
    return node.text("name")


def _component(node: Node, parts: Parts, datasets: Sequence[Dataset]) -> Found:
    kind = node.text("type", "SkyModel")
    if kind == "SkyModel":
        return _source(node, parts)
    if kind == "FoVBackgroundModel":
        return _background(node, parts)
    if kind == "TemplateNPredModel":
        return _template(node, parts, datasets)
    raise node.error(f"unknown type {kind!r}{nearest(kind, _SOURCE)}")


def _source(node: Node, parts: Parts) -> Found:
    node.only(*_COMPONENT, "temporal", "apply_irf")
    found = {part.field: read_part(node, part) for part in parts if part.key in node or part.key == SPECTRAL.key}
    applied = node.child("apply_irf").only(*RESPONSES) if "apply_irf" in node else None
    irf = tuple(name for name in RESPONSES if applied is None or applied.get(name, bool, True))
    values = {field: part.value for field, part in found.items()}
    with said_at(node.where):
        source = Source(**values, datasets=node.names("datasets_names"), irf=irf)
    return _together(source, found)


def _background(node: Node, parts: Parts) -> Found:
    node.only(*_COMPONENT)
    datasets = node.names("datasets_names") or ()
    if len(datasets) != 1:
        raise node.error(f"datasets_names is {list(datasets)}; a background is that of one dataset")
    found = {part.field: read_part(node, part) for part in parts if part.key in node and part.key in _COMPONENT}
    return _together(FovBackground(datasets[0], **{field: part.value for field, part in found.items()}), found)


def _template(node: Node, parts: Parts, datasets: Sequence[Dataset]) -> Found:
    node.only(*(key for key in _COMPONENT if key != SPATIAL.key), "filename")
    found = {part.field: read_part(node, part) for part in parts if part.key in node}
    values = {field: part.value for field, part in found.items()}
    with said_at(node.where):
        counts = TemplateNpred(read_counts(node, datasets), **values, datasets=node.names("datasets_names"))
    return _together(counts, found)


def _together(value: Any, parts: dict[str, Found]) -> Found:
    return Found(value, {key: entry for found in parts.values() for key, entry in found.entries.items()})


def read_part(node: Node, part: Part) -> Found:
    """A spectrum, a shape or a light curve of a component."""
    found = _model(node.child(part.key), part)
    return Found(found.value, {f"{part.field}.{key}": entry for key, entry in found.entries.items()})


def _model(node: Node, part: Part) -> Found:
    """A model, and those that it is made of."""
    kind = part.named(node)
    node.only(*kind.keys, *part.data.keys)
    data = part.data.read(node) | kind.data.read(node)
    inner = {key: _model(node.child(key), part) for key in kind.models}
    entries = read_entries(node, _declared(kind, node) | _passed(kind))
    given = _in_tt(node, kind, {name: entry for name, entry in entries.items() if name not in kind.passed})
    values = _values(kind, given)
    with said_at(node.where):
        model = kind.made(**(values | data | {key: found.value for key, found in inner.items()}))
    entries = {_here(kind, key): entry for key, entry in given.items()}
    for key, found in inner.items():
        entries |= {f"{key}.{name}": entry for name, entry in found.entries.items()}
    return Found(model, entries)


def _in_tt(node: Node, kind: Kind, given: dict[str, Entry]) -> dict[str, Entry]:
    """Entries with reference times brought from the scale that the file names, which is UTC if it names none."""
    scale = node.text("scale", "utc")
    if "t_ref" not in specs(kind.cls) or scale == "tt":
        return given
    if scale not in _SCALES:
        raise node.error(f"scale is {scale!r}; wanted one of {', '.join(_SCALES)}")
    if "t_ref" not in given or given["t_ref"].value is None:
        raise node.error(f"no value of t_ref, which is a date in the scale {scale!r}; give it")
    date = given["t_ref"].value
    with said_at(given["t_ref"].node.where):
        return given | {"t_ref": given["t_ref"].later(Time(date, format="mjd", scale=scale).tt.mjd - date)}


def _declared(kind: Kind, node: Node) -> dict[str, Spec]:
    """The parameters of a class as files name them: norm_0, norm_1, ... for a sequence norms."""
    declared: dict[str, Spec] = {}
    for name, spec in specs(kind.cls).items():
        if name == kind.sequence:
            count = len(node.get("parameters", (list, tuple), ()))
            declared |= {f"{name[:-1]}_{i}": spec for i in range(count)}
        else:
            declared[name] = spec
    return declared


def _passed(kind: Kind) -> dict[str, Spec]:
    return {name: Spec(unit, frozen=True, domain=EVERYWHERE) for name, unit in kind.passed.items()}


def _values(kind: Kind, given: dict[str, Entry]) -> dict[str, Any]:
    """Arguments of a class; what a file leaves out has its default."""
    values: dict[str, Any] = {name: entry.value for name, entry in given.items() if entry.value is not None}
    if kind.sequence:
        prefix = kind.sequence[:-1] + "_"
        ordered = sorted(
            (name for name in values if name.startswith(prefix)), key=lambda name: int(name[len(prefix) :])
        )
        values[kind.sequence] = tuple(values.pop(name) for name in ordered)
    return values


def _here(kind: Kind, name: str) -> str:
    if kind.sequence and name.startswith(kind.sequence[:-1] + "_"):
        return f"{kind.sequence}.{name.rpartition('_')[2]}"
    return name


def _table(table: Parameters, entries: dict[str, Entry], names: dict[str, str]) -> Parameters:
    """What the file says of each parameter; of those that are linked it counts what it says of the first."""
    leaders = _leaders(entries, names)
    table = table.with_rows({name: entry.row(table[name]) for name, entry in entries.items() if name not in leaders})
    for name, leader in leaders.items():
        with said_at(entries[name].node.where):
            table = table.link(name, leader)
    return table


def _leaders(entries: dict[str, Entry], names: dict[str, str]) -> dict[str, str]:
    """Whom linked parameters follow: the one that their label names after an @, or else the first that has it."""
    first: dict[str, str] = {}
    for name, entry in entries.items():
        if entry.link is not None and entry.link not in first:
            named = names.get(entry.link.partition("@")[2], "")
            first[entry.link] = named if named in entries and entries[named].link == entry.link else name
    return {n: first[e.link] for n, e in entries.items() if e.link is not None and first[e.link] != n}


def _linked(table: Parameters, root: Node, names: dict[str, str]) -> Parameters:
    """Links with a factor, which are a list of their own: others' tools have only equal parameters."""
    for node in root.children("links", label="parameter"):
        node.only("parameter", "to", "factor")
        name, to = (_known(node, node.text(key), names) for key in ("parameter", "to"))
        with said_at(node.where):
            table = table.link(name, to, node.number("factor", 1.0))
    return table


def _penalised(table: Parameters, root: Node, names: dict[str, str]) -> Parameters:
    for node in root.children("penalties"):
        over = [
            _known(node, name, names) for name in node.only("parameters", "precision", "mean").names("parameters") or ()
        ]
        mean = node.array("mean") if "mean" in node else 0.0
        with said_at(node.where):
            table = table.penalise(LinearPenalty(over, node.array("precision"), mean))
    return table


def _known(node: Node, name: str, names: dict[str, str]) -> str:
    if name not in names:
        raise node.error(f"no parameter {name!r}{nearest(name, names)}")
    return names[name]
