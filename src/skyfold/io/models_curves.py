"""Light curves and phase curves as tables: FITS or ECSV, with the columns TIME or PHASE, and NORM."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from skyfold.errors import DataError
from skyfold.events.epoch import REFERENCE_MJD, mission_offset
from skyfold.io.fits import PathLike, open_fits, read_bytes, write_hdus
from skyfold.io.paths import expand
from skyfold.io.yaml_node import said_at
from skyfold.model.temporal.base import DAY
from skyfold.model.temporal.curves import LightCurveTemplate, PhaseCurve
from skyfold.num.double import Floats
from skyfold.units import dress, strip
from skyfold.units import unit as read_unit


def read_light_curve(path: PathLike) -> LightCurveTemplate:
    """Read factors at times.

    TIME counts from MJDREFI + MJDREFF (or MJDREF) in the scale TIMESYS, which is UTC where the file does not say.

    Raises
    ------
    DataError
        The file cannot be read, lacks a column or its reference.
    ModelError
        The times do not rise, or norms are negative or nan.
    UnitError
        TIME has a unit that is none of time.
    """
    file = expand(path)
    time, norms, unit, header = _table(file, "TIME")
    offset = mission_offset({"TIMESYS": "UTC"} | dict(header), str(file))
    unit = unit or str(header.get("TIMEUNIT", ""))
    if not unit:
        raise DataError(f"{file}: column TIME has no unit, and there is no keyword TIMEUNIT; add one")
    with said_at(str(file)):
        return LightCurveTemplate(offset + strip(dress(time, read_unit(unit, str(file))), "s", "TIME"), norms)


def read_phase_curve(path: PathLike, normalize: bool = True) -> PhaseCurve:
    """Read factors by phase; the rotation is that of the Crab pulsar until it is changed.

    Parameters
    ----------
    normalize : make their mean 1.

    Raises
    ------
    DataError
        The file cannot be read or lacks a column, or the norms have no mean to divide by.
    ModelError
        The phases do not rise or exceed one turn, or norms are negative or nan.
    """
    file = expand(path)
    phase, norms, _, _ = _table(file, "PHASE")
    with said_at(str(file)):
        curve = PhaseCurve(phase, norms)
    mean = np.trapezoid(curve.norms, curve.phase)
    if normalize and not mean > 0:
        raise DataError(f"{file}: all norms are 0; wanted some that can be divided by their mean")
    return PhaseCurve(curve.phase, curve.norms / mean) if normalize else curve


def write_light_curve(path: PathLike, curve: LightCurveTemplate, *, overwrite: bool = False) -> None:
    """Write the table of a light curve as FITS; the file is complete or not there.

    Raises
    ------
    DataError
        The file exists and may not be overwritten.
    """
    # From a day near by: others count days of UTC, and lose the leap seconds in between.
    days = max(int(curve.times[0] // DAY), 0)
    hdu = _hdu(TIME=(np.asarray(curve.times) - days * DAY, "s"), NORM=(curve.norms, ""))
    hdu.header.update({"MJDREFI": int(REFERENCE_MJD) + days, "MJDREFF": 0.0, "TIMESYS": "TT", "TIMEUNIT": "s"})
    write_hdus([fits.PrimaryHDU(), hdu], path, overwrite=overwrite)


def write_phase_curve(path: PathLike, curve: PhaseCurve, *, overwrite: bool = False) -> None:
    """Write the table of a phase curve as FITS, from phase 0 to 1: others look up no other phases.

    Raises
    ------
    DataError
        The file exists and may not be overwritten.
    """
    phase, norms = np.asarray(curve.phase), np.asarray(curve.norms)
    if phase[0] != 0:
        seam = np.interp(np.ceil(phase[0]), phase, norms)
        turned = np.mod(phase[:-1], 1.0)
        order = np.argsort(turned)
        inside = order[turned[order] > 0]
        phase, norms = (np.array([a, *x[inside], b]) for a, x, b in ((0, turned, 1), (seam, norms[:-1], seam)))
    write_hdus([fits.PrimaryHDU(), _hdu(PHASE=(phase, ""), NORM=(norms, ""))], path, overwrite=overwrite)


def _hdu(**columns: tuple[Floats, str]) -> fits.BinTableHDU:
    return fits.BinTableHDU.from_columns(
        [fits.Column(name, "D", unit or None, array=values) for name, (values, unit) in columns.items()]
    )


def _table(file: Path, name: str) -> tuple[Floats, Floats, str, Mapping[str, Any]]:
    """The column of that name, that of the norms, the unit of the first, and keywords."""
    columns, units, header = _fits(file) if read_bytes(file).startswith(b"SIMPLE") else _ecsv(file)
    for wanted in (name, "NORM"):
        if wanted not in columns:
            raise DataError(f"{file}: no column {wanted}; there are {', '.join(columns) or 'none'}")
    try:
        values, norms = (np.ravel(np.asarray(columns[key], dtype=float)) for key in (name, "NORM"))
    except (TypeError, ValueError) as error:
        raise DataError(f"{file}: {name} and NORM are not columns of numbers: {error}") from error
    return values, norms, units.get(name, ""), header


def _fits(file: Path) -> tuple[dict[str, Any], dict[str, str], Mapping[str, Any]]:
    tables = [hdu for hdu in open_fits(file) if isinstance(hdu, fits.BinTableHDU)]
    if not tables:
        raise DataError(f"{file}: no table in it; wanted one with a column NORM")
    names = {name.upper(): name for name in tables[0].columns.names}
    units = {name.upper(): str(tables[0].columns[name].unit or "") for name in names.values()}
    return {key: tables[0].data[name] for key, name in names.items()}, units, tables[0].header


def _ecsv(file: Path) -> tuple[dict[str, Any], dict[str, str], Mapping[str, Any]]:
    from astropy.table import Table

    try:
        table = Table.read(read_bytes(file).decode("utf-8"), format="ascii.ecsv")
    except (ValueError, OSError, UnicodeDecodeError) as error:  # what astropy's reader of texts raises
        raise DataError(f"{file}: neither FITS nor an ECSV table: {error}") from error
    units = {name.upper(): str(table[name].unit or "") for name in table.colnames if hasattr(table[name], "unit")}
    return {name.upper(): table[name] for name in table.colnames}, units, table.meta
