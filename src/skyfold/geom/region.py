"""One region of the sky, as a geometry with a single pixel."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.errors import RegionError, ShapeError
from skyfold.geom.axis import AnyAxis
from skyfold.geom.named_axes import NamedAxes, require_different_names
from skyfold.geom.regions import covering, holds, parse_region, region_center, region_mask, region_weights, same_region
from skyfold.geom.wcs import Frame, WcsGeom
from skyfold.num.sphere import unit_vectors
from skyfold.units import strip

if TYPE_CHECKING:
    from regions import SkyRegion

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RegionGeom(NamedAxes):
    """A sky region times further axes; data have shape (..., 1, 1).

    Responses are taken at its centre.

    Parameters
    ----------
    region : any sky region of the `regions` package, compound ones included, or a text of one. A point stands for a
        response's own direction cut. None: a spectrum from files that do not say where it was taken.
    axes : further axes in array order.
    pixel : pixel size [deg] at which shapes without a closed form are sampled; a 400th of those wider than 400 pixels.
    """

    region: "SkyRegion | None"
    axes: tuple[AnyAxis, ...] = ()
    pixel: float = 0.005

    def __post_init__(self) -> None:
        regions = [None] if self.region is None else parse_region(self.region)
        if len(regions) != 1:
            raise ShapeError(
                f"a region geometry has one region, found {len(regions)}: join them with | into a compound one"
            )
        require_different_names(self.axes)
        object.__setattr__(self, "region", regions[0])
        object.__setattr__(self, "axes", tuple(self.axes))

    @classmethod
    def circle(cls, center: SkyCoord, radius: Any, axes: tuple[AnyAxis, ...] | list[AnyAxis] = ()) -> Self:
        from regions import CircleSkyRegion

        return cls(CircleSkyRegion(center, float(strip(radius, "deg", "radius")) * u.deg), tuple(axes))

    @classmethod
    def point(cls, center: SkyCoord, axes: tuple[AnyAxis, ...] | list[AnyAxis] = ()) -> Self:
        from regions import PointSkyRegion

        return cls(PointSkyRegion(center), tuple(axes))

    # What it is made of

    @property
    def image_shape(self) -> tuple[int, int]:
        return (1, 1)

    @property
    def shape(self) -> tuple[int, ...]:
        return (*(axis.nbin for axis in self.axes), 1, 1)

    @property
    def center(self) -> SkyCoord:
        """Centre of the region, or the mean direction of its corners or parts.

        Raises
        ------
        RegionError
            There is no region.
        """
        return region_center(self._known)

    @property
    def _known(self) -> "SkyRegion":
        if self.region is None:
            raise RegionError("this geometry has no region, so no place on the sky")
        return self.region

    @property
    def frame(self) -> Frame:
        name = None if self.region is None else self.center.frame.name
        return name if name in ("galactic", "fk5") else "icrs"

    @property
    def is_point(self) -> bool:
        from regions import PointSkyRegion

        return isinstance(self.region, PointSkyRegion)

    @property
    def radius(self) -> u.Quantity | None:
        """Radius of a circle; None for other shapes."""
        from regions import CircleSkyRegion

        return self.region.radius.to("deg") if isinstance(self.region, CircleSkyRegion) else None

    def with_axes(self, *axes: AnyAxis) -> Self:
        """The same region with these axes instead."""
        return replace(self, axes=axes)

    @property
    def image(self) -> Self:
        """The same region without further axes."""
        return self.with_axes()

    # On the sky

    @property
    def directions(self) -> Floats:
        """ICRS unit vector of the centre, shape (3, 1, 1)."""
        at = self.center.icrs
        return unit_vectors(at.ra.rad, at.dec.rad).reshape(3, 1, 1)

    @cached_property
    def solid_angle(self) -> Floats:
        """Solid angle of the region [sr], shape (1, 1).

        Exact for circles and annuli, by sampling for other shapes, 0 for a point, nan without a region.
        """
        return np.full((1, 1), self._solid_angle())

    def _solid_angle(self) -> float:
        from regions import CircleAnnulusSkyRegion

        if self.region is None:
            return np.nan
        if self.is_point:
            return 0.0
        if self.radius is not None:
            return _cap(self.radius)
        if isinstance(self.region, CircleAnnulusSkyRegion):
            return _cap(self.region.outer_radius) - _cap(self.region.inner_radius)
        return float(np.sum(self._grid.solid_angle * region_weights(self._grid, self.region, oversampling=3)))

    def separation(self, sky: SkyCoord) -> u.Quantity:
        """Angle from the centre to a position, shape (1, 1)."""
        return np.full((1, 1), self.center.separation(sky).rad) * u.rad

    def contains(self, sky: SkyCoord) -> NDArray[np.bool_]:
        """Whether positions lie in the region."""
        return holds(self._known, sky)

    def weights(self, geom: WcsGeom, oversampling: int = 10) -> Floats:
        """Share of each pixel of a map that lies in the region, shape (ny, nx)."""
        return region_weights(geom, self._known, oversampling=oversampling)

    def covering(self, pixel: Any = None) -> WcsGeom:
        """A tangential map about the region that covers it, with pixels of `pixel` (its own sampling unless told)."""
        return self._grid if pixel is None else covering(self._known, float(strip(pixel, "deg", "pixel")))

    def samples(self) -> Floats:
        """Directions (3, n) of the sample pixels inside the region."""
        grid = self._grid
        return grid.directions[:, region_mask(grid, self.region)]

    @cached_property
    def _grid(self) -> WcsGeom:
        width = float(covering(self._known, 0.05).width[0].to_value("deg"))
        return covering(self._known, max(self.pixel, width / 400))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RegionGeom):
            return NotImplemented
        if self.axes != other.axes or self.region is None or other.region is None:
            return self.axes == other.axes and self.region is other.region
        return self.region is other.region or same_region(self.region, other.region)

    def __hash__(self) -> int:
        return hash((type(self.region).__name__, self.axes))

    def __str__(self) -> str:
        if self.region is None:
            return "\n".join(["no region"] + [f"  {axis}" for axis in self.axes])
        at = self.center.icrs
        lines = [f"{type(self.region).__name__} around icrs ({at.ra.deg:.4f}°, {at.dec.deg:.4f}°)"]
        return "\n".join(lines + [f"  {axis}" for axis in self.axes])


def _cap(radius: u.Quantity) -> float:
    """Solid angle of a circle on the sphere [sr], exact for small ones too."""
    return float(4 * np.pi * np.sin(radius.to_value("rad") / 2) ** 2)
