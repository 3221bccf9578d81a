"""What was observed beside what a model makes."""

from typing import TYPE_CHECKING, Any

import numpy as np

from skyfold.errors import ShapeError
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.plot.figure import PAGE, new_figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_comparison(observed: Map, simulated: Map, *, label: str = "Counts", stretch: str = "sqrt") -> "Figure":
    """Draw an image, a simulated one, and their difference, all on one scale of colours; axes are summed over.

    The scale goes to the largest observed value; that of the difference to as much on both sides.

    Parameters
    ----------
    stretch : ``"linear"``, ``"sqrt"`` or ``"log"`` (of 1 + value, so that empty pixels are drawn).

    Raises
    ------
    ShapeError
        The images are not on the same pixels of the sky.
    """
    if not isinstance(observed.geom, WcsGeom) or observed.geom != simulated.geom:
        raise ShapeError(f"a comparison needs two images on the same pixels: {observed.geom} and {simulated.geom}")
    seen, made = (map_.data.reshape(-1, *map_.geom.image_shape).sum(axis=0) for map_ in (observed, simulated))
    most = max(float(np.nanmax(seen)), 1.0)
    panels = [
        ("Observed", seen, "viridis", (0.0, most)),
        ("Simulated", made, "viridis", (0.0, most)),
        ("Simulated − observed", made - seen, "RdBu_r", (-most, most)),
    ]
    ny, nx = observed.geom.image_shape
    with style():
        figure = new_figure(PAGE, 1.1 + PAGE / 3.3 * ny / nx)
        for i, (title, image, colours, limits) in enumerate(panels):
            ax = figure.add_subplot(1, 3, i + 1, projection=observed.geom.wcs)
            drawn = ax.imshow(image, origin="lower", cmap=colours, norm=_norm(stretch, limits))
            ax.set_title(title)
            for coordinate, name in zip(ax.coords, _NAMES[observed.geom.frame], strict=True):
                coordinate.set_axislabel(name if i == 0 or coordinate is ax.coords[0] else "", minpad=0.6)
                coordinate.set_format_unit("deg", decimal=True)
                coordinate.set_ticks(number=3)
                coordinate.set_ticklabel(exclude_overlapping=True)
            ax.coords[1].set_ticklabel_visible(i == 0)
            figure.colorbar(drawn, ax=ax, location="bottom", pad=0.02, aspect=25).set_label(label)
    return figure


_NAMES = {
    "icrs": ("RA, ICRS [deg]", "Dec, ICRS [deg]"),
    "fk5": ("RA, FK5 [deg]", "Dec, FK5 [deg]"),
    "galactic": ("l [deg]", "b [deg]"),
}


def _norm(stretch: str, limits: tuple[float, float]) -> Any:
    from matplotlib.colors import FuncNorm, Normalize

    if stretch == "linear":
        return Normalize(*limits)
    if stretch == "sqrt":
        return FuncNorm((lambda x: np.sign(x) * np.sqrt(np.abs(x)), lambda y: np.sign(y) * y**2), *limits)
    if stretch == "log":
        return FuncNorm(
            (lambda x: np.sign(x) * np.log1p(np.abs(x)), lambda y: np.sign(y) * np.expm1(np.abs(y))), *limits
        )
    raise ShapeError(f"stretch {stretch!r} is none of linear, sqrt, log")
