import astropy.units as u
import numpy as np
import pytest

from skyfold.errors import ConfigError, ShapeError
from skyfold.estimate.significance import exclusion_from_significance, significance_distribution
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from tests.datasets import CENTER

IMAGE = WcsGeom.create(CENTER, npix=(60, 50), pixel="0.1 deg")


def noise(seed=0):
    return np.random.default_rng(seed).normal(0.1, 1.2, IMAGE.shape)


def test_a_gaussian_is_found_again():
    found = significance_distribution(Map(IMAGE, noise()), bins=np.linspace(-6, 6, 61))
    assert found.mean == pytest.approx(0.1, abs=4 * 1.2 / np.sqrt(3000))
    assert found.std == pytest.approx(1.2, abs=4 * 1.2 / np.sqrt(6000))
    middle = (found.edges[1:] + found.edges[:-1]) / 2
    assert found.fitted(middle).sum() == pytest.approx(3000, rel=1e-3)
    # Each bin scatters about the curve like counts do.
    chi2 = np.sum((found.outside - found.fitted(middle)) ** 2 / np.maximum(found.fitted(middle), 1))
    assert chi2 < 100


def test_a_source_inside_the_exclusion_does_not_count():
    values = noise()
    values[20:25, 30:35] = 30.0
    free = np.ones(IMAGE.shape, bool)
    free[20:25, 30:35] = False
    found = significance_distribution(Map(IMAGE, values), Map(IMAGE, free))
    assert found.mean == pytest.approx(values[free].mean())
    assert found.n_outside == 2975
    assert found.everywhere.sum() == 3000
    assert found.inside[-1] == 25
    assert found.edges[-1] == 30.0


def test_the_exclusion_may_be_on_other_pixels():
    wide = WcsGeom.create(CENTER, npix=(40, 40), pixel="0.5 deg", frame="galactic")
    exclusion = Map(wide, wide.separation(CENTER) > 1 * u.deg)
    found = significance_distribution(Map(IMAGE, noise()), exclusion)
    assert found.inside.sum() == pytest.approx(np.pi / 0.1**2, rel=0.2)


def test_pixels_without_a_value_are_left_out():
    values = noise()
    values[:10] = np.nan
    found = significance_distribution(Map(IMAGE, values))
    assert found.n_outside == 40 * 60
    with pytest.raises(ShapeError, match="no value in any pixel"):
        significance_distribution(Map(IMAGE, np.full(IMAGE.shape, np.nan)))


def test_all_pixels_excluded_leave_nothing_to_fit():
    found = significance_distribution(Map(IMAGE, noise()), Map.filled(IMAGE, False))
    assert found.n_outside == 0
    assert np.isnan(found.mean)


def spots():
    values = np.zeros(IMAGE.shape)
    values[10:13, 10:13] = 6.0
    values[30, 40] = 8.0
    values[40, 50], values[41, 51] = 7.0, 7.0  # touch at a corner
    values[0, 0] = np.nan
    return Map(IMAGE, values)


@pytest.mark.parametrize(("min_size", "excluded"), [(1, 12), (2, 11), (3, 9), (10, 0)])
def test_spots_are_excluded_by_size(min_size, excluded):
    free = exclusion_from_significance(spots(), 5.0, min_size)
    assert free.data.dtype == bool
    assert (~free.data).sum() == excluded


def test_spots_grow():
    free = exclusion_from_significance(spots(), 7.5, grow="0.2 deg")
    distance = IMAGE.separation(IMAGE.from_pix(40, 30)).to_value("deg")
    np.testing.assert_array_equal(~free.data, distance < 0.205)


def test_significant_at_any_energy_is_excluded():
    geom = IMAGE.with_axes(Axis.energy("1 TeV", "10 TeV", 2))
    values = np.zeros(geom.shape)
    values[0, 3, 4], values[1, 5, 6] = 9, 9
    free = exclusion_from_significance(Map(geom, values), 5.0)
    assert free.geom == IMAGE
    assert sorted(zip(*np.nonzero(~free.data), strict=True)) == [(3, 4), (5, 6)]


@pytest.mark.parametrize("options", [{"threshold": 0}, {"min_size": 0}, {"grow": "-1 deg"}])
def test_wrong_options_are_named(options):
    with pytest.raises(ConfigError, match="exclusion: threshold"):
        exclusion_from_significance(spots(), **options)
