"""Maps of a region in FITS, as Gammapy lays them out (format "gadf"): DATA in a table, BANDS, and the REGION."""

from typing import Any

import astropy.units as u
import numpy as np
from astropy.io import fits

from skyfold.errors import DataError, ShapeError
from skyfold.geom.axis import AnyAxis
from skyfold.geom.region import RegionGeom
from skyfold.io.bands import axis_keywords, bands_table, read_bands
from skyfold.io.regions import regions_from_hdu, regions_to_hdu
from skyfold.maps.map import Map
from skyfold.units import unit as read_unit


def region_map_to_hdus(map_: Map, name: str) -> list[Any]:
    """``<name>`` (columns CHANNEL, DATA), ``<name>_BANDS`` if there are axes, ``<name>_REGION`` if there is a region.

    One row for each bin of the slowest axis.
    """
    geom, upper = map_.geom, name.upper()
    data = map_.data if geom.axes else map_.data[None]
    cell = data.shape[1:]
    form = f"{int(np.prod(cell))}{_form(data.dtype)}"
    column = fits.Column(
        "DATA", form, unit=map_.unit.to_string("fits") or None, dim=str(cell[::-1]).replace(" ", ""), array=data
    )
    channel = fits.Column("CHANNEL", "J", array=np.arange(len(data)))
    table = fits.BinTableHDU.from_columns([channel, column], name=upper)
    table.header.update(axis_keywords(geom.axes))
    hdus = [table]
    if geom.axes:
        hdus.append(bands_table(geom.axes, f"{upper}_BANDS"))
    if geom.region is not None:
        hdus.append(regions_to_hdu([geom.region], f"{upper}_REGION"))
    return hdus


def region_map_from_hdus(hdus: fits.HDUList, table: Any, unit: str | u.UnitBase | None, where: str) -> Map:
    """The map of a region whose DATA are in `table`.

    Raises
    ------
    DataError
        The table is no map of a region, or does not fit its BANDS.
    """
    place = f"{where}: HDU {table.name!r}"
    if "DATA" not in table.columns.names:
        raise DataError(f"{place}: a table of columns {', '.join(table.columns.names)}, which is no map")
    known = {hdu.name: hdu for hdu in hdus}
    axes: tuple[AnyAxis, ...] = ()
    bands = known.get(f"{table.name}_BANDS")
    if bands is not None:
        axes = read_bands(bands, bands.header, f"{place}, table {bands.name!r}")
    region = None
    if f"{table.name}_REGION" in known:
        parts = regions_from_hdu(known[f"{table.name}_REGION"], f"{where}: HDU '{table.name}_REGION'")
        region = parts[0]
        for part in parts[1:]:
            region = region | part
    data = np.asarray(table.data["DATA"])
    data = data.astype(data.dtype.newbyteorder("="))
    if unit is None:
        unit = read_unit(table.columns["DATA"].unit or "", f"{place}, column 'DATA'")
    geom = RegionGeom(region, axes)
    if data.size != int(np.prod(geom.shape)):
        raise DataError(f"{place}: {data.size} values for axes of {' × '.join(str(a.nbin) for a in axes)} bins")
    try:
        return Map(geom, data.reshape(geom.shape), unit)
    except ShapeError as error:
        raise DataError(f"{place}: {error}") from error


def _form(dtype: np.dtype[Any]) -> str:
    forms = {"bool": "L", "uint8": "B", "int16": "I", "int32": "J", "int64": "K", "float32": "E", "float64": "D"}
    if dtype.name not in forms:
        raise DataError(f"a map of {dtype} cannot be written to FITS; convert its data first")
    return forms[dtype.name]
