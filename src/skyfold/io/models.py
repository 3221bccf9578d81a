"""Model files: the sky and its parameters in YAML, in the schema that Gammapy writes and reads."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.errors import DataError, ShapeError
from skyfold.fit.parameters import Parameters
from skyfold.io.atomic import write_bytes
from skyfold.io.covariance import covariance_text, read_covariance_table
from skyfold.io.fits import PathLike
from skyfold.io.models_data import Beside
from skyfold.io.models_kinds import Parts, parts_with
from skyfold.io.models_names import names_in_files
from skyfold.io.models_read import read_components
from skyfold.io.models_write import components_of
from skyfold.io.paths import expand
from skyfold.io.yaml_node import Node
from skyfold.model.source import Sky
from skyfold.num.double import Floats

_KEYS = ("components", "links", "penalties", "covariance", "metadata", "checksum")


def read_models(
    source: PathLike | Mapping[str, Any],
    *,
    types: Mapping[str, type] | None = None,
    datasets: Sequence[Dataset] = (),
) -> tuple[Sky, Parameters]:
    """Read a sky and the table of its parameters.

    Parameters
    ----------
    source : a YAML file, or what such a file says: a mapping with ``components``.
    types : classes of one's own, by what the file calls them.
    datasets : those that the sky is for, to compare the bins of counts templates with theirs.

    Returns
    -------
    sky : sources and backgrounds by name.
    table : their parameters, with the values of the sky; free, bounded, linked and with errors and priors as the file
        says, and as the models declare where it says nothing.

    Raises
    ------
    DataError
        The file, or one that it names, cannot be read.
    ModelError
        A name, a type or a key is unknown, a value is outside its bounds, or a link leads nowhere; the message says
        where in the file.
    UnitError
        A unit cannot be read or is not one of that parameter.
    ShapeError
        A counts template has other bins than a dataset it is for.
    """
    root = Node(source, "models") if isinstance(source, Mapping) else _root(expand(source))
    found = read_components(root.only(*_KEYS), parts_with(types), datasets)
    return found.sky, found.table


def write_models(
    path: PathLike,
    sky: Sky,
    table: Parameters | None = None,
    covariance: Floats | None = None,
    *,
    types: Mapping[str, type] | None = None,
    datasets: Sequence[Dataset] = (),
    overwrite: bool = False,
) -> Path:
    """Write a sky and the table of its parameters, which has their values; the path of the file.

    Tables and maps go beside it, ``<stem>_<source>_temporal.fits``, ``<stem>_<background>.fits``.

    Parameters
    ----------
    table : None for parameters that are free and bounded as the models declare.
    covariance : (f, f), of the free parameters in the order of the table; written to ``<stem>_covariance.dat`` beside
        the file, with all parameters: zeros for frozen ones, and those that follow others as they do.
    types : classes of one's own, by what the file shall call them.
    datasets : those that counts templates are for, which have where on the sky the counts are.

    Raises
    ------
    DataError
        A file exists and may not be overwritten, or cannot be written.
    ModelError
        The table is for another sky, something in it has no name in files, or a counts template is for none of the
        datasets.
    ShapeError
        The covariance is not that of the free parameters, or a counts template has other bins than its dataset.
    """
    import yaml

    file = expand(path)
    table = Parameters.of(sky) if table is None else table
    applied = table.apply(sky)  # which says where they differ
    sky = {name: applied[name] for name in sky}
    parts = parts_with(types)
    content, beside = components_of(sky, table, file.stem, parts, datasets)
    if covariance is not None:
        content["covariance"] = f"{file.stem}_covariance.dat"
        beside[content["covariance"]] = Beside(_write_text, _covariance_of_all(sky, table, covariance, parts))
    for name in (file.name, *beside):
        if file.with_name(name).exists() and not overwrite:
            raise DataError(f"{file.with_name(name)}: exists already; allow to overwrite it, or name another file")
    for name, (write, value) in beside.items():
        write(file.with_name(name), value, overwrite=overwrite)
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    _write_text(file, yaml.dump(content, Dumper=dumper, sort_keys=False), overwrite=overwrite)
    return file


def read_covariance(path: PathLike, *, types: Mapping[str, type] | None = None) -> Floats:
    """Read the covariance that lies beside a model file: of the free parameters, in the order of its table, (f, f).

    Parameters
    ----------
    types : classes of one's own, by what the file calls them.

    Raises
    ------
    DataError
        The file names no covariance, or that lacks a free parameter.
    """
    file = expand(path)
    root = _root(file)
    if "covariance" not in root:
        raise DataError(f"{file}: names no covariance; models that were not fitted have none")
    _, table, names, factors = read_components(root, parts_with(types))
    beside = root.path("covariance")
    found, matrix = read_covariance_table(beside)
    written = {here: name for name, here in names.items()}
    wanted = [written.get(row.name, row.name) for row in table.free]
    missing = [name for name in wanted if name not in found]
    if missing:
        raise DataError(f"{beside}: no row for {missing[0]!r}; there are {', '.join(found)}")
    places = [found.index(name) for name in wanted]
    scale = np.array([factors.get(row.name, 1.0) for row in table.free])  # the file's units are its own
    return matrix[np.ix_(places, places)] * np.outer(scale, scale)


def _write_text(path: Path, text: str, *, overwrite: bool) -> None:
    write_bytes(text.encode(), path, overwrite=overwrite)


def _covariance_of_all(sky: Sky, table: Parameters, covariance: Floats, parts: Parts) -> str:
    _, matrix, _ = table.linear()
    covariance = np.asarray(covariance, dtype=float)
    if covariance.shape != (matrix.shape[1],) * 2:
        raise ShapeError(
            f"found a covariance of shape {covariance.shape} for the {matrix.shape[1]} free parameters"
            f" {', '.join(row.name for row in table.free)}"
        )
    names = names_in_files(sky, parts)
    known = dict(zip(table.names, matrix, strict=True))
    rows = np.zeros((len(names), matrix.shape[1]))
    for row, name in zip(rows, names, strict=True):
        row[:] = known.get(name, 0.0)
    return covariance_text(list(names.values()), rows @ covariance @ rows.T)


def _root(file: Path) -> Node:
    return Node(_content(file), str(file), file.parent)


def _content(file: Path) -> dict[str, Any]:
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where PyYAML was built with it
        content = yaml.load(file.read_text(encoding="utf-8"), loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{file}: cannot be read as a model file: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{file}: no mapping with 'components'; wanted the sources and backgrounds of a sky")
    return content
