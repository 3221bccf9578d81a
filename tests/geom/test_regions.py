import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from regions import (
    CircleAnnulusSkyRegion,
    CircleSkyRegion,
    EllipseSkyRegion,
    PixCoord,
    PointSkyRegion,
    PolygonSkyRegion,
    RectangleSkyRegion,
)

from skyfold.errors import RegionError
from skyfold.geom.regions import holds, in_frame, parse_region, region_center, region_mask, region_weights, same_region
from skyfold.geom.wcs import WcsGeom

CENTER = SkyCoord(83.63, 22.01, unit="deg")
GEOM = WcsGeom.create(CENTER, "4 deg", "0.05 deg", frame="galactic", proj="CAR")
SHAPES = {
    "ellipse": EllipseSkyRegion(CENTER, 2 * u.deg, 1 * u.deg, 20 * u.deg),
    "rectangle": RectangleSkyRegion(CENTER.galactic, 2 * u.deg, 1 * u.deg, 20 * u.deg),
    "polygon": PolygonSkyRegion(SkyCoord([83, 84, 84], [22, 22, 23], unit="deg")),
}


CIRCLE, POINT = CircleSkyRegion(CENTER, 0.5 * u.deg), PointSkyRegion(CENTER)
CORNERS = SkyCoord([83, 84, 84], [22, 22, 23], unit="deg", frame="fk5")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("icrs;circle(83.63, 22.01, 0.5)", [CIRCLE]),
        ("ICRS; circle(83.63d, 22.01d, 30')", [CIRCLE]),
        ("icrs\ncircle(83.63,22.01,0.5)\npoint(83.63,22.01)", [CIRCLE, POINT]),
        ("icrs;circle(83.63,22.01,0.5);point(83.63,22.01)", [CIRCLE, POINT]),
        ("icrs;annulus(83.63,22.01,0.2,0.5)", [CircleAnnulusSkyRegion(CENTER, 0.2 * u.deg, 0.5 * u.deg)]),
        ("icrs;ellipse(83.63,22.01,1,0.5,20)", [SHAPES["ellipse"]]),
        ("fk5;polygon(83,22,84,22,84,23)", [PolygonSkyRegion(CORNERS)]),
        ("# Region file format: DS9\nglobal color=red\nicrs\ncircle(83.63,22.01,0.5) # text={Crab}", [CIRCLE]),
    ],
)
def test_texts_as_ds9_writes_them(text, expected):
    found = parse_region(text)
    assert len(found) == len(expected)
    assert all(same_region(a, b) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("circle(83.63, 22.01, 0.5)", "names no frame; write for instance 'icrs;circle"),
        ("image;circle(3, 4, 5)", "names no frame"),
        ("icrs;circle(83.63, 22.01)", r"'icrs;circle\(83.63, 22.01\)' cannot be read"),
        ("icrs;circle(83.6,22,0.5);circ(83,22,1)", "cannot be read: .*circ"),
        ("icrs;", "is no region of the sky"),
        ("icrs;circle(83,22,1) && circle(84,22,1)", "'&&' is not read; join region objects with &"),
    ],
)
def test_texts_that_are_no_region_say_why(text, message):
    with pytest.raises(RegionError, match=message):
        parse_region(text)


def test_objects_texts_and_lists_of_both_are_taken():
    circle = CircleSkyRegion(CENTER, 0.5 * u.deg)
    assert parse_region(circle) == [circle]
    assert len(parse_region([circle, "icrs;point(1,2)"])) == 2


@pytest.mark.parametrize("radius", [0.3, 1.2])
def test_circles_and_rings_are_judged_on_the_sphere(radius):
    distance = GEOM.sky.separation(CENTER).deg
    np.testing.assert_array_equal(region_mask(GEOM, f"icrs;circle(83.63,22.01,{radius})"), distance < radius)
    ring = region_mask(GEOM, f"icrs;annulus(83.63,22.01,{radius},1.5)")
    np.testing.assert_array_equal(ring, (distance >= radius) & (distance < 1.5))


def test_a_circle_far_from_the_equator_of_a_cylindrical_map_stays_a_circle():
    geom = WcsGeom.create(SkyCoord(0, 0, unit="deg"), pixel="0.5 deg", npix=(720, 360), proj="CAR")
    center = SkyCoord(30, 70, unit="deg")
    mask = region_mask(geom, CircleSkyRegion(center, 8 * u.deg))
    assert (geom.solid_angle * mask).sum() == pytest.approx(2 * np.pi * (1 - np.cos(np.radians(8))), rel=0.01)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_other_shapes_are_those_of_the_regions_package_in_pixels(shape):
    geom = WcsGeom.create(CENTER, "4 deg", "0.05 deg", frame=region_center(shape).frame.name)
    x, y = np.meshgrid(np.arange(80), np.arange(80))
    expected = shape.to_pixel(geom.wcs).contains(PixCoord(x, y))
    np.testing.assert_array_equal(region_mask(geom, shape), expected)
    assert (holds(shape, geom.sky) != expected).mean() < 2e-3  # another projection: the border may fall otherwise


@pytest.mark.parametrize("frame", ["icrs", "galactic"])
def test_an_angle_counts_in_the_regions_own_frame_whatever_the_maps(frame):
    center = CENTER.transform_to(frame)
    stick = RectangleSkyRegion(center, 2 * u.deg, 0.3 * u.deg, 30 * u.deg)  # from the west to the north
    assert holds(stick, center.directional_offset_by(300 * u.deg, 0.8 * u.deg))
    assert not holds(stick, center.directional_offset_by(240 * u.deg, 0.8 * u.deg))
    for map_frame in ("icrs", "fk5", "galactic"):
        geom = WcsGeom.create(CENTER, "4 deg", "0.05 deg", frame=map_frame)
        assert (region_mask(geom, stick) != holds(stick, geom.sky)).mean() < 2e-3


@pytest.mark.parametrize("frame", ["icrs", "fk4", "galactic", "geocentrictrueecliptic"])
def test_a_region_brought_into_another_frame_stays_where_it_is(frame):
    stick = RectangleSkyRegion(CENTER, 2 * u.deg, 0.3 * u.deg, 30 * u.deg)
    moved = in_frame(stick, frame)
    assert moved.center.frame.name == frame
    tip = CENTER.directional_offset_by(300 * u.deg, 0.9 * u.deg)
    assert moved.center.position_angle(tip.transform_to(frame)).deg == pytest.approx(
        (moved.angle.to_value("deg") - 90) % 360, abs=1e-3
    )
    assert same_region(in_frame(moved, "icrs"), stick)
    assert same_region(moved, stick)
    assert not same_region(RectangleSkyRegion(moved.center, 2 * u.deg, 0.3 * u.deg, 31 * u.deg), stick)
    both = in_frame(stick | CircleSkyRegion(CENTER, 1 * u.deg), frame)
    assert same_region(both.region1, stick)
    assert both.region2.center.frame.name == frame


def test_regions_are_combined():
    a, b = (
        CircleSkyRegion(CENTER, 1 * u.deg),
        CircleSkyRegion(CENTER.directional_offset_by(0 * u.deg, 1 * u.deg), 1 * u.deg),
    )
    in_a, in_b = region_mask(GEOM, a), region_mask(GEOM, b)
    for compound, expected in ((a | b, in_a | in_b), (a & b, in_a & in_b), (a ^ b, in_a ^ in_b)):
        np.testing.assert_array_equal(region_mask(GEOM, compound), expected)
        np.testing.assert_array_equal(holds(compound, GEOM.sky), expected)
    np.testing.assert_array_equal(region_mask(GEOM, [a, b]), in_a | in_b)
    np.testing.assert_array_equal(region_mask(GEOM, [a, b], inside=False), ~(in_a | in_b))


def test_an_excluded_region_is_taken_out_of_those_before_it_or_of_the_map():
    big, small = region_mask(GEOM, "icrs;circle(83.63,22.01,1)"), region_mask(GEOM, "icrs;circle(83.63,22.01,0.5)")
    np.testing.assert_array_equal(
        region_mask(GEOM, "icrs;circle(83.63,22.01,1);-circle(83.63,22.01,0.5)"), big & ~small
    )
    np.testing.assert_array_equal(region_mask(GEOM, "icrs;-circle(83.63,22.01,0.5)"), ~small)


def test_a_point_is_the_pixel_that_holds_it():
    mask = region_mask(GEOM, PointSkyRegion(GEOM.from_pix(12.3, 40.4)))
    assert np.argwhere(mask).tolist() == [[40, 12]]
    assert not region_mask(GEOM, "icrs;point(120, 0)").any()


def test_a_region_outside_the_map_is_an_error_only_if_asked():
    assert not region_mask(GEOM, "icrs;circle(120, 0, 1)").any()
    with pytest.raises(RegionError, match="holds no pixel of the map"):
        region_mask(GEOM, "icrs;circle(120, 0, 1)", outside="raise")


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("icrs;circle(83.63,22.01,0.33)", np.pi * 0.33**2),
        ("galactic;box(184.6,-5.8,0.5,0.21,33)", 0.5 * 0.21),
        ("icrs;circle(83.6,22,0.02)", np.pi * 0.02**2),
    ],
)
def test_weights_are_the_shares_of_pixels(text, area):
    weights = region_weights(GEOM, text, oversampling=20)
    assert (weights * GEOM.solid_angle).sum() == pytest.approx(area * np.radians(1) ** 2, rel=0.02)
    assert weights.max() <= 1
    assert not weights[~_near(weights)].any()


def _near(weights):
    rows, columns = np.nonzero(weights > 0)
    near = np.zeros(weights.shape, dtype=bool)
    near[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    return near


def test_weights_of_points_and_of_what_is_excluded():
    point = region_weights(GEOM, PointSkyRegion(GEOM.from_pix(12, 40)))
    assert (point.sum(), point[40, 12]) == (1, 1)
    hole = region_weights(GEOM, "icrs;-circle(83.63,22.01,0.5)")
    np.testing.assert_allclose(hole + region_weights(GEOM, "icrs;circle(83.63,22.01,0.5)"), 1)
    assert not region_weights(GEOM, "icrs;circle(120, 0, 1)").any()


def test_centres_of_any_shape():
    assert region_center(SHAPES["ellipse"]).separation(CENTER).deg < 1e-12
    polygon = PolygonSkyRegion(SkyCoord([359, 1, 1, 359], [-1, -1, 1, 1], unit="deg"))
    assert region_center(polygon).separation(SkyCoord(0, 0, unit="deg")).deg < 1e-12
    two = CircleSkyRegion(SkyCoord(359, 0, unit="deg"), 1 * u.deg) | CircleSkyRegion(
        SkyCoord(1, 0, unit="deg"), 1 * u.deg
    )
    assert region_center(two).separation(SkyCoord(0, 0, unit="deg")).deg < 1e-12


def test_regions_in_the_same_place_are_the_same_in_any_frame():
    circle = CircleSkyRegion(CENTER, 0.5 * u.deg)
    assert same_region(circle, CircleSkyRegion(CENTER.galactic, 30 * u.arcmin))
    assert not same_region(circle, CircleSkyRegion(CENTER, 0.501 * u.deg))
    assert not same_region(circle, PointSkyRegion(CENTER))
    assert same_region(circle | SHAPES["polygon"], circle | SHAPES["polygon"])
    assert not same_region(circle | SHAPES["polygon"], circle & SHAPES["polygon"])
