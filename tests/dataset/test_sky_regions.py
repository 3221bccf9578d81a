"""Regions of shapes: what is inside is brighter than the border."""

import astropy.units as u
import jax.numpy as jnp
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from regions import CircleAnnulusSkyRegion, CircleSkyRegion, EllipseSkyRegion, PointSkyRegion, PolygonSkyRegion

from skyfold.dataset.sky_regions import region
from skyfold.geom.regions import region_mask
from skyfold.geom.wcs import WcsGeom
from skyfold.model.spatial.base import Centred
from skyfold.model.spatial.constant import Constant, ConstantFlux
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.piecewise import PiecewiseNormShape
from skyfold.model.spatial.point import Point
from skyfold.model.spatial.shell import Shell2
from skyfold.model.spatial.template import EnergyTemplate, Template
from skyfold.model.tree import static
from tests.model.shapes import EXAMPLES

CENTER = SkyCoord(83, 22, unit="deg")
GEOM = WcsGeom.create(CENTER, "1.4 deg", "0.01 deg")
SIZES = {"Gaussian": "sigma", "GeneralizedGaussian": "r_0", "Disk": "r_0", "King": "core", "Beta": "core"}
GRID = np.radians(np.linspace(82.0, 84.0, 9)), np.radians(np.linspace(21.6, 22.2, 4))


class Cone(Centred):
    frame: str = static(kw_only=True)

    def reach(self):
        return jnp.radians(0.4)


def brightness(shape, sky):
    at = sky.transform_to(shape.frame).spherical
    return np.asarray(shape(np.atleast_1d(at.lon.rad), np.atleast_1d(at.lat.rad)))


@pytest.mark.parametrize("name", SIZES)
def test_inside_of_the_ellipse_it_is_brighter_than_at_its_end(name):
    shape = EXAMPLES[name]
    found = region(shape)
    assert isinstance(found, EllipseSkyRegion if hasattr(shape, "e") else CircleSkyRegion)
    end = CENTER.directional_offset_by(getattr(shape, "phi", 0) * u.deg, getattr(shape, SIZES[name]) * u.deg)
    inside = region_mask(GEOM, found)
    assert inside.sum() > 50
    assert ((brightness(shape, GEOM.sky) > brightness(shape, end)) != inside).sum() <= 0.02 * inside.sum()


@pytest.mark.parametrize("name", ["Shell", "Shell2"])
def test_a_shell_is_a_ring_between_its_radii(name):
    found = region(EXAMPLES[name])
    assert isinstance(found, CircleAnnulusSkyRegion)
    assert [found.inner_radius.to_value("deg"), found.outer_radius.to_value("deg")] == pytest.approx([0.3, 0.5])


def test_a_round_shape_and_a_ball_are_circles():
    ball, wide = region(Shell2(83, 22, r_0=0.5, eta=1.0, frame="icrs")), region(Gaussian(83, 22, 0.3, frame="galactic"))
    assert isinstance(ball, CircleSkyRegion)
    assert isinstance(wide, CircleSkyRegion)
    assert ball.radius.to_value("deg") == pytest.approx(0.5)
    assert (wide.radius.to_value("deg"), wide.center.frame.name) == (pytest.approx(0.3), "galactic")


def test_a_point_is_a_point():
    found = region(Point(83, 22, frame="icrs"))
    assert isinstance(found, PointSkyRegion)
    assert found.center.separation(CENTER).deg < 1e-9


def test_a_template_is_the_outline_of_its_map():
    images = np.ones((4, 9))
    for shape in (Template(*GRID, images, frame="icrs"), EnergyTemplate([1.0, 2.0], *GRID, [images] * 2, frame="icrs")):
        found = region(shape)
        assert isinstance(found, PolygonSkyRegion)
        lit = brightness(Template(*GRID, images, frame="icrs"), GEOM.sky) > 0
        assert (region_mask(GEOM, found) != lit).sum() <= 0.01 * lit.sum()


def test_a_shape_of_ones_own_is_the_circle_of_its_reach():
    found = region(Cone(83, 22, frame="icrs"))
    assert isinstance(found, CircleSkyRegion)
    assert found.radius.to_value("deg") == pytest.approx(0.4)


def test_what_goes_all_around_the_sky_has_no_region():
    around = np.linspace(-np.pi, np.pi, 5)
    norms = PiecewiseNormShape([0, 1, 0], [0, 0, 1], (1, 1, 1), frame="icrs")
    turned = Template(around, GRID[1], np.ones((4, 5)), frame="icrs")
    assert [region(shape) for shape in (Constant(), ConstantFlux(), norms, turned)] == [None] * 4
