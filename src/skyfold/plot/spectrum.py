"""Counts against energy."""

from typing import TYPE_CHECKING

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.plot.figure import COLOURS, axes_of, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_counts_spectrum(dataset: Dataset, *, ax: "Axes | None" = None) -> "Figure":
    """Draw counts per bin of energy with √n, and the background expected among them; unsafe bins are shaded."""
    with style():
        ax = axes_of(ax)
        edges, center = dataset.energy.edges_in("TeV"), dataset.energy.center_in("TeV")
        sky = tuple(range(1, dataset.counts.data.ndim))
        counts = dataset.counts.data.sum(axis=sky)
        safe = dataset.safe.any(axis=sky)
        points = center[safe], counts[safe], np.sqrt(counts[safe])
        ax.errorbar(*points, fmt="o", ms=3, lw=0.8, color=COLOURS[0], label="counts")
        ax.stairs(counts, edges, color=COLOURS[0], lw=0.8)
        if dataset.counts_off is not None or dataset.background is not None:
            background = dataset.expected_background.data.sum(axis=sky)
            ax.stairs(background, edges, color=COLOURS[1], lw=1.0, label="background")
        for low, high in zip(edges[:-1][~safe], edges[1:][~safe], strict=True):
            ax.axvspan(low, high, color="0.9", lw=0)
        ax.set_xscale("log")
        ax.set_yscale("symlog", linthresh=1.0)
        ax.set_ylim(bottom=0)
        ax.set_xlim(edges[0], edges[-1])
        ax.set_xlabel("Energy [TeV]")
        ax.set_ylabel("Counts per bin")
        ax.legend(loc="upper right")
    return ax.figure  # type: ignore[return-value]
