"""X-ray images: what headers say, and what they do not."""

import numpy as np
import pytest
from astropy.io import fits

from skyfold.errors import DataError
from skyfold.geom.header import to_header
from skyfold.geom.wcs import WcsGeom
from skyfold.io.xray import read_circles, read_xray_image
from tests.fit.toys import CENTER

GEOM = WcsGeom.create(CENTER, npix=(8, 6), pixel="4 arcsec", proj="TAN")


def write(folder, band="(1000:2000", word="PI"):
    """A counts image with a data subspace, and an exposure map without unit."""
    header = to_header(GEOM)
    header.update({"DSTYP1": "CCDNR", "DSVAL1": "1", "OBJECT": "A 1835", "DATE-OBS": "2000-06-28T03:19:41"})
    header["EXPOSURE"] = 28337.4
    if word:
        header.update({"DSTYP2": word, "DSVAL2": band})
    fits.PrimaryHDU(np.arange(48).reshape(6, 8), header).writeto(folder / "counts.fits")
    exposure = np.full((6, 8), 1000.0)
    exposure[0] = 0
    fits.PrimaryHDU(exposure, to_header(GEOM)).writeto(folder / "exposure.fits")
    return folder / "counts.fits", folder / "exposure.fits"


@pytest.mark.parametrize(("word", "band"), [("PI", "(1000:2000"), ("energy", "1000.0:2000.0"), ("PI", "[1000:2000)")])
def test_the_band_is_that_of_the_header(tmp_path, word, band):
    dataset = read_xray_image(*write(tmp_path, band, word))
    assert dataset.name == "a-1835"
    np.testing.assert_allclose(dataset.energy.edges_in("keV"), [1, 2])
    assert dataset.counts.data.sum() == 48 * 47 / 2
    assert dataset.safe.sum() == 40  # not observed without exposure
    assert dataset.meta["date_obs"] == "2000-06-28T03:19:41"
    assert dataset.livetime_s == 28337.4


def test_another_band_than_that_of_the_header_is_an_error(tmp_path):
    files = write(tmp_path)
    with pytest.raises(DataError, match="asked for 1 keV to 3 keV, its header says that events of 1 keV to 2 keV"):
        read_xray_image(*files, band=("1 keV", "3 keV"))
    assert read_xray_image(*files, band=("1000 eV", "2 keV"), name="mine").name == "mine"


def test_a_header_that_tells_no_band_needs_one(tmp_path):
    files = write(tmp_path, word="")
    with pytest.raises(
        DataError, match=r"counts\.fits: its header has no data subspace of PI or ENERGY: give the band"
    ):
        read_xray_image(*files)
    np.testing.assert_allclose(read_xray_image(*files, band=("1 keV", "3 keV")).energy.edges_in("keV"), [1, 3])


def test_circles_count_pixels_from_one(tmp_path):
    (tmp_path / "circles.txt").write_text("1 1 2.5\n8 6 1\n")
    first, last = read_circles(tmp_path / "circles.txt", GEOM)
    x, y = GEOM.to_pix(first.center)
    assert (float(x), float(y)) == pytest.approx((0, 0), abs=1e-6)
    assert first.radius.to_value("arcsec") == pytest.approx(10)
    assert float(GEOM.to_pix(last.center)[0]) == pytest.approx(7, abs=1e-6)


def test_circles_that_are_none_are_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.txt: cannot be read"):
        read_circles(tmp_path / "none.txt", GEOM)
    for text, found in (("1 2\n", "found 2 columns"), ("1 2 a\n", "wanted lines of x, y and radius")):
        (tmp_path / "bad.txt").write_text(text)
        with pytest.raises(DataError, match=found):
            read_circles(tmp_path / "bad.txt", GEOM)
