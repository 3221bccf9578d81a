"""Region files: DS9 texts and FITS tables."""

import operator
import os
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import astropy.units as u
import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from skyfold.errors import DataError, RegionError, ShapeError
from skyfold.geom.header import from_header, to_header
from skyfold.geom.regions import covering, parse_region, to_pixel
from skyfold.geom.wcs import WcsGeom
from skyfold.io.atomic import write_bytes
from skyfold.io.fits import open_fits, read_bytes, write_hdus
from skyfold.io.paths import expand

if TYPE_CHECKING:
    from regions import SkyRegion

PathLike = str | os.PathLike[str]
_PIXEL = 0.01  # degrees: the grid in whose pixels a FITS table gives its shapes


def read_regions(path: PathLike) -> "list[SkyRegion]":
    """Sky regions of a DS9 file, or of the first region table of a FITS file.

    Raises
    ------
    DataError
        The file is missing or damaged.
    RegionError
        It holds no regions of the sky.
    """
    file = expand(path)
    content = read_bytes(file)
    if content.startswith(b"SIMPLE  ="):
        for hdu in open_fits(file):
            if isinstance(hdu, fits.BinTableHDU) and "SHAPE" in [name.upper() for name in hdu.columns.names]:
                return regions_from_hdu(hdu, f"{file}: HDU {hdu.name!r}")
        raise RegionError(f"{file}: no table of regions (column SHAPE)")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: neither a DS9 region file nor FITS") from error
    try:
        return parse_region(text)
    except RegionError as error:
        raise RegionError(f"{file}: {error}") from error


def write_regions(regions: Any, path: PathLike, *, overwrite: bool = False) -> None:
    """Write regions (or texts of them) as FITS if the name says so (``.fits``, ``.fits.gz``), else for DS9.

    Raises
    ------
    DataError
        The file exists and may not be overwritten.
    RegionError
        A compound region that is not a union: neither format has it.
    """
    found = _parts(parse_region(regions))
    if os.fspath(path).endswith((".fits", ".fits.gz", ".fit")):
        write_hdus([fits.PrimaryHDU(), regions_to_hdu(found)], path, overwrite=overwrite)
        return
    from regions import Regions

    text = Regions(found).serialize(format="ds9", precision=10)
    write_bytes(text.encode(), path, overwrite=overwrite)


def regions_to_hdu(regions: "Iterable[SkyRegion]", name: str = "REGION") -> fits.BinTableHDU:
    """A table of shapes in pixels, with the coordinates of those pixels in its header.

    Pixels are counted from 0, as the regions package and Gammapy write and read them. There is one frame for all:
    regions of several frames are read back in that of the header, angles turned.

    Raises
    ------
    RegionError
        A shape that the format does not have.
    """
    from regions import Regions

    found = _parts(regions)
    geom = covering(_union(found), _PIXEL)
    pixels = [to_pixel(region, geom) for region in found]
    with warnings.catch_warnings():
        warnings.simplefilter("error", AstropyUserWarning)  # of shapes passed over
        try:
            table = Regions(pixels).serialize(format="fits")
        except AstropyUserWarning as error:
            raise RegionError(f"a FITS table of regions cannot hold this: {error}; write it for DS9") from error
    hdu = fits.BinTableHDU(table, name=name)
    hdu.header.update(to_header(geom))
    hdu.header["WCSSHAPE"] = f"({geom.image_shape[1]},{geom.image_shape[0]})"
    hdu.header.update({"HDUCLASS": "ASC", "HDUCLAS1": "REGION", "HDUCLAS2": "STANDARD", "HDUVERS": "1.2.0"})
    return hdu


def regions_from_hdu(hdu: Any, where: str) -> "list[SkyRegion]":
    """Regions of a table, with the sky coordinates of its header.

    Raises
    ------
    RegionError
        The header has no sky coordinates, or a shape is not one of those known.
    """
    from astropy.table import QTable
    from regions import Regions

    geom = _pixels(hdu.header, where)
    with warnings.catch_warnings():
        warnings.simplefilter("error", AstropyUserWarning)
        try:
            table = QTable({name: _values(hdu, name) for name in hdu.columns.names})
            pixels = list(Regions.parse(table, format="fits"))
        except Exception as error:  # the package has errors of its own without a public name
            raise RegionError(f"{where}: its regions cannot be read: {error}") from error
    if not pixels:
        raise RegionError(f"{where}: no region in the table")
    return [region.to_sky(geom.wcs) for region in pixels]


def _pixels(header: fits.Header, where: str) -> WcsGeom:
    if "CTYPE1" not in header:
        raise RegionError(
            f"{where}: regions in pixels, and no sky coordinates of them in the header (CTYPE1, CRVAL1...)"
        )
    try:
        return from_header(header, image_shape=(1, 1), where=where)
    except ShapeError as error:
        raise RegionError(str(error)) from error


def _values(hdu: Any, name: str) -> Any:
    values, unit = np.asarray(hdu.data[name]), hdu.columns[name].unit
    if values.dtype.kind in "US":
        return values
    values = values.astype(values.dtype.newbyteorder("="))
    return values << u.Unit(unit) if unit else values


def _parts(regions: "Iterable[SkyRegion]") -> "list[SkyRegion]":
    """The shapes of unions one by one."""
    from regions import CompoundSkyRegion

    parts: list[SkyRegion] = []
    for region in regions:
        if not isinstance(region, CompoundSkyRegion):
            parts.append(region)
        elif region.operator is operator.or_:
            parts += _parts([region.region1, region.region2])
        else:
            raise RegionError(f"region files hold unions only, not {region.operator.__name__} of {region}")
    return parts


def _union(regions: "list[SkyRegion]") -> "SkyRegion":
    whole = regions[0]
    for region in regions[1:]:
        whole = whole | region
    return whole
