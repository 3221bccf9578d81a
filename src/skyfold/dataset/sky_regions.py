"""Where a shape is: its region on the sky, to draw it or to take its counts."""

from functools import singledispatch
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord

from skyfold.dataset.window import position
from skyfold.model.spatial.base import Centred, Shape
from skyfold.model.spatial.disk import Disk
from skyfold.model.spatial.gaussian import Gaussian, GeneralizedGaussian
from skyfold.model.spatial.king import Beta, King
from skyfold.model.spatial.shell import Shell, Shell2
from skyfold.model.spatial.template import EnergyTemplate, Template
from skyfold.num.double import Floats

if TYPE_CHECKING:
    from regions import SkyRegion

_ALONG_SIDE = 16  # corners of a polygon on each side of a map: parallels are no straight lines


@singledispatch
def region(shape: Shape) -> "SkyRegion | None":
    """The outline of a shape, in its frame.

    Returns
    -------
    An ellipse (a circle if round) of σ of a Gaussian, r_0 of a disk or generalised Gaussian, the core of King and beta
    profiles; an annulus between the radii of a shell, a circle if it is a ball; the outline of a template's map; a
    point. Of a shape of one's own the circle of its reach. None for what has no border: shapes and maps that go all
    around the sky.
    """
    reach = float(shape.reach())
    if reach == 0 and isinstance(shape, Centred):
        from regions import PointSkyRegion

        return PointSkyRegion(position(shape))
    return _circle(shape, reach) if 0 < reach < np.pi else None


@region.register(Gaussian)
def _(shape: Gaussian) -> "SkyRegion":
    return _ellipse(shape, shape.sigma, shape.e, shape.phi)


@region.register(GeneralizedGaussian)
@region.register(Disk)
def _(shape: GeneralizedGaussian | Disk) -> "SkyRegion":
    return _ellipse(shape, shape.r_0, shape.e, shape.phi)


@region.register(Beta)
def _(shape: Beta) -> "SkyRegion":
    return _ellipse(shape, shape.core, shape.e, shape.phi)


@region.register(King)
def _(shape: King) -> "SkyRegion":
    return _circle(shape, np.radians(float(shape.core)))


@region.register(Shell)
@region.register(Shell2)
def _(shape: Shell | Shell2) -> "SkyRegion":
    from regions import CircleAnnulusSkyRegion

    inner, outer = (float(radius) for radius in shape.radii())
    if inner == 0:
        return _circle(shape, outer)
    return CircleAnnulusSkyRegion(position(shape), _angle(inner), _angle(outer))


@region.register(Template)
@region.register(EnergyTemplate)
def _(shape: Template | EnergyTemplate) -> "SkyRegion | None":
    from regions import PolygonSkyRegion

    (west, east), (south, north) = _ends(shape.lon), _ends(shape.lat)
    if east - west >= 2 * np.pi:
        return None
    south, north = max(south, -np.pi / 2), min(north, np.pi / 2)
    side = np.arange(_ALONG_SIDE) / _ALONG_SIDE
    lon = [west + side * (east - west), east + 0 * side, east - side * (east - west), west + 0 * side]
    lat = [south + 0 * side, south + side * (north - south), north + 0 * side, north - side * (north - south)]
    return PolygonSkyRegion(SkyCoord(np.concatenate(lon), np.concatenate(lat), unit="rad", frame=shape.frame))


def _ends(nodes: Floats) -> tuple[float, float]:
    """Half a step outside of the outermost nodes."""
    half = (nodes[1] - nodes[0]) / 2
    return float(nodes[0] - half), float(nodes[-1] + half)


def _ellipse(shape: Shape, size: Any, e: Any, phi: Any) -> "SkyRegion":
    """Of half the major axis `size` [deg], which points to the position angle phi: north of `regions` is its height."""
    from regions import EllipseSkyRegion

    major, e = float(size), float(e)
    if e == 0:
        return _circle(shape, np.radians(major))
    width, height = 2 * major * np.sqrt(1 - e**2) * u.deg, 2 * major * u.deg
    return EllipseSkyRegion(position(shape), width, height, float(phi) * u.deg)


def _circle(shape: Shape, radius: float) -> "SkyRegion":
    from regions import CircleSkyRegion

    return CircleSkyRegion(position(shape), _angle(radius))


def _angle(radius: float) -> u.Quantity:
    return u.Quantity(np.degrees(radius), "deg")
