import numpy as np
import pytest
from scipy import stats

from skyfold.errors import ConfigError, DataError
from skyfold.simulate.draw import draw_counts, draw_photons
from skyfold.simulate.picture import as_picture
from skyfold.simulate.poisson import PixelValues, pixel_values, poisson_law, thin
from skyfold.simulate.scene import Scene

RNG = np.random.default_rng(2)
UNIFORM = Scene(np.ones((100, 120)))


def test_the_law_is_that_of_scipy_and_goes_through_between():
    k = np.arange(30)
    np.testing.assert_allclose(poisson_law(k, 6.3), stats.poisson(6.3).pmf(k), rtol=1e-12)
    assert poisson_law(2, 6.3) < poisson_law(2.5, 6.3) < poisson_law(3, 6.3)
    np.testing.assert_array_equal(poisson_law([0, 1], 0.0), [1, 0])


def test_pixels_are_sorted_by_what_they_hold():
    values = pixel_values([[0, 1, 1], [3, 1, 0]])
    np.testing.assert_array_equal(values.number, [2, 3, 0, 1])
    assert (values.pixels, values.rate) == (6, 1.0)
    assert values.rate_error == pytest.approx(np.sqrt(1 / 6))
    assert values.dispersion == pytest.approx(np.var([0, 1, 1, 3, 1, 0], ddof=1))


def test_a_mask_chooses_pixels():
    counts = as_picture([[1, 2], [3, 4]])
    np.testing.assert_array_equal(pixel_values(counts, [[True, False], [False, True]]).number, [0, 1, 0, 0, 1])
    np.testing.assert_array_equal(pixel_values(counts, counts > 2).number, [0, 0, 0, 1, 1])


@pytest.mark.parametrize("per_pixel", [0.3, 6, 200])
def test_a_uniform_sky_follows_the_law_of_its_mean(per_pixel):
    n = int(12_000 * per_pixel)
    values = pixel_values(draw_counts(UNIFORM, n, fixed=True, seed=1).image)
    assert values.rate == n / 12_000
    assert values.agreement().p_value > 1e-3
    assert values.dispersion == pytest.approx(1, abs=4 * np.sqrt(2 / 12_000))


def test_chances_of_the_test_are_even():
    p = [pixel_values(RNG.poisson(4.0, 5000)).agreement().p_value for _ in range(200)]
    assert stats.kstest(p, "uniform").pvalue > 1e-3


def test_an_uneven_sky_does_not_follow_it():
    values = pixel_values(draw_counts(Scene([[1.0, 2.0]] * 500), 6000, seed=1).image)
    assert values.agreement().p_value < 1e-6
    assert values.dispersion > 1.2


def test_too_little_for_a_test():
    with pytest.raises(DataError, match="12 pixels with 0 photons each fill too few bins"):
        PixelValues(np.array([12])).agreement()
    assert np.isnan(PixelValues(np.array([12])).dispersion)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_thinned_counts_and_photons_follow_the_law_of_their_share(share):
    photons = draw_photons(UNIFORM, 120_000, seed=5)
    for thinned in (thin(photons, share, RNG).counts().data, thin(photons.counts(), share, RNG).data):
        assert thinned.sum() == pytest.approx(share * len(photons), abs=4 * np.sqrt(120_000 * share * (1 - share)))
        if share == 0.3:
            assert pixel_values(thinned).agreement().p_value > 1e-3


def test_what_is_kept_and_what_is_not_are_independent():
    counts = RNG.poisson(9.0, 20_000)
    kept = thin(counts, 0.4, RNG)
    assert stats.pearsonr(kept, counts - kept).pvalue > 1e-3


@pytest.mark.parametrize("share", [-0.1, 1.1, np.nan])
def test_a_share_is_a_probability(share):
    with pytest.raises(ConfigError, match="wanted a probability from 0 to 1"):
        thin(np.ones(3, dtype=int), share, RNG)


@pytest.mark.parametrize("value", [0.5, -1, np.nan])
def test_counts_are_whole(value):
    with pytest.raises(DataError, match="whole numbers from 0"):
        thin([1, value], 0.5, RNG)
    with pytest.raises(DataError, match="whole numbers from 0"):
        pixel_values([1, value])


def test_no_pixel_to_look_at():
    with pytest.raises(DataError, match="no pixel to look at"):
        pixel_values([1, 2], [False, False])
