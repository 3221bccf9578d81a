"""Maps as FITS: the GADF map format that Gammapy reads and writes, and the images and cubes of other programs."""

import os
from typing import Any

import astropy.units as u
import numpy as np
from astropy.io import fits

from skyfold.errors import DataError, ShapeError, UnitError
from skyfold.geom.axis import AnyAxis, Axis
from skyfold.geom.header import from_header, to_header
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.io.bands import axis_keywords, bands_table, read_bands
from skyfold.io.fits import find_hdu, image_of, streamed_fits, write_hdus
from skyfold.io.paths import expand
from skyfold.io.region_maps import region_map_from_hdus, region_map_to_hdus
from skyfold.maps.map import Map
from skyfold.units import unit as read_unit

PathLike = str | os.PathLike[str]
_BOOLEAN = "BOOLEAN"  # our keyword on masks: FITS images hold no truth values
_NO_UNIT = ("PRIMARY ARRAY",)  # what XMM-Newton's pipeline writes into BUNIT


def read_map(path: PathLike, hdu: str | None = None, *, unit: str | u.UnitBase | None = None) -> Map:
    """Read one map.

    Parameters
    ----------
    hdu : name of its HDU; the first image or region map in the file unless told.
    unit : instead of the one in the file, for files that give none or a wrong one.

    Raises
    ------
    DataError
        The file is missing, not FITS or damaged, or holds no map; the message names it.
    MissingHDU
        There is no such HDU.
    UnitError
        The unit in the file is not one; give `unit`.
    """
    file = expand(path)
    with streamed_fits(file) as hdus:
        return map_from_hdus(hdus, hdu or _first_map(hdus, file), unit=unit, where=str(file))


def read_mask(path: PathLike, hdu: str | None = None) -> Map:
    """Read a map of truth values: whatever is not 0 is True."""
    map_ = read_map(path, hdu, unit="")
    return map_.with_data(np.nan_to_num(map_.data) != 0)


def write_map(path: PathLike, map_: Map, *, overwrite: bool = False) -> None:
    """Write one map, compressed if the name ends in ``.gz``; the file is complete or not there.

    Raises
    ------
    DataError
        The file exists and may not be overwritten.
    """
    if isinstance(map_.geom, RegionGeom):
        hdus = [fits.PrimaryHDU(), *map_to_hdus(map_, "SKYMAP")]
    else:
        hdus = map_to_hdus(map_, "PRIMARY")
    write_hdus(hdus, path, overwrite=overwrite)


def map_to_hdus(map_: Map, name: str = "PRIMARY") -> list[Any]:
    """The HDUs of a map: its image (or table, for a region), then ``<name>_BANDS`` and ``<name>_REGION`` as needed."""
    if isinstance(map_.geom, RegionGeom):
        return region_map_to_hdus(map_, name)
    if not isinstance(map_.geom, WcsGeom):
        raise ShapeError(f"a map on a {type(map_.geom).__name__} is not written to FITS")
    geom, data = map_.geom, map_.data
    header = to_header(geom)
    header.update(axis_keywords(geom.axes))
    header["WCSSHAPE"] = f"({','.join(str(n) for n in geom.shape[::-1])})"
    if geom.axes:
        header["BANDSHDU"] = f"{name.upper()}_BANDS"
    header["META"] = "{}"
    header["BUNIT"] = map_.unit.to_string("fits")
    if data.dtype == bool:
        header[_BOOLEAN] = (True, "0 is False, 1 is True")
        data = data.astype(np.uint8)
    if data.dtype.kind not in "iuf" or data.dtype == np.float16:
        raise DataError(f"a map of {data.dtype} cannot be written to FITS; convert its data first")
    image = fits.PrimaryHDU(data, header) if name.upper() == "PRIMARY" else fits.ImageHDU(data, header, name=name)
    return [image, bands_table(geom.axes, header["BANDSHDU"])] if geom.axes else [image]


def map_from_hdus(
    hdus: fits.HDUList, name: str = "PRIMARY", *, unit: str | u.UnitBase | None = None, where: str = "FITS"
) -> Map:
    """The map called `name` among the HDUs of a file.

    Parameters
    ----------
    where : the file, for messages.
    """
    hdu = find_hdu(hdus, name, where)
    place = f"{where}: HDU {hdu.name!r}"
    if str(hdu.header.get("PIXTYPE", "")).strip().upper() == "HEALPIX":
        raise DataError(f"{place}: a HEALPix map; only maps in FITS projections and of regions are read")
    if isinstance(hdu, fits.BinTableHDU) and "CTYPE1" not in hdu.header:
        return region_map_from_hdus(hdus, hdu, unit, where)
    try:
        if isinstance(hdu, fits.BinTableHDU):
            data, axes = _sparse(hdus, hdu, place)
        else:
            data, axes = _image(hdus, hdu, place)
        geom = from_header(hdu.header, axes, image_shape=data.shape[-2:], where=place)
        return Map(geom, data, _unit(hdu.header, place) if unit is None else read_unit(unit))
    except ShapeError as error:
        raise DataError(f"{place}: {str(error).removeprefix(place + ': ')}") from error


def _image(hdus: fits.HDUList, hdu: Any, place: str) -> tuple[np.ndarray, tuple[AnyAxis, ...]]:
    if len(hdu.shape) < 2:
        raise DataError(f"{place}: no image; it has {hdu.header.get('NAXIS', 0)} dimensions")
    data = image_of(hdu)
    if hdu.header.get(_BOOLEAN) is True:
        data = data.astype(bool)
    return data, _axes(hdus, hdu, place) if data.ndim > 2 else ()


def _sparse(hdus: fits.HDUList, hdu: Any, place: str) -> tuple[np.ndarray, tuple[AnyAxis, ...]]:
    """Only the pixels that are not 0: their number in the image, their image, their value."""
    if not {"PIX", "VALUE"} <= set(hdu.columns.names):
        raise DataError(f"{place}: a table of columns {', '.join(hdu.columns.names)}, which is no map")
    shape = tuple(int(n) for n in str(hdu.header["WCSSHAPE"]).strip("() ").split(",") if n.strip())[::-1]
    data = np.zeros(shape, dtype=hdu.data["VALUE"].dtype.newbyteorder("="))
    pixel = np.asarray(hdu.data["PIX"], dtype=np.int64)
    if "CHANNEL" in hdu.columns.names:
        pixel = pixel + np.asarray(hdu.data["CHANNEL"], dtype=np.int64) * (shape[-1] * shape[-2])
    data.ravel()[pixel] = hdu.data["VALUE"]
    return data, _axes(hdus, hdu, place) if data.ndim > 2 else ()


def _axes(hdus: fits.HDUList, hdu: Any, place: str) -> tuple[AnyAxis, ...]:
    """Axes from the table that the header names, one that goes by a usual name, or the header itself."""
    header = hdu.header
    names = [str(header.get("BANDSHDU", "")), f"{hdu.name}_BANDS", "EBOUNDS", "ENERGIES"]
    tables = {table.name: table for table in hdus if isinstance(table, fits.BinTableHDU)}
    for name in names:
        if name.strip().upper() in tables:
            table = tables[name.strip().upper()]
            keywords = header if "AXCOLS1" in header else table.header
            return read_bands(table, keywords, f"{place}, table {table.name!r}")
    return tuple(_header_axis(header, i, place) for i in range(int(header["NAXIS"]), 2, -1))


def _header_axis(header: fits.Header, i: int, place: str) -> Axis:
    """An even axis as the header gives it: the coordinates of bin centres."""
    name = str(header.get(f"CTYPE{i}", "")).strip().lower() or f"axis{i}"
    size = int(header[f"NAXIS{i}"])
    step = float(header.get(f"CDELT{i}", 1.0))
    values = np.arange(1.0, size + 1) - float(header.get(f"CRPIX{i}", 1.0))
    values = float(header.get(f"CRVAL{i}", 0.0)) + step * values
    return Axis(name, values, read_unit(str(header.get(f"CUNIT{i}", "")), f"{place}, axis {i}"), kind="nodes")


def _unit(header: fits.Header, place: str) -> u.UnitBase:
    text = str(header.get("BUNIT", "")).strip()
    if text.upper() in _NO_UNIT:
        return u.dimensionless_unscaled
    try:
        return read_unit(text)
    except UnitError as error:
        raise UnitError(f"{place}: BUNIT {text!r} is not a unit; give the right one when reading (unit=...)") from error


def _first_map(hdus: fits.HDUList, file: object) -> str:
    for hdu in hdus:
        columns = hdu.columns.names if isinstance(hdu, fits.BinTableHDU) else []
        if (not columns and int(hdu.header.get("NAXIS", 0)) >= 2) or {"CHANNEL", "DATA"} <= set(columns):
            return str(hdu.name)
        if "VALUE" in columns or "PIXTYPE" in hdu.header:
            return str(hdu.name)
    raise DataError(f"{file}: no map in it; its HDUs are {', '.join(hdu.name or 'unnamed' for hdu in hdus)}")
