"""Migration matrices in OGIP files (RMF): rows of groups of adjacent channels.

Format: OGIP memo CAL/GEN/92-002 (George et al. 1998).
"""

import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skyfold.errors import DataError, MissingHDU, ShapeError
from skyfold.geom.axis import Axis
from skyfold.io.fits import open_fits
from skyfold.irf.migration import Migration
from skyfold.units import unit

Floats = NDArray[np.float64]

_MATRIX_NAMES = ("MATRIX", "SPECRESP MATRIX")
# Rows that sum to more than this hold more than probabilities.
_MOST = 1.01


def read_rmf(path: str | os.PathLike[str]) -> Migration:
    """The migration matrix of an RMF file.

    Raises
    ------
    DataError
        See `rmf_from_hdus`; or the file cannot be read.
    """
    return rmf_from_hdus(open_fits(path), str(path))


def rmf_from_hdus(hdus: Iterable[Any], path: str) -> Migration:
    """The migration matrix of the HDUs MATRIX (or SPECRESP MATRIX) and EBOUNDS.

    Raises
    ------
    MissingHDU
        One of the two is missing.
    DataError
        A column is missing, a group of channels lies outside EBOUNDS, energies do not rise, or rows sum to more than 1
        (the matrix then contains the effective area).
    """
    found = list(hdus)
    matrix_hdu = _find(found, _MATRIX_NAMES, path)
    bounds = _find(found, ("EBOUNDS",), path)
    true = _axis("energy_true", matrix_hdu, ("ENERG_LO", "ENERG_HI"), path)
    energy = _axis("energy", bounds, ("E_MIN", "E_MAX"), path)
    matrix = np.zeros((true.nbin, energy.nbin))
    for row, channels, values in _groups(matrix_hdu, _first_channel(matrix_hdu, bounds), path):
        if channels.start < 0 or channels.stop > energy.nbin:
            raise DataError(
                f"{_where(matrix_hdu, path)}: row {row} has channels {channels.start} to {channels.stop - 1} from 0;"
                f" EBOUNDS has {energy.nbin}; is TLMIN of F_CHAN right?"
            )
        matrix[row, channels] += values
    most = matrix.sum(axis=1).max()
    if most > _MOST:
        raise DataError(
            f"{_where(matrix_hdu, path)}: rows sum to up to {most:.4g}, wanted at most 1: the matrix contains the"
            " effective area; divide it out and keep it in an ARF"
        )
    return Migration(true, energy, matrix)


def rmf_to_hdus(migration: Migration) -> list[fits.BinTableHDU]:
    """The HDUs MATRIX and EBOUNDS; channels count from 0, rows hold one group for each stretch that is not 0."""
    n = migration.energy.nbin
    stretches = [_stretches(row) for row in migration.matrix]
    first, length, values = (np.empty(len(stretches), dtype=object) for _ in range(3))
    for i, row in enumerate(stretches):
        first[i] = np.array([s.start for s in row], dtype=np.int32)
        length[i] = np.array([s.stop - s.start for s in row], dtype=np.int32)
        values[i] = np.concatenate([np.zeros(0), *(migration.matrix[i, s] for s in row)])
    lo, hi = _ends(migration.energy_true)
    matrix = fits.BinTableHDU.from_columns(
        [
            fits.Column("ENERG_LO", "D", "keV", array=lo),
            fits.Column("ENERG_HI", "D", "keV", array=hi),
            fits.Column("N_GRP", "I", array=np.array([len(row) for row in stretches])),
            fits.Column("F_CHAN", "PJ()", array=first),
            fits.Column("N_CHAN", "PJ()", array=length),
            fits.Column("MATRIX", "PD()", array=values),
        ],
        name="MATRIX",
    )
    common = {"HDUCLASS": "OGIP", "HDUCLAS1": "RESPONSE", "CHANTYPE": "PHA", "DETCHANS": n}
    matrix.header.update(
        {**common, "HDUCLAS2": "RSP_MATRIX", "HDUCLAS3": "REDIST", "HDUVERS": "1.3.0", "TLMIN4": 0, "TLMAX4": n - 1}
    )
    matrix.header["NUMGRP"] = sum(len(row) for row in stretches)
    lo, hi = _ends(migration.energy)
    bounds = fits.BinTableHDU.from_columns(
        [
            fits.Column("CHANNEL", "J", array=np.arange(n)),
            fits.Column("E_MIN", "D", "keV", array=lo),
            fits.Column("E_MAX", "D", "keV", array=hi),
        ],
        name="EBOUNDS",
    )
    bounds.header.update({**common, "HDUCLAS2": "EBOUNDS", "HDUVERS": "1.2.0"})
    return [matrix, bounds]


def _stretches(row: Floats) -> list[slice]:
    """Runs of elements that are not 0."""
    steps = np.diff(np.concatenate([[0], (row != 0).astype(int), [0]]))
    return [slice(int(a), int(b)) for a, b in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True)]


def _ends(axis: Axis) -> tuple[Floats, Floats]:
    edges = axis.edges_in("keV")
    return edges[:-1], edges[1:]


def _where(hdu: Any, path: str) -> str:
    return f"{path}: HDU {hdu.name!r}"


def _find(hdus: list[Any], names: tuple[str, ...], path: str) -> Any:
    for hdu in hdus:
        if hdu.name in names:
            return hdu
    raise MissingHDU(names[0], path, [hdu.name for hdu in hdus])


def _column(hdu: Any, name: str, path: str) -> Any:
    if name not in hdu.columns.names:
        raise DataError(f"{_where(hdu, path)}: no column {name!r}; it has {', '.join(hdu.columns.names)}")
    return hdu.data[name]


def _axis(name: str, hdu: Any, columns: tuple[str, str], path: str) -> Axis:
    """Energies in the file's unit; in log energy unless they begin at 0, as some X-ray files do."""
    lo, hi = (np.asarray(_column(hdu, column, path), dtype=float) for column in columns)
    where = f"{_where(hdu, path)}: columns {', '.join(columns)}"
    own = unit(hdu.columns[columns[0]].unit or "keV", where)
    if lo.size and np.any(np.abs(lo[1:] - hi[:-1]) > 1e-2 * (hi - lo)[1:]):
        raise DataError(f"{where}: bins are not adjacent: each must begin where the one before it ends")
    try:
        return Axis(name, np.append(lo, hi[-1:]), own, "log" if lo.size and lo[0] > 0 else "lin")
    except ShapeError as error:
        raise DataError(f"{where}: {error}") from error


def _first_channel(matrix_hdu: Any, bounds: Any) -> int:
    """Number of the first channel: TLMIN of F_CHAN, else what EBOUNDS begins with, else 1."""
    names = list(matrix_hdu.columns.names)
    if "F_CHAN" in names:
        tlmin = matrix_hdu.header.get(f"TLMIN{names.index('F_CHAN') + 1}")
        if tlmin is not None:
            return int(tlmin)
    if "CHANNEL" in bounds.columns.names and len(bounds.data):
        return int(bounds.data["CHANNEL"][0])
    return 1


def _groups(hdu: Any, first: int, path: str) -> Iterator[tuple[int, slice, Floats]]:
    """Row, channels from 0, and values of every group."""
    counts, starts, lengths, values = (_column(hdu, name, path) for name in ("N_GRP", "F_CHAN", "N_CHAN", "MATRIX"))
    for row in range(len(counts)):
        at = 0
        row_values = np.atleast_1d(values[row])
        n = int(np.atleast_1d(counts[row])[0])
        for start, length in zip(np.atleast_1d(starts[row])[:n], np.atleast_1d(lengths[row])[:n], strict=True):
            begin, size = int(start) - first, int(length)
            if at + size > row_values.size:
                raise DataError(f"{_where(hdu, path)}: row {row} has {row_values.size} values, its groups need more")
            yield row, slice(begin, begin + size), np.asarray(row_values[at : at + size], dtype=float)
            at += size
