"""Spectra in files: tables in text, XSPEC table models, Fermi's isotropic background."""

import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from skyfold.errors import DataError
from skyfold.io.bintable import TableHDU, read_tables
from skyfold.io.fits import PathLike, read_bytes
from skyfold.io.paths import expand
from skyfold.model.source import Source
from skyfold.model.spatial.constant import Constant
from skyfold.model.spectral.base import FLUX_DENSITY
from skyfold.model.spectral.power_law import PowerLawNorm
from skyfold.model.spectral.template import Template
from skyfold.num.double import Floats
from skyfold.units import dress, strip


def read_template(path: PathLike, energy_unit: str, value_unit: str) -> Template:
    """Read a spectrum from the first two columns of a text file, energy and dN/dE (or a pure number, unit "").

    Lines that start with ``#`` are comments. Energies need not be in order; zeros are allowed.

    Raises
    ------
    DataError
        The file is missing, or has a line that is not two numbers.
    UnitError
        The energies are no energies, or the values no flux density.
    ModelError
        An energy occurs twice, or a value is negative or nan.
    """
    table = _numbers(expand(path), columns=2)
    table = table[np.argsort(table[:, 0])]
    energy = dress(table[:, 0], energy_unit)
    return Template(energy, dress(table[:, 1], value_unit))


def read_isotropic(path: PathLike) -> Template:
    """Read the isotropic background of Fermi-LAT, the text file that is published with each response function.

    Its columns are energy in MeV, intensity in MeV-1 s-1 cm-2 sr-1, and the uncertainty, which is not kept. The result
    is the flux density from each steradian: the spectrum of a source whose shape is 1 sr-1 everywhere.

    Raises
    ------
    DataError
        The file is missing, or has a line that is not numbers.
    """
    return read_template(path, "MeV", "MeV-1 s-1 cm-2")


def read_isotropic_source(path: PathLike, datasets: tuple[str, ...] | None = None) -> Source:
    """Read the isotropic background of Fermi-LAT as a source, with a norm and a tilt to fit: ``spectrum.model2.norm``.

    The PSF is left out: it does not change what is the same everywhere.

    Parameters
    ----------
    datasets : names of the datasets it is for; None for all.

    Raises
    ------
    DataError
        The file is missing, or has a line that is not numbers.
    """
    spectrum = read_isotropic(path) * PowerLawNorm()
    return Source(spectrum, Constant(), datasets=datasets, irf=("exposure", "edisp"))


def read_xspec_template(path: PathLike, parameter: float, *, additive: bool) -> Template:
    """Read one row of an XSPEC table model with one parameter.

    Parameters
    ----------
    path : of the FITS file.
    parameter : value of its parameter; one that the table has.
    additive : whether the rows are photons s-1 cm-2 in each bin, or factors. Files say so in the key ADDMODEL of their
        primary header, not always rightly.

    Raises
    ------
    DataError
        The file is no such table, or has no row for that parameter.
    """
    table = read_xspec_table(path)
    near = int(np.argmin(np.abs(table.parameter - parameter)))
    if not np.isclose(table.parameter[near], parameter, rtol=1e-6, atol=0):
        first, last = table.parameter.min(), table.parameter.max()
        raise DataError(
            f"{path}: no row for the parameter {parameter:g}; from {first:g} to {last:g}"
            f" the nearest is {table.parameter[near]:g}"
        )
    if additive:
        return Template(table.energy, table.rows[near] / (table.high - table.low), FLUX_DENSITY)
    return Template(table.energy, table.rows[near], "")


class XspecTable(NamedTuple):
    """A table model of one parameter.

    low, high : (m,), edges of the energy bins in TeV.
    parameter : (n,)
    rows : (n, m)
    """

    low: Floats
    high: Floats
    parameter: Floats
    rows: Floats

    @property
    def energy(self) -> Floats:
        """(m,), the middle of each bin in ln E, TeV."""
        return np.sqrt(self.low * self.high)


def read_xspec_table(path: PathLike) -> XspecTable:
    """Read an XSPEC table model of one parameter (OGIP memo 92-009); its energies are in keV.

    Raises
    ------
    DataError
        The file is missing or no such table.
    """
    file = expand(path)
    tables = {table.name: table for table in read_tables(file)}
    low, high = (_column(tables, file, "ENERGIES", name) for name in ("ENERG_LO", "ENERG_HI"))
    parameter = _column(tables, file, "SPECTRA", "PARAMVAL")
    rows = _column(tables, file, "SPECTRA", "INTPSPEC")
    if parameter.size != len(parameter) or rows.shape != (len(parameter), len(low)):
        raise DataError(
            f"{file}: HDU 'SPECTRA': wanted one parameter and {len(low)} energies in each of {len(parameter)} rows,"
            f" found shapes {parameter.shape} and {rows.shape}"
        )
    return XspecTable(_from_kev(low), _from_kev(high), parameter.ravel(), rows)


def _column(tables: dict[str, TableHDU], file: Path, hdu: str, name: str) -> Floats:
    if hdu not in tables:
        raise DataError(f"{file}: no HDU {hdu!r} of an XSPEC table model; found {', '.join(tables) or 'no tables'}")
    if name not in tables[hdu].columns:
        found = ", ".join(tables[hdu].columns.names)
        raise DataError(f"{file}: HDU {hdu!r} has no column {name}; found {found}")
    return tables[hdu].data[name].astype(float)


def _from_kev(energy: Floats) -> Floats:
    return strip(dress(energy, "keV"), "TeV")


def _numbers(file: Path, columns: int) -> Floats:
    """The first columns of a text file, shape (rows, columns)."""
    lines = read_bytes(file).decode(errors="replace").splitlines()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # of an empty file
            return np.loadtxt(lines, usecols=range(columns), ndmin=2)
    except (ValueError, UserWarning) as error:
        raise DataError(f"{file}: not a table of {columns} columns of numbers: {error}") from None
