"""The pictures of a fit."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.predict import sees
from skyfold.estimate.residuals import residuals
from skyfold.geom.region import RegionGeom
from skyfold.maps.map import Map
from skyfold.model.source import Source
from skyfold.plot.fit import plot_correlation, plot_fitted_counts, plot_spectrum
from skyfold.plot.sky import plot_map
from skyfold.units import strip
from skyfold.workflow.fit_products import file_name, fitted_maps
from skyfold.workflow.steps import Analysis


def figures_of_fit(result: Analysis) -> dict[str, Any]:
    """Figures by the names of their files: spectra, correlation, and residuals of each dataset."""
    fitted = result.fitted
    if fitted is None or fitted.result is None:
        return {}
    found, figures = fitted.result, {}
    for name, part in found.sky.items():
        # A cube of the sky holds the fluxes itself: the spectrum beside it only scales them.
        if isinstance(part, Source) and not getattr(part.shape, "energy_dependent", False):
            seen = [dataset for dataset in result.datasets if sees(dataset, part)]
            figures[f"spectrum_{file_name(name)}"] = plot_spectrum(found, name, _fitted_energies(seen))
    if found.free.size > 1:
        figures["correlation"] = plot_correlation(found)
    for dataset in result.datasets:
        if isinstance(dataset.geom, RegionGeom) or (dataset.energy.nbin > 1 and dataset.counts_off is None):
            counts = plot_fitted_counts(dataset, fitted.expected[dataset.name])
            figures[f"fitted_counts_{file_name(dataset.name)}"] = counts
    radius = result.config.excess_map.correlation_radius
    for dataset, parts in fitted_maps(result):
        figures |= _residuals(dataset, parts, radius)
    return figures


def _fitted_energies(datasets: list[Dataset]) -> tuple[float, float]:
    """The lowest and the highest energy [TeV] of any bin that is fitted."""
    edges = [
        dataset.energy.edges_in("TeV")[[bins[0], bins[-1] + 1]]
        for dataset in datasets
        for bins in [np.flatnonzero(dataset.used.any(axis=(1, 2)))]
        if bins.size
    ]
    return float(np.min(edges)), float(np.max(edges))


def _residuals(dataset: Dataset, parts: Mapping[str, Map], radius: str) -> dict[str, Any]:
    name, where = file_name(dataset.name), f"within {float(strip(radius, 'deg')):g}°"
    left = residuals(dataset, parts, "diff", radius, image=True)
    significance = residuals(dataset, parts, "significance", radius, image=True)
    most = max(5.0, float(np.nanmax(np.abs(significance.data), initial=0.0)))
    label = rf"Residual $\sqrt{{TS}}$ {where}"
    return {
        f"residual_counts_{name}": plot_map(left, label=f"Counts − npred {where}", center=0.0),
        f"residual_significance_{name}": plot_map(significance, label=label, center=0.0, limits=(-most, most)),
    }
