import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io.fits import Header

from skyfold.errors import ShapeError
from skyfold.geom.header import from_header, to_header
from skyfold.geom.pixels import downsampled, upsampled
from skyfold.geom.wcs import WcsGeom

PLAIN = {
    "NAXIS": 2, "NAXIS1": 6, "NAXIS2": 4, "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 3.5, "CRPIX2": 2.5,
    "CRVAL1": 83.0, "CRVAL2": 22.0, "CDELT1": -0.1, "CDELT2": 0.1,
}  # fmt: skip


@pytest.mark.parametrize("proj", ["TAN", "CAR", "AIT", "SIN", "ZEA"])
@pytest.mark.parametrize("frame", ["icrs", "galactic", "fk5"])
def test_a_header_brings_the_geometry_back(proj, frame):
    geom = WcsGeom.create(
        SkyCoord(83, -22, unit="deg"), pixel=("0.1 deg", "0.2 deg"), npix=(6, 4), proj=proj, frame=frame
    )
    assert from_header(to_header(geom), image_shape=(4, 6)) == geom
    assert "MJDREF" not in to_header(geom)


@pytest.mark.parametrize(
    ("keywords", "frame"),
    [
        ({}, "icrs"),
        ({"RADESYS": "ICRS", "EQUINOX": 2000.0}, "icrs"),
        ({"RADESYS": "FK5"}, "fk5"),
        ({"RADECSYS": "FK5", "EQUINOX": 2000.0}, "fk5"),
        ({"EQUINOX": 2000.0}, "fk5"),
        ({"CTYPE1": "GLON-CAR", "CTYPE2": "GLAT-CAR", "EQUINOX": 2000.0}, "galactic"),
    ],
)
def test_the_frame_is_what_the_header_says(keywords, frame):
    assert from_header(Header(PLAIN | keywords)).frame == frame


def test_matrices_and_rotations_in_any_spelling():
    angle = np.radians(30)
    cos, sin = 0.1 * np.cos(angle), 0.1 * np.sin(angle)
    matrix = {"CD1_1": -cos, "CD1_2": sin, "CD2_1": sin, "CD2_2": cos}
    plain = {k: v for k, v in PLAIN.items() if not k.startswith("CDELT")}
    cd = from_header(Header(plain | matrix))
    crota = from_header(Header(PLAIN | {"CROTA2": -30.0}))
    pc = from_header(
        Header(
            PLAIN | {"PC1_1": np.cos(angle), "PC1_2": -np.sin(angle), "PC2_1": np.sin(angle), "PC2_2": np.cos(angle)}
        )
    )
    for geom in (cd, crota, pc):
        np.testing.assert_allclose(geom.pixel_size.to_value("deg"), 0.1)
        x, y = geom.to_pix(SkyCoord(83.2, 22.3, unit="deg"))
        np.testing.assert_allclose((x, y), cd.to_pix(SkyCoord(83.2, 22.3, unit="deg")), atol=1e-9)
        assert downsampled(upsampled(geom, 3), 3) == geom
        assert from_header(to_header(geom), image_shape=(4, 6)) == geom


def test_the_image_of_a_cube_is_found():
    cube = PLAIN | {
        "NAXIS": 3,
        "NAXIS3": 7,
        "CTYPE3": "Energy",
        "CRVAL3": 1e4,
        "CDELT3": 4e3,
        "CRPIX3": 1.0,
        "CUNIT3": "MeV",
    }
    assert from_header(Header(cube)) == from_header(Header(PLAIN))


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        (
            {"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN"},
            "coordinates DEC--TAN, RA---TAN, ICRS; wanted right ascension or",
        ),
        ({"CTYPE1": "", "CTYPE2": ""}, "coordinates none, none; wanted right ascension"),
        ({"CTYPE1": "ELON-TAN", "CTYPE2": "ELAT-TAN"}, "coordinates ELON-TAN, ELAT-TAN"),
        ({"RADESYS": "FK4", "EQUINOX": 1950.0}, "coordinates RA---TAN, DEC--TAN, FK4"),
        ({"CDELT1": 0.0}, "sky coordinates cannot be used"),
    ],
)
def test_coordinates_that_are_not_read_are_named(keywords, message):
    with pytest.raises(ShapeError, match=f"a.fits: .*{message}"):
        from_header(Header(PLAIN | keywords), where="a.fits")
