"""Covariances of fitted parameters, in the text table that lies beside a model file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from skyfold.errors import DataError
from skyfold.io.fits import read_bytes
from skyfold.num.double import Floats


def covariance_text(names: Sequence[str], matrix: Floats) -> str:
    """A table with a row for each parameter: its name and what it has with each of them, by number.

    Parameters
    ----------
    names : of n parameters.
    matrix : (n, n)
    """
    cells = [["Parameters", *map(str, range(len(names)))]]
    cells += [[name, *(repr(float(x)) for x in row)] for name, row in zip(names, matrix, strict=True)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (" | ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "".join(f"| {line} |\n" for line in lines)


def read_covariance_table(file: Path) -> tuple[list[str], Floats]:
    """Names of n parameters, and their covariance (n, n).

    Raises
    ------
    DataError
        The file is missing or no such table.
    """
    header, *lines = read_bytes(file).decode(errors="replace").splitlines() or [""]
    n = header.strip().strip("|").count("|")  # names may have a bar in them
    rows = [[cell.strip() for cell in line.strip()[1:-1].rsplit("|", n)] for line in lines if line.strip()]
    try:
        matrix = np.array([row[1:] for row in rows], dtype=float).reshape(len(rows), n)
    except ValueError as error:
        raise DataError(f"{file}: not a table of a name and numbers in each row: {error}") from error
    if matrix.shape != (len(rows), len(rows)):
        raise DataError(f"{file}: found {matrix.shape[1]} columns for {len(rows)} parameters; wanted one for each")
    return [row[0] for row in rows], matrix
