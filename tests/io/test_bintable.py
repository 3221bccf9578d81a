import gzip

import numpy as np
import pytest
from astropy.io import fits

from skyfold.errors import DataError
from skyfold.io.bintable import read_tables


def write(path, *hdus):
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    return path


def every_kind(n=3):
    rng = np.random.default_rng(0)
    columns = [
        fits.Column("B", "L", array=np.array([True, False, True])),
        fits.Column("X", "11X", array=rng.integers(0, 2, (n, 11)).astype(bool)),
        fits.Column("U", "J", bzero=2**31, array=np.array([0, 5, 2**32 - 1], dtype="u4")),
        fits.Column("K", "K", array=np.array([-(2**60), 0, 7])),
        fits.Column("A", "8A", array=np.array(["abc", "", "x y"])),
        fits.Column("E", "E", "deg", array=rng.normal(size=n)),
        fits.Column("D", "6D", "m2", dim="(3,2)", array=rng.normal(size=(n, 2, 3))),
        fits.Column("S", "I", array=np.array([0, 3, 4], dtype="i2")),
        fits.Column("C", "M", array=rng.normal(size=n) + 1j),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="KINDS")
    hdu.header.update({"TSCAL8": 0.5, "TZERO8": 10.0})
    return hdu


@pytest.mark.parametrize("suffix", [".fits", ".fits.gz"])
def test_columns_of_every_kind_are_read_as_astropy_reads_them(tmp_path, suffix):
    path = write(tmp_path / f"x{suffix}", every_kind())
    (table,) = read_tables(path)
    with fits.open(path) as hdus:
        theirs = hdus[1]
        assert table.columns.names == theirs.columns.names
        for column in theirs.columns:
            np.testing.assert_array_equal(table.data[column.name], np.asarray(theirs.data[column.name]), column.name)
            assert table.columns[column.name].unit == column.unit


def test_rows_come_in_native_byte_order(tmp_path):
    (table,) = read_tables(write(tmp_path / "x.fits", every_kind()))
    assert table.data["D"].dtype.isnative
    assert table.data["D"].flags.writeable


def test_an_exact_name_goes_before_one_in_another_case(tmp_path):
    columns = [
        fits.Column("ra", "D", array=[1.0]),
        fits.Column("RA", "D", array=[2.0]),
        fits.Column("Dec", "D", array=[3.0]),
    ]
    (table,) = read_tables(write(tmp_path / "x.fits", fits.BinTableHDU.from_columns(columns)))
    assert table.data["RA"][0] == 2.0
    assert table.data["ra"][0] == 1.0
    assert table.data["DEC"][0] == 3.0
    assert "DEC" in table.columns
    assert "ALT" not in table.columns


def test_images_are_passed_over(tmp_path):
    path = write(tmp_path / "x.fits", fits.ImageHDU(np.zeros((7, 5)), name="MAP"), every_kind())
    assert [table.name for table in read_tables(path)] == ["KINDS"]


def test_gzip_in_several_members_is_one_file(tmp_path):
    path = write(tmp_path / "x.fits", every_kind())
    content = path.read_bytes()
    joined = tmp_path / "two.fits.gz"
    joined.write_bytes(gzip.compress(content[:5000]) + gzip.compress(content[5000:]))
    assert len(read_tables(joined)[0].data) == 3


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"nothing\.fits: no such file"):
        read_tables(tmp_path / "nothing.fits")


def test_truncated_gzip(tmp_path):
    path = write(tmp_path / "x.fits.gz", every_kind())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"x\.fits\.gz: the gzip file is damaged or was cut short"):
        read_tables(path)


def test_truncated_file(tmp_path):
    path = write(tmp_path / "x.fits", every_kind())
    path.write_bytes(path.read_bytes()[:-2880])
    with pytest.raises(DataError, match=r"x\.fits: HDU 'KINDS' is cut short: its header promises \d+ bytes"):
        read_tables(path)


def test_truncated_header(tmp_path):
    path = write(tmp_path / "x.fits", every_kind())
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"x\.fits: cannot be read as FITS.*damaged"):
        read_tables(path)


def test_something_else_than_fits(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("hello, world")
    with pytest.raises(DataError, match=r"x\.txt: not a FITS file: it starts with b'hello, wo'"):
        read_tables(path)


def test_row_width_that_does_not_fit(tmp_path):
    path = write(tmp_path / "x.fits", every_kind())
    broken = path.read_bytes().replace(b"TFORM4  = 'K       '", b"TFORM4  = 'J       '")
    path.write_bytes(broken)
    with pytest.raises(DataError, match=r"its columns take \d+ bytes a row, NAXIS1 says"):
        read_tables(path)


def test_variable_arrays_are_named(tmp_path):
    column = fits.Column("V", "PD()", array=np.array([np.zeros(2), np.zeros(3)], dtype=object))
    (table,) = read_tables(write(tmp_path / "x.fits", fits.BinTableHDU.from_columns([column])))
    with pytest.raises(DataError, match="column 'V': arrays of variable length"):
        table.data["V"]
