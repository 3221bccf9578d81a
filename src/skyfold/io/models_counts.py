"""Counts of templates as maps beside a model file; a sky has their numbers, the datasets have where they are."""

from collections.abc import Iterable
from typing import Any

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.predict import sees
from skyfold.errors import ModelError, ShapeError
from skyfold.io.maps import read_map, write_map
from skyfold.io.models_data import Beside
from skyfold.io.yaml_node import Node
from skyfold.maps.map import Map
from skyfold.model.background import TemplateNpred
from skyfold.model.source import Sky
from skyfold.num.double import Floats


def read_counts(node: Node, datasets: Iterable[Dataset]) -> Floats:
    """Counts of the map that a component names, on the bins of the datasets it is for.

    Raises
    ------
    DataError
        The map cannot be read.
    ShapeError
        It has other bins than one of the datasets.
    """
    found = read_map(node.path("filename"), unit="")
    names = node.names("datasets_names")
    for dataset in datasets:
        if (names is None or dataset.name in names) and dataset.geom != found.geom:
            raise ShapeError(
                f"{node.where}: {node.text('filename')} has other bins than dataset {dataset.name!r}, where it shall be"
                f" added; put it on those bins (shape {dataset.geom.shape}, found {found.geom.shape})"
            )
    return found.data.astype(float)


def maps_of_counts(sky: Sky, datasets: Iterable[Dataset]) -> dict[str, Beside]:
    """The files of all templates of a sky, by the names of these.

    Raises
    ------
    ModelError
        A template is for none of the datasets.
    ShapeError
        It has other bins than one of them.
    """
    return {
        name: Beside(write_map, _map(name, part, list(datasets)))
        for name, part in sky.items()
        if isinstance(part, TemplateNpred)
    }


def _map(name: str, template: Any, datasets: list[Dataset]) -> Map:
    seeing = [dataset for dataset in datasets if sees(dataset, template)]
    if not seeing:
        raise ModelError(
            f"{name}: counts of a template have no place on the sky, and among the datasets"
            f" {[dataset.name for dataset in datasets]} none is theirs; give those it is for (datasets=...)"
        )
    for dataset in seeing:
        if dataset.geom.shape != template.counts.shape or dataset.geom != seeing[0].geom:
            raise ShapeError(
                f"{name}: its counts, of shape {template.counts.shape}, are on the bins of one dataset;"
                f" {dataset.name!r} has others, of shape {dataset.geom.shape}: make a template for each dataset"
            )
    return Map(seeing[0].geom, template.counts)
