"""What happens to a picture on its way through a telescope: the figures of ``docs/gallery.md``.

Each takes the colours of a picture, shape (ny, nx, 3), its bottom row first.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skyfold.geom.wcs import WcsGeom
from skyfold.plot.picture import plot_pictures, plot_pixel_values, plot_poisson_laws
from skyfold.simulate.draw import draw_counts, draw_photons
from skyfold.simulate.picture import as_picture
from skyfold.simulate.poisson import pixel_values
from skyfold.simulate.scene import Scene
from skyfold.simulate.views import View, exposure_map

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
_PER_PIXEL = "Photons per pixel"
_MEAN = 6  # photons per pixel where nothing else is said: a million for the picture of the page


def five_views(geom: WcsGeom) -> tuple[View, ...]:
    """Five pointings of different livetime that cover most of a picture, with overlaps."""
    ny, nx = geom.image_shape
    places = [(0.30, 0.68), (0.28, 0.30), (0.50, 0.45), (0.70, 0.70), (0.72, 0.33)]  # of the width, of the height
    return tuple(
        View.at_pixel(geom, x * nx, y * ny, livetime, 0.36 * ny)
        for (x, y), livetime in zip(places, (1.0, 0.5, 3.3, 1.4, 2.3), strict=True)
    )


def uniform_sky(colours: Floats) -> "Figure":
    """Six photons per pixel of a sky that is alike everywhere."""
    return plot_pictures({"A uniform sky": _uniform(colours)}, label=_PER_PIXEL)


def uniform_values(colours: Floats) -> "Figure":
    """Its pixel values, and the Poisson law of their mean."""
    return plot_pixel_values(pixel_values(_uniform(colours)))


def poisson_curves(colours: Floats) -> "Figure":
    """The law for five rates."""
    return plot_poisson_laws([0.5, 1, 2, 4, 8])


def original(colours: Floats) -> "Figure":
    """The picture in colours, and averaged to one brightness."""
    return plot_pictures({"In colours": colours, "Brightness": as_picture(colours).data}, columns=2)


def photon_numbers(colours: Floats) -> "Figure":
    """From a hundred to ten million photons, on pixels of twice the size so that each is seen."""
    ny, nx = (n // 2 for n in colours.shape[:2])
    scene = Scene(colours[: 2 * ny, : 2 * nx].reshape(ny, 2, nx, 2, -1).mean(axis=(1, 3)))
    return plot_pictures(
        {_power(n): draw_counts(scene, 10**n, fixed=True, seed=n).image.data for n in range(2, 8)}, stretch="sqrt"
    )


def blurs(colours: Floats) -> "Figure":
    """Gaussian point spread functions of growing width."""
    widths = {f"PSF σ = {sigma} pixels": Scene(colours, psf=sigma) for sigma in (0, 1, 2, 4, 8, 16)}
    return _counts_of(widths, _million(colours))


def backgrounds(colours: Floats) -> "Figure":
    """A uniform sky background of growing rate behind the same photons."""
    rates = {f"Background {rate} per pixel": Scene(colours, sky=rate) for rate in (1, 3, 10, 30, 100, 300)}
    return _counts_of(rates, _million(colours))


def pointings(colours: Floats) -> "Figure":
    """Five observations of unequal livetime, and their sum."""
    scene = Scene(colours, views=five_views(as_picture(colours).geom))
    photons = draw_photons(scene, 0.4 * _million(colours), seed=5)
    images = {
        f"Observation {i + 1}, {view.livetime:g} s": photons.of_view(i).counts().data
        for i, view in enumerate(scene.views)
    }
    return plot_pictures(images | {"All": photons.counts().data}, stretch="sqrt")


def exposures(colours: Floats) -> "Figure":
    """The exposure of that mosaic, and what dividing by it recovers."""
    scene = Scene(colours, views=five_views(as_picture(colours).geom))
    exposure = exposure_map(scene.geom, scene.views).data
    counts = draw_counts(scene, 0.4 * _million(colours), seed=5).image.data
    rate = np.divide(counts, exposure, out=np.zeros(counts.shape), where=exposure > 0)
    return plot_pictures({"Exposure [s]": exposure, "Photons per second of exposure": rate}, columns=2, stretch="sqrt")


def everything(colours: Floats) -> "Figure":
    """The picture, and what a telescope with all of that would record of it."""
    geom = as_picture(colours).geom
    scene = Scene(colours, psf=6, sky=0.1, instrument=0.05, views=five_views(geom))
    counts = draw_counts(scene, 0.4 * _million(colours), seed=6).image.data
    return plot_pictures({"Original": as_picture(colours).data, "Simulated data": counts}, columns=2, stretch="sqrt")


FIGURES: dict[str, Callable[[Floats], "Figure"]] = {
    "uniform": uniform_sky,
    "uniform-values": uniform_values,
    "poisson": poisson_curves,
    "original": original,
    "photon-numbers": photon_numbers,
    "psf": blurs,
    "background": backgrounds,
    "pointings": pointings,
    "exposure": exposures,
    "everything": everything,
}


def _uniform(colours: Floats) -> Floats:
    return draw_counts(Scene(np.ones(colours.shape[:2])), _million(colours), fixed=True, seed=1).image.data


def _counts_of(scenes: dict[str, Scene], photons: float) -> "Figure":
    return plot_pictures(
        {title: draw_counts(scene, photons, seed=4).image.data for title, scene in scenes.items()}, stretch="sqrt"
    )


def _million(colours: Floats) -> int:
    return _MEAN * colours.shape[0] * colours.shape[1]


def _power(n: int) -> str:
    return rf"$10^{n}$ photons"
