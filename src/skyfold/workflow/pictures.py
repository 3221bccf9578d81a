"""The pictures of a result."""

from pathlib import Path

from skyfold.estimate.significance import significance_distribution
from skyfold.io.atomic import write_bytes
from skyfold.plot.figure import rendered
from skyfold.plot.histogram import plot_significance_histogram
from skyfold.plot.sky import plot_map, plot_significance
from skyfold.plot.spectrum import plot_counts_spectrum
from skyfold.workflow.steps import Analysis

_TITLES = {"counts": "Counts", "background": "Background", "excess": "Excess"}


def draw(result: Analysis, folder: Path) -> list[str]:
    """Draw maps, significance and its distribution, or the spectrum of counts, and the fit; the names of the files."""
    found = result.excess_map
    if found is None:
        figures = {"spectrum": plot_counts_spectrum(result.stacked)} if result.config.datasets.type == "1d" else {}
    else:
        radius = f"within {found.meta['correlation_radius_deg']:g}°"
        figures = {
            name: plot_map(value, label=f"{title} {radius}", center=0.0 if name == "excess" else None)
            for name, title in _TITLES.items()
            for value in [getattr(found, name)]
        }
        figures["significance"] = plot_significance(found.sqrt_ts, exclusion=result.exclusion)
        distribution = significance_distribution(found.sqrt_ts, result.exclusion)
        figures["significance_histogram"] = plot_significance_histogram(distribution)
    if result.fitted is not None and result.fitted.result is not None:
        from skyfold.workflow.fit_pictures import figures_of_fit

        figures |= figures_of_fit(result)
    for name, figure in figures.items():
        write_bytes(rendered(figure), folder / "plots" / f"{name}.png")
    return [f"plots/{name}.png" for name in figures]
