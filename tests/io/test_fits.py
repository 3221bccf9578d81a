import gzip
import tracemalloc

import numpy as np
import pytest
from astropy.io import fits

from skyfold.errors import DataError, MissingHDU
from skyfold.io.atomic import write_bytes
from skyfold.io.fits import find_hdu, image_of, open_fits, streamed_fits, write_hdus


def hdus() -> list:
    image = fits.ImageHDU(np.arange(10_000.0).reshape(100, 100), name="SKY")
    table = fits.BinTableHDU.from_columns([fits.Column("X", "D", array=np.arange(500.0))], name="ROWS")
    return [fits.PrimaryHDU(), image, table]


@pytest.mark.parametrize("name", ["a.fits", "a.fits.gz"])
def test_what_is_written_is_read_and_nothing_stays_open(tmp_path, name):
    path = tmp_path / name
    write_hdus(hdus(), path)
    found = open_fits(path)
    path.unlink()
    assert [hdu.name for hdu in found] == ["PRIMARY", "SKY", "ROWS"]
    np.testing.assert_array_equal(find_hdu(found, "sky", path).data, np.arange(10_000.0).reshape(100, 100))
    np.testing.assert_array_equal(found["ROWS"].data["X"], np.arange(500.0))
    assert list(tmp_path.iterdir()) == []


def test_the_same_content_makes_the_same_bytes(tmp_path):
    for name in ("a.fits.gz", "b.fits.gz"):
        write_hdus(hdus(), tmp_path / name)
    assert (tmp_path / "a.fits.gz").read_bytes() == (tmp_path / "b.fits.gz").read_bytes()


def test_a_file_is_replaced_only_if_allowed(tmp_path):
    path = tmp_path / "new" / "a.fits"
    write_hdus(hdus(), path)
    with pytest.raises(DataError, match="a.fits: exists already; allow to overwrite it, or name another file"):
        write_hdus(hdus()[:1], path)
    assert len(open_fits(path)) == 3
    write_hdus(hdus()[:1], path, overwrite=True)
    assert len(open_fits(path)) == 1


def test_a_place_that_cannot_be_written_to_is_named_and_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"file/a.fits: cannot be written"):
        write_bytes(b"", tmp_path / "file" / "a.fits")
    (tmp_path / "a.fits").mkdir()
    with pytest.raises(DataError, match=r"a.fits: cannot be written"):
        write_bytes(b"", tmp_path / "a.fits", overwrite=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.fits", "file"]


def streamed(path):
    with streamed_fits(path) as found:
        return list(found)


both_ways = pytest.mark.parametrize("opened", [open_fits, streamed], ids=["at once", "streamed"])


@both_ways
def test_files_that_are_not_fits_are_named(tmp_path, opened):
    path = tmp_path / "a.fits"
    with pytest.raises(DataError, match=r"a.fits: no such file"):
        opened(path)
    path.write_text("hello")
    with pytest.raises(DataError, match=r"a.fits: not a FITS file: it starts with b'hello'"):
        opened(path)


@both_ways
@pytest.mark.parametrize("keep", [0.02, 0.5, 0.9])
def test_files_cut_short_are_named(tmp_path, keep, opened):
    path = tmp_path / "a.fits"
    write_hdus(hdus(), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(DataError, match=r"a.fits: (HDU 'SKY' is cut|cannot be read|the HDU after .* is damaged)"):
        opened(path)
    zipped = tmp_path / "b.fits.gz"
    packed = gzip.compress(content)
    zipped.write_bytes(packed[: int(keep * len(packed))])
    with pytest.raises(DataError, match=r"b.fits.gz: the gzip file is damaged or was cut short"):
        opened(zipped)


@pytest.mark.parametrize("name", ["a.fits", "a.fits.gz"])
def test_what_is_streamed_is_what_the_file_holds(tmp_path, name):
    path = tmp_path / name
    write_hdus(hdus(), path)
    with streamed_fits(path) as found:
        image, rows = image_of(find_hdu(found, "sky", path)), found["ROWS"].data["X"]
    path.unlink()
    np.testing.assert_array_equal(image, np.arange(10_000.0).reshape(100, 100))
    np.testing.assert_array_equal(rows, np.arange(500.0))


def test_streamed_data_are_in_memory_once(tmp_path):
    cube = np.ones((20, 200, 250))
    write_hdus([fits.PrimaryHDU(), fits.ImageHDU(cube, name="SKY")], tmp_path / "a.fits")
    tracemalloc.start()
    with streamed_fits(tmp_path / "a.fits") as found:
        image = image_of(found["SKY"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(image, cube)
    assert peak < 1.2 * cube.nbytes


def test_a_missing_hdu_is_named_with_those_there(tmp_path):
    write_hdus(hdus(), tmp_path / "a.fits")
    with pytest.raises(MissingHDU, match=r"a.fits: no HDU 'COUNTS'; this file has PRIMARY, SKY, ROWS"):
        find_hdu(open_fits(tmp_path / "a.fits"), "COUNTS", tmp_path / "a.fits")


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 5), (2, 2, 3, 5)])
def test_the_numbers_of_an_image_are_those_of_astropy(tmp_path, dtype, shape):
    data = np.random.default_rng(0).uniform(0, 100, shape).astype(dtype)
    write_hdus([fits.PrimaryHDU(), fits.ImageHDU(data, name="SKY")], tmp_path / "a.fits.gz")
    found = image_of(open_fits(tmp_path / "a.fits.gz")["SKY"])
    assert found.dtype == np.dtype(dtype)  # of this machine
    assert found.flags.writeable
    np.testing.assert_array_equal(found, data)


def test_numbers_that_a_header_scales_are_scaled(tmp_path):
    unsigned = fits.ImageHDU(np.array([[1, 40_000], [65_535, 0]], dtype=np.uint16), name="UNSIGNED")  # BZERO
    scaled = fits.ImageHDU(np.array([[0, 2], [4, -32768]], dtype=np.int16), name="SCALED")
    scaled.header.update({"BSCALE": 0.5, "BZERO": 1.0, "BLANK": -32768})
    write_hdus([fits.PrimaryHDU(), unsigned, scaled], tmp_path / "a.fits")
    found = open_fits(tmp_path / "a.fits")
    np.testing.assert_array_equal(image_of(found["UNSIGNED"]), [[1, 40_000], [65_535, 0]])
    np.testing.assert_array_equal(image_of(found["SCALED"]), [[1.0, 2.0], [3.0, np.nan]])


def test_the_numbers_of_an_image_that_is_in_no_file():
    np.testing.assert_array_equal(image_of(hdus()[1]), np.arange(10_000.0).reshape(100, 100))


def test_the_numbers_of_a_compressed_image(tmp_path):
    data = np.arange(60, dtype=np.int32).reshape(6, 10)
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(data, name="SKY")]).writeto(tmp_path / "a.fits")
    np.testing.assert_array_equal(image_of(open_fits(tmp_path / "a.fits")["SKY"]), data)


def test_the_numbers_of_an_image_that_was_changed_after_it_was_read(tmp_path):
    write_hdus(hdus(), tmp_path / "a.fits")
    found = open_fits(tmp_path / "a.fits")["SKY"]
    found.data[3] = -1.0
    assert (image_of(found)[3] == -1).all()
    found.data = np.ones((2, 3))
    np.testing.assert_array_equal(image_of(found), np.ones((2, 3)))
