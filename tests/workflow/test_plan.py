import astropy.units as u
import numpy as np
import pytest

from skyfold.errors import ConfigError
from skyfold.geom.region import RegionGeom
from skyfold.reduce.field import FovFit, FovScale
from skyfold.reduce.recipe import SafeRange
from skyfold.reduce.reflected import Reflected
from skyfold.reduce.ring import AdaptiveRing, Ring
from skyfold.workflow.load import config_from_dict
from skyfold.workflow.plan import find_exclusion, make_recipe
from skyfold.workflow.select import select_observations
from tests.analyses import RING, SPECTRUM, changed


def recipe(config, path=None, value=None):
    config = config if path is None else changed(config, path, value)
    return make_recipe(config_from_dict(config), None)


def background(method, /, **parameters):
    return recipe(RING, "datasets.background", {"method": method, "parameters": parameters}).background


def test_a_map_is_centred_where_it_is_asked_for():
    geom = recipe(RING).geom
    assert (geom.proj, geom.frame, geom.image_shape) == ("CAR", "icrs", (24, 30))
    assert geom.center.separation(geom.from_pix(14.5, 11.5)).deg < 1e-9
    assert geom.center.ra.deg == pytest.approx(83.63)
    assert geom.axis("energy").edges.to_value("TeV") == pytest.approx(np.geomspace(1, 10, 3))


def test_the_projection_may_be_another():
    assert recipe(RING, "datasets.geom.wcs.proj", "TAN").geom.proj == "TAN"


def test_a_galactic_map():
    wanted = {"frame": "galactic", "lon": "0 deg", "lat": "1 deg"}
    geom = recipe(RING, "datasets.geom.wcs.skydir", wanted).geom
    assert (geom.frame, geom.center.b.deg) == ("galactic", pytest.approx(1.0))


def test_a_spectrum_is_of_a_circle_or_of_the_direction_cut():
    circle = recipe(SPECTRUM).geom
    assert isinstance(circle, RegionGeom)
    assert circle.radius.to_value(u.deg) == pytest.approx(0.15)
    assert recipe(SPECTRUM, "datasets.on_region.radius", None).geom.is_point


@pytest.mark.parametrize(
    ("config", "path", "said"),
    [
        (RING, "datasets.geom.wcs.skydir", "datasets.geom.wcs.skydir: maps .* need frame, lon and lat"),
        (SPECTRUM, "datasets.on_region", "datasets.on_region: spectra .* need frame, lon, lat"),
    ],
)
def test_what_is_missing_is_named(config, path, said):
    with pytest.raises(ConfigError, match=said):
        recipe(config, path, {})


def test_rings_are_made_of_images():
    made = recipe(RING)
    assert made.image
    assert made.background == Ring("0.5 deg", "0.4 deg")
    assert not recipe(SPECTRUM).image


def test_the_other_backgrounds():
    assert background("adaptive_ring", r_in="0.4 deg", r_out_max="1 deg", method="fixed_r_in", threshold_alpha=0.2) == (
        AdaptiveRing("0.4 deg", "0.3 deg", "1 deg", alpha=0.2, grow="width")
    )
    assert background("adaptive_ring").grow == "r_in"
    assert background("fov_background", min_counts=5) == FovScale(min_counts=5)
    assert background(None) is None
    assert recipe(SPECTRUM).background == Reflected()
    wanted = {"method": "reflected", "parameters": {"max_region_number": 7, "binsz": "0.02 deg"}}
    assert recipe(SPECTRUM, "datasets.background", wanted).background == Reflected(max_regions=7, pixel="0.02 deg")


def test_a_fitted_background():
    assert background("fov_background", method="fit") == FovFit(tilt=False)
    assert background("fov_background", method="fit", tilt=True, min_counts=3) == FovFit(tilt=True, min_counts=3)


def test_safe_range():
    wanted = {"methods": ["aeff-max", "offset-max"], "parameters": {"aeff_percent": 5, "offset_max": "2 deg"}}
    assert recipe(RING, "datasets.safe_mask", wanted).safe == (
        SafeRange(("aeff-max", "offset-max"), aeff_percent=5, offset_max="2 deg")
    )
    assert recipe(RING, "datasets.safe_mask", {"methods": []}).safe is None
    at = {"frame": "icrs", "lon": "83 deg", "lat": "22 deg"}
    assert recipe(RING, "datasets.safe_mask", {"parameters": {"position": at}}).safe.position.ra.deg == 83


def test_required_responses_are_those_named():
    assert recipe(RING, "observations.required_irf", ["events", "gti", "aeff"]).required == ("aeff",)


@pytest.mark.usefixtures("data")
def test_regions_of_a_spectrum_are_drawn_as_far_as_off_regions_lie():
    config = config_from_dict(changed(SPECTRUM, "datasets.background.exclusion", "icrs;circle(83.63, 23.01, 0.2)"))
    exclusion = find_exclusion(config.datasets, select_observations(config.observations))
    excluded = exclusion.geom.sky[~exclusion.data]
    assert excluded.dec.deg.max() == pytest.approx(23.21, abs=0.03)
    assert exclusion.geom.width.to_value("deg").min() > 2 * (2 * 0.5 + 0.15)
