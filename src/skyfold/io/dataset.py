"""Datasets as FITS, in the layout of Gammapy's map and spectrum datasets (format "gadf").

One file holds one dataset: a map (see `skyfold.io.maps`) under each of the names below, the good times as GTI, and the
identifiers of the observations as META_TABLE. The livetime is in the keyword META of EXPOSURE, other facts in that of
the primary header. What the file does not have the dataset does not have.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

import astropy.units as u
import numpy as np
from astropy.io import fits

from skyfold.dataset.dataset import Dataset, SkyResponse
from skyfold.errors import DataError, MissingHDU, ShapeError
from skyfold.events.epoch import REFERENCE_MJD, mission_offset
from skyfold.events.good_times import GoodTimes, union
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.io.fits import streamed_fits, write_hdus
from skyfold.io.maps import map_from_hdus, map_to_hdus
from skyfold.io.paths import expand
from skyfold.irf.energy_dispersion import EnergyDispersion
from skyfold.maps.map import Map

PathLike = str | os.PathLike[str]
_MAPS = ("counts", "exposure", "background", "counts_off", "acceptance", "acceptance_off", "mask_safe", "mask_fit")
_MASKS = ("mask_safe", "mask_fit")
_RESPONSES = ("edisp", "psf")


def write_dataset(path: PathLike, dataset: Dataset, *, overwrite: bool = False) -> None:
    """Write a dataset, compressed if the name ends in ``.gz``; the file is complete or not there.

    Raises
    ------
    DataError
        The file exists and may not be overwritten, or a fact in `meta` is nothing that can be written.
    """
    write_hdus(dataset_to_hdus(dataset), path, overwrite=overwrite)


def read_dataset(path: PathLike, name: str | None = None) -> Dataset:
    """Read a dataset that was written by us or by Gammapy.

    A dispersion on an axis of migration is converted to the energies of the counts. Off counts are taken to the
    geometry of the counts: which regions they came from is not kept. A file that does not state its livetime gives 0.

    Parameters
    ----------
    name : of the dataset; the one in the file, or else the name of the file, unless told.

    Raises
    ------
    DataError
        The file is missing, damaged, or its maps do not belong together; the message names it.
    MissingHDU
        There are no counts.
    """
    file = expand(path)
    with streamed_fits(file) as hdus:
        names = {hdu.name for hdu in hdus}
        if "COUNTS" not in names and "SPECTRUM" in names:
            raise DataError(f"{file}: an OGIP spectrum; wanted a dataset with an HDU COUNTS")
        try:
            return dataset_from_hdus(hdus, name or str(hdus[0].header.get("NAME", file.name.split(".")[0])), str(file))
        except ShapeError as error:
            raise DataError(f"{file}: {error}") from error


def dataset_to_hdus(dataset: Dataset) -> list[Any]:
    """All HDUs of a dataset's file, the primary one first."""
    primary = fits.PrimaryHDU()
    primary.header["NAME"] = dataset.name
    facts = {key: value for key, value in dataset.meta.items() if key != "obs_ids"}
    if facts:
        primary.header["META"] = _to_json(facts, dataset.name)
    hdus: list[Any] = [primary]
    for name in _MAPS:
        if (value := getattr(dataset, name)) is not None:
            hdus += map_to_hdus(value, name.upper())
            if name == "exposure" and dataset.livetime_s > 0:
                hdus[-_count(value)].header["META"] = json.dumps({"livetime": f"{dataset.livetime_s!r} s"})
    for name in _RESPONSES:
        if (response := getattr(dataset, name)) is not None:
            hdus += map_to_hdus(response.table, name.upper())
            hdus += map_to_hdus(_widened(response), f"{name.upper()}_EXPOSURE")
    if dataset.gti is not None:
        hdus.append(_gti_to_hdu(dataset.gti))
    if dataset.meta.get("obs_ids"):
        hdus.append(_ids_to_hdu(dataset.meta["obs_ids"]))
    return hdus


def dataset_from_hdus(hdus: fits.HDUList, name: str, where: str = "FITS") -> Dataset:
    """The dataset whose HDUs these are."""
    tables = {hdu.name: hdu for hdu in hdus}
    if "COUNTS" not in tables:
        raise MissingHDU("COUNTS", where, sorted(tables))
    maps: dict[str, Any] = {}
    for key in _MAPS:
        if key.upper() in tables:
            value = _read_map(hdus, key.upper(), where)
            maps[key] = _on_counts(value, maps.get("counts", value))
    for key in _MASKS:
        if key in maps:
            maps[key] = maps[key].with_data(np.nan_to_num(maps[key].data) != 0)
    energy = maps["counts"].geom.axis("energy")
    for key in _RESPONSES:
        if key.upper() in tables:
            maps[key] = _response(hdus, key.upper(), energy, where)
    facts = _parsed(tables["PRIMARY"].header.get("META", "{}"), where) if "PRIMARY" in tables else {}
    return Dataset(
        name=name,
        gti=_gti_from_hdu(tables["GTI"], where) if "GTI" in tables else None,
        livetime_s=_livetime(tables["EXPOSURE"].header, where) if "EXPOSURE" in tables else 0.0,
        meta={**_frozen(facts), **_ids(tables.get("META_TABLE"))},
        **maps,
    )


def _count(value: Map) -> int:
    """Number of HDUs of a map; the first of them is the one with its header."""
    return len(map_to_hdus(value, "X"))


# Responses


def _widened(response: SkyResponse) -> Map:
    """The exposure of a response with all its axes, of which the second is one bin: the layout in files."""
    true, other = response.table.geom.axes
    geom = response.exposure.geom.with_axes(true, other.squashed())
    return Map(geom, response.exposure.data[:, None], response.exposure.unit)


def _response(hdus: fits.HDUList, name: str, energy: Axis, where: str) -> SkyResponse:
    table = _read_map(hdus, name, where)
    if len(table.geom.axes) != 2:
        raise DataError(f"{where}: HDU {name!r} has {len(table.geom.axes)} axes; wanted true energy and one more")
    true = table.geom.axes[0]
    if f"{name}_EXPOSURE" in {hdu.name for hdu in hdus}:
        wide = _read_map(hdus, f"{name}_EXPOSURE", where)
        exposure = Map(table.geom.with_axes(true), wide.data.reshape(true.nbin, *wide.data.shape[-2:]), wide.unit)
    else:
        exposure = Map.filled(table.geom.with_axes(true), 1.0, "m2 s")  # an average over sets with equal weights
    if table.geom.axes[1].name == "migra":
        table = _on_energies(table, energy)
    return SkyResponse(table, exposure)


def _on_energies(density: Map, energy: Axis) -> Map:
    """Migration probabilities from densities on (energy_true, migra): each pixel is a response of its own."""
    true, migra = density.geom.axes
    ny, nx = density.geom.image_shape
    pixels = Axis("offset", np.arange(float(ny * nx)), "rad", kind="nodes")
    rows = np.nan_to_num(density.data).reshape(true.nbin, migra.nbin, ny * nx)
    dispersion, _ = EnergyDispersion.normalised(rows, true, migra, pixels)
    matrix = dispersion.migration(true, energy, pixels.center_in("rad"))
    return Map(density.geom.with_axes(true, energy), np.moveaxis(matrix, 0, -1).reshape(true.nbin, energy.nbin, ny, nx))


def _on_counts(value: Map, counts: Map) -> Map:
    """Regions go by that of the counts: files repeat it, or list the off regions instead."""
    if isinstance(value.geom, RegionGeom) and isinstance(counts.geom, RegionGeom):
        return Map(counts.geom.with_axes(*value.geom.axes), value.data, value.unit)
    return value


def _read_map(hdus: fits.HDUList, name: str, where: str) -> Map:
    """In float64, whatever the file keeps."""
    value = map_from_hdus(hdus, name, where=where)
    return value.with_data(value.data.astype(float, copy=False))


# Times and facts


def _gti_to_hdu(gti: GoodTimes) -> Any:
    columns = [fits.Column(name, "D", "s", array=getattr(gti, name.lower())) for name in ("START", "STOP")]
    table = fits.BinTableHDU.from_columns(columns, name="GTI")
    table.header.update({"MJDREFI": int(REFERENCE_MJD), "MJDREFF": 0.0, "TIMESYS": "tt"})
    return table


def _gti_from_hdu(table: Any, where: str) -> GoodTimes:
    offset = mission_offset(table.header, f"{where}: GTI")
    start, stop = (
        np.asarray(table.data[name], dtype=float) * u.Unit(table.columns[name].unit or "s").to("s") + offset
        for name in ("START", "STOP")
    )
    return union([GoodTimes(np.atleast_1d(a), np.atleast_1d(b)) for a, b in zip(start, stop, strict=True)])


def _livetime(header: Any, where: str) -> float:
    facts = _parsed(header.get("META", "{}"), f"{where}: EXPOSURE")
    return float(u.Quantity(facts["livetime"]).to_value("s")) if facts.get("livetime") else 0.0


def _ids_to_hdu(obs_ids: tuple[int, ...]) -> Any:
    """One row that lists all of them, as Gammapy writes it for a stack."""
    ids = np.array([obs_ids], dtype=np.int64)
    return fits.BinTableHDU.from_columns([fits.Column("OBS_ID", f"{ids.size}K", array=ids)], name="META_TABLE")


def _ids(table: Any) -> dict[str, Any]:
    if table is None or "OBS_ID" not in table.columns.names:
        return {}
    values = np.ravel(table.data["OBS_ID"])
    return {
        "obs_ids": tuple(int(value) if str(value).strip().lstrip("-").isdigit() else str(value) for value in values)
    }


def _to_json(facts: Mapping[str, Any], name: str) -> str:
    try:
        return json.dumps(facts, default=_plain)
    except TypeError as error:
        raise DataError(f"dataset {name!r}: meta holds what cannot be written: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} {value!r}; wanted numbers, texts, or lists of them")


def _parsed(text: str, where: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: keyword META is no JSON: {text[:60]!r}") from error
    return found if isinstance(found, dict) else {}


def _frozen(value: Any) -> Any:
    """Lists as tuples: what is read is a value."""
    if isinstance(value, dict):
        return {key: _frozen(entry) for key, entry in value.items()}
    return tuple(_frozen(entry) for entry in value) if isinstance(value, list) else value
