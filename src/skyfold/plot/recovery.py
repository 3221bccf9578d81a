"""A fit beside the truth, where that is known."""

from typing import TYPE_CHECKING, Any

import astropy.units as u
import jax.numpy as jnp
import numpy as np

from skyfold.errors import ShapeError
from skyfold.fit.fit import FitResult
from skyfold.maps.map import Map
from skyfold.model.source import Sky, Source
from skyfold.model.spectral.base import Spectrum
from skyfold.plot.figure import COLOURS, PAGE, axes_of, new_figure, style
from skyfold.plot.fit import plot_spectrum
from skyfold.plot.sky import name_axes, outline
from skyfold.units import strip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ERG = u.TeV.to("erg")


def plot_recovered_spectrum(
    result: FitResult, name: str, truth: Spectrum, energies: Any, *, ax: "Axes | None" = None, color: str = COLOURS[0]
) -> "Figure":
    """Draw the fitted spectrum of a source with its error band, and the true one dashed.

    Parameters
    ----------
    energies : first and last energy, as in `skyfold.plot.fit.plot_spectrum`.

    Raises
    ------
    ModelError
        The sky of the fit has no source of this name.
    """
    low, high = (float(strip(end, "TeV", "energies")) for end in energies)
    energy = np.geomspace(low, high, 200)
    with style():
        ax = axes_of(ax)
        plot_spectrum(result, name, energies, ax=ax, color=color)
        sed = np.asarray(truth.dnde(jnp.asarray(energy))) * energy**2 * _ERG
        ax.plot(energy, sed, color="black", lw=0.8, ls="--", label="truth")
        ax.legend(loc="lower left")
    return ax.figure  # type: ignore[return-value]


def plot_recovery(
    sqrt_ts: Map, residual: Map, result: FitResult, truth: Sky, energies: Any, *, exclusion: Map | None = None
) -> "Figure":
    """Draw a significance map, what the fit leaves of it, and the spectra of its sources beside the true ones.

    Parameters
    ----------
    sqrt_ts, residual : images of significances; their colours end at ± 10 and ± 5.
    truth : all of its sources have to be in the fit.
    energies : first and last energy of the spectra.
    exclusion : bool map, True where the sky is free of sources; its border is drawn into the first map.

    Raises
    ------
    ShapeError
        A map has more than one bin of energy.
    ModelError
        A source of the truth is not in the fit.
    """
    from astropy.visualization.wcsaxes import WCSAxes  # noqa: F401  (registers the projection)

    names = [name for name, part in truth.items() if isinstance(part, Source)]
    with style():
        figure = new_figure(PAGE, 2.5)
        grid = figure.add_gridspec(1, 3, width_ratios=(1, 1, 1))
        panels = ((sqrt_ts, 10.0, r"Significance $\sqrt{TS}$", exclusion), (residual, 5.0, "after the fit", None))
        for column, (map_, most, title, excluded) in enumerate(panels):
            if map_.data.size != np.prod(map_.geom.image_shape):
                raise ShapeError(f"a glance needs images of significances; this one is on {map_.geom}")
            ax = figure.add_subplot(grid[0, column], projection=map_.geom.wcs)
            plane = map_.data.reshape(map_.geom.image_shape)
            image = ax.imshow(plane, origin="lower", cmap="RdBu_r", vmin=-most, vmax=most)
            name_axes(ax, map_.geom)
            outline(ax, map_.geom, None, excluded, "black")
            figure.colorbar(image, ax=ax, label=title, location="top", aspect=30, extend="both", shrink=0.9)
            if column:  # the same declinations as beside it
                ax.coords[1].set_ticklabel_visible(False)
                ax.coords[1].set_axislabel(" ")
        ax, ends = figure.add_subplot(grid[0, 2]), []
        for name, color in zip(names, COLOURS, strict=False):
            plot_recovered_spectrum(result, name, truth[name].spectrum, energies, ax=ax, color=color)
            ends.append(ax.get_ylim()[1])
        ax.set_ylim(max(ends) / 300, max(ends))
        handles, labels = ax.get_legend_handles_labels()
        kept = [handle for handle, label in zip(handles, labels, strict=True) if label in names] + handles[-1:]
        ax.legend(kept, [*names, labels[-1]], loc="lower left")
    return figure
