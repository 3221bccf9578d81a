"""The graphical model of how data come about."""

from typing import TYPE_CHECKING, Any

from skyfold.estimate.generative import Generative, density
from skyfold.plot.figure import PAGE, new_figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STEP = 0.3  # between parameters [inch]
_PARAMETERS, _EXPECTED, _COUNTS = 3.4, 4.7, 5.7  # where they are from left to right [inch]


def plot_graphical_model(model: Generative) -> "Figure":
    """Draw a model: circles for what is drawn, points for what is fixed, a plate over the pixels of each dataset.

    Arrows go from parameters to the expected counts μ of a pixel, a point as it follows from them, and from there to
    its counts N, shaded as they are observed. The exposure is inside the plate, for every pixel has its own.
    """
    entries = [(row.name, density(row), True) for row in model.table.free]
    entries += [(row.name, f"{row.value:.4g} {row.unit}".rstrip(), False) for row in model.table.rows if not row.free]
    height = max(_STEP * len(entries), 1.6 * len(model.datasets)) + 0.3
    with style():
        figure = new_figure(PAGE, height)
        figure.set_layout_engine("none")
        ax = figure.add_axes((0, 0, 1, 1), xlim=(0, PAGE), ylim=(0, height), aspect="equal")
        ax.set_axis_off()
        n = len(model.datasets)
        plates = [(_EXPECTED, height / 2 + 1.6 * ((n - 1) / 2 - i)) for i in range(n)]
        top = height / 2 + _STEP * (len(entries) - 1) / 2
        for i, (name, text, drawn) in enumerate(entries):
            here = (_PARAMETERS, top - i * _STEP)
            for there in plates:
                _arrow(ax, here, there)
            (_circle if drawn else _point)(ax, here)
            ax.text(here[0] - 0.16, here[1], f"{name}   {text}", ha="right", va="center", fontsize=7)
        for dataset, at in zip(model.datasets, plates, strict=True):
            _plate(ax, at, f"{int(dataset.used.sum())} pixels k of {dataset.name}")
    return figure


def _plate(ax: Any, at: tuple[float, float], label: str) -> None:
    """The pixels of a dataset: exposure → μ → N."""
    from matplotlib.patches import FancyBboxPatch

    x, y = at
    shape = "round,pad=0.05"
    ax.add_patch(FancyBboxPatch((x - 0.25, y - 0.7), 2.2, 1.1, boxstyle=shape, fill=False, ec="0.5", lw=0.8))
    ax.text(x + 1.95, y - 0.68, label, ha="right", va="bottom", fontsize=7, color="0.3")
    exposure, counts = (x, y - 0.42), (_COUNTS, y)
    _arrow(ax, exposure, at)
    _arrow(ax, at, counts)
    _point(ax, exposure)
    ax.text(x + 0.1, y - 0.42, "exposure", va="center", fontsize=7)
    _point(ax, at)
    ax.text(x, y + 0.1, "μ", ha="center", fontsize=8)
    _circle(ax, counts, "0.8")
    ax.text(*counts, "N", ha="center", va="center", fontsize=8)


def _circle(ax: Any, at: tuple[float, float], colour: str = "white") -> None:
    ax.scatter(*at, s=150, facecolor=colour, edgecolor="black", lw=0.9, zorder=3)


def _point(ax: Any, at: tuple[float, float]) -> None:
    ax.scatter(*at, s=14, color="black", zorder=3)


def _arrow(ax: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    style_ = {"arrowstyle": "-|>", "lw": 0.6, "color": "0.35", "shrinkA": 6, "shrinkB": 6}
    ax.annotate("", end, start, arrowprops=style_)
