"""The files of a fit: models with their errors, expected counts, and what is left of the data."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.predict import total
from skyfold.estimate.residuals import residuals, together
from skyfold.geom.wcs import WcsGeom
from skyfold.io.maps import write_map
from skyfold.io.models import write_models
from skyfold.maps.map import Map
from skyfold.workflow.steps import Analysis


def write_fit(result: Analysis, folder: Path) -> None:
    """Write ``models.yaml``, the covariance beside it, and of each map those of expected counts and residuals."""
    fitted = result.fitted
    if fitted is None or fitted.result is None:
        return
    found = fitted.result
    # A parameter without error, at a bound say, is written like a frozen one: files know no nan.
    covariance = np.nan_to_num(found.covariance)
    write_models(folder / "models.yaml", found.sky, found.parameters, covariance, datasets=result.datasets)
    radius = result.config.excess_map.correlation_radius
    for dataset, parts in fitted_maps(result):
        name = file_name(dataset.name)
        write_map(folder / "maps" / f"npred_{name}.fits", total(dataset, dict(parts)))
        left = residuals(dataset, parts, "significance", radius, image=True)
        write_map(folder / "maps" / f"residual_significance_{name}.fits", left)


def fitted_maps(result: Analysis) -> Iterator[tuple[Dataset, Mapping[str, Map]]]:
    """Datasets that are maps with their expected counts and, of several whose background is a model, their sum."""
    if result.fitted is None or not result.fitted.expected:
        return
    expected = result.fitted.expected
    maps = [dataset for dataset in result.datasets if isinstance(dataset.geom, WcsGeom)]
    for dataset in maps:
        yield dataset, expected[dataset.name]
    if len(maps) > 1 and all(dataset.counts_off is None for dataset in maps):
        yield together(maps, expected, result.stacked.geom)


def file_name(name: str) -> str:
    """A name of a source or dataset as part of the name of a file."""
    return re.sub(r"[^\w.+-]+", "_", name)
