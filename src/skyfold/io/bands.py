"""Axes of maps as the tables of the GADF map format hold them (``BANDS``), and as other programs' cubes do.

A BANDS table has one row for each image of a cube. The keyword ``AXCOLSi`` names the columns of axis i: two for edges
(``E_MIN,E_MAX``), one for nodes (``ENERGY_TRUE``); ``INTERPi`` its scale. Axis 1 varies fastest from row to row, so
file order is our array order backwards. Names of axes are upper case in files and lower case here.
"""

from typing import Any

import numpy as np
from astropy.io import fits

from skyfold.errors import DataError, ShapeError
from skyfold.events.epoch import REFERENCE_MJD, mission_offset
from skyfold.geom.axis import AnyAxis, Axis, LabelAxis, TimeAxis
from skyfold.units import unit as read_unit

_EDGES = {"energy": ("E_MIN", "E_MAX")}
_TIME = {"MJDREFI": int(REFERENCE_MJD), "MJDREFF": 0.0, "TIMESYS": "tt"}


def axis_keywords(axes: tuple[AnyAxis, ...]) -> dict[str, Any]:
    """AXCOLSi and INTERPi of axes in array order, and the time reference if one is of time."""
    keywords: dict[str, Any] = {}
    for i, axis in enumerate(reversed(axes), start=1):
        upper = axis.name.upper()
        if isinstance(axis, LabelAxis) or (isinstance(axis, Axis) and axis.kind == "nodes"):
            keywords[f"AXCOLS{i}"] = upper
        else:
            keywords[f"AXCOLS{i}"] = ",".join(_edge_names(axis.name))
        if not isinstance(axis, LabelAxis):
            keywords[f"INTERP{i}"] = axis.scale if isinstance(axis, Axis) else "lin"
        if isinstance(axis, TimeAxis):
            keywords |= _TIME
    return keywords


def bands_table(axes: tuple[AnyAxis, ...], name: str) -> fits.BinTableHDU:
    """The BANDS table of axes in array order."""
    shape = tuple(axis.nbin for axis in axes)
    rows = int(np.prod(shape))
    columns = [fits.Column("CHANNEL", "K", array=np.arange(rows))]
    for number, axis in reversed(list(enumerate(axes))):
        index = np.arange(rows) // int(np.prod(shape[number + 1 :])) % axis.nbin
        columns += [
            fits.Column(title, form, unit=unit, array=values[index]) for title, form, unit, values in _columns(axis)
        ]
    table = fits.BinTableHDU.from_columns(columns, name=name)
    table.header.update(axis_keywords(axes))
    return table


def _columns(axis: AnyAxis) -> list[tuple[str, str, str | None, Any]]:
    upper, (lo, hi) = axis.name.upper(), _edge_names(axis.name)
    if isinstance(axis, LabelAxis):
        return [(upper, f"{max(len(label) for label in axis.labels)}A", None, np.array(axis.labels))]
    if isinstance(axis, TimeAxis):
        middle = (axis.start + axis.stop) / 2
        return [(upper, "D", "s", middle), (lo, "D", "s", axis.start), (hi, "D", "s", axis.stop)]
    unit, edges = axis.unit.to_string("fits"), axis.edges.value
    return [(upper, "D", unit, axis.center.value), (lo, "D", unit, edges[:-1]), (hi, "D", unit, edges[1:])]


def _edge_names(name: str) -> tuple[str, str]:
    return _EDGES.get(name, (f"{name.upper()}_MIN", f"{name.upper()}_MAX"))


def read_bands(table: Any, keywords: Any, where: str) -> tuple[AnyAxis, ...]:
    """Axes in array order, from a BANDS table or from the energy tables of Fermi cubes.

    Parameters
    ----------
    keywords : header that holds AXCOLSi and INTERPi: that of the map or of the table.

    Raises
    ------
    DataError
        Columns are missing, or bins leave gaps.
    """
    if "AXCOLS1" not in keywords:
        return (_fermi_axis(table, where),)
    axes: list[AnyAxis] = []
    stride, i = 1, 1
    while f"AXCOLS{i}" in keywords:
        names = [name.strip() for name in str(keywords[f"AXCOLS{i}"]).split(",")]
        columns = [_column(table, name, where) for name in names]
        size = _size(columns[0], stride)
        values = [column[: stride * size : stride] for column in columns]
        scale = str(keywords.get(f"INTERP{i}", "")).strip().lower()
        axes.append(_axis(names, values, table, keywords, scale, where))
        stride, i = stride * size, i + 1
    if stride != len(table.data):
        raise DataError(f"{where}: axes of {' × '.join(str(a.nbin) for a in axes)} bins, but {len(table.data)} rows")
    if table.name == "ENERGIES" and len(axes) == 1 and axes[0].name == "energy" and isinstance(axes[0], Axis):
        axes = [axes[0].renamed("energy_true")]  # Fermi's name of a table of true energies
    return tuple(reversed(axes))


def _axis(names: list[str], values: list[Any], table: Any, keywords: Any, scale: str, where: str) -> AnyAxis:
    name = names[0].lower()
    if len(names) == 2:
        name = "energy" if name == "e_min" else name.removesuffix("_min")
    if values[0].dtype.kind in "US":
        return LabelAxis(name, tuple(str(label).strip() for label in values[0]))
    if name == "time" and len(names) == 2:
        # In whatever unit and reference; Gammapy puts the reference in both headers.
        unit = _unit(table, names[0], where)
        header = table.header if "MJDREFI" in table.header else keywords
        start, stop = (v * unit.to("s") + mission_offset(header, where) for v in values)
        return TimeAxis(start, stop, name)
    usual = "log" if name in ("energy", "energy_true") else "lin"
    known: Any = scale if scale in ("lin", "log", "sqrt") else usual
    try:
        if len(names) == 1:
            return Axis(name, values[0], _unit(table, names[0], where), known, "nodes")
        return Axis(name, _edges(values[0], values[1], where), _unit(table, names[0], where), known)
    except ShapeError as error:
        raise DataError(f"{where}: {error}") from error


def _fermi_axis(table: Any, where: str) -> Axis:
    """EBOUNDS and BANDS without keywords hold bins of energy, ENERGIES the nodes of true energy."""
    names = {str(name).upper() for name in table.columns.names}
    if {"E_MIN", "E_MAX"} <= names:
        edges = _edges(_column(table, "E_MIN", where), _column(table, "E_MAX", where), where)
        return Axis("energy", edges, _unit(table, "E_MIN", where), "log")
    unit = _unit(table, "ENERGY", where)
    energies = _column(table, "ENERGY", where)
    return Axis("energy_true", energies, unit if unit != read_unit("") else read_unit("MeV"), "log", "nodes")


def _edges(lo: Any, hi: Any, where: str) -> Any:
    if not np.allclose(lo[1:], hi[:-1], rtol=1e-5, atol=1e-6 * float(np.max(np.abs(hi)))):
        raise DataError(f"{where}: bins leave gaps or overlap: {lo[1:]} against {hi[:-1]}")
    return np.append(lo, hi[-1:])


def _size(column: Any, stride: int) -> int:
    """Number of bins of an axis: how often its values change before the first one comes back."""
    values = column[::stride]
    again = np.flatnonzero(values[1:] == values[0])
    return int(again[0]) + 1 if again.size else len(values)


def _column(table: Any, name: str, where: str) -> Any:
    for known in table.columns.names:
        if known.upper() == name.upper():
            values = np.asarray(table.data[known])
            return values if values.dtype.kind in "US" else values.astype(float)
    raise DataError(f"{where}: no column {name!r}; it has {', '.join(table.columns.names)}")


def _unit(table: Any, name: str, where: str) -> Any:
    units = {known.upper(): column.unit for known, column in zip(table.columns.names, table.columns, strict=True)}
    return read_unit(units.get(name.upper()) or "", f"{where}, column {name!r}")
