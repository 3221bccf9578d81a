"""The distribution of significances."""

from typing import TYPE_CHECKING

import numpy as np

from skyfold.estimate.significance import SignificanceDistribution
from skyfold.plot.figure import new_figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_significance_distribution(found: SignificanceDistribution) -> "Figure":
    """Pixels per bin of √TS, everywhere and outside the exclusion, with the Gaussian that fits the latter."""
    with style():
        figure = new_figure(2.5)
        axes = figure.add_subplot()
        axes.stairs(found.everywhere, found.edges, fill=True, color="0.8", label="all pixels")
        axes.stairs(found.outside, found.edges, color="C0", label="outside the exclusion")
        if np.isfinite([found.mean, found.std]).all() and found.std > 0:
            x = np.linspace(found.edges[0], found.edges[-1], 300)
            text = f"Gaussian: mean {found.mean:.3f}, σ {found.std:.3f}"
            axes.plot(x, found.fitted(x), color="C1", label=text)
        axes.set(xlabel="significance √TS", ylabel="pixels per bin", yscale="log")
        axes.set_ylim(0.5, 3 * max(found.everywhere.max(initial=1), 1))
        axes.legend(frameon=False, loc="upper right")
    return figure
