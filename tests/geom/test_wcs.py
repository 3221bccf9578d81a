import pickle

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom

CRAB = SkyCoord(83.63, 22.01, unit="deg")
ENERGY = Axis.energy("1 TeV", "10 TeV", 3)


def test_a_map_has_the_pixels_asked_for_and_its_centre_where_asked():
    geom = WcsGeom.create(CRAB, ("4 deg", "3 deg"), "0.02 deg", axes=[ENERGY])
    assert geom.shape == (3, 150, 200)
    assert geom.center.separation(CRAB).deg < 1e-12
    np.testing.assert_allclose(geom.width.to_value("deg"), [4, 3])
    assert (geom.frame, geom.proj) == ("icrs", "TAN")
    assert WcsGeom.create(CRAB.galactic, npix=3).frame == "galactic"
    assert WcsGeom.create(CRAB.transform_to("fk5"), npix=3).frame == "fk5"


@pytest.mark.parametrize("proj", ["TAN", "CAR", "SIN", "ARC", "ZEA", "STG", "AIT", "SFL", "CEA", "MER"])
@pytest.mark.parametrize("frame", ["icrs", "galactic", "fk5"])
def test_pixels_at_the_centre_are_square_in_any_projection(proj, frame):
    geom = WcsGeom.create(SkyCoord(83, -65, unit="deg"), pixel="0.01 deg", npix=(5, 5), proj=proj, frame=frame)
    assert geom.solid_angle[2, 2] == pytest.approx(np.radians(0.01) ** 2, rel=1e-6)
    np.testing.assert_allclose(geom.separation(geom.from_pix(2, 2))[2, [1, 3]].to_value("deg"), 0.01, rtol=1e-6)


@pytest.mark.parametrize("frame", ["icrs", "galactic", "fk5"])
def test_three_ways_to_a_pixel_agree(frame):
    geom = WcsGeom.create(CRAB, pixel="0.1 deg", npix=(30, 20), frame=frame)
    sky = SkyCoord([83.0, 84.2], [21.5, 22.3], unit="deg")
    np.testing.assert_allclose(geom.radec_to_pix(sky.ra.deg, sky.dec.deg), geom.to_pix(sky), atol=1e-9)
    x, y = geom.to_pix(sky)
    assert geom.from_pix(x, y).separation(sky).deg.max() < 1e-9


def test_directions_are_icrs_whatever_the_frame():
    geom = WcsGeom.create(CRAB, pixel="0.1 deg", npix=(3, 2), frame="galactic")
    expected = geom.sky.icrs.cartesian.xyz.value
    np.testing.assert_allclose(geom.directions, expected, atol=1e-15)


def test_a_pixel_holds_its_lower_border_and_not_its_upper():
    geom = WcsGeom.create(CRAB, pixel="0.1 deg", npix=(3, 2))
    x, y = geom.pix_to_idx(np.array([-0.5, 0.49, 0.5, 2.5, np.nan]), np.array([-0.5, 0.0, 1.49, 1.0, 0.0]))
    assert x.tolist() == [0, 0, 1, -1, -1]
    assert y.tolist() == [0, 0, 1, -1, -1]


def test_off_the_projection_there_is_no_pixel_and_no_solid_angle():
    geom = WcsGeom.create(CRAB, pixel="10 deg", npix=(20, 20), proj="SIN")
    assert np.isnan(geom.sky.ra[0, 0])
    assert geom.solid_angle[0, 0] == 0
    x, _ = geom.to_idx(SkyCoord(CRAB.ra + 180 * u.deg, -CRAB.dec))
    assert x == -1


@pytest.mark.parametrize(("proj", "loss"), [("CAR", 1e-12), ("AIT", 6e-3), ("MOL", 6e-3)])
def test_pixels_of_the_whole_sky_fill_it_but_for_the_border_of_round_projections(proj, loss):
    geom = WcsGeom.create(SkyCoord(0, 0, unit="deg", frame="galactic"), pixel="0.5 deg", npix=(720, 360), proj=proj)
    assert 1 - loss <= geom.solid_angle.sum() / (4 * np.pi) <= 1 + 1e-12


def test_cut_outs_trim_stick_out_or_refuse():
    geom = WcsGeom.create(CRAB, "2 deg", "0.1 deg", axes=[ENERGY]).surveyed()
    corner = geom.from_pix(1.25, 18.25)
    trimmed = geom.cutout(corner, "1 deg")
    assert trimmed.slices == (slice(14, 20), slice(0, 7))
    assert trimmed.geom.shape == (3, 6, 7)
    assert trimmed.geom.solid_angle.base is geom.solid_angle
    np.testing.assert_allclose(trimmed.geom.directions, geom.directions[:, 14:20, :7])
    partial = geom.cutout(corner, "1 deg", "partial")
    assert partial.slices == (slice(14, 24), slice(-3, 7))
    assert partial.geom.offset_in(geom) == partial.slices
    with pytest.raises(ShapeError, match="crosses the border of the map"):
        geom.cutout(corner, "1 deg", "strict")
    with pytest.raises(ShapeError, match="does not touch the map around icrs"):
        geom.cutout(SkyCoord(90, 22, unit="deg"), "1 deg")
    with pytest.raises(ShapeError, match="off the projection"):
        geom.cutout(SkyCoord(263.6, -22, unit="deg"), "1 deg")


def test_geometries_are_equal_when_their_pixels_are():
    geom = WcsGeom.create(CRAB, "2 deg", "0.1 deg")
    assert geom == WcsGeom.create(CRAB, "2 deg", "0.1 deg")
    assert geom != WcsGeom.create(CRAB, "2 deg", "0.1 deg", proj="SIN")
    assert geom != geom.with_axes(ENERGY)
    assert geom != WcsGeom.create(CRAB, "2 deg", "0.1 deg", frame="fk5")
    assert geom.offset_in(WcsGeom.create(CRAB, "2.1 deg", "0.1 deg")) is None  # half a pixel off
    assert geom.offset_in(WcsGeom.create(CRAB, "2.2 deg", "0.1 deg")) == (slice(1, 21), slice(1, 21))


def test_a_geometry_travels_without_what_can_be_computed_again():
    geom = WcsGeom.create(CRAB, "2 deg", "0.01 deg", axes=[ENERGY]).surveyed()
    sent = pickle.dumps(geom)
    assert len(sent) < 10_000
    assert pickle.loads(sent) == geom


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: WcsGeom.create(CRAB), "needs either a width or a number of pixels"),
        (lambda: WcsGeom.create(CRAB, "0.001 deg", "0.02 deg"), r"needs at least one pixel, found \(0, 0\)"),
        (lambda: WcsGeom.create(CRAB, "1 deg", "0 deg"), "needs a positive pixel size"),
        (lambda: WcsGeom.create(CRAB, "1 deg", proj="FOO"), "projection 'FOO' is not one FITS knows"),
        (lambda: WcsGeom.create(CRAB, "1 deg", axes=[ENERGY, ENERGY]), "needs axes of different names"),
        (lambda: WcsGeom.create(CRAB, "1 deg").axis("energy"), "no axis 'energy' in this geometry; it has no axes"),
    ],
)
def test_what_is_no_geometry_says_why(make, message):
    with pytest.raises(ShapeError, match=message):
        make()
