"""Find observations: from index tables, or from event files alone."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from skyfold.errors import DataError, UnitError
from skyfold.events.epoch import mission_offset
from skyfold.events.observation import HduRef, ObsRef
from skyfold.events.store import ObservationStore
from skyfold.io.bintable import TableHDU, read_tables
from skyfold.io.dl3 import open_observation
from skyfold.io.dl3_hdus import RECORDS, classify
from skyfold.io.paths import expand
from skyfold.units import unit

PathLike = str | os.PathLike[str]
_INDEX_COLUMNS = ("OBS_ID", "HDU_TYPE", "HDU_CLASS", "FILE_DIR", "FILE_NAME", "HDU_NAME")
# What a selection can use where there is no observation index.
_HEADER_COLUMNS = {
    "OBJECT": "", "RA_PNT": "deg", "DEC_PNT": "deg", "ALT_PNT": "deg", "AZ_PNT": "deg",
    "TSTART": "s", "TSTOP": "s", "ONTIME": "s", "LIVETIME": "s", "DEADC": "",
}  # fmt: skip


def read_store(path: PathLike) -> ObservationStore:
    """The observations of a directory with index tables, of an index table, or of one event file.

    Parameters
    ----------
    path : a directory that holds ``hdu-index.fits.gz`` (or ``.fits``) and usually ``obs-index``, or a file.

    Raises
    ------
    DataError
        There is no such path, no index in it, an index lacks a column, or an id occurs more than once.
    """
    place = expand(path)
    index = find_index(place)
    return read_store_from_files([place]) if index is None else _read_indexed(index)


def find_index(place: Path) -> Path | None:
    """The HDU index that a path means: the one in a directory, or the file itself; None for any other file.

    Raises
    ------
    DataError
        There is nothing at this path, or it is a directory without index.
    """
    if not place.exists():
        raise DataError(f"{place}: no such file or directory")
    if not place.is_dir():
        return place if place.name.startswith("hdu-index") else None
    index = index_file(place, "hdu-index")
    if index is None:
        raise DataError(
            f"{place}: no hdu-index.fits.gz or hdu-index.fits in this directory; give a directory that has one,"
            " or the event files themselves"
        )
    return index


def read_store_from_files(
    events: Sequence[PathLike], irfs: Sequence[PathLike] | PathLike | None = None, *, caldb: PathLike | None = None
) -> ObservationStore:
    """The observations of event files without index.

    Parameters
    ----------
    events : files with an EVENTS and a GTI table, and perhaps the responses.
    irfs : files with the responses, one for each event file or one for all.
    caldb : directory of a calibration database, used for event files that have no response and name one by their
        keywords CALDB and IRF (as in the first CTA data challenge); the variable $CALDB unless told.

    Raises
    ------
    DataError
        A file is missing or has no events, or there is not one response file for each event file.
    """
    files = [expand(path) for path in events]
    responses = _one_each(irfs, len(files))
    refs, columns = [], []
    for file, response in zip(files, responses, strict=True):
        tables = read_tables(file)
        hdus, header = _listed(tables, file), _event_header(tables, file)
        if response is None and not any(ref.kind not in RECORDS for ref in hdus):
            response = _from_caldb(header, caldb)
        hdus += [] if response is None else _listed(read_tables(response), response)
        row = _header_row(header, file)
        refs.append(ObsRef(_obs_id(header, file), tuple(hdus), open_observation, row))
        columns.append(row)
    return ObservationStore(tuple(refs), _as_columns(columns), origin="event files")


def _one_each(irfs: Sequence[PathLike] | PathLike | None, n: int) -> list[Path | None]:
    if irfs is None:
        return [None] * n
    if isinstance(irfs, str | os.PathLike):
        return [expand(irfs)] * n
    if len(irfs) != n:
        raise DataError(
            f"{n} event files and {len(irfs)} response files; wanted one response file for each, or one for all"
        )
    return [expand(path) for path in irfs]


# With index tables


def index_file(directory: Path, stem: str) -> Path | None:
    """The index table of a directory, compressed or not; None if there is none."""
    candidates = (directory / f"{stem}{suffix}" for suffix in (".fits.gz", ".fits"))
    return next((path for path in candidates if path.exists()), None)


def _read_indexed(index: Path) -> ObservationStore:
    listed = read_hdu_index(index)
    about = index_file(index.parent, "obs-index")
    if about is None:
        rows = {obs_id: _row_from_file(refs, index) for obs_id, refs in listed.items()}
        refs = tuple(ObsRef(obs_id, hdus, open_observation, rows[obs_id]) for obs_id, hdus in listed.items())
        return ObservationStore(refs, _as_columns(list(rows.values())), origin=str(index.parent))
    ids, columns = read_obs_index(about)
    if {"TSTART", "TSTOP"} - set(columns):  # the index has no usable times: the files have
        columns = dict(columns) | _times_from_files(ids, listed, index)
    plain = {name: getattr(values, "value", values).tolist() for name, values in columns.items()}
    refs = tuple(
        ObsRef(obs_id, listed.get(obs_id, ()), open_observation, {name: plain[name][i] for name in plain})
        for i, obs_id in enumerate(ids.tolist())
    )
    return ObservationStore(refs, columns, origin=str(index.parent))


def read_hdu_index(path: Path) -> dict[int, tuple[HduRef, ...]]:
    """The HDUs of each observation, in the order of the index.

    Raises
    ------
    DataError
        The table lacks a column of the GADF HDU index.
    """
    table = only_table(path)
    missing = [name for name in _INDEX_COLUMNS if name not in table.columns and name != "FILE_DIR"]
    if missing:
        raise DataError(
            f"{path}: no column {', '.join(missing)}; is this an HDU index? It has {', '.join(table.columns.names)}"
        )
    rows = {name: table.data[name] for name in _INDEX_COLUMNS if name in table.columns}
    texts = [str(text) for text in rows.get("FILE_DIR", np.full(len(table.data), ""))]
    folders = {text: _folder(path.parent, text) for text in set(texts)}
    listed: dict[int, list[HduRef]] = {}
    for i, obs_id in enumerate(rows["OBS_ID"].tolist()):
        kind, hdu_class = str(rows["HDU_TYPE"][i]).strip().lower(), str(rows["HDU_CLASS"][i]).strip().lower()
        file = folders[texts[i]] / str(rows["FILE_NAME"][i]).strip()
        listed.setdefault(obs_id, []).append(HduRef(kind, hdu_class, file, str(rows["HDU_NAME"][i]).strip()))
    return {obs_id: tuple(refs) for obs_id, refs in listed.items()}


def _folder(base: Path, text: str) -> Path:
    """FILE_DIR may be blank or masked; otherwise it is relative to the index, unless it is absolute or a variable."""
    text = text.strip().strip("\x00")
    return base if text in ("", "--", ".", "./", "N/A") else Path(os.path.normpath(base / expand(text)))


def read_obs_index(path: Path) -> tuple[NDArray[np.int64], Mapping[str, Any]]:
    """Ids and columns of an observation index; times count from our reference, and are left out if it cannot be told.

    Raises
    ------
    DataError
        The table has no column OBS_ID.
    """
    table = only_table(path)
    if "OBS_ID" not in table.columns:
        raise DataError(
            f"{path}: no column OBS_ID; is this an observation index? It has {', '.join(table.columns.names)}"
        )
    columns = {name: _with_unit(table, name) for name in table.columns if name.upper() != "OBS_ID"}
    for name in ("TSTART", "TSTOP"):
        if name in columns and not _has_reference(table.header):
            del columns[name]
        elif name in columns:
            seconds = np.asarray(getattr(columns[name], "value", columns[name]), dtype=float)
            columns[name] = (seconds + mission_offset(table.header, str(path))) << u.s
    return table.data["OBS_ID"].astype(np.int64), columns


def _has_reference(header: Mapping[str, Any]) -> bool:
    return "MJDREFI" in header or "MJDREF" in header


def _with_unit(table: TableHDU, name: str) -> Any:
    values, text = table.data[name], table.columns[name].unit
    if text is None or values.dtype.kind not in "fiu":
        return values
    try:
        return values.astype(float) << unit(text)
    except UnitError:  # an index column is only ever selected on: its numbers are good without
        return values


def only_table(path: Path) -> TableHDU:
    """The table of an index file."""
    tables = read_tables(path)
    if not tables:
        raise DataError(f"{path}: no table in this file; wanted an index table")
    return tables[0]


def _events_of(refs: Iterable[HduRef], index: Path) -> Path:
    for ref in refs:
        if ref.kind == "events":
            return ref.path
    raise DataError(
        f"{index}: an observation without events; add a row with HDU_TYPE 'events' or remove the observation"
    )


def _row_from_file(refs: Iterable[HduRef], index: Path) -> dict[str, Any]:
    file = _events_of(refs, index)
    return _header_row(_event_header(read_tables(file), file), file)


def _times_from_files(ids: NDArray[np.int64], listed: Mapping[int, tuple[HduRef, ...]], index: Path) -> dict[str, Any]:
    rows = [_row_from_file(listed.get(obs_id, ()), index) for obs_id in ids.tolist()]
    return {name: values for name, values in _as_columns(rows).items() if name in ("TSTART", "TSTOP")}


# Without index tables


def _listed(tables: Iterable[TableHDU], file: Path) -> list[HduRef]:
    found = [(classify(hdu), hdu.name) for hdu in tables]
    return [HduRef(*kind, file, name) for kind, name in found if kind is not None]


def _event_header(tables: Iterable[TableHDU], file: Path) -> Mapping[str, Any]:
    for hdu in tables:
        if classify(hdu) == ("events", "events"):
            return hdu.header
    raise DataError(f"{file}: no EVENTS table; wanted an event file in the GADF format")


def _obs_id(header: Mapping[str, Any], file: Path) -> int:
    try:
        return int(header["OBS_ID"])
    except (KeyError, ValueError, TypeError):
        raise DataError(
            f"{file}: EVENTS has no number in its keyword OBS_ID; observations are told apart by it"
        ) from None


def _header_row(header: Mapping[str, Any], file: Path) -> dict[str, Any]:
    row = {name: header[name] for name in _HEADER_COLUMNS if header.get(name) is not None}
    if "TSTART" in row or "TSTOP" in row:
        offset = mission_offset(header, f"{file}: EVENTS")
        row |= {name: float(row[name]) + offset for name in ("TSTART", "TSTOP") if name in row}
    return row


def _as_columns(rows: list[dict[str, Any]]) -> Mapping[str, Any]:
    """Columns of the keywords that all rows have."""
    names = [name for name in _HEADER_COLUMNS if rows and all(name in row for row in rows)]
    return {name: _column([row[name] for row in rows], _HEADER_COLUMNS[name]) for name in names}


def _column(values: list[Any], unit_text: str) -> Any:
    return np.array(values, dtype=float) << u.Unit(unit_text) if unit_text else np.array(values)


def _from_caldb(header: Mapping[str, Any], caldb: PathLike | None) -> Path | None:
    """``<caldb>/data/<telescope>/<CALDB>/bcf/<IRF>/irf_file.fits``, if the header names such a response."""
    names = [str(header.get(key, "")).strip() for key in ("TELESCOP", "CALDB", "IRF")]
    root = os.environ.get("CALDB") if caldb is None else caldb
    if not all(names) or root is None:
        return None
    return expand(root) / "data" / names[0].lower() / names[1] / "bcf" / names[2] / "irf_file.fits"
