import io
import os

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image

from skyfold.errors import DataError, MissingHDU, ShapeError
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.io.maps import read_map, write_map
from skyfold.io.pictures import read_image, read_picture, write_counts, write_photons
from skyfold.maps.map import Map
from skyfold.simulate.draw import draw_counts, draw_photons
from skyfold.simulate.scene import Scene
from skyfold.simulate.views import View, exposure_map

BRIGHT = np.array([[10, 20, 30], [40, 50, 60]], dtype=np.uint8)  # top row first, as picture files have it
CENTER = SkyCoord(266.4, -29.0, unit="deg")


@pytest.mark.parametrize("kind", ["png", "tiff", "bmp"])
def test_rows_of_picture_files_are_turned_over(tmp_path, kind):
    path = tmp_path / f"grey.{kind}"
    Image.fromarray(BRIGHT).save(path)
    picture = read_picture(path, center=CENTER, pixel="1 arcmin")
    np.testing.assert_array_equal(picture.data, BRIGHT[::-1])
    assert picture.geom == WcsGeom.create(CENTER, pixel="1 arcmin", npix=(3, 2))


def test_colours_are_averaged_and_transparency_is_dark(tmp_path):
    colours = np.zeros((2, 3, 4), dtype=np.uint8)
    colours[..., 0], colours[..., 2], colours[..., 3] = BRIGHT, 60, 255
    colours[0, 0, 3] = 0
    Image.fromarray(colours).save(tmp_path / "a.png")
    wanted = (BRIGHT + 60.0) / 3
    wanted[0, 0] = 0
    np.testing.assert_allclose(read_picture(tmp_path / "a.png").data, wanted[::-1])


def test_a_jpeg_and_a_palette_are_read(tmp_path):
    Image.fromarray(np.full((8, 8, 3), 90, dtype=np.uint8)).save(tmp_path / "a.jpg")
    np.testing.assert_allclose(read_picture(tmp_path / "a.jpg").data, 90, atol=2)
    Image.fromarray(BRIGHT).convert("RGB").quantize(8).save(tmp_path / "b.png")
    np.testing.assert_allclose(read_picture(tmp_path / "b.png").data, BRIGHT[::-1], atol=1)


def test_sixteen_bits_are_kept(tmp_path):
    Image.fromarray(BRIGHT.astype(np.uint16) * 1000).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "deep.png").data, BRIGHT[::-1] * 1000.0)


def test_fits_keeps_its_place_on_the_sky(tmp_path):
    geom = WcsGeom.create(CENTER, npix=(3, 2), frame="galactic", proj="CAR")
    write_map(tmp_path / "a.fits.gz", Map(geom, BRIGHT.astype(float), "Jy"))
    picture = read_picture(tmp_path / "a.fits.gz", center=SkyCoord(0, 0, unit="deg"))
    assert picture.geom == geom
    np.testing.assert_array_equal(picture.data, BRIGHT)


def test_fits_without_coordinates_and_in_colour_planes(tmp_path):
    planes = np.stack([BRIGHT, BRIGHT, BRIGHT + 30])
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(planes, name="RGB")]).writeto(tmp_path / "a.fits")
    np.testing.assert_allclose(read_picture(tmp_path / "a.fits").data, BRIGHT + 10)
    assert isinstance(read_image(tmp_path / "a.fits", "RGB"), np.ndarray)


def test_a_map_that_is_not_the_first_image(tmp_path):
    hdus = fits.HDUList([fits.PrimaryHDU(BRIGHT), fits.ImageHDU(2 * BRIGHT, name="TWICE")])
    hdus.writeto(tmp_path / "a.fits")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.fits", "twice").data, 2 * BRIGHT)
    with pytest.raises(MissingHDU, match="no HDU 'THRICE'"):
        read_picture(tmp_path / "a.fits", "THRICE")


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return buffer.getvalue()


NOISE = np.random.default_rng(1).integers(0, 255, (50, 50), dtype=np.uint8)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"a text", "not a picture that can be read .*wanted FITS, PNG or JPEG"),
        (b"", "not a picture that can be read"),
        (png(NOISE)[:900], "damaged or was cut short"),
        (b"SIMPLE  = nonsense", "cannot be read as FITS"),
        (png(np.zeros((3, 3), dtype=np.uint8)), "all pixels are 0"),
    ],
)
def test_pictures_that_cannot_be_used(tmp_path, content, text):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=text) as caught:
        read_picture(path)
    assert str(caught.value).startswith(str(path))


def test_a_missing_picture_and_a_fits_file_without_one(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_picture(tmp_path / "a.png")
    fits.HDUList([fits.PrimaryHDU()]).writeto(tmp_path / "a.fits")
    with pytest.raises(DataError, match="no image in it"):
        read_picture(tmp_path / "a.fits")


def test_a_cube_is_refused_by_name(tmp_path):
    axis = Axis.energy("1 TeV", "10 TeV", 2)
    write_map(tmp_path / "cube.fits", Map.filled(WcsGeom.create(CENTER, npix=2, axes=[axis]), 1.0))
    with pytest.raises(ShapeError, match="cube.fits: a picture has one plane"):
        read_picture(tmp_path / "cube.fits")


@pytest.mark.parametrize(("value", "what"), [(np.nan, "not finite"), (-3.0, "negative")])
def test_bad_pixels_of_a_file_are_told_with_its_name(tmp_path, value, what):
    data = BRIGHT.astype(float)
    data[0, 1] = value
    fits.PrimaryHDU(data).writeto(tmp_path / "a.fits")
    with pytest.raises(DataError, match=f"a.fits: picture: 1 of 6 pixels are {what}, the first at x = 1, y = 0"):
        read_picture(tmp_path / "a.fits")


def test_blank_pixels_become_what_is_asked(tmp_path):
    data = BRIGHT.astype(float)
    data[0, 1] = np.nan
    fits.PrimaryHDU(data).writeto(tmp_path / "plain.fits")
    write_map(tmp_path / "map.fits", Map(WcsGeom.create(CENTER, npix=(3, 2)), data))
    for name in ("plain.fits", "map.fits"):
        assert read_picture(tmp_path / name, blank=7).data[0, 1] == 7
    data[0, 1] = np.inf
    fits.PrimaryHDU(data).writeto(tmp_path / "infinite.fits")
    with pytest.raises(DataError, match="not finite"):
        read_picture(tmp_path / "infinite.fits", blank=7)


# What is written

SCENE = Scene(BRIGHT, psf=1.0, sky=2.0, views=(View(livetime=3.0), View(livetime=1.5)))


def test_counts_come_back_with_their_exposure_and_account(tmp_path):
    counts = draw_counts(SCENE, 500, seed=1)
    exposure = exposure_map(SCENE.geom, SCENE.views)
    write_counts(tmp_path / "counts.fits", counts, exposure)
    back = read_map(tmp_path / "counts.fits")
    np.testing.assert_array_equal(back.data, counts.image.data)
    assert back.geom == SCENE.geom
    np.testing.assert_array_equal(read_map(tmp_path / "counts.fits", "EXPOSURE").quantity, exposure.quantity)
    header = fits.getheader(tmp_path / "counts.fits")
    assert header["SOURCE1"] == "sky"
    assert header["DRAWN0"] == counts.tally.drawn[:, 0].sum()
    assert header["KEPT1"] == counts.tally.kept[:, 1].sum()


def test_photons_are_written_where_they_are_on_the_sky(tmp_path):
    geom = WcsGeom.create(CENTER, npix=(30, 20), frame="galactic", pixel="0.1 deg")
    turned = geom.wcs.deepcopy()
    turned.wcs.pc = [[0.8, -0.6], [0.6, 0.8]]
    scene = Scene(Map.filled(WcsGeom(turned, geom.image_shape), 1.0))
    photons = draw_photons(scene, 200, seed=1)
    write_photons(tmp_path / "a.fits.gz", photons)
    table = fits.getdata(tmp_path / "a.fits.gz", "EVENTS")
    np.testing.assert_array_equal(table["X"], photons.x)
    at = SkyCoord(table["RA"], table["DEC"], unit="deg")
    assert at.separation(photons.sky).max() < 1e-8 * u.deg
    # The header alone says the same to programs that bin the columns.
    header = fits.getheader(tmp_path / "a.fits.gz", "EVENTS")
    columns = WCS(header, keysel=["pixel"], colsel=[1, 2])
    lon, lat = columns.wcs_pix2world(table["X"], table["Y"], 0 + 1)
    np.testing.assert_allclose([lon, lat], photons.lonlat, atol=1e-8)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing stops root from writing")
def test_a_folder_that_may_not_be_written_to(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="cannot be written"):
        write_counts(tmp_path / "a.fits", draw_counts(SCENE, 10, seed=1))


def test_output_that_exists_or_cannot_be(tmp_path):
    counts, photons = draw_counts(SCENE, 10, seed=1), draw_photons(SCENE, 10, seed=1)
    (tmp_path / "a").write_text("a file")
    for write, what in ((write_counts, counts), (write_photons, photons)):
        with pytest.raises(DataError, match="exists already"):
            write(tmp_path / "a", what)
        with pytest.raises(DataError, match="cannot be written"):
            write(tmp_path / "a" / "b.fits", what)
