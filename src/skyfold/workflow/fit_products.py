"""The files of a fit: models with their errors, expected counts, and what is left of the data."""

import re
from pathlib import Path

from skyfold.dataset.predict import total
from skyfold.estimate.residuals import residuals
from skyfold.geom.wcs import WcsGeom
from skyfold.io.maps import write_map
from skyfold.io.models import write_models
from skyfold.workflow.steps import Analysis


def write_fit(result: Analysis, folder: Path) -> None:
    """Write ``models.yaml`` and, of each dataset that is a map, maps of expected counts and of residuals."""
    fitted = result.fitted
    if fitted is None or fitted.result is None:
        return
    write_models(folder / "models.yaml", fitted.result.sky, fitted.result.parameters)
    radius = result.config.excess_map.correlation_radius
    for dataset in result.datasets:
        if isinstance(dataset.geom, WcsGeom):
            parts, name = fitted.expected[dataset.name], file_name(dataset.name)
            write_map(folder / "maps" / f"npred_{name}.fits", total(dataset, dict(parts)))
            left = residuals(dataset, parts, "significance", radius, image=True)
            write_map(folder / "maps" / f"residual_significance_{name}.fits", left)


def file_name(name: str) -> str:
    """A name of a source or dataset as part of the name of a file."""
    return re.sub(r"[^\w.+-]+", "_", name)
