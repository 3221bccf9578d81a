"""Model files: the sky and its parameters in YAML, in the schema that Gammapy writes and reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skyfold.errors import DataError
from skyfold.fit.parameters import Parameters
from skyfold.io.atomic import write_bytes
from skyfold.io.fits import PathLike
from skyfold.io.models_read import read_components
from skyfold.io.models_write import components_of
from skyfold.io.paths import expand
from skyfold.io.yaml_node import Node
from skyfold.model.source import Sky

_KEYS = ("components", "links", "penalties", "covariance", "metadata", "checksum")


def read_models(source: PathLike | Mapping[str, Any]) -> tuple[Sky, Parameters]:
    """Read a sky and the table of its parameters.

    Parameters
    ----------
    source : a YAML file, or what such a file says: a mapping with ``components``.

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
    """
    if isinstance(source, Mapping):
        return read_components(Node(source, "models").only(*_KEYS))
    file = expand(source)
    return read_components(Node(_content(file), str(file), file.parent).only(*_KEYS))


def write_models(path: PathLike, sky: Sky, table: Parameters | None = None, *, overwrite: bool = False) -> Path:
    """Write a sky and the table of its parameters, which has their values; the path of the file.

    Parameters
    ----------
    table : None for parameters that are free and bounded as the models declare.

    Raises
    ------
    DataError
        The file exists and may not be overwritten, or cannot be written.
    ModelError
        The table is for another sky, or something in it has no name in files.
    """
    import yaml

    file = expand(path)
    table = Parameters.of(sky) if table is None else table
    table.apply(sky)  # which says where they differ
    write_bytes(yaml.safe_dump(components_of(sky, table), sort_keys=False).encode(), file, overwrite=overwrite)
    return file


def _content(file: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{file}: cannot be read as a model file: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{file}: no mapping with 'components'; wanted the sources and backgrounds of a sky")
    return content
