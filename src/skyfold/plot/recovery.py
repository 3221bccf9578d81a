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
from skyfold.plot.figure import PAGE, axes_of, new_figure, style
from skyfold.plot.fit import plot_spectrum
from skyfold.plot.sky import name_axes, outline
from skyfold.units import strip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ERG = u.TeV.to("erg")


def plot_recovered_spectrum(
    result: FitResult, name: str, truth: Spectrum, energies: Any, *, ax: "Axes | None" = None
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
        plot_spectrum(result, name, energies, ax=ax)
        sed = np.asarray(truth.dnde(jnp.asarray(energy))) * energy**2 * _ERG
        ax.plot(energy, sed, color="black", lw=0.8, ls="--", label="truth")
        ax.legend(loc="lower left")
    return ax.figure  # type: ignore[return-value]


def plot_recovery(
    sqrt_ts: Map, residual: Map, result: FitResult, truth: Sky, energies: Any, *, exclusion: Map | None = None
) -> "Figure":
    """Draw a significance map, what the fit leaves of it, and the spectra of two sources beside the true ones.

    Parameters
    ----------
    sqrt_ts, residual : images of significances; their colours end at ± 10 and ± 5.
    truth : the first two sources of it are drawn.
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

    names = [name for name, part in truth.items() if isinstance(part, Source)][:2]
    with style():
        figure = new_figure(PAGE, 2.55)
        grid = figure.add_gridspec(2, 3, width_ratios=(1.15, 1.15, 1))
        panels = ((sqrt_ts, 10.0, r"Significance $\sqrt{TS}$", exclusion), (residual, 5.0, "after the fit", None))
        for column, (map_, most, title, excluded) in enumerate(panels):
            if map_.data.size != np.prod(map_.geom.image_shape):
                raise ShapeError(f"a glance needs images of significances; this one is on {map_.geom}")
            ax = figure.add_subplot(grid[:, column], projection=map_.geom.wcs)
            plane = map_.data.reshape(map_.geom.image_shape)
            image = ax.imshow(plane, origin="lower", cmap="RdBu_r", vmin=-most, vmax=most)
            name_axes(ax, map_.geom)
            outline(ax, map_.geom, None, excluded, "black")
            figure.colorbar(image, ax=ax, label=title, location="top", aspect=30, extend="both", shrink=0.9)
            if column:
                ax.coords[1].set_ticklabel_visible(False)
                ax.coords[1].set_axislabel(" ")
        for row, name in enumerate(names):
            ax = figure.add_subplot(grid[row, 2])
            plot_recovered_spectrum(result, name, truth[name].spectrum, energies, ax=ax)
            ax.yaxis.set_label_position("right")
            ax.set_ylabel(r"$E^2dN/dE$ [erg/cm$^2$s]", size=7)
            if row < len(names) - 1:
                ax.set_xlabel("")
                ax.tick_params(labelbottom=False)
    return figure
