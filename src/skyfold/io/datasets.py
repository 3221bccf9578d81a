"""Lists of datasets: a YAML file that names their FITS files, in the schema that Gammapy writes and reads."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from skyfold.dataset.dataset import Dataset
from skyfold.errors import DataError
from skyfold.geom.region import RegionGeom
from skyfold.io.atomic import write_bytes
from skyfold.io.dataset import read_dataset, write_dataset
from skyfold.io.paths import expand

PathLike = str | os.PathLike[str]
LIST = "datasets.yaml"
_TYPES = ("MapDataset", "MapDatasetOnOff", "SpectrumDataset", "SpectrumDatasetOnOff")


def write_datasets(
    directory: PathLike, datasets: Iterable[Dataset], *, compress: bool = True, overwrite: bool = False
) -> Path:
    """Write each dataset to ``<name>.fits.gz``, and the list of them last; the path of the list.

    Parameters
    ----------
    compress : without, files are ``<name>.fits``, written in a third of the time.

    Raises
    ------
    DataError
        Two datasets have one name, or a file exists and may not be overwritten.
    """
    import yaml

    folder, datasets = expand(directory), list(datasets)
    suffix = ".fits.gz" if compress else ".fits"
    files = [re.sub(r"[^\w.+-]", "_", dataset.name) + suffix for dataset in datasets]
    if len(set(files)) < len(files):
        twice = next(file for file in files if files.count(file) > 1)
        raise DataError(f"{folder}: two datasets would be written to {twice}; give them different names")
    if (folder / LIST).exists() and not overwrite:
        raise DataError(f"{folder / LIST}: exists already; allow to overwrite it, or name another directory")
    for dataset, file in zip(datasets, files, strict=True):
        write_dataset(folder / file, dataset, overwrite=overwrite)
    entries = [
        {"name": dataset.name, "type": _type(dataset), "filename": file}
        for dataset, file in zip(datasets, files, strict=True)
    ]
    write_bytes(yaml.safe_dump({"datasets": entries}, sort_keys=False).encode(), folder / LIST, overwrite=overwrite)
    return folder / LIST


def read_datasets(path: PathLike) -> tuple[Dataset, ...]:
    """Read the datasets of a list, or of the ``datasets.yaml`` in a directory, in their order.

    Raises
    ------
    DataError
        The list is missing, is no list of datasets, or a file it names cannot be read.
    """
    file = expand(path)
    file = file / LIST if file.is_dir() else file
    return tuple(_read(entry, file) for entry in _entries(file))


def _entries(file: Path) -> list[Any]:
    import yaml

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{file}: cannot be read as a list of datasets: {error}") from error
    entries = content.get("datasets") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise DataError(f"{file}: no list 'datasets'; wanted entries with name, type and filename")
    return entries


def _read(entry: Any, file: Path) -> Dataset:
    if not isinstance(entry, dict) or "filename" not in entry:
        raise DataError(f"{file}: an entry without filename: {entry!r}; wanted name, type and filename")
    if entry.get("type", _TYPES[0]) not in _TYPES:
        raise DataError(f"{file}: dataset {entry.get('name')!r} is a {entry['type']}; there are {', '.join(_TYPES)}")
    return read_dataset(file.parent / str(entry["filename"]), entry.get("name"))


def _type(dataset: Dataset) -> str:
    kind = "Spectrum" if isinstance(dataset.geom, RegionGeom) else "Map"
    return f"{kind}Dataset{'OnOff' if dataset.stat == 'wstat' else ''}"
