"""Ranks of a simulation-based calibration."""

from typing import TYPE_CHECKING

import numpy as np

from skyfold.estimate.calibration import Calibration
from skyfold.plot.figure import COLOURS, PAGE, new_figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_ranks(calibration: Calibration, bins: int = 10) -> "Figure":
    """Draw how often the truth had which rank, a panel for each parameter; if all is right every bar is as high.

    The band holds 95 of 100 bars of an inference that is right.
    """
    from scipy.stats import binom

    names, n = calibration.names, len(calibration.ranks)
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    low, high = (float(binom.ppf(share, n, 1 / bins)) for share in (0.025, 0.975))
    p_values = calibration.p_values(bins)
    with style():
        figure = new_figure(PAGE, 0.3 + 1.6 * rows)
        panels = np.ravel(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False))
        for panel in panels[len(names) :]:
            panel.set_visible(False)
        edges = np.linspace(0, calibration.draws + 1, bins + 1)
        for ax, name in zip(panels, names, strict=False):
            ax.stairs(calibration.counts(name, bins), edges, fill=True, color=COLOURS[4])
            ax.axhspan(low, high, color="0.3", alpha=0.2, lw=0)
            ax.axhline(n / bins, color="0.3", lw=0.8, ls="dashed")
            ax.set_title(f"{name}   p = {p_values[name]:.2f}")
        for ax in panels[len(names) - columns : len(names)]:
            ax.set_xlabel(f"Rank of the truth among {calibration.draws} draws")
            ax.tick_params(labelbottom=True)
        for ax in panels[::columns]:
            ax.set_ylabel("Simulations")
    return figure
