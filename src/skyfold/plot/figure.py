"""Figures: made for a column of a journal page, without matplotlib's global state."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMN_INCHES = 3.4
_STYLE = {
    "font.size": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.0,
}


def new_figure(height: float = 2.9) -> "Figure":
    """An empty figure one column wide; `height` in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(COLUMN_INCHES, height), layout="constrained")


def style() -> Any:
    """A context in which text and lines have the sizes of a column."""
    from matplotlib import rc_context

    return rc_context(_STYLE)


def save(figure: "Figure", path: str | Path) -> None:
    """Write a figure as PNG, PDF or SVG, by the ending of its name."""
    with style():
        figure.savefig(path, dpi=200)
