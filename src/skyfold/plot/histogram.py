"""The distribution of significances."""

from typing import TYPE_CHECKING

import numpy as np

from skyfold.estimate.significance import SignificanceDistribution
from skyfold.plot.figure import COLOURS, axes_of, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_significance_histogram(distribution: SignificanceDistribution, *, ax: "Axes | None" = None) -> "Figure":
    """Draw how many pixels have which significance, everywhere and outside the exclusion, with its Gaussian."""
    with style():
        ax = axes_of(ax)
        edges, some_excluded = distribution.edges, bool(distribution.inside.any())
        everywhere = "all pixels" if some_excluded else "pixels"
        ax.stairs(distribution.everywhere, edges, fill=True, color="0.85", label=everywhere)
        if some_excluded:
            ax.stairs(distribution.outside, edges, color=COLOURS[0], lw=1.0, label="outside the exclusion")
        if np.isfinite(distribution.std) and distribution.std > 0:
            x = np.linspace(edges[0], edges[-1], 400)
            fit = rf"Gaussian: mean {distribution.mean:.3f}, width {distribution.std:.3f}"
            ax.plot(x, distribution.fitted(x), color=COLOURS[1], label=fit.replace("-", "−"))
        ax.set_yscale("log")
        ax.set_ylim(0.5, 30 * max(float(distribution.everywhere.max()), 1.0))
        ax.set_xlim(edges[0], edges[-1])
        ax.set_xlabel(r"Significance $\sqrt{TS}$")
        ax.set_ylabel("Pixels per bin")
        ax.legend(loc="upper left")
    return ax.figure  # type: ignore[return-value]
