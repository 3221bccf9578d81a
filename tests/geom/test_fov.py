"""Field-of-view coordinates against Gammapy 2.1 (FoVICRSFrame, FoVAltAzFrame) at the site of H.E.S.S."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.geom.fov import field_coordinates, to_altaz
from skyfold.num.sphere import unit_vectors

# pointing RA, Dec; position angle of the zenith there; position RA, Dec; RADEC lon, lat; ALTAZ lon, lat [deg]
FOUND = [
    (254.681896, -5.679922, -152.50378, 253.933668, -4.758101, 0.745745, 0.921339, 1.086891, -0.472651),
    (254.681896, -5.679922, -152.50378, 251.898828, -5.265187, 2.771386, 0.408074, 2.646513, 0.91769),
    (244.734213, -68.26213, 0.06149, 250.230569, -68.793403, -1.985673, -0.619792, 1.98618, -0.6177),
    (244.734213, -68.26213, 0.06149, 250.689569, -67.704022, -2.255996, 0.44913, 2.25538, 0.451428),
    (194.833525, 11.576352, 125.71064, 192.649885, 13.108471, 2.127482, 1.540254, -0.009545, -2.626277),
    (194.833525, 11.576352, 125.71064, 195.858411, 12.337799, -1.001302, 0.763244, -1.204179, 0.367478),
    (276.930398, -20.007538, -102.12015, 279.388079, -18.901737, -2.325497, 1.088738, 0.577244, -2.501664),
    (276.930398, -20.007538, -102.12015, 276.091022, -21.747701, 0.77999, -1.742117, -1.539835, 1.127676),
    (345.794166, -5.767165, -152.50324, 346.885461, -7.613897, -1.082235, -1.847768, -1.813379, 1.139151),
    (345.794166, -5.767165, -152.50324, 343.753123, -6.89168, 2.026683, -1.128141, 1.276713, 1.936712),
    (335.818566, -68.339181, 0.09109, 335.789814, -68.441968, 0.010565, -0.102789, -0.010402, -0.102812),
    (335.818566, -68.339181, 0.09109, 332.007527, -66.83617, 1.498666, 1.456676, -1.501068, 1.454381),
    (285.967997, 11.525514, 125.78467, 284.500226, 12.978081, 1.430733, 1.456229, -0.345299, -2.01213),
    (285.967997, 11.525514, 125.78467, 285.388043, 10.145814, 0.571051, -1.379122, 1.452801, 0.343196),
    (8.051998, -20.085496, -102.15578, 7.782078, -19.881439, 0.253834, 0.203851, 0.252708, 0.205261),
    (8.051998, -20.085496, -102.15578, 10.029163, -22.312838, -1.830468, -2.238188, -2.573945, -1.317139),
]  # fmt: skip


@pytest.mark.parametrize("row", FOUND)
def test_radec_coordinates_are_those_of_gammapy(row):
    ra, dec, _, at_ra, at_dec, lon, lat, _, _ = row
    found = field_coordinates(unit_vectors(np.radians(at_ra), np.radians(at_dec)), SkyCoord(ra, dec, unit="deg"))
    np.testing.assert_allclose(np.degrees(found), (lon, lat), atol=5e-6)


@pytest.mark.parametrize("row", FOUND)
def test_altaz_coordinates_are_those_of_gammapy_to_a_thousandth_of_a_degree(row):
    ra, dec, zenith, at_ra, at_dec, _, _, lon, lat = row
    radec = field_coordinates(unit_vectors(np.radians(at_ra), np.radians(at_dec)), SkyCoord(ra, dec, unit="deg"))
    np.testing.assert_allclose(np.degrees(to_altaz(*radec, np.radians(zenith))), (lon, lat), atol=1e-3)


def test_longitude_grows_to_the_west_and_latitude_to_the_north():
    pointing = SkyCoord(83.63, 22.01, unit="deg")
    west = unit_vectors(np.radians(83.13), np.radians(22.01))
    north = unit_vectors(np.radians(83.63), np.radians(22.51))
    np.testing.assert_allclose(np.degrees(field_coordinates(west, pointing)), (0.4636, 0), atol=2e-3)
    np.testing.assert_allclose(np.degrees(field_coordinates(north, pointing)), (0, 0.5), atol=1e-12)


@pytest.mark.parametrize("zenith", [0.0, 0.3, -2.0, np.pi])
def test_turning_the_field_keeps_offsets(zenith):
    lon, lat = np.radians([1.0, -2.0, 0.5]), np.radians([0.3, 1.0, -2.0])
    turned = to_altaz(lon, lat, zenith)
    np.testing.assert_allclose(np.cos(turned[0]) * np.cos(turned[1]), np.cos(lon) * np.cos(lat), rtol=1e-15)


def test_with_the_zenith_to_the_north_only_the_sign_of_longitude_is_left():
    lon, lat = to_altaz(np.array([0.01]), np.array([0.02]), 0.0)
    np.testing.assert_allclose((lon[0], lat[0]), (-0.01, 0.02), rtol=1e-12)
