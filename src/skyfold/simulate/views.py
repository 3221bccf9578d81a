"""Where the telescope looked at a picture, for how long, and how its efficiency falls towards the border."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import ArrayLike, NDArray

from skyfold.errors import DataError
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.units import strip

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Vignetting:
    """Efficiency of the telescope at angles from where it points: straight lines between nodes, 0 beyond the last.

    Parameters
    ----------
    offset : nodes [rad], ascending from 0 or above; the first value holds below it.
    efficiency : at the nodes, relative to one that all rates are for.

    Raises
    ------
    DataError
        Nodes do not ascend, or an efficiency is negative or not finite.
    """

    offset: Floats
    efficiency: Floats

    def __post_init__(self) -> None:
        offset, efficiency = strip(self.offset, "rad", "offset"), np.asarray(self.efficiency, dtype=float)
        if offset.ndim != 1 or offset.shape != efficiency.shape or offset.size == 0:
            raise DataError(f"vignetting: {offset.size} offsets and {efficiency.size} efficiencies; wanted one each")
        if not (np.isfinite(offset).all() and offset[0] >= 0 and offset[-1] > 0 and np.all(np.diff(offset) > 0)):
            raise DataError(f"vignetting: offsets {np.degrees(offset)} deg; wanted them ascending, from 0 or above")
        if not (np.isfinite(efficiency).all() and np.all(efficiency >= 0)):
            raise DataError(f"vignetting: efficiencies {efficiency}; wanted finite numbers from 0")
        object.__setattr__(self, "offset", offset)
        object.__setattr__(self, "efficiency", efficiency)

    @classmethod
    def disk(cls, radius: Any) -> Self:
        """Full efficiency out to a radius (an angle), none beyond."""
        return cls(np.atleast_1d(strip(radius, "rad", "radius")), np.ones(1))

    @classmethod
    def gaussian(cls, sigma: Any, radius: Any) -> Self:
        """exp(−offset² / 2 sigma²) out to a radius; drawn in 256 straight lines."""
        width, edge = (float(strip(value, "rad", name)) for value, name in ((sigma, "sigma"), (radius, "radius")))
        if not width > 0 or not edge > 0:
            raise DataError(f"vignetting: sigma {sigma}, radius {radius}; wanted positive angles")
        offset = np.linspace(0, edge, 257)
        return cls(offset, np.exp(-0.5 * (offset / width) ** 2))

    @property
    def radius(self) -> float:
        """Beyond it nothing is seen [rad]."""
        return float(self.offset[-1])

    def __call__(self, offset: ArrayLike) -> Floats:
        """Efficiency at offsets [rad]; 0 where they are nan."""
        offset = np.asarray(offset, dtype=float)
        return np.where(offset <= self.radius, np.interp(offset, self.offset, self.efficiency), 0.0)


@dataclass(frozen=True, eq=False)
class View:
    """One observation of a picture.

    Parameters
    ----------
    center : where the telescope points; None for one that sees everything alike.
    livetime : time for which it recorded [s]; every rate of a scene is per second of it.
    vignetting : efficiency against offset; None for 1 everywhere.

    Raises
    ------
    DataError
        The livetime is not positive, or there is a vignetting and no position.
    """

    center: SkyCoord | None = None
    livetime: Any = 1.0
    vignetting: Vignetting | None = None

    def __post_init__(self) -> None:
        livetime = float(strip(self.livetime, "s", "livetime"))
        if not (np.isfinite(livetime) and livetime > 0):
            raise DataError(f"livetime {self.livetime}; wanted a positive time")
        if self.vignetting is not None and self.center is None:
            raise DataError("a view with a vignetting needs a position: give its center")
        object.__setattr__(self, "livetime", livetime)

    @classmethod
    def at_pixel(cls, geom: WcsGeom, x: float, y: float, livetime: Any = 1.0, radius: Any = None) -> Self:
        """A view of a disk around pixel coordinates.

        Parameters
        ----------
        radius : in pixels (of the height of one), or an angle; None for one that sees everything.
        """
        if radius is not None and not hasattr(radius, "unit") and not isinstance(radius, str):
            radius = radius * geom.pixel_size[1]
        return cls(geom.from_pix(x, y), livetime, None if radius is None else Vignetting.disk(radius))

    def exposure(self, geom: WcsGeom) -> Floats:
        """Livetime times efficiency at pixel centres [s], shape (ny, nx); 0 off the projection."""
        if self.center is None or self.vignetting is None:
            return np.full(geom.image_shape, self.livetime)
        return self.livetime * self.vignetting(geom.separation(self.center).to_value("rad"))


def exposure_map(geom: WcsGeom, views: Sequence[View]) -> Map:
    """Exposure of a mosaic [s]: the sum over its views of livetime times efficiency."""
    total = np.zeros(geom.image_shape)
    for view in views:
        total += view.exposure(geom)
    return Map(geom.image, total, "s")
