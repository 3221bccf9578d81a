import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    EllipseSkyRegion,
    PointSkyRegion,
    PolygonSkyRegion,
    RectangleSkyRegion,
)

from skyfold.errors import DataError, RegionError
from skyfold.geom.regions import parse_region, same_region
from skyfold.io.fits import open_fits, write_hdus
from skyfold.io.regions import read_regions, regions_from_hdu, regions_to_hdu, write_regions

CENTER = SkyCoord(83.63, 22.01, unit="deg")
CIRCLE = CircleSkyRegion(CENTER, 0.5 * u.deg)
SHAPES = [
    CIRCLE,
    CircleAnnulusSkyRegion(CENTER, 0.2 * u.deg, 0.5 * u.deg),
    EllipseSkyRegion(CENTER, 2 * u.deg, 1 * u.deg, 20 * u.deg),
    RectangleSkyRegion(CENTER, 2 * u.deg, 1 * u.deg, 20 * u.deg),
    PolygonSkyRegion(SkyCoord([83, 84, 84], [22, 22, 23], unit="deg")),
    PointSkyRegion(CENTER),
]


@pytest.mark.parametrize("name", ["a.reg", "a.fits", "a.fits.gz"])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_every_shape_is_read_as_it_was_written(tmp_path, name, shape):
    write_regions(shape, tmp_path / name)
    (found,) = read_regions(tmp_path / name)
    assert same_region(found, shape)


@pytest.mark.parametrize("name", ["a.reg", "a.fits"])
def test_several_regions_and_unions_are_written_one_by_one(tmp_path, name):
    write_regions([CIRCLE | SHAPES[2], "galactic;circle(184, -6, 0.1)"], tmp_path / name)
    found = read_regions(tmp_path / name)
    assert len(found) == 3
    assert same_region(found[0], CIRCLE)
    assert found[2].center.separation(SkyCoord(184, -6, unit="deg", frame="galactic")).deg < 1e-8
    assert found[2].radius.to_value("deg") == pytest.approx(0.1, rel=1e-6)


@pytest.mark.parametrize("name", ["a.reg", "a.fits"])
def test_angles_of_two_frames_go_into_one_file_and_come_back_as_they_are_on_the_sky(tmp_path, name):
    mixed = parse_region(
        ["icrs;circle(83.6, 22, 0.1)", "galactic;ellipse(184, -6, 0.3, 0.1, 20)", "fk5;box(84,22,1,2,7)"]
    )
    write_regions(mixed, tmp_path / name)
    found = read_regions(tmp_path / name)
    assert all(same_region(a, b) for a, b in zip(found, mixed, strict=True))


def test_pixels_of_fits_tables_count_from_0_as_gammapy_has_it(tmp_path):
    """What Gammapy 2.1 writes for a circle of 0.3 degrees around (83, 22), in a grid of 8 × 8 pixels of 0.1 degrees."""
    columns = [
        fits.Column("SHAPE", "6A", array=["circle"]),
        *(fits.Column(name, "D", unit="pix", array=[value]) for name, value in (("X", 3.5), ("Y", 3.5), ("R", 3.0))),
        fits.Column("ROTANG", "D", unit="deg", array=[0.0]),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="REGION")
    table.header.update(
        {"CRPIX1": 4.5, "CRPIX2": 4.5, "CDELT1": -0.1, "CDELT2": 0.1, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}
        | {"CRVAL1": 83.0, "CRVAL2": 22.0, "CUNIT1": "deg", "CUNIT2": "deg", "RADESYS": "ICRS"}
    )
    write_hdus([fits.PrimaryHDU(), table], tmp_path / "a.fits")
    (found,) = read_regions(tmp_path / "a.fits")
    assert found.center.separation(SkyCoord(83, 22, unit="deg")).deg < 1e-9
    assert found.radius.to_value("deg") == pytest.approx(0.3, rel=1e-5)


def test_a_ds9_file_with_comments_and_attributes(tmp_path):
    path = tmp_path / "a.reg"
    path.write_text("# Region file format: DS9 astropy/regions\nfk5\ncircle(83.633,22.014,0.3) # color=red\n")
    (found,) = read_regions(path)
    assert found.radius == 0.3 * u.deg


def test_what_cannot_be_read_says_why(tmp_path):
    path = tmp_path / "a.reg"
    with pytest.raises(DataError, match="a.reg: no such file"):
        read_regions(path)
    path.write_text("circle(1, 2, 3)")
    with pytest.raises(RegionError, match="a.reg: region .* names no frame"):
        read_regions(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="a.reg: neither a DS9 region file nor FITS"):
        read_regions(path)
    write_hdus([fits.PrimaryHDU()], tmp_path / "a.fits")
    with pytest.raises(RegionError, match=r"a.fits: no table of regions \(column SHAPE\)"):
        read_regions(tmp_path / "a.fits")
    hdu = regions_to_hdu([CIRCLE])
    hdu.header.remove("CTYPE1")
    with pytest.raises(RegionError, match="HDU X: regions in pixels, and no sky coordinates"):
        regions_from_hdu(hdu, "HDU X")
    hdu = regions_to_hdu([CIRCLE])
    hdu.data["SHAPE"] = "blob"
    with pytest.raises(RegionError, match="HDU X: its regions cannot be read"):
        regions_from_hdu(hdu, "HDU X")


def test_what_cannot_be_written_says_why(tmp_path):
    with pytest.raises(RegionError, match="region files hold unions only, not xor"):
        write_regions(CIRCLE ^ SHAPES[2], tmp_path / "a.reg")
    write_regions(CIRCLE, tmp_path / "a.reg")
    with pytest.raises(DataError, match="a.reg: exists already"):
        write_regions(CIRCLE, tmp_path / "a.reg")


def test_the_header_says_what_the_table_is(tmp_path):
    write_regions(CIRCLE, tmp_path / "a.fits")
    hdu = open_fits(tmp_path / "a.fits")["REGION"]
    assert hdu.header["HDUCLAS1"] == "REGION"
    assert np.isclose(hdu.header["CRVAL1"], 83.63)
