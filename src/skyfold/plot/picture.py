"""Pictures and counts side by side, and pixel values against the Poisson law."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from skyfold.plot.figure import COLOURS, COLUMN, PAGE, axes_of, new_figure, style
from skyfold.simulate.poisson import PixelValues, poisson_law

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_pictures(
    images: Mapping[str, Any],
    *,
    columns: int = 3,
    label: str = "",
    limits: tuple[float, float] | None = None,
    stretch: str = "linear",
) -> "Figure":
    """Draw arrays (ny, nx), or colours (ny, nx, 3), under their titles; y grows upwards.

    Parameters
    ----------
    columns : panels in a row.
    label : what the colours mean; each panel that is no colour picture gets a scale with it. None without.
    limits : lowest and highest value of all panels; each has its own unless told.
    stretch : ``"linear"`` or ``"sqrt"``, which shows the faint beside the bright.
    """
    from matplotlib.colors import PowerNorm

    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    ny, nx = np.shape(next(iter(images.values())))[:2]
    width = PAGE if columns > 1 else COLUMN
    bar = 0.5 if label else 0.0
    with style():
        figure = new_figure(width, rows * ((width / columns - bar - 0.1) * ny / nx + 0.32))
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax in panels:
            ax.axis("off")
        for ax, (title, pixels) in zip(panels, images.items(), strict=False):
            values = np.asarray(pixels)
            lo, hi = limits or (float(values.min()), float(values.max()))
            norm = PowerNorm(0.5 if stretch == "sqrt" else 1.0, lo, hi if hi > lo else lo + 1)
            drawn = ax.imshow(values, origin="lower", norm=norm, cmap="viridis", interpolation="antialiased")
            ax.set_title(title)
            if label and values.ndim == 2:
                figure.colorbar(drawn, ax=ax, pad=0.02, aspect=25, label=label)
    return figure


def plot_pixel_values(values: PixelValues, *, ax: "Axes | None" = None) -> "Figure":
    """Draw how many pixels hold how many photons, with errors, and the Poisson law of their rate."""
    from matplotlib.ticker import MaxNLocator

    with style():
        ax = axes_of(ax)
        shown = values.k[values.law + values.frequency > 1e-5]
        error = np.sqrt(values.number * (1 - values.frequency)) / values.pixels
        digits = max(0, 1 - int(np.floor(np.log10(values.rate_error or 1.0))))
        rate = f"λ = {values.rate:.{digits}f} ± {values.rate_error:.{digits}f}"
        ax.bar(values.k, values.frequency, color="0.85", yerr=error, error_kw={"lw": 0.6}, label="pixels")
        ax.plot(values.k, values.law, "o", ms=3, color=COLOURS[1], label=f"Poisson law, {rate}")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlim(shown.min() - 0.8, shown.max() + 0.8)
        ax.set_ylim(0, 1.25 * float(max(values.frequency.max(), values.law.max())))
        ax.set_xlabel("Photons per pixel")
        ax.set_ylabel("Share of pixels")
        ax.legend(loc="upper right")
    return ax.figure  # type: ignore[return-value]


def plot_poisson_laws(rates: Sequence[float], largest: int = 10, *, ax: "Axes | None" = None) -> "Figure":
    """Draw Poisson laws: points at whole numbers, the only ones that occur, and thin lines to guide the eye."""
    with style():
        ax = axes_of(ax)
        k, between = np.arange(largest + 1), np.linspace(0, largest, 20 * largest + 1)
        for rate, colour in zip(rates, COLOURS, strict=False):
            ax.plot(between, poisson_law(between, rate), color=colour, lw=0.6, alpha=0.6)
            ax.plot(k, poisson_law(k, rate), "o", color=colour, ms=3, label=f"λ = {rate:g}")
        ax.set_xlim(-0.3, largest + 0.3)
        ax.set_ylim(bottom=0)
        ax.set_xlabel("Number of photons")
        ax.set_ylabel("Probability")
        ax.legend()
    return ax.figure  # type: ignore[return-value]
