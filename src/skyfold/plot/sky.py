"""Maps of the sky."""

from typing import TYPE_CHECKING, Any

import numpy as np

from skyfold.errors import ShapeError
from skyfold.geom.regions import parse_region
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.plot.figure import COLUMN, PAGE, new_figure, style
from skyfold.reduce.exclusion import usable

if TYPE_CHECKING:
    from astropy.visualization.wcsaxes import WCSAxes
    from matplotlib.figure import Figure

_AXES = {
    "icrs": ("Right ascension, ICRS [deg]", "Declination, ICRS [deg]"),
    "fk5": ("Right ascension, FK5 [deg]", "Declination, FK5 [deg]"),
    "galactic": ("Galactic longitude [deg]", "Galactic latitude [deg]"),
}
_EVEN, _DIVERGING = "viridis", "RdBu_r"  # perceptually uniform; the second is white in its middle


def plot_map(
    map_: Map,
    *,
    label: str = "",
    center: float | None = None,
    limits: tuple[float, float] | None = None,
    stretch: str = "linear",
    regions: Any = None,
    exclusion: Map | None = None,
) -> "Figure":
    """Draw a map, one panel for each bin of its axes.

    Parameters
    ----------
    label : what the colours mean; the unit is added.
    center : value that is drawn white, with colours diverging evenly from it; None for an even scale.
    limits : lowest and highest value of the colours; those of the map unless told.
    stretch : ``"linear"``, ``"sqrt"`` or ``"log"``.
    regions : sky regions, or texts of them, to draw as outlines.
    exclusion : bool map, True where the sky is free of sources; the border of what it excludes is drawn.

    Raises
    ------
    ShapeError
        The map is not on sky pixels.
    """
    if not isinstance(map_.geom, WcsGeom):
        raise ShapeError(f"a picture of the sky needs a map of it; this one is on {map_.geom}")
    planes = map_.data.reshape(-1, *map_.geom.image_shape)
    unit = map_.unit.to_string("unicode")
    with style():
        figure, panels = _panels(map_.geom, len(planes))
        norm = _norm(planes, center, limits, stretch)
        for plane, ax, title in zip(planes, panels, _titles(map_), strict=True):
            image = ax.imshow(plane, origin="lower", norm=norm, cmap=_EVEN if center is None else _DIVERGING)
            ax.set_title(title)
            name_axes(ax, map_.geom)
            outline(ax, map_.geom, regions, exclusion, "white" if center is None else "black")
        bar = figure.colorbar(image, ax=panels, pad=0.02, aspect=30 if len(planes) == 1 else 40)
        bar.set_label(f"{label} [{unit}]" if unit else label)
    return figure


def plot_significance(
    sqrt_ts: Map, *, exclusion: Map | None = None, regions: Any = None, limits: tuple[float, float] | None = None
) -> "Figure":
    """Draw a significance map: white at 0, colours to ± its largest value, and at least to ± 5."""
    known = sqrt_ts.data[np.isfinite(sqrt_ts.data)]
    most = max(5.0, float(np.abs(known).max(initial=0.0)))
    limits = (-most, most) if limits is None else limits
    label = r"Significance $\sqrt{TS}$"
    return plot_map(sqrt_ts, label=label, center=0.0, limits=limits, exclusion=exclusion, regions=regions)


def _panels(geom: WcsGeom, number: int) -> "tuple[Figure, list[WCSAxes]]":
    """One panel as wide as a column, or rows of two over the page."""
    from astropy.visualization.wcsaxes import WCSAxes  # noqa: F401  (registers the projection)

    ny, nx = geom.image_shape
    columns = 1 if number == 1 else 2
    rows = -(-number // columns)
    width = COLUMN if columns == 1 else PAGE
    sky_width = (width - 1.0) / columns - 0.3  # without the colour bar and the labels
    height = rows * (sky_width * ny / nx + (0.55 if number == 1 else 0.5))
    figure = new_figure(width, float(np.clip(height, 1.2, 10.5)))
    grid = figure.add_gridspec(rows, columns)
    return figure, [figure.add_subplot(grid[i // columns, i % columns], projection=geom.wcs) for i in range(number)]


def _titles(map_: Map) -> list[str]:
    """The range of energy (or whatever the axes are) of each panel; none if there is only one."""
    if len(map_.geom.axes) != 1 or map_.geom.axes[0].nbin == 1:
        return [""] * int(np.prod([axis.nbin for axis in map_.geom.axes], dtype=int))
    (axis,) = map_.geom.axes
    edges = getattr(axis, "edges", None)
    if edges is None:
        return [str(label) for label in axis.labels]
    unit = edges.unit.to_string("unicode")
    return [f"{lo:.3g} – {hi:.3g} {unit}" for lo, hi in zip(edges.value[:-1], edges.value[1:], strict=True)]


def _norm(planes: Any, center: float | None, limits: tuple[float, float] | None, stretch: str) -> Any:
    from matplotlib.colors import LogNorm, Normalize, PowerNorm

    known = planes[np.isfinite(planes)]
    if limits is None:
        limits = (float(known.min(initial=0.0)), float(known.max(initial=0.0))) if known.size else (0.0, 1.0)
        if known.size:
            limits = float(known.min()), float(known.max())
        if center is not None:
            most = max(abs(limits[0] - center), abs(limits[1] - center)) or 1.0
            limits = (center - most, center + most)
    if stretch == "log":
        # From half the smallest value on, so that one count in a pixel looks different from none.
        positive = known[known > 0]
        lowest = float(positive.min()) / 2 if positive.size else 1e-3
        return LogNorm(max(limits[0], lowest), max(limits[1], 2 * lowest), clip=True)
    if stretch == "sqrt":
        return PowerNorm(0.5, *limits)
    if stretch != "linear":
        raise ShapeError(f"stretch {stretch!r} is none of linear, sqrt, log")
    return Normalize(*limits)


def name_axes(ax: "WCSAxes", geom: WcsGeom) -> None:
    """Label the axes of a map in degrees of its frame."""
    for coordinate, name in zip(ax.coords, _AXES[geom.frame], strict=True):
        coordinate.set_axislabel(name, minpad=0.6)
        coordinate.set_format_unit("deg", decimal=True)
        coordinate.set_ticks(number=5)
        coordinate.set_ticklabel(exclude_overlapping=True)
        coordinate.display_minor_ticks(True)


def outline(ax: "WCSAxes", geom: WcsGeom, regions: Any, exclusion: Map | None, colour: str) -> None:
    """Draw the border of what an exclusion leaves out, and the outlines of regions."""
    if exclusion is not None:
        free = usable(geom.image, exclusion)
        if not free.all() and free.any():
            # Half a pixel of frame, so that what reaches the border is closed there.
            ax.contour(~free, levels=[0.5], colors=colour, linewidths=0.8, linestyles="dashed")
    for region in parse_region(regions) if regions is not None else []:
        ax.add_artist(region.to_pixel(geom.wcs).as_artist(facecolor="none", edgecolor=colour, lw=0.8))
