"""Pixels on the sky in any FITS projection, with any further axes.

One pixel convention, that of FITS and of NumPy together: the centre of the first pixel is at (0, 0), pixel (x, y)
covers x ± 0.5, y ± 0.5, and arrays are indexed (..., y, x).
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple, Self

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from numpy.typing import ArrayLike, NDArray

from skyfold.errors import ShapeError
from skyfold.geom.axis import AnyAxis
from skyfold.geom.named_axes import NamedAxes, require_different_names
from skyfold.num.sphere import lonlat, triangle_area, unit_vectors, vector_separation
from skyfold.units import strip

Floats = NDArray[np.float64]
Frame = Literal["icrs", "fk5", "galactic"]
_CTYPES = {"icrs": ("RA--", "DEC-"), "fk5": ("RA--", "DEC-"), "galactic": ("GLON", "GLAT")}


class Cutout(NamedTuple):
    """A piece of a geometry, and where it lies: array slices (y, x) into the whole.

    Slices of a partial cut-out may stick out of the whole; `skyfold.geom.pixels.overlap` gives what both share.
    """

    geom: "WcsGeom"
    slices: tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class WcsGeom(NamedAxes):
    """A grid of sky pixels times further axes.

    Parameters
    ----------
    wcs : celestial, two-dimensional.
    image_shape : (ny, nx).
    axes : further axes in array order, so that data have shape (axes[0].nbin, ..., ny, nx).
    """

    wcs: WCS
    image_shape: tuple[int, int]
    axes: tuple[AnyAxis, ...] = ()

    def __post_init__(self) -> None:
        require_different_names(self.axes)
        if min(self.image_shape) < 1:
            raise ShapeError(f"a geometry needs at least one pixel, found {self.image_shape} (ny, nx)")

    @classmethod
    def create(
        cls,
        center: SkyCoord,
        width: Any = None,
        pixel: Any = "0.02 deg",
        *,
        npix: int | tuple[int, int] | None = None,
        proj: str = "TAN",
        frame: Frame | None = None,
        axes: tuple[AnyAxis, ...] | list[AnyAxis] = (),
    ) -> Self:
        """A map centred on a position.

        Parameters
        ----------
        center : centre of the map (between two pixels where a number of pixels is even).
        width : angle, or (width, height); rounded to whole pixels.
        pixel : pixel size, or (longitude, latitude) sizes.
        npix : number of pixels (nx, ny), instead of `width`.
        proj : FITS projection code; every projection is centred on the map, so that pixels there are square.
        frame : ``"icrs"``, ``"galactic"`` or ``"fk5"``; that of `center` unless told, ICRS if it is yet another.
        """
        frame = frame or (center.frame.name if center.frame.name in _CTYPES else "icrs")
        size = np.broadcast_to(_pair(pixel, "pixel"), 2)
        if (width is None) == (npix is None):
            raise ShapeError("a map needs either a width or a number of pixels")
        if np.any(size <= 0):
            raise ShapeError(f"a map needs a positive pixel size, found {pixel}")
        if npix is None:
            nx, ny = (int(n) for n in np.rint(np.broadcast_to(_pair(width), 2) / size))
        else:
            nx, ny = (int(n) for n in np.broadcast_to(npix, 2))
        at = center.transform_to(frame)
        return cls(_wcs(at.spherical.lon.deg, at.spherical.lat.deg, size, (nx, ny), proj, frame), (ny, nx), tuple(axes))

    # What it is made of

    @property
    def frame(self) -> Frame:
        """Equatorial coordinates are ICRS unless the header says FK5, or gives an equinox and nothing else."""
        wcs = self.wcs.wcs
        if wcs.ctype[0].startswith("GLON"):
            return "galactic"
        return "fk5" if wcs.radesys == "FK5" or (not wcs.radesys and np.isfinite(wcs.equinox)) else "icrs"

    @property
    def proj(self) -> str:
        return str(self.wcs.wcs.ctype[0][-3:])

    @property
    def shape(self) -> tuple[int, ...]:
        return (*(axis.nbin for axis in self.axes), *self.image_shape)

    @property
    def pixel_size(self) -> u.Quantity:
        """Pixel sizes (longitude, latitude) at the reference point."""
        return np.hypot(*self.wcs.pixel_scale_matrix) * u.deg

    @property
    def center(self) -> SkyCoord:
        ny, nx = self.image_shape
        return self.from_pix((nx - 1) / 2, (ny - 1) / 2)

    @property
    def width(self) -> u.Quantity:
        """Width and height: pixels times their size."""
        return self.pixel_size * self.image_shape[::-1]

    # Pixels and sky

    def lonlat_to_pix(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
        """Pixel coordinates (x, y) of longitudes and latitudes [deg] in the map's frame; nan off the projection."""
        x, y = self.wcs.wcs_world2pix(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float), 0)
        return x, y

    def pix_to_lonlat(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """Longitudes and latitudes [deg] in the frame of the map; nan off the projection."""
        x, y = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
        lon, lat = self.wcs.wcs_pix2world(x, y, 0)
        return lon, lat

    def to_pix(self, sky: SkyCoord) -> tuple[Floats, Floats]:
        """Pixel coordinates (x, y) of positions."""
        at = sky.transform_to(self.frame).spherical
        return self.lonlat_to_pix(at.lon.deg, at.lat.deg)

    def radec_to_pix(self, ra: ArrayLike, dec: ArrayLike) -> tuple[Floats, Floats]:
        """Pixel coordinates (x, y) of ICRS directions [deg]; a tenth of the cost of `to_pix` for event lists."""
        if self.frame == "icrs":
            return self.lonlat_to_pix(ra, dec)
        vectors = np.tensordot(_to_icrs(self.frame).T, unit_vectors(np.radians(ra), np.radians(dec)), axes=1)
        return self.lonlat_to_pix(*np.degrees(lonlat(vectors)))

    def from_pix(self, x: ArrayLike, y: ArrayLike) -> SkyCoord:
        """Positions of pixel coordinates."""
        lon, lat = self.pix_to_lonlat(x, y)
        return SkyCoord(lon, lat, unit="deg", frame=self.frame)

    def to_idx(self, sky: SkyCoord) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Pixel indices (x, y) of positions; −1 for both outside the map."""
        return self.pix_to_idx(*self.to_pix(sky))

    def pix_to_idx(self, x: Floats, y: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Pixels that hold pixel coordinates: lower border included, upper excluded; −1 for both outside the map."""
        ny, nx = self.image_shape
        inside = (x >= -0.5) & (x < nx - 0.5) & (y >= -0.5) & (y < ny - 0.5)  # False for nan
        ix, iy = (np.floor(np.where(inside, c, 0.0) + 0.5).astype(np.intp) for c in (x, y))
        return np.where(inside, ix, -1), np.where(inside, iy, -1)

    @property
    def sky(self) -> SkyCoord:
        """Positions of pixel centres, shape (ny, nx); nan off the projection."""
        ny, nx = self.image_shape
        return self.from_pix(*np.meshgrid(np.arange(nx), np.arange(ny)))

    # Every run of a reduction asks for these two: computed once per geometry (half of what a run costs otherwise),
    # shared with cut-outs, and left behind when a geometry travels to a worker.

    @cached_property
    def directions(self) -> Floats:
        """ICRS unit vectors of pixel centres, shape (3, ny, nx); nan off the projection."""
        ny, nx = self.image_shape
        return self._directions(np.arange(nx), np.arange(ny))

    @cached_property
    def solid_angle(self) -> Floats:
        """Solid angle of each pixel [sr], shape (ny, nx): two spherical triangles between the pixel's corners.

        Pixels with a corner off the projection have 0.
        """
        ny, nx = self.image_shape
        corner = self._directions(np.arange(nx + 1) - 0.5, np.arange(ny + 1) - 0.5)
        a, b = corner[:, :-1, :-1], corner[:, :-1, 1:]
        c, d = corner[:, 1:, 1:], corner[:, 1:, :-1]
        with np.errstate(invalid="ignore"):
            area = triangle_area(a, b, c) + triangle_area(a, c, d)
        return np.nan_to_num(area, nan=0.0)

    def _directions(self, x: ArrayLike, y: ArrayLike) -> Floats:
        lon, lat = self.pix_to_lonlat(*np.meshgrid(x, y))
        vectors = unit_vectors(np.radians(lon), np.radians(lat))
        return vectors if self.frame == "icrs" else np.tensordot(_to_icrs(self.frame), vectors, axes=1)

    def surveyed(self) -> Self:
        """This geometry with `directions` and `solid_angle` computed, so that its cut-outs share them."""
        _ = self.directions, self.solid_angle
        return self

    def separation(self, sky: SkyCoord) -> u.Quantity:
        """Angle from each pixel centre to a position, shape (ny, nx)."""
        at = sky.icrs
        return vector_separation(self.directions, unit_vectors(at.ra.rad, at.dec.rad)) * u.rad

    # Other geometries from it

    @property
    def image(self) -> Self:
        """The same pixels without further axes."""
        return self.with_axes()

    def with_axes(self, *axes: AnyAxis) -> Self:
        """The same pixels with these axes instead."""
        return self._share(replace(self, axes=axes), (slice(None), slice(None)))

    def sliced(self, rows: slice, columns: slice) -> Self:
        """The pixels of two contiguous slices (y, x)."""
        ny, nx = self.image_shape
        (y0, y1, _), (x0, x1, _) = rows.indices(ny), columns.indices(nx)
        return self._share(self.window(slice(y0, y1), slice(x0, x1)), (slice(y0, y1), slice(x0, x1)))

    def window(self, rows: slice, columns: slice) -> Self:
        """The pixels from rows.start to rows.stop and likewise columns; they may lie outside of this geometry."""
        wcs = self.wcs.deepcopy()
        wcs.wcs.crpix -= (columns.start, rows.start)
        return replace(self, wcs=wcs, image_shape=(rows.stop - rows.start, columns.stop - columns.start))

    def cutout(self, center: SkyCoord, width: Any, mode: Literal["trim", "partial", "strict"] = "trim") -> Cutout:
        """The pixels of a box around a position, and the slices that cut them from the whole.

        Parameters
        ----------
        width : angle, or (width, height); rounded to whole pixels, at least one.
        mode : ``"trim"`` cuts the box at the border of the map, ``"partial"`` lets it stick out, ``"strict"`` refuses
            one that crosses it.

        Raises
        ------
        ShapeError
            The box does not touch the map, or crosses its border in strict mode.
        """
        at = center.icrs
        x, y = (float(v) for v in self.radec_to_pix(at.ra.deg, at.dec.deg))
        nx, ny = (max(int(n), 1) for n in np.rint(np.broadcast_to(_pair(width), 2) / self.pixel_size.value))
        if not np.isfinite([x, y]).all():
            raise ShapeError(f"a cut-out around {_say(center)}: that position is off the projection of the map")
        x0, y0 = int(np.ceil(x - nx / 2)), int(np.ceil(y - ny / 2))
        full_y, full_x = self.image_shape
        clipped = (slice(max(y0, 0), min(y0 + ny, full_y)), slice(max(x0, 0), min(x0 + nx, full_x)))
        if any(s.stop <= s.start for s in clipped):
            raise ShapeError(
                f"a cut-out of {width} around {_say(center)} does not touch the map around {_say(self.center)}"
            )
        whole = (slice(y0, y0 + ny), slice(x0, x0 + nx))
        if mode == "strict" and clipped != whole:
            raise ShapeError(f"a cut-out of {width} around {_say(center)} crosses the border of the map")
        if mode == "partial":
            return Cutout(self.window(*whole), whole)
        return Cutout(self.sliced(*clipped), clipped)

    def _share(self, other: Self, slices: tuple[slice, slice]) -> Self:
        """Hand on what is already computed; slices are views."""
        for name in ("directions", "solid_angle"):
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name][..., slices[0], slices[1]]
        return other

    def offset_in(self, whole: "WcsGeom") -> tuple[slice, slice] | None:
        """Slices (y, x) of this image in an aligned larger one (they may stick out of it); None if not aligned."""
        mine, its = self.wcs.wcs, whole.wcs.wcs
        shift = its.crpix - mine.crpix
        scale = self.wcs.pixel_scale_matrix
        aligned = (
            list(mine.ctype) == list(its.ctype)
            and self.frame == whole.frame
            and _close(mine.crval, its.crval, 1e-9)
            and _close((mine.lonpole, mine.latpole), (its.lonpole, its.latpole), 1e-9)
            and mine.get_pv() == its.get_pv()
            and _close(scale, whole.wcs.pixel_scale_matrix, 1e-9 * float(np.abs(scale).max()))
            and _close(shift, np.rint(shift), 1e-6)
        )
        if not aligned:
            return None
        x0, y0 = (int(n) for n in np.rint(shift))
        ny, nx = self.image_shape
        return slice(y0, y0 + ny), slice(x0, x0 + nx)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WcsGeom):
            return NotImplemented
        if self.image_shape != other.image_shape or self.axes != other.axes:
            return False
        ny, nx = self.image_shape
        return self.wcs is other.wcs or self.offset_in(other) == (slice(0, ny), slice(0, nx))

    def __hash__(self) -> int:
        return hash((self.image_shape, self.axes, self.proj, self.frame))

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in ("wcs", "image_shape", "axes")}

    def __str__(self) -> str:
        ny, nx = self.image_shape
        lines = [
            f"{self.proj} {self.frame}, {nx} × {ny} pixels of {self.pixel_size.value[0]:g}°, centre {_say(self.center)}"
        ]
        return "\n".join(lines + [f"  {axis}" for axis in self.axes])


def _wcs(lon: float, lat: float, size: Floats, npix: tuple[int, int], proj: str, frame: Frame) -> WCS:
    """The reference point is the centre of the map in every projection, so that pixels there are square."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"{c:-<4}-{proj}" for c in _CTYPES[frame]]
    wcs.wcs.cdelt = (-size[0], size[1])
    center = (np.array(npix) + 1) / 2
    wcs.wcs.crval, wcs.wcs.crpix = (lon, lat), center
    wcs.wcs.cunit = ["deg", "deg"]
    if frame != "galactic":
        wcs.wcs.radesys = frame.upper()
    try:
        wcs.wcs.set()
    except ValueError as error:
        raise ShapeError(
            f"projection {proj!r} is not one FITS knows; wanted a code such as TAN, CAR, AIT, SIN"
        ) from error
    return wcs


def _to_icrs(frame: Frame) -> Floats:
    """Rotation (3, 3) from a frame to ICRS, from the directions of its axes."""
    axes = SkyCoord([0, 90, 0] * u.deg, [0, 0, 90] * u.deg, frame=frame).icrs
    return unit_vectors(axes.ra.rad, axes.dec.rad)


def _pair(angle: Any, name: str = "width") -> Floats:
    if isinstance(angle, tuple | list):
        return np.array([float(strip(part, "deg", name)) for part in angle])
    return strip(angle, "deg", name)


def _say(sky: SkyCoord) -> str:
    name = sky.frame.name if sky.frame.name in _CTYPES else "icrs"
    at = sky.transform_to(name).spherical
    return f"{name} ({at.lon.deg:.4f}°, {at.lat.deg:.4f}°)"


def _close(a: ArrayLike, b: ArrayLike, tolerance: float) -> bool:
    """Whether no two numbers differ by more; a tenth of the cost of `np.allclose`, and asked several times a run."""
    return bool(np.abs(np.subtract(a, b)).max() <= tolerance)
