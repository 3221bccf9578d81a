"""Redraw the pictures of docs/gallery.md: python examples/gallery.py [FOLDER]."""

import io
import sys
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from skyfold.io.atomic import write_bytes
from skyfold.plot.figure import rendered
from skyfold.plot.gallery import FIGURES
from skyfold.simulate.spiral import spiral_galaxy

_LARGE = 120_000  # bytes


def main(folder: Path, names: Iterable[str] = FIGURES, height: int = 333, width: int = 500) -> None:
    """Write some figures of a galaxy of that many pixels as PNG."""
    colours = spiral_galaxy(height, width)
    for name in names:
        figure = FIGURES[name](colours)
        write_bytes(_small(rendered(figure, dpi=105)), folder / f"{name}.png", overwrite=True)


def _small(png: bytes) -> bytes:
    """The same picture, in 256 colours if it is large: noise hardly compresses, and repositories forget nothing."""
    if len(png) < _LARGE:
        return png
    with Image.open(io.BytesIO(png)) as picture:
        few = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE)  # which keeps rare colours: the peaks
    buffer = io.BytesIO()
    few.save(buffer, "png", optimize=True)
    return buffer.getvalue()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "docs" / "gallery")
