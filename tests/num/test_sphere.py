import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.num import sphere

LON = np.radians([0.0, 10.0, 83.63, 266.4, 359.999])
LAT = np.radians([0.0, -89.9, 22.01, -29.0, 89.999])


def test_unit_vectors_and_back():
    lon, lat = sphere.lonlat(sphere.unit_vectors(LON, LAT))
    np.testing.assert_allclose(lon, LON, atol=1e-12)
    np.testing.assert_allclose(lat, LAT, atol=1e-14)


@pytest.mark.parametrize("distance", [1e-9, 1e-4, 0.02, 1.0, np.pi - 1e-6])
def test_separation_of_a_point_set_off_by_a_distance(distance):
    lon, lat = sphere.offset_by(LON, LAT, 0.7, distance)
    np.testing.assert_allclose(sphere.separation(LON, LAT, lon, lat), distance, rtol=1e-9, atol=1e-13)


def test_separation_and_position_angle_agree_with_astropy():
    here, there = SkyCoord(LON[:-1], LAT[:-1], unit="rad"), SkyCoord(LON[1:], LAT[1:], unit="rad")
    args = LON[:-1], LAT[:-1], LON[1:], LAT[1:]
    np.testing.assert_allclose(sphere.separation(*args), here.separation(there).rad, rtol=1e-13)
    np.testing.assert_allclose(sphere.position_angle(*args), here.position_angle(there).rad, rtol=1e-12)


def test_offset_by_follows_its_position_angle():
    lon, lat = sphere.offset_by(1.0, 0.4, 2.0, 0.1)
    assert sphere.position_angle(1.0, 0.4, lon, lat) == pytest.approx(2.0, abs=1e-12)


@pytest.mark.parametrize("distance", [0.0, 1e-6, 0.05, 1.0])
def test_the_chord_gives_the_separation(distance):
    lon, lat = sphere.offset_by(LON, LAT, 2.2, distance)
    for i in range(LON.size):
        found = sphere.vector_separation(sphere.unit_vectors(lon[i], lat[i]), sphere.unit_vectors(LON[i], LAT[i]))
        assert found == pytest.approx(distance, rel=1e-9, abs=1e-13)


def test_in_its_tangent_frame_a_direction_is_the_origin_with_east_and_north():
    frame = sphere.tangent_frame(1.2, -0.7)
    np.testing.assert_allclose(frame @ frame.T, np.eye(3), atol=1e-15)
    east = sphere.offset_by(1.2, -0.7, np.pi / 2, 0.03)
    north = sphere.offset_by(1.2, -0.7, 0.0, 0.03)
    np.testing.assert_allclose(sphere.field_lonlat(sphere.unit_vectors(1.2, -0.7), frame), (0, 0), atol=1e-15)
    np.testing.assert_allclose(sphere.field_lonlat(sphere.unit_vectors(*east), frame), (0.03, 0), atol=1e-14)
    np.testing.assert_allclose(sphere.field_lonlat(sphere.unit_vectors(*north), frame), (0, 0.03), atol=1e-14)


def test_an_octant_is_an_eighth_of_the_sphere():
    x, y, z = np.eye(3)
    assert sphere.triangle_area(x, y, z) == pytest.approx(np.pi / 2, rel=1e-15)


@pytest.mark.parametrize("side", [1e-8, 1e-6, 1e-4])
def test_small_triangles_keep_their_digits(side):
    corners = sphere.unit_vectors(1.0 + np.array([0, side, 0]) / np.cos(0.5), 0.5 + np.array([0, 0, side]))
    assert sphere.triangle_area(*corners.T) == pytest.approx(side**2 / 2, rel=max(1e-7, side))
