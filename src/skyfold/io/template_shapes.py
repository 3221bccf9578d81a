"""Maps in files as shapes of sources."""

from typing import NamedTuple

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from skyfold.errors import DataError, UnitError
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.io.fits import PathLike
from skyfold.io.maps import read_map, write_map
from skyfold.io.paths import expand
from skyfold.maps.lookup import interpolate
from skyfold.maps.map import Map
from skyfold.model.spatial.base import FRAMES
from skyfold.model.spatial.template import BRIGHTNESS, INTENSITY, EnergyTemplate, Template
from skyfold.num.double import Floats
from skyfold.units import unit as read_unit

_ENERGIES = ("energy_true", "energy")
_TURN = 2 * np.pi
_ALMOST = 1e-6  # steps: what counts as the same place on a grid
_FINER = 2  # steps in a pixel of a map that is resampled: taking values twice between centres would blur it


def read_template_shape(
    path: PathLike, unit: str | u.UnitBase | None = None, *, normalize: bool = True
) -> Template | EnergyTemplate:
    """Read a shape from a map of brightness, in any FITS projection.

    Maps whose rows and columns follow longitude and latitude (plate carrée around the equator) are taken as they are,
    others are read off between their pixels on such a grid, twice as fine. Pixels off the projection are dark, and so
    is the sky outside of the map.

    Parameters
    ----------
    unit : instead of the one in the file, for files that give none or a wrong one.
    normalize : divide each image by its integral over the sky: the spectrum is then the flux of the whole template. If
        not, the brightness is that of the file, in sr-1; or in TeV-1 s-1 cm-2 sr-1 if it has energies, and then belongs
        to a spectrum that is a pure number, ``PowerLawNorm``.

    Returns
    -------
    Template, or EnergyTemplate where the map has two or more energies: power laws between them. Its frame is that of
    the map, ICRS for maps in FK5.

    Raises
    ------
    DataError
        The file is missing or no map, has other axes than energy, values below zero or nan, or no light at all.
    UnitError
        The file has no unit, or one that is no brightness.
    """
    file = expand(path)
    return template_shape(read_map(file, unit=unit), normalize, where=str(file))


def template_shape(map_: Map, normalize: bool = True, where: str = "map") -> Template | EnergyTemplate:
    """The shape of a map that was read; see `read_template_shape`.

    Parameters
    ----------
    where : the file, for messages.
    """
    energy = _energy(map_, where)
    unit = _unit(map_.unit, energy is not None, normalize, where)
    grid = _once_around(_gridded(map_))
    values = grid.values * (1.0 if normalize else map_.unit.to(unit))
    _require_light(values, where)
    if normalize:
        light = np.sum(values * _solid_angle(grid), axis=(-2, -1), keepdims=True)
        values = np.divide(values, light, out=np.zeros_like(values), where=light > 0)
    lon, lat, values, frame = _closed(grid._replace(values=values))
    if energy is None:
        return Template(lon, lat, values.reshape(values.shape[-2:]), frame=frame)
    return EnergyTemplate(energy, lon, lat, values, frame=frame, unit=unit)


def write_template_shape(path: PathLike, shape: Template | EnergyTemplate, *, overwrite: bool = False) -> None:
    """Write the map of a shape as FITS, in plate carrée; read again without normalisation it is the same.

    Raises
    ------
    DataError
        The file exists and may not be overwritten.
    """
    lon, lat, values = np.degrees(shape.lon), np.degrees(shape.lat), np.asarray(shape.values)
    step = float(lon[1] - lon[0]), float(lat[1] - lat[0])
    if (lon.size - 1.5) * step[0] > 360:  # the first and the last column are there again
        lon, values = lon[1:-1], values[..., 1:-1]
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["GLON-CAR", "GLAT-CAR"] if shape.frame == "galactic" else ["RA---CAR", "DEC--CAR"]
    if shape.frame == "icrs":
        wcs.wcs.radesys = "ICRS"
    # Longitude rises to the left, as on other maps of the sky; the reference is on the equator, else rows are no
    # parallels.
    wcs.wcs.cunit, wcs.wcs.cdelt = ("deg", "deg"), (-step[0], step[1])
    wcs.wcs.crval = np.mod((lon[0] + lon[-1]) / 2, 360.0), 0.0
    wcs.wcs.crpix = (lon.size + 1) / 2, 1 - lat[0] / step[1]
    wcs.wcs.set()
    axes: tuple[Axis, ...] = ()
    if isinstance(shape, EnergyTemplate):
        axes = (Axis("energy_true", np.asarray(shape.energy), "TeV", scale="log", kind="nodes"),)
    unit = shape.unit if isinstance(shape, EnergyTemplate) else BRIGHTNESS
    geom = WcsGeom(wcs, (lat.size, lon.size), axes)
    write_map(path, Map(geom, values[..., ::-1], read_unit(unit)), overwrite=overwrite)


def _energy(map_: Map, where: str) -> Floats | None:
    """Energies of the images [TeV]; None for one image."""
    if not isinstance(map_.geom, WcsGeom):
        raise DataError(f"{where}: a template is a map of the sky; found one of a region")
    axes = map_.geom.axes
    if not axes:
        return None
    if len(axes) > 1 or not isinstance(axes[0], Axis) or axes[0].name not in _ENERGIES:
        found = ", ".join(axis.name for axis in axes)
        raise DataError(
            f"{where}: a template is an image, or images at energies, axis 'energy_true'; found axes {found}"
        )
    return axes[0].center_in("TeV") if axes[0].nbin > 1 else None


def _unit(found: u.UnitBase, cube: bool, normalize: bool, where: str) -> str:
    """The unit of the shape of a map; that of its values only matters where they are not normalized."""
    if found == u.dimensionless_unscaled:
        raise UnitError(
            f"{where}: template without unit; give that of its values, unit='{BRIGHTNESS}' or unit='{INTENSITY}'"
        )
    wanted = [BRIGHTNESS, *([INTENSITY] if cube else [])]
    same = [unit for unit in wanted if found.is_equivalent(unit)]
    if same and not normalize:
        return same[0]
    parts = found.decompose()
    if normalize and dict(zip(parts.bases, parts.powers, strict=True)).get(u.rad) == -2:
        return BRIGHTNESS
    advice = "name the right one (unit=)" + ("" if normalize else ", or normalize the template")
    raise UnitError(f"{where}: template in {found.to_string()}; wanted {' or '.join(wanted)}: {advice}")


def _require_light(values: Floats, where: str) -> None:
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise DataError(
            f"{where}: {int(bad.sum())} values of the template are below zero or nan, {values[first]:g} at {first};"
            " a brightness is neither: mend the map"
        )
    if not values.any():
        raise DataError(f"{where}: a template without light: all its values are 0")


# A grid of longitudes and latitudes


class Gridded(NamedTuple):
    """Values (..., ny, nx) at longitudes (nx,) and latitudes (ny,) [rad], which rise in even steps."""

    lon: Floats
    lat: Floats
    values: Floats
    frame: str


def _gridded(map_: Map) -> Gridded:
    geom = map_.geom
    if geom.frame in FRAMES and min(geom.image_shape) > 1:
        lon, lat = np.radians(geom.pix_to_lonlat(*np.meshgrid(*(np.arange(n) for n in geom.image_shape[::-1]))))
        lon = np.unwrap(lon, axis=-1)
        if _even(lon) and _even(lat.T):
            east, north = (1 if line[1] > line[0] else -1 for line in (lon[0], lat[:, 0]))
            return Gridded(lon[0, ::east], lat[::north, 0], map_.data.astype(float)[..., ::north, ::east], geom.frame)
    return _resampled(map_)


def _even(lines: Floats) -> bool:
    """Whether all rows are the same, and of even steps."""
    step = lines[0, 1] - lines[0, 0]
    even = lines[0, 0] + step * np.arange(lines.shape[1])
    return bool(step != 0 and np.all(np.abs(lines - even) < _ALMOST * abs(step)))  # nan is not even


def _resampled(map_: Map) -> Gridded:
    """Values of a map on the smallest grid that holds it."""
    geom = map_.geom
    frame = "galactic" if geom.frame == "galactic" else "icrs"
    ny, nx = geom.image_shape
    rim = geom.from_pix(*(c - 0.5 for c in np.meshgrid(np.arange(nx + 1), np.arange(ny + 1)))).transform_to(frame)
    on = np.isfinite(rim.spherical.lon.rad)
    lon, lat = rim.spherical.lon.rad[on], rim.spherical.lat.rad[on]
    step = float(np.radians(geom.pixel_size.value.min())) / _FINER
    south, north = max(lat.min() - step, -np.pi / 2), min(lat.max() + step, np.pi / 2)
    for pole in (-90, 90):
        x, y = geom.to_pix(SkyCoord(0, pole, unit="deg", frame=frame))
        if -1 < x < nx and -1 < y < ny:
            south, north = (-np.pi / 2, north) if pole < 0 else (south, np.pi / 2)
    low = 0.0 if south < 0 < north else min(abs(south), abs(north))  # there the parallels are longest
    west, width = _span(np.sort(lon))
    nx_grid, ny_grid = (int(np.ceil(size / step)) + 1 for size in (width * np.cos(low), north - south))
    grid_lon = np.linspace(west, west + width, nx_grid, endpoint=width < _TURN)
    grid_lat = np.linspace(south, north, ny_grid)
    at = SkyCoord(*np.meshgrid(grid_lon, grid_lat), unit="rad", frame=frame)
    axes = {a.name: a.center[(slice(None),) + (None,) * 2] for a in geom.axes}
    filled = map_.with_data(np.where(_on_sky(geom), map_.data, 0.0))
    found = interpolate(filled, at, **axes)
    x, y = geom.to_pix(at)
    inside = (x >= -0.5) & (x <= nx - 0.5) & (y >= -0.5) & (y <= ny - 0.5)
    return Gridded(grid_lon, grid_lat, np.where(inside, found, 0.0), frame)


def _on_sky(geom: WcsGeom) -> np.ndarray:
    return np.isfinite(geom.sky.spherical.lon.rad)


def _span(lon: Floats) -> tuple[float, float]:
    """West end and length [rad] of the shortest arc with all longitudes (n,), sorted; a turn if over two thirds."""
    gaps = np.diff(np.append(lon, lon[0] + _TURN))
    widest = int(np.argmax(gaps))
    width = _TURN - gaps[widest]
    if width > 2 / 3 * _TURN:
        return float(lon[0]), _TURN
    return float(lon[(widest + 1) % lon.size]), float(width)


def _solid_angle(grid: Gridded) -> Floats:
    """Of the cells around the nodes [sr], (ny, 1)."""
    step = grid.lat[1] - grid.lat[0]
    edges = np.clip(np.append(grid.lat - step / 2, grid.lat[-1] + step / 2), -np.pi / 2, np.pi / 2)
    return ((grid.lon[1] - grid.lon[0]) * np.diff(np.sin(edges)))[:, None]


def _columns(grid: Gridded) -> int:
    """How many columns go around the sky; 0 if none do evenly."""
    around = _TURN / (grid.lon[1] - grid.lon[0])
    return round(around) if abs(around - round(around)) < _ALMOST * around else 0


def _once_around(grid: Gridded) -> Gridded:
    """Without columns that are there twice."""
    n = _columns(grid) or grid.lon.size
    return grid._replace(lon=grid.lon[:n], values=grid.values[..., :n])


def _closed(grid: Gridded) -> Gridded:
    """All around the sky the last column is the neighbour of the first: each again beyond the other."""
    n = _columns(grid)
    if grid.lon.size < n or n == 0:
        return grid
    columns = np.arange(-1, n + 1)
    lon = grid.lon[0] + (grid.lon[1] - grid.lon[0]) * columns
    return grid._replace(lon=lon, values=grid.values[..., columns % n])
