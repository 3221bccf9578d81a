"""Tables of many rows are the bytes that astropy would write."""

import io

import numpy as np
import pytest
from astropy.io import fits

from skyfold.errors import DataError
from skyfold.io.fits import write_hdus
from skyfold.io.raw_table import RawTable

N = 10_000  # more rows than are filled together
RNG = np.random.default_rng(3)
COLUMNS = {
    "ID": ("K", None, None, np.arange(N)),
    "FEW": ("K", None, None, np.arange(N, dtype="u2")),
    "X": ("D", "deg", None, RNG.random(N)),
    "SINGLE": ("D", "m", None, RNG.random(N, dtype="f4")),
    "BACKWARDS": ("D", None, None, RNG.random(N)[::-1]),
    "WORD": ("3A", None, None, np.array(["abc", "de", ""])[RNG.integers(0, 3, N)]),
    "FLAG": ("L", None, None, RNG.random(N) < 0.5),
    "BITS": ("4L", None, None, RNG.random((N, 4)) < 0.5),
    "CUBE": ("6D", None, "(3,2)", RNG.random((N, 2, 3))),
}


def made(rows):
    values = {name: column[-1][rows] for name, column in COLUMNS.items()}
    columns = [fits.Column(name, form, unit, dim=dim) for name, (form, unit, dim, _) in COLUMNS.items()]
    table = RawTable.of(columns, values, "MANY")
    table.header["TELESCOP"] = "toy"
    return table


def by_astropy(rows):
    columns = [
        fits.Column(name, form, unit, dim=dim, array=values[rows])
        for name, (form, unit, dim, values) in COLUMNS.items()
    ]
    table = fits.BinTableHDU.from_columns(columns, name="MANY")
    table.header["TELESCOP"] = "toy"
    return table


@pytest.mark.parametrize("n", [0, 1, 4096, N])
def test_a_file_with_raw_tables_has_the_bytes_that_astropy_writes(tmp_path, n):
    rows, image = slice(0, n), fits.ImageHDU(np.ones((3, 4)), name="IMAGE")
    write_hdus([fits.PrimaryHDU(), made(rows), made(rows), image, made(rows)], tmp_path / "a.fits")
    buffer = io.BytesIO()
    usual = [fits.PrimaryHDU(), by_astropy(rows), by_astropy(rows), image, by_astropy(rows)]
    fits.HDUList(usual).writeto(buffer)
    assert (tmp_path / "a.fits").read_bytes() == buffer.getvalue()


def test_texts_that_fits_cannot_hold_are_refused():
    with pytest.raises(DataError, match="column 'WORD': 'α' cannot be written: FITS has ASCII"):
        RawTable.of([fits.Column("WORD", "3A")], {"WORD": np.array(["α"])}, "MANY")
