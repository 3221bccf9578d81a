"""Regions of the sky: how they are written, and which pixels and positions they hold.

Regions are those of the `regions` package, which is imported only where one is handled (it costs 0.3 s of start-up).
Circles and annuli are judged on the sphere, other shapes in a tangential or the map's own projection.
"""

import re
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.utils.exceptions import AstropyUserWarning
from numpy.typing import NDArray

from skyfold.errors import RegionError
from skyfold.geom.pixels import upsampled
from skyfold.geom.wcs import WcsGeom
from skyfold.num.sphere import lonlat, unit_vectors

if TYPE_CHECKING:
    from regions import PixelRegion, SkyRegion

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
_SIZES = (
    "radius", "inner_radius", "outer_radius", "width", "height",
    "inner_width", "outer_width", "inner_height", "outer_height",
)  # fmt: skip
_FRAMES = "icrs|fk5|fk4|galactic|ecliptic|j2000|b1950"


def parse_region(text: "str | SkyRegion | Iterable[str | SkyRegion]") -> "list[SkyRegion]":
    """Sky regions from DS9 texts such as ``icrs;circle(228.32, -59.08, 0.4)`` (degrees), or as they are.

    Several regions stand on lines of their own, or one after the other behind ``;``.

    Raises
    ------
    RegionError
        The text is no region, names no frame, is in image coordinates, or part of it would be passed over.
    """
    from regions import Regions, SkyRegion

    if isinstance(text, SkyRegion):
        return [text]
    if not isinstance(text, str):
        return [region for part in text for region in parse_region(part)]
    if not re.search(rf"\b({_FRAMES})\b", text, re.IGNORECASE):
        raise RegionError(f"region {text!r} names no frame; write for instance 'icrs;{text.strip()}'")
    if "&&" in text:
        raise RegionError(f"region {text!r}: '&&' is not read; join region objects with & instead")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", AstropyUserWarning)  # the parser passes over lines that it does not know
            found = list(Regions.parse(text, format="ds9"))
    except Exception as error:  # the package has errors of its own without a public name
        raise RegionError(f"region {text!r} cannot be read: {error}") from error
    if not found or not all(isinstance(region, SkyRegion) for region in found):
        raise RegionError(
            f"region {text!r} is no region of the sky; wanted one such as 'icrs;circle(83.63, 22.01, 0.1)'"
        )
    return found


def region_mask(
    geom: WcsGeom, regions: Any, *, inside: bool = True, outside: Literal["allow", "raise"] = "allow"
) -> Mask:
    """Pixels whose centre lies in any of the regions, shape (ny, nx); with ``inside=False`` those in none.

    A point holds the pixel it falls into. A region marked as excluded (``-circle(...)``) is taken out of those before
    it, or of the whole map if it is the first.

    Raises
    ------
    RegionError
        With ``outside="raise"``: a region holds no pixel of the map.
    """
    found = parse_region(regions)
    held = np.full(geom.image_shape, bool(found) and _is_excluded(found[0]))
    for region in found:
        pixels = _pixels(geom, region)
        if outside == "raise" and not pixels.any():
            raise RegionError(f"region {region} holds no pixel of the map: {geom.image}")
        held = held & ~pixels if _is_excluded(region) else held | pixels
    return held if inside else ~held


def region_weights(geom: WcsGeom, regions: Any, *, oversampling: int = 10) -> Floats:
    """Share of each pixel that lies in any of the regions, shape (ny, nx), from oversampling² positions in it.

    A point counts as the whole pixel it falls into.
    """
    from regions import PointSkyRegion

    found = parse_region(regions)
    weights = region_mask(geom, [r for r in found if isinstance(r, PointSkyRegion)]).astype(float)
    shapes = [r for r in found if not isinstance(r, PointSkyRegion)]
    box = _box(geom.image, shapes)
    if box is not None:  # only the box around the shapes is sampled finely
        part = geom.image.sliced(*box)
        fine = region_mask(upsampled(part, oversampling), shapes)
        by, bx = part.image_shape
        share = fine.reshape(by, oversampling, bx, oversampling).mean(axis=(1, 3))
        weights[box] = np.maximum(weights[box], share)
    return weights


def _box(geom: WcsGeom, regions: "list[SkyRegion]") -> tuple[slice, slice] | None:
    """Slices (y, x) of all pixels that any of the regions can touch; None if there are none."""
    pixel = float(geom.pixel_size.max().to_value("deg"))
    near = np.zeros(geom.image_shape, dtype=bool)
    for region in regions:
        if _is_excluded(region):
            near[:] = near | (region is regions[0])
            continue
        around = covering(region, pixel)
        near |= geom.separation(around.center).to_value("deg") < np.hypot(*around.width.to_value("deg")) / 2
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    if not rows.size:
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def holds(region: "SkyRegion", sky: SkyCoord) -> Mask:
    """Whether positions lie in a region; shapes other than circles and annuli in a tangential projection about them."""
    from regions import CompoundSkyRegion, PixCoord

    if isinstance(region, CompoundSkyRegion):
        return np.asarray(region.operator(holds(region.region1, sky), holds(region.region2, sky)))
    round_one = _on_sphere(region, sky.separation)
    if round_one is not None:
        return round_one
    probe = _tangential(region, 0.01)
    return np.asarray(to_pixel(region, probe).contains(PixCoord(*probe.to_pix(sky))))


def to_pixel(region: "SkyRegion", geom: WcsGeom) -> "PixelRegion":
    """A region in the pixels of a map, with the angle that it has on the sky whatever the frames of both."""
    return in_frame(region, geom.frame).to_pixel(geom.wcs)


def in_frame(region: "SkyRegion", frame: Any) -> "SkyRegion":
    """The same region with its centre in another frame.

    Angles count from the axes of the centre's frame, and so turn by the angle between the two norths there.
    """
    from regions import CompoundSkyRegion

    if isinstance(region, CompoundSkyRegion):
        return region.copy(region1=in_frame(region.region1, frame), region2=in_frame(region.region2, frame))
    if not hasattr(region, "center"):
        return region  # corners know their frame one by one
    center = region.center.transform_to(frame)
    if center.is_equivalent_frame(region.center.frame):
        return region
    if not hasattr(region, "angle"):
        return region.copy(center=center)
    north = region.center.directional_offset_by(0 * u.deg, 1 * u.arcmin)  # the pole would not do: aberration shears
    turn = center.position_angle(north.transform_to(frame))
    return region.copy(center=center, angle=region.angle + turn)


def covering(region: "SkyRegion", pixel: float) -> WcsGeom:
    """A tangential map about a region that covers it, in pixels of `pixel` degrees."""
    probe = _tangential(region, pixel)
    box = to_pixel(region, probe).bounding_box
    reach = max(abs(box.ixmin), abs(box.ixmax), abs(box.iymin), abs(box.iymax)) + 2
    return WcsGeom.create(region_center(region), pixel=pixel, npix=2 * reach + 1)


def region_center(region: "SkyRegion") -> SkyCoord:
    """The centre of a region, or the mean direction of its corners or parts."""
    from regions import CompoundSkyRegion

    if isinstance(region, CompoundSkyRegion):
        return _mean_direction([region_center(region.region1), region_center(region.region2)])
    return region.center if hasattr(region, "center") else _mean_direction(list(region.vertices))


def same_region(one: "SkyRegion", other: "SkyRegion") -> bool:
    """Whether two regions have the same shape, place (to 10⁻⁹ degrees) and size (to one part in 10⁷)."""
    from regions import CompoundSkyRegion

    if type(one) is not type(other):
        return False
    if isinstance(one, CompoundSkyRegion):
        return (
            one.operator is other.operator
            and same_region(one.region1, other.region1)
            and same_region(one.region2, other.region2)
        )
    points = [_points(region) for region in (one, other)]
    if points[0].shape != points[1].shape or not np.all(points[0].separation(points[1]).deg < 1e-9):
        return False
    if hasattr(one, "angle"):
        other = in_frame(other, one.center.frame)
        if abs((other.angle - one.angle + 90 * u.deg) % (180 * u.deg) - 90 * u.deg) > 1e-6 * u.deg:
            return False
    sizes = [[float(getattr(region, name, 0 * u.deg).to_value("deg")) for name in _SIZES] for region in (one, other)]
    return np.allclose(sizes[0], sizes[1], rtol=1e-7, atol=1e-9)


def _points(region: "SkyRegion") -> SkyCoord:
    names = [name for name in ("center", "vertices", "start", "end") if hasattr(region, name)]
    vectors = [unit_vectors(at.ra.rad, at.dec.rad).reshape(3, -1) for at in (getattr(region, n).icrs for n in names)]
    lon, lat = lonlat(np.concatenate(vectors, axis=1))
    return SkyCoord(lon, lat, unit="rad")


def _is_excluded(region: "SkyRegion") -> bool:
    return not region.meta.get("include", True)


def _mean_direction(points: list[SkyCoord]) -> SkyCoord:
    vectors = np.stack([unit_vectors(p.icrs.ra.rad, p.icrs.dec.rad) for p in points]).mean(axis=0)
    lon, lat = lonlat(vectors)
    return SkyCoord(lon, lat, unit="rad", frame="icrs")


def _tangential(region: "SkyRegion", pixel: float) -> WcsGeom:
    return WcsGeom.create(region_center(region), pixel=pixel, npix=1)


def _pixels(geom: WcsGeom, region: "SkyRegion") -> Mask:
    from regions import CompoundSkyRegion, PixCoord, PointSkyRegion

    if isinstance(region, CompoundSkyRegion):
        return np.asarray(region.operator(_pixels(geom, region.region1), _pixels(geom, region.region2)))
    if isinstance(region, PointSkyRegion):
        x, y = geom.to_idx(region.center)
        ny, nx = geom.image_shape
        return (np.arange(ny)[:, None] == y) & (np.arange(nx) == x)
    round_one = _on_sphere(region, geom.separation)
    if round_one is not None:
        return round_one
    ny, nx = geom.image_shape
    return np.asarray(to_pixel(region, geom).contains(PixCoord(*np.meshgrid(np.arange(nx), np.arange(ny)))))


def _on_sphere(region: "SkyRegion", separation: Callable[[SkyCoord], u.Quantity]) -> Mask | None:
    """Circles and annuli by their radii; None for other shapes."""
    from regions import CircleAnnulusSkyRegion, CircleSkyRegion

    if isinstance(region, CircleSkyRegion):
        return np.asarray(separation(region.center) < region.radius)
    if isinstance(region, CircleAnnulusSkyRegion):
        distance = separation(region.center)
        return np.asarray((distance >= region.inner_radius) & (distance < region.outer_radius))
    return None
