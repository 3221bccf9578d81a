import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import DataError
from skyfold.geom.wcs import WcsGeom
from skyfold.simulate.views import View, Vignetting, exposure_map

CENTER = SkyCoord(0, 0, unit="deg")
GEOM = WcsGeom.create(CENTER, npix=(41, 31), pixel="0.05 deg")


def test_a_disk_has_full_efficiency_within_its_radius():
    seen = View(CENTER, "2 min", Vignetting.disk("0.5 deg")).exposure(GEOM)
    within = GEOM.separation(CENTER).to_value("deg") <= 0.5
    np.testing.assert_array_equal(seen, np.where(within, 120.0, 0.0))


def test_a_gaussian_profile_falls_as_it_should():
    profile = Vignetting.gaussian("0.5 deg", "1 deg")
    offset = np.radians([0.0, 0.3, 0.97, 1.01])
    np.testing.assert_allclose(profile(offset), [1, np.exp(-0.18), np.exp(-0.5 * (0.97 / 0.5) ** 2), 0], rtol=1e-4)


def test_a_table_is_linear_between_nodes_and_holds_below_the_first():
    profile = Vignetting([0.1, 0.3], [0.8, 0.4])
    np.testing.assert_allclose(profile([0.0, 0.1, 0.2, 0.3, 0.31]), [0.8, 0.8, 0.6, 0.4, 0.0])


def test_a_view_at_a_pixel_has_its_radius_in_pixels():
    seen = View.at_pixel(GEOM, 10, 20, livetime=3, radius=5).exposure(GEOM)
    y, x = np.mgrid[:31, :41]
    r = np.hypot(x - 10, y - 20)
    np.testing.assert_array_equal(seen[abs(r - 5) > 0.01], np.where(r < 5, 3.0, 0.0)[abs(r - 5) > 0.01])


def test_a_view_without_vignetting_sees_everything():
    assert (View().exposure(GEOM) == 1).all()
    assert (View.at_pixel(GEOM, 3, 3, 2.0).exposure(GEOM) == 2).all()


def test_the_exposure_of_a_mosaic_is_the_sum_of_its_views():
    views = [View.at_pixel(GEOM, 10, 10, 1.0, 8), View.at_pixel(GEOM, 14, 10, 2.5, 8)]
    mosaic = exposure_map(GEOM, views)
    assert mosaic.unit == "s"
    assert mosaic.data[10, 12] == 3.5
    np.testing.assert_allclose(mosaic.data, views[0].exposure(GEOM) + views[1].exposure(GEOM))


@pytest.mark.parametrize("livetime", [0, -1, np.nan, "-3 h"])
def test_a_livetime_must_be_positive(livetime):
    with pytest.raises(DataError, match="livetime .*wanted a positive time"):
        View(CENTER, livetime)


def test_a_vignetting_needs_a_position():
    with pytest.raises(DataError, match="needs a position"):
        View(None, 1, Vignetting.disk("1 deg"))


@pytest.mark.parametrize(
    ("offset", "efficiency", "text"),
    [
        ([0, 1], [1], "2 offsets and 1 efficiencies"),
        ([0.2, 0.1], [1, 1], "wanted them ascending"),
        ([-0.2, 0.1], [1, 1], "wanted them ascending"),
        ([0.0], [1], "wanted them ascending"),
        ([0, 1], [1, -1], "wanted finite numbers from 0"),
        ([0, 1], [1, np.nan], "wanted finite numbers from 0"),
    ],
)
def test_profiles_that_are_none(offset, efficiency, text):
    with pytest.raises(DataError, match=text):
        Vignetting(np.array(offset), efficiency)


def test_a_gaussian_profile_needs_widths():
    with pytest.raises(DataError, match="wanted positive angles"):
        Vignetting.gaussian("0 deg", "1 deg")
