"""What a fit found: spectra with their errors, counts against what is expected, correlations of parameters."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import astropy.units as u
import jax.numpy as jnp
import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.predict import total
from skyfold.estimate.residuals import over_the_sky, residuals
from skyfold.fit.fit import FitResult
from skyfold.fit.spectra import spectrum_covariance
from skyfold.maps.map import Map
from skyfold.model.spectral.derived import dnde
from skyfold.plot.figure import COLOURS, COLUMN, axes_of, new_figure, style
from skyfold.units import strip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ERG = u.TeV.to("erg")
_WRITTEN = 12  # parameters up to which a correlation is written into its cell


def plot_spectrum(
    result: FitResult, name: str, energies: Any, *, ax: "Axes | None" = None, color: str = COLOURS[0]
) -> "Figure":
    """Draw the spectral energy distribution of a source, E² dN/dE, with its error band.

    The band is one standard deviation, to first order in ln dN/dE, so that it stays positive.

    Parameters
    ----------
    energies : first and last energy, those of the fit: two Quantities or texts, or numbers in TeV.

    Raises
    ------
    ModelError
        The sky of the fit has no source of this name.
    """
    covariance, spectrum = spectrum_covariance(result, name), result.sky[name].spectrum
    low, high = (float(strip(end, "TeV", "energies")) for end in energies)
    energy = np.geomspace(low, high, 200)
    value, error = (np.asarray(part) for part in dnde(spectrum, jnp.asarray(energy), covariance))
    drawn = value > 0
    sed = np.where(drawn, value, np.nan) * energy**2 * _ERG
    factor = np.exp(np.divide(error, value, out=np.zeros_like(value), where=drawn))
    with style():
        ax = axes_of(ax)
        ax.plot(energy, sed, color=color, label=name)
        ax.fill_between(energy, sed / factor, sed * factor, color=color, alpha=0.25, lw=0, label=r"$1\sigma$")
        ax.set_xscale("log")
        ax.set_yscale("log")
        if drawn.any():  # a sharp cut-off ends at the bottom: five decades show more than fifty
            top = np.nanmax(sed * factor)
            ax.set_ylim(max(np.nanmin(sed / factor), top * 1e-5) / 1.5, top * 2.5)
        ax.set_xlabel("Energy [TeV]")
        ax.set_ylabel(r"$E^2\,dN/dE$ [erg cm$^{-2}$ s$^{-1}$]")
        ax.legend(loc="upper right", ncols=2, title=f"fit from {low:.3g} to {high:.3g} TeV", title_fontsize=7)
    return ax.figure  # type: ignore[return-value]


def plot_fitted_counts(dataset: Dataset, parts: Mapping[str, Map]) -> "Figure":
    """Draw counts against energy, what is expected of each part, and the significance of the difference.

    Of a map, sums over the sky. Bins that were not fitted are shaded.

    Parameters
    ----------
    parts : expected counts by name, as `skyfold.dataset.predict.npred` returns them.

    Raises
    ------
    ShapeError
        The dataset is an on-off measurement on a map: its pixels may share off counts.
    """
    dataset, parts = over_the_sky(dataset, parts)
    edges, center = dataset.energy.edges_in("TeV"), dataset.energy.center_in("TeV")
    counts, used = dataset.counts.data.ravel(), dataset.used.ravel()
    left = residuals(dataset, parts).data.ravel()
    with style():
        figure = new_figure(COLUMN, 3.4)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        for bins, colour, label in ((used, "black", "counts"), (~used, "0.6", None)):
            points = center[bins], counts[bins], np.sqrt(counts[bins])
            upper.errorbar(*points, fmt="o", ms=3, lw=0.8, color=colour, label=label)
        upper.stairs(total(dataset, parts).data.ravel(), edges, color=COLOURS[0], label="all expected")
        for i, (name, part) in enumerate(parts.items() if len(parts) > 1 else ()):
            upper.stairs(part.data.ravel(), edges, color=COLOURS[1 + i % 5], lw=0.9, ls="--", label=name)
        lower.axhline(0, color=COLOURS[0], lw=0.8)
        lower.errorbar(center[used], left[used], 1.0, fmt="o", ms=3, lw=0.8, color="black")
        for panel in (upper, lower):
            for low, high in zip(edges[:-1][~used], edges[1:][~used], strict=True):
                panel.axvspan(low, high, color="0.9", lw=0, zorder=0)
        upper.set_yscale("symlog", linthresh=1.0)
        upper.set_ylim(0, 4 * max(1.0, float(counts.max(initial=0.0))))
        upper.set_ylabel("Counts per bin")
        upper.legend(loc="upper right", ncols=2)
        most = 1.2 * max(3.0, float(np.nanmax(np.abs(left), initial=0.0)))
        lower.set_ylim(-most, most)
        lower.set_ylabel(r"Residual [$\sigma$]")
        lower.set_xscale("log")
        lower.set_xlim(edges[0], edges[-1])
        lower.set_xlabel("Energy [TeV]")
    return figure


def plot_correlation(result: FitResult) -> "Figure":
    """Draw the correlation of the free parameters; those without error are left white."""
    names, correlation = result.names, result.correlation
    size = len(names)
    side, label = float(np.clip(0.45 * size, 1.0, 6.0)), 0.065 * max(map(len, names), default=0)  # [inch]
    with style():
        figure = new_figure(side + label + 0.8, side + label + 0.1)
        ax = figure.add_subplot()
        image = ax.imshow(correlation, cmap="RdBu_r", vmin=-1, vmax=1)
        ax.set_xticks(range(size), names, rotation=90)
        ax.set_yticks(range(size), names)
        ax.tick_params(length=0)
        if size <= _WRITTEN:
            for i, j in np.argwhere(np.isfinite(correlation)):
                value = round(correlation[i, j], 2) + 0.0  # no "−0.00"
                text = f"{value:.2f}".replace("-", "−")
                ax.text(j, i, text, ha="center", va="center", size=7, color="white" if abs(value) > 0.6 else "black")
        figure.colorbar(image, ax=ax, label="Correlation", shrink=0.8)
    return figure
