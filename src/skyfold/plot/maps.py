"""Maps of the sky with their coordinates."""

from typing import TYPE_CHECKING, Any

import numpy as np

from skyfold.errors import ShapeError
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.plot.figure import new_figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_AXES = {"icrs": ("Right ascension (ICRS)", "Declination (ICRS)"), "galactic": ("Galactic longitude", "Galactic latitude")}


def plot_map(
    map_: Map,
    *,
    label: str = "",
    exclusion: Map | None = None,
    cmap: str = "viridis",
    limits: tuple[float, float] | None = None,
    stretch: str = "linear",
) -> "Figure":
    """One image with sky coordinates and a colour bar.

    Parameters
    ----------
    map_ : on a sky map with one plane at most.
    label : of the colour bar; the unit is added.
    exclusion : bool map, True where the sky is free; the border of what is excluded is drawn.
    stretch : ``"linear"``, ``"sqrt"`` or ``"log"``.

    Raises
    ------
    ShapeError
        The map has several planes, or is not on the sky.
    """
    image = _image(map_)
    geom: WcsGeom = map_.geom.image
    with style():
        figure = new_figure()
        axes = figure.add_subplot(projection=geom.wcs)
        shown = axes.imshow(image, origin="lower", cmap=cmap, norm=_norm(image, limits, stretch), interpolation="nearest")
        bar = figure.colorbar(shown, ax=axes, shrink=0.85, pad=0.02)
        unit = map_.unit.to_string()
        bar.set_label(f"{label} [{unit}]" if unit else label)
        _label(axes, geom)
        if exclusion is not None:
            _outline(axes, geom, exclusion)
    return figure


def plot_significance(sqrt_ts: Map, *, exclusion: Map | None = None, limit: float = 5.0) -> "Figure":
    """A significance map: white is no signal, colours saturate at ± the largest value or `limit`."""
    found = np.abs(sqrt_ts.data[np.isfinite(sqrt_ts.data)])
    reach = max(limit, float(found.max(initial=0.0)))
    return plot_map(sqrt_ts, label="significance √TS", exclusion=exclusion, cmap="RdBu_r", limits=(-reach, reach))


def _image(map_: Map) -> Any:
    if not isinstance(map_.geom, WcsGeom):
        raise ShapeError(f"cannot draw {map_.geom}: it is no map of the sky")
    if int(np.prod(map_.data.shape[:-2])) != 1:
        raise ShapeError(f"cannot draw {map_.data.shape[:-2]} planes in one image; sum over an axis or cut one plane out")
    return np.asarray(map_.data, dtype=float).reshape(map_.geom.image_shape)


def _norm(image: Any, limits: tuple[float, float] | None, stretch: str) -> Any:
    from matplotlib.colors import LogNorm, Normalize, PowerNorm

    known = image[np.isfinite(image)]
    lo, hi = limits or ((float(known.min()), float(known.max())) if known.size else (0.0, 1.0))
    if stretch == "log":
        positive = known[known > 0]
        return LogNorm(float(positive.min()) if positive.size else 1e-3, max(hi, 1e-2))
    return PowerNorm(0.5, lo, hi) if stretch == "sqrt" else Normalize(lo, hi)


def _label(axes: Any, geom: WcsGeom) -> None:
    for coordinate, text in zip(axes.coords, _AXES[geom.frame], strict=True):
        coordinate.set_axislabel(text)
        coordinate.set_ticks(number=4)
        coordinate.set_major_formatter("d.d")
        coordinate.set_ticklabel(exclude_overlapping=True)


def _outline(axes: Any, geom: WcsGeom, exclusion: Map) -> None:
    from skyfold.reduce.exclusion import usable

    free = usable(geom, exclusion)
    if free.all():
        return
    axes.contour(~free, levels=[0.5], colors="black", linewidths=0.8, linestyles="dashed")
