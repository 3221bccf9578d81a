import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from regions import EllipseSkyRegion

from skyfold.errors import RegionError, ShapeError
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom

CRAB = SkyCoord(83.63, 22.01, unit="deg")
ENERGY = Axis.energy("1 TeV", "10 TeV", 3)


def test_a_region_has_one_pixel_and_its_axes():
    geom = RegionGeom("icrs;circle(83.63, 22.01, 0.11)", (ENERGY,))
    assert geom.shape == (3, 1, 1)
    assert geom.axis("energy") is ENERGY
    assert geom.image.shape == (1, 1)
    assert geom.radius.to_value("deg") == pytest.approx(0.11)
    assert geom.center.separation(CRAB).deg < 1e-12
    assert geom == RegionGeom.circle(CRAB, "0.11 deg", [ENERGY])
    assert geom == RegionGeom.circle(CRAB.galactic, "6.6 arcmin", [ENERGY])
    assert geom != geom.image
    np.testing.assert_allclose(geom.separation(CRAB).value, [[0]], atol=1e-12)


@pytest.mark.parametrize("radius", [1e-4, 0.11, 5.0])
def test_solid_angles_of_circles_and_rings_are_exact(radius):
    circle = RegionGeom.circle(CRAB, f"{radius} deg").solid_angle[0, 0]
    assert circle == pytest.approx(2 * np.pi * (1 - np.cos(np.radians(radius))), rel=1e-4 if radius < 1e-3 else 1e-9)
    assert circle == pytest.approx(np.pi * np.radians(radius) ** 2, rel=1e-3)
    ring = RegionGeom(f"icrs;annulus(83.63, 22.01, {radius / 2}, {radius})").solid_angle[0, 0]
    assert ring == pytest.approx(circle - RegionGeom.circle(CRAB, f"{radius / 2} deg").solid_angle[0, 0])


def test_solid_angles_of_other_shapes_are_sampled():
    ellipse = RegionGeom(EllipseSkyRegion(CRAB, 0.6 * u.deg, 0.4 * u.deg, 20 * u.deg))
    assert ellipse.solid_angle[0, 0] == pytest.approx(np.pi * np.radians(0.3) * np.radians(0.2), rel=1e-3)
    two = RegionGeom(ellipse.region | RegionGeom.circle(SkyCoord(85, 22, unit="deg"), "0.1 deg").region)
    assert two.solid_angle[0, 0] == pytest.approx(ellipse.solid_angle[0, 0] + np.pi * np.radians(0.1) ** 2, rel=1e-3)
    assert RegionGeom.point(CRAB).solid_angle[0, 0] == 0


def test_samples_and_weights_fill_the_region():
    geom = RegionGeom.circle(CRAB, "0.2 deg")
    samples = geom.samples()
    at = SkyCoord(*samples, representation_type="cartesian")
    at.representation_type = "unitspherical"
    assert at.separation(CRAB).max().deg < 0.2
    assert samples.shape[1] * np.radians(0.005) ** 2 == pytest.approx(geom.solid_angle[0, 0], rel=0.01)
    grid = WcsGeom.create(CRAB, "1 deg", "0.05 deg")
    assert (geom.weights(grid) * grid.solid_angle).sum() == pytest.approx(geom.solid_angle[0, 0], rel=0.01)
    assert geom.covering("0.1 deg").pixel_size[0].to_value("deg") == pytest.approx(0.1)
    assert geom.contains(SkyCoord([83.63, 84], [22.1, 22], unit="deg")).tolist() == [True, False]


def test_without_a_region_there_is_no_place():
    geom = RegionGeom(None, (ENERGY,))
    assert geom.shape == (3, 1, 1)
    assert np.isnan(geom.solid_angle[0, 0])
    assert geom == RegionGeom(None, (ENERGY,))
    assert geom != RegionGeom.point(CRAB, (ENERGY,))
    assert str(geom).startswith("no region")
    with pytest.raises(RegionError, match="this geometry has no region, so no place on the sky"):
        _ = geom.center


def test_what_is_no_geometry_says_why():
    with pytest.raises(ShapeError, match="has one region, found 2: join them with | into a compound one"):
        RegionGeom("icrs;circle(83, 22, 1);circle(85, 22, 1)")
    with pytest.raises(ShapeError, match="needs axes of different names"):
        RegionGeom.point(CRAB, (ENERGY, ENERGY))
