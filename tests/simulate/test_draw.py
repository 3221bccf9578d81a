import numpy as np
import pytest
from scipy import stats

from skyfold.errors import ConfigError, DataError, ShapeError
from skyfold.simulate.blur import GaussianBlur, KingBlur
from skyfold.simulate.draw import draw_counts, draw_photons
from skyfold.simulate.photons import pile
from skyfold.simulate.picture import as_picture
from skyfold.simulate.scene import Scene
from skyfold.simulate.views import View, exposure_map

RNG = np.random.default_rng(3)
BRIGHTNESS = RNG.gamma(2.0, size=(20, 30))
BRIGHTNESS[5:8, 10:14] = 0.0
GEOM = as_picture(BRIGHTNESS).geom
VIEWS = (View.at_pixel(GEOM, 8, 8, 1.0, 7), View.at_pixel(GEOM, 20, 12, 2.5, 9))
EXPOSURE = exposure_map(GEOM, VIEWS).data
CHANCE = 1e-3  # each comparison may fail so often by chance alone; its seed decides once and for all
EVERYTHING = Scene(BRIGHTNESS, psf=2.0, sky=0.7, instrument=0.4, views=VIEWS, exposure=0.5 + BRIGHTNESS / 20)


def chi2_p(counts, expected):
    """Probability of a χ² as large, over pixels where many are expected."""
    counts, expected = counts[expected > 0], expected[expected > 0]
    assert expected.min() > 8
    return stats.chi2.sf(((counts - expected) ** 2 / expected).sum(), expected.size)


def poisson_p(number, expected):
    """Two-sided probability of a number as far from what is expected."""
    law = stats.poisson(expected)
    return 2 * min(law.cdf(number), law.sf(number - 1))


@pytest.mark.parametrize("fixed", [False, True])
def test_counts_follow_the_picture(fixed):
    counts = draw_counts(Scene(BRIGHTNESS), 1e5, fixed=fixed, seed=1).image.data
    assert counts[BRIGHTNESS == 0].sum() == 0
    expected = 1e5 * BRIGHTNESS / BRIGHTNESS.sum()
    shining = expected > 10
    assert chi2_p(counts[shining], expected[shining]) > CHANCE


def test_a_fixed_number_is_that_number_over_all_views():
    tally = draw_counts(Scene(BRIGHTNESS, views=VIEWS), 12_345, fixed=True, seed=1).tally
    assert tally.drawn.sum() == 12_345
    assert tally.lost.sum() == 0
    seen = Scene(BRIGHTNESS, views=VIEWS).seen
    assert poisson_p(tally.drawn[0, 0], 12_345 * seen[0] / seen.sum()) > CHANCE


def test_totals_have_the_poisson_law():
    totals = np.array([len(draw_photons(Scene(BRIGHTNESS), 50, seed=seed)) for seed in range(200)])
    k, found = np.unique(np.clip(totals, 40, 60), return_counts=True)
    law = stats.poisson(50)
    expected = 200 * np.where(k == 40, law.cdf(40), np.where(k == 60, law.sf(59), law.pmf(k)))
    assert stats.chisquare(found, expected * 200 / expected.sum()).pvalue > CHANCE
    assert abs(totals.mean() - 50) < 3 * np.sqrt(50 / 200)


def test_over_many_seeds_chances_are_even():
    scene = Scene(BRIGHTNESS, views=VIEWS, psf=1.5, placement="bilinear")
    point = np.zeros((61, 61))
    point[30, 30] = 1
    blurred = Scene(point, psf=KingBlur(2.0, 3.0))
    totals, shapes = [], []
    for seed in range(100):
        totals.append(
            stats.poisson(3e3 * scene.seen.sum()).cdf(draw_counts(scene, rate=3e3, seed=seed).tally.drawn.sum())
        )
        photons = draw_photons(blurred, 500, seed=seed)
        shapes.append(stats.kstest(np.arctan2(photons.y - 30, photons.x - 30) / 2 / np.pi + 0.5, "uniform").pvalue)
    assert stats.kstest(totals, "uniform").pvalue > CHANCE
    assert stats.kstest(shapes, "uniform").pvalue > CHANCE


def test_a_rate_times_livetime_times_efficiency_is_expected():
    scene = Scene(BRIGHTNESS, views=VIEWS, exposure=0.5)
    drawn = draw_counts(scene, rate=3e4, seed=2)
    expected = 3e4 * BRIGHTNESS / BRIGHTNESS.sum() * EXPOSURE * 0.5
    assert poisson_p(drawn.tally.drawn.sum(), expected.sum()) > CHANCE
    many = expected > 10
    assert chi2_p(drawn.image.data[many], expected[many]) > CHANCE


def test_photons_per_view_follow_the_rate_and_not_a_share():
    scene = Scene(np.ones((20, 30)), views=(View(), View(livetime=4.0)))
    drawn = draw_counts(scene, 5e4, seed=3).tally.drawn[:, 0]
    assert poisson_p(drawn[0], 1e4) > CHANCE
    assert poisson_p(drawn[1], 4e4) > CHANCE


def test_backgrounds_follow_their_own_laws():
    scene = Scene(BRIGHTNESS, sky=40.0, instrument=20.0, views=VIEWS, exposure=0.25)
    photons = draw_photons(scene, 1, seed=4)
    seen = EXPOSURE > 0
    assert chi2_p(photons.of("sky").counts().data[seen], 10.0 * EXPOSURE[seen]) > CHANCE
    instrument = sum(20.0 * view.livetime * (view.exposure(GEOM) > 0) for view in VIEWS)
    assert chi2_p(photons.of("instrument").counts().data, instrument) > CHANCE
    assert photons.counts().data[~seen].sum() == 0


def test_a_background_may_be_a_map():
    scene = Scene(BRIGHTNESS, sky=50 * BRIGHTNESS, instrument=as_picture(10 + BRIGHTNESS))
    photons = draw_photons(scene, 1, seed=4)
    wanted = 50 * BRIGHTNESS
    many = wanted > 10
    assert chi2_p(photons.of("sky").counts().data[many], wanted[many]) > CHANCE
    assert chi2_p(photons.of("instrument").counts().data, 10 + BRIGHTNESS) > CHANCE


@pytest.mark.parametrize("psf", [GaussianBlur(3.0), KingBlur(2.0, 2.0)], ids=["Gaussian", "King"])
def test_a_uniform_sky_stays_uniform_to_the_border(psf):
    photons = draw_photons(Scene(BRIGHTNESS, sky=300.0, psf=psf), 1, seed=6).of("sky")
    border = np.ones((20, 30), dtype=bool)
    border[2:-2, 2:-2] = False
    # The blur reaches beyond the margin with one photon in a thousand.
    assert photons.counts().data[border].mean() == pytest.approx(300, abs=4 * np.sqrt(300 / border.sum()) + 0.3)


def test_the_instrument_is_not_blurred():
    scene = Scene(BRIGHTNESS, psf=5.0, instrument=100.0, views=(VIEWS[0],))
    counts = draw_photons(scene, 1, seed=6).of("instrument").counts().data
    assert counts[VIEWS[0].exposure(GEOM) == 0].sum() == 0


def test_a_blurred_point_has_the_shape_of_the_blur():
    point = np.zeros((81, 81))
    point[40, 40] = 1
    photons = draw_photons(Scene(point, psf=4.0), 1e5, seed=7)
    # The place within the pixel adds the variance of an even law, 1/12.
    assert photons.x.std() == pytest.approx(np.sqrt(16 + 1 / 12), rel=0.01)
    assert photons.y.mean() == pytest.approx(40, abs=0.05)


def test_nearest_places_are_even_within_a_pixel():
    photons = draw_photons(Scene(BRIGHTNESS), 1e5, seed=8)
    assert stats.kstest((photons.x + 0.5) % 1, "uniform").pvalue > CHANCE
    assert stats.kstest((photons.y + 0.5) % 1, "uniform").pvalue > CHANCE


def test_bilinear_places_follow_straight_lines_between_centres_and_even_ends():
    row = np.array([[1.0, 5.0, 2.0]])
    photons = draw_photons(Scene(row, placement="bilinear"), 2e5, seed=9)
    x = np.linspace(-0.5, 2.5, 3001)
    density = np.interp(x, [0, 1, 2], row[0])
    enclosed = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    assert stats.kstest(photons.x, lambda at: np.interp(at, x, enclosed / enclosed[-1])).pvalue > CHANCE
    assert stats.kstest(photons.y, stats.uniform(-0.5, 1).cdf).pvalue > CHANCE
    assert photons.tally.lost.sum() == 0


def blur_matrix(sigma, size, margin=0):
    """Share of the photons of an even pixel that a Gaussian blur puts into each pixel, shape (size, size + 2 margin).

    The second difference of z Φ(z) + φ(z), which is the integral of the integral of the Gaussian.
    """
    z = np.arange(size)[:, None] - np.arange(-margin, size + margin)[None, :]
    twice = [(z + d) * stats.norm.cdf((z + d) / sigma) + sigma * stats.norm.pdf((z + d) / sigma) for d in (-1, 0, 1)]
    return twice[0] - 2 * twice[1] + twice[2]


def test_everything_together_is_what_convolution_expects():
    counts = draw_counts(EVERYTHING, rate=2e5, seed=21).image.data
    margin = EVERYTHING.margin
    expected = np.zeros(counts.shape)
    for view in VIEWS:
        picture, sky, instrument = EVERYTHING.expected(view)
        expected += blur_matrix(2.0, 20) @ (2e5 * picture) @ blur_matrix(2.0, 30).T + instrument
        expected += blur_matrix(2.0, 20, margin) @ sky @ blur_matrix(2.0, 30, margin).T
    many = expected > 10
    assert many.sum() > 400
    assert chi2_p(counts[many], expected[many]) > CHANCE
    assert poisson_p(counts[~many].sum(), expected[~many].sum()) > CHANCE


def test_the_same_seed_gives_the_same_photons_listed_or_counted():
    photons, again = (draw_photons(EVERYTHING, 5e4, seed=11) for _ in range(2))
    np.testing.assert_array_equal(photons.x, again.x)
    counted = draw_counts(EVERYTHING, 5e4, seed=11)
    np.testing.assert_array_equal(photons.counts().data, counted.image.data)
    np.testing.assert_array_equal(photons.tally.kept, counted.tally.kept)
    assert not np.array_equal(photons.x[:10], draw_photons(EVERYTHING, 5e4, seed=12).x[:10])


def test_photons_lost_and_kept_are_those_drawn():
    photons = draw_photons(EVERYTHING, 5e4, seed=11)
    tally = photons.tally
    np.testing.assert_array_equal(tally.lost + tally.kept, tally.drawn)
    assert tally.lost[:, 0].min() > 0
    assert (tally.lost[:, 2] == 0).all()
    found = np.zeros_like(tally.kept)
    np.add.at(found, (photons.view, photons.source), 1)
    np.testing.assert_array_equal(found, tally.kept)
    assert photons.counts().data.sum() == tally.kept.sum() == len(photons)
    assert len(str(tally).splitlines()) == 5


def test_a_view_draws_the_same_photons_beside_any_others():
    def drawn(*views):
        return draw_photons(Scene(BRIGHTNESS, psf=1.0, sky=0.3, views=views), rate=1e4, seed=13).of_view(0)

    np.testing.assert_array_equal(drawn(VIEWS[0]).x, drawn(*VIEWS).x)


def test_many_short_observations_sum_to_a_long_one():
    scene = Scene(BRIGHTNESS, psf=1.0)
    short = [draw_counts(scene, rate=500.0, seed=seed).image.data for seed in range(200)]
    expected = draw_counts(scene, rate=1e7, seed=1).image.data / 100
    assert chi2_p(np.sum(short, axis=0), expected) > CHANCE


def test_more_photons_than_fit_in_one_group_in_a_single_pixel():
    drawn = draw_counts(Scene([[0.0, 1.0]]), 100_000, fixed=True, seed=1)
    np.testing.assert_array_equal(drawn.image.data, [[0, 100_000]])


def test_hardly_any_photons():
    photons = draw_photons(Scene(BRIGHTNESS), 1e-9, seed=1)
    assert len(photons) == 0
    assert photons.counts().data.sum() == draw_counts(Scene(BRIGHTNESS), 1e-9, seed=1).image.data.sum() == 0


def test_photons_know_their_source_and_their_place_on_the_sky():
    photons = draw_photons(EVERYTHING, 2e3, seed=11)
    assert set(photons.labels) == {"picture", "sky", "instrument"}
    x, y = GEOM.to_pix(photons.sky)
    np.testing.assert_allclose(x, photons.x, atol=1e-6)
    np.testing.assert_allclose(GEOM.lonlat_to_pix(*photons.lonlat)[1], photons.y, atol=1e-6)


def test_photons_are_binned_on_other_pixels_too():
    photons = draw_photons(Scene(BRIGHTNESS), 1e4, seed=2)
    part = GEOM.sliced(slice(3, 9), slice(10, 25))
    np.testing.assert_array_equal(photons.counts(part).data, photons.counts().data[3:9, 10:25])


def test_shuffled_photons_are_the_same_photons():
    photons = draw_photons(EVERYTHING, 2e3, seed=11)
    other = photons.shuffled(np.random.default_rng(1))
    assert not np.array_equal(other.x, photons.x)
    np.testing.assert_array_equal(other.counts().data, photons.counts().data)


def test_lists_pile_up():
    lists = [draw_photons(EVERYTHING, 2e3, seed=seed) for seed in (1, 2)]
    both = pile(lists)
    np.testing.assert_array_equal(both.counts().data, sum(part.counts().data for part in lists))
    assert both.tally.drawn.shape == (4, 3)
    np.testing.assert_array_equal(both.of_view(2).x, lists[1].of_view(0).x)


def test_lists_that_do_not_pile_up():
    with pytest.raises(ShapeError, match="no photon lists"):
        pile([])
    with pytest.raises(ShapeError, match="different pictures"):
        pile([draw_photons(Scene(np.ones((n, 3))), 10, seed=1) for n in (3, 4)])


# What cannot be drawn


@pytest.mark.parametrize("scene", [Scene([[1.0]], sky=1e13), Scene([[1.0]], instrument=1e19)])
def test_more_photons_than_a_day_can_draw_are_refused(scene):
    with pytest.raises(ConfigError, match="view 0: 1e.* photons expected; wanted less than 1e"):
        draw_counts(scene, 1, seed=1)


@pytest.mark.parametrize("photons", [0, -5, np.nan, np.inf])
def test_the_number_of_photons_must_be_positive(photons):
    with pytest.raises(ConfigError, match="photons: .*wanted a positive number"):
        draw_counts(Scene(BRIGHTNESS), photons, seed=1)


def test_a_rate_must_be_positive():
    with pytest.raises(ConfigError, match="rate: -1; wanted a positive number"):
        draw_counts(Scene(BRIGHTNESS), rate="-1 s-1", seed=1)


@pytest.mark.parametrize("kwargs", [{}, {"photons": 3, "rate": 3}])
def test_the_number_is_said_in_one_way(kwargs):
    with pytest.raises(ConfigError, match="either their number or their rate"):
        draw_counts(Scene(BRIGHTNESS), seed=1, **kwargs)


@pytest.mark.parametrize("kwargs", [{"photons": 2.5}, {"rate": 3}])
def test_a_fixed_number_is_whole(kwargs):
    with pytest.raises(ConfigError, match="must be whole"):
        draw_counts(Scene(BRIGHTNESS), seed=1, fixed=True, **kwargs)


def test_an_exposure_of_another_shape_is_refused():
    with pytest.raises(ShapeError, match=r"exposure: shape \(30, 20\)"):
        Scene(BRIGHTNESS, exposure=np.ones((30, 20)))


def test_a_view_beside_the_picture_is_refused():
    with pytest.raises(DataError, match="view 1: the pointing at RA .* sees nothing of the picture"):
        Scene(BRIGHTNESS, views=(VIEWS[0], View.at_pixel(GEOM, 100, 10, 1.0, 7)))


def test_views_of_nothing_but_darkness_are_refused():
    dark = np.zeros((20, 30))
    dark[0, 0] = 1
    with pytest.raises(DataError, match="no view sees a pixel of the picture that shines"):
        draw_counts(Scene(dark, views=(VIEWS[1],)), 10, seed=1)


def test_an_exposure_of_nothing_is_refused():
    with pytest.raises(DataError, match="with this exposure it sees nothing"):
        Scene(BRIGHTNESS, exposure=0.0)


def test_other_mistakes():
    with pytest.raises(ConfigError, match="placement 'cubic' is not one of nearest, bilinear"):
        Scene(BRIGHTNESS, placement="cubic")
    with pytest.raises(ConfigError, match="at least one view"):
        Scene(BRIGHTNESS, views=())
    with pytest.raises(KeyError, match="no source 'galaxy'; there are picture, sky, instrument"):
        draw_photons(Scene(BRIGHTNESS), 5, seed=1).of("galaxy")
