"""Figures sized for a column of a page. No global state: a figure belongs to who asked for it."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN, PAGE = 3.4, 7.1  # widths of one and of two columns of an A4 journal [inch]
_STYLE: Any = {
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "legend.frameon": False,
    "legend.handlelength": 1.5,
    "image.interpolation": "nearest",
}
# Distinct to colour-blind readers too (Okabe & Ito 2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")


@contextmanager
def style() -> Iterator[None]:
    """Sizes of fonts and lines readable at column width; the settings of the caller come back afterwards."""
    from matplotlib import rc_context

    with rc_context(_STYLE):
        yield


def new_figure(width: float = COLUMN, height: float = 2.6) -> "Figure":
    """An empty figure of a size in inches whose parts are laid out so that nothing overlaps."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def axes_of(ax: "Axes | None", **options: Any) -> "Axes":
    """The axes given, or those of a new figure."""
    return new_figure(**options).add_subplot() if ax is None else ax


def rendered(figure: "Figure", kind: str = "png", *, dpi: int = 220) -> bytes:
    """A figure as the content of a file of some kind: png, pdf, svg."""
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, dpi=dpi, format=kind)
    return buffer.getvalue()
