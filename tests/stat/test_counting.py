import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import poisson

from skyfold.errors import ConfigError, ShapeError
from skyfold.stat import crossing
from skyfold.stat.counting import CashCounts, OnOffCounts
from skyfold.stat.onoff import li_ma

FEW = [0, 1, 2, 5, 10, 40, 300]


@pytest.fixture(scope="module")
def known():
    n_on, mu_bkg = np.meshgrid(FEW, [0.01, 0.5, 3.0, 20.0, 250.0])
    return CashCounts(n_on, mu_bkg)


@pytest.fixture(scope="module")
def measured():
    return OnOffCounts(*np.meshgrid(FEW, [0, 1, 4, 30, 1000], [0.02, 0.3, 1.0, 4.0]))


@pytest.fixture(params=["known", "measured"])
def counts(request):
    return request.getfixturevalue(request.param)


def test_excess_background_and_error():
    one = CashCounts([5, 0], 2.0)
    np.testing.assert_array_equal(one.excess, [3.0, -2.0])
    np.testing.assert_array_equal(one.error, [np.sqrt(5), 0.0])
    two = OnOffCounts([5, 0], [8, 4], 0.5)
    np.testing.assert_array_equal(two.excess, [1.0, -2.0])
    np.testing.assert_array_equal(two.background, [4.0, 2.0])
    np.testing.assert_array_equal(two.error, [np.sqrt(5 + 2), 1.0])


def test_significance_has_the_sign_of_the_excess_and_grows_with_the_counts(counts):
    np.testing.assert_array_equal(
        np.sign(counts.sqrt_ts[counts.excess != 0]), np.sign(counts.excess[counts.excess != 0])
    )
    assert (np.diff(counts.sqrt_ts, axis=1) > 0).all()
    np.testing.assert_allclose(counts.ts, counts.stat(0.0) - counts.stat(counts.excess), rtol=1e-9, atol=1e-9)


def test_p_values_are_one_sided():
    one = CashCounts([2, 3, 4], 3.0)
    assert one.p_value[0] > one.p_value[1] == 0.5 > one.p_value[2]
    many = CashCounts(10400.0, 10000.0)
    assert many.p_value == pytest.approx(poisson.sf(10399.5, 10000), rel=0.02)


def test_errors_are_where_the_profile_has_risen_by_n_sigma_squared(counts):
    for n_sigma in (1.0, 3.0):
        errn, errp, stated = counts.errors(n_sigma)
        assert stated == n_sigma
        np.testing.assert_allclose(counts.stat(counts.excess + errp), n_sigma**2, rtol=1e-8)
        inner = errn > 0  # no counts over a known background: the best fit is the smallest signal there is
        np.testing.assert_allclose(counts.stat(counts.excess - errn)[inner], n_sigma**2, rtol=1e-8)
        if isinstance(counts, CashCounts):
            np.testing.assert_array_equal(inner, counts.n_on > 0)
        else:
            assert inner.all()


def test_errors_of_many_counts_are_symmetric():
    many = OnOffCounts(1e6, 4e6, 0.2)
    errn, errp, _ = many.errors()
    assert errn == pytest.approx(many.error, rel=2e-3)
    assert errp == pytest.approx(many.error, rel=2e-3)


def test_errors_agree_with_a_general_root_finder():
    one, two = CashCounts(3.0, 1.5), OnOffCounts(3.0, 10.0, 0.15)
    for each, least in ((one, -1.5 + 1e-9), (two, -50.0)):
        errn, errp, _ = each.errors(2.0)
        best = float(each.excess)
        low, high = (
            brentq(lambda s, c=each: c.stat(s) - 4.0, a, b, xtol=1e-13) for a, b in ((least, best), (best, 50))
        )
        assert best - errn == pytest.approx(low, rel=1e-9)
        assert best + errp == pytest.approx(high, rel=1e-9)


@pytest.mark.parametrize("bounded", [True, False])
def test_limits_rise_from_their_best_fit(counts, bounded):
    value, level = counts.upper_limit(2.0, bounded=bounded)
    assert level == pytest.approx(0.9772499)
    best = np.maximum(counts.excess, 0) if bounded else counts.excess
    assert (value > best).all()
    np.testing.assert_allclose(counts.stat(value) - counts.stat(best), 4.0, rtol=1e-6)


def test_limits_are_finite_and_positive_unless_asked(counts):
    assert (counts.upper_limit(1.0).value > 0).all()
    assert np.isfinite(counts.upper_limit(5.0).value).all()
    assert (counts.upper_limit(1.0, bounded=False).value < 0).any()


def test_a_limit_without_counts_is_the_same_over_any_known_background():
    np.testing.assert_allclose(CashCounts(0, [0.0, 1.0, 1e4]).upper_limit(2.0).value, 2.0, rtol=1e-8)


def test_limits_take_a_level_in_place_of_sigmas(counts):
    value, level = counts.upper_limit(level=0.95)
    assert level == pytest.approx(0.95, rel=1e-12)
    np.testing.assert_allclose(value, counts.upper_limit(1.6448536269514722).value)
    assert (value < counts.upper_limit(2.0).value).all()


def test_limits_grow_with_the_counts(counts):
    assert (np.diff(counts.upper_limit().value, axis=1) >= 0).all()


def test_the_excess_for_a_significance_has_it(counts):
    for sigma in (0.5, 5.0):
        excess = counts.excess_for_significance(sigma)
        assert (excess > 0).all()
        total = counts.background + excess
        again = (
            CashCounts(total, counts.mu_bkg).sqrt_ts
            if isinstance(counts, CashCounts)
            else li_ma(total, counts.n_off, counts.alpha)
        )
        np.testing.assert_allclose(again, sigma, rtol=1e-8)


def test_more_background_needs_more_excess(known):
    assert (np.diff(known.excess_for_significance(5.0), axis=0) > 0).all()


def test_many_off_counts_are_a_known_background():
    one, two = CashCounts(FEW, 7.0), OnOffCounts(FEW, 7e9, 1e-9)
    np.testing.assert_allclose(one.sqrt_ts, two.sqrt_ts, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(one.upper_limit().value, two.upper_limit().value, rtol=1e-5)
    np.testing.assert_allclose(one.errors().errp, two.errors().errp, rtol=1e-5)
    np.testing.assert_allclose(one.excess_for_significance(5), two.excess_for_significance(5), rtol=1e-5)


def test_pixels_that_cannot_be_used_are_nan_in_silence_and_alone():
    two = OnOffCounts([3, 3, 3, np.nan, 3, 3], [9, 9, 9, 9, -1, 9], [0.0, np.nan, np.inf, 0.1, 0.1, 0.1])
    one = CashCounts([3, np.nan, -2, 3], [-1.0, 1.0, 1.0, 1.0])
    for each in (two, one):
        results = (each.excess, each.sqrt_ts, each.p_value, *each.errors()[:2], each.upper_limit().value)
        for result in (*results, each.upper_limit(bounded=False).value):
            assert np.isfinite(result[-1])
        assert np.isnan([result[:-1] for result in results[1:]]).all()


def test_no_background_at_all_is_very_significant_not_infinite():
    one = CashCounts([0, 1], 0.0)
    assert one.sqrt_ts[0] == 0
    assert 5 < one.sqrt_ts[1] < 10
    assert np.isfinite(one.excess_for_significance(5.0)).all()


def test_regions_add_up():
    two = OnOffCounts([[1, 2], [3, 0]], [[10, 20], [0, 0]], [[0.1, 0.2], [0.5, 0.3]])
    whole = two.sum()
    assert (whole.n_on, whole.n_off) == (6, 30)
    assert whole.background == pytest.approx(10 * 0.1 + 20 * 0.2)
    rows = two.sum(axis=1)
    np.testing.assert_allclose(rows.alpha, [5 / 30, 0.4])  # the mean where there are no off counts
    np.testing.assert_array_equal(CashCounts([[1, 2], [3, 4]], 0.5).sum(0).mu_bkg, [1.0, 1.0])


def test_arrays_that_do_not_fit_are_named_with_their_shapes():
    with pytest.raises(ShapeError, match=r"n_on \(3,\), n_off \(2,\), alpha \(\)"):
        OnOffCounts(np.ones(3), np.ones(2), 0.1)


def test_what_is_no_number_of_sigmas_is_refused(counts):
    for call in (counts.errors, counts.upper_limit, counts.excess_for_significance):
        with pytest.raises(ConfigError, match="is -1.*positive number of standard deviations"):
            call(-1)
    with pytest.raises(ConfigError, match="give 0.95 for 95 %"):
        counts.upper_limit(level=95)


def test_one_region_is_a_scalar():
    one = OnOffCounts(5, 20, 0.1)
    assert np.shape(one.sqrt_ts) == np.shape(one.errors().errn) == np.shape(one.upper_limit().value) == ()


COUNTS = st.one_of(st.integers(0, 10), st.integers(0, 10**5), st.floats(1e-6, 10))


@given(COUNTS, st.floats(1e-3, 100))
def test_every_poisson_bracket_holds(n, height):
    n, height = np.float64(n), np.float64(height)
    below, above = crossing.poisson_below(n, height), crossing.poisson_above(n, height)
    assert 0 <= below <= n < above


@given(COUNTS, COUNTS, st.floats(1e-3, 10), st.floats(1e-2, 10))
def test_every_onoff_bracket_holds(n_on, n_off, alpha, n_sigma):
    one = OnOffCounts(n_on, n_off, alpha)
    errn, errp, _ = one.errors(n_sigma)
    limits = one.upper_limit(n_sigma).value, one.upper_limit(n_sigma, bounded=False).value
    assert errn > 0
    assert limits[0] >= limits[1] == pytest.approx(one.excess + errp)
    assert one.excess_for_significance(n_sigma) > 0


@pytest.mark.parametrize("n_sigma", [0.01, 1.0, 30.0])
def test_no_pixel_of_a_map_from_empty_to_blinding_is_without_a_number(n_sigma):
    rng, size = np.random.default_rng(5), 20000

    def wild(low, high):
        return np.where(rng.random(size) < 0.2, 0.0, 10 ** rng.uniform(low, high, size))

    alpha = 10 ** rng.uniform(-6, 3, size)
    for each in (OnOffCounts(wild(-14, 9), wild(-14, 9), alpha), CashCounts(wild(-14, 9), wild(-14, 9))):
        errn, errp, _ = each.errors(n_sigma)
        limits = each.upper_limit(n_sigma).value, each.upper_limit(n_sigma, bounded=False).value
        needed = each.excess_for_significance(n_sigma)
        assert np.isfinite([errn, errp, *limits, needed]).all()
        assert min(errn.min(), errp.min(), limits[0].min(), needed.min()) >= 0


# Coverage. The counts are whole numbers, so it is a sum over all outcomes: exact, no toys needed. Where the bound at
# zero lifts a limit it covers more than it says; where few counts are expected it steps up and down with them.

SIGNALS = (0.0, 1.0, 3.0, 10.0)


def coverage_known(limit, background, signal):
    n = np.arange(1000.0)
    return poisson.pmf(n, signal + background)[limit(CashCounts(n, background)) >= signal].sum()


def coverage_measured(limit, mu_off, alpha, signal):
    n_off = np.arange(*poisson.interval(1 - 1e-9, mu_off))
    n_on = np.arange(poisson.isf(1e-9, signal + alpha * mu_off))[:, None]
    chance = poisson.pmf(n_on, signal + alpha * mu_off) * poisson.pmf(n_off, mu_off)
    return chance[limit(OnOffCounts(n_on, n_off, alpha)) >= signal].sum()


def bounded(counts):
    return counts.upper_limit(level=0.95).value


def unbounded(counts):
    return counts.upper_limit(level=0.95, bounded=False).value


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("background", [20.0, 50.0, 100.0, 400.0])
def test_limits_over_a_known_background_cover(background, signal):
    assert coverage_known(bounded, background, signal) >= 0.935
    assert 0.93 <= coverage_known(unbounded, background, signal) <= 0.965


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize(("mu_off", "alpha"), [(50, 0.1), (100, 0.2), (100, 1.0), (200, 1 / 7)])
def test_limits_over_a_measured_background_cover(mu_off, alpha, signal):
    assert coverage_measured(bounded, mu_off, alpha, signal) >= 0.935
    assert 0.935 <= coverage_measured(unbounded, mu_off, alpha, signal) <= 0.965


def test_a_limit_that_cannot_be_negative_always_covers_no_signal():
    assert all(coverage_known(bounded, b, 0.0) == pytest.approx(1.0) for b in (0.1, 3.0, 50.0))
    assert all(coverage_measured(bounded, b, 0.2, 0.0) == pytest.approx(1.0) for b in (1.0, 50.0))


@pytest.mark.parametrize(("expected", "least"), [(1.5, 0.74), (4.0, 0.86), (7.0, 0.90), (15.0, 0.92)])
def test_the_saw_tooth_at_few_counts_is_as_deep_as_documented(expected, least):
    depth = min(coverage_known(unbounded, b, expected - b) for b in np.linspace(0, expected, 20))
    assert depth >= least
    assert min(coverage_known(unbounded, 0.0, s) for s in np.linspace(1.0, 2.0, 50)) < 0.75


@pytest.mark.parametrize("background", [0.0, 0.1, 1.0, 3.0, 10.0, 100.0])
def test_the_conservative_limit_never_falls_short(background):
    for level in (0.9, 0.95):
        for signal in (0.0, 0.5, 1.0, 2.0, 2.9, 3.1, 5.0, 10.0, 30.0):
            coverage = coverage_known(lambda c, v=level: c.conservative_upper_limit(v).value, background, signal)
            assert coverage >= level - 1e-12


def test_the_conservative_limit_has_its_textbook_values():
    value, level = CashCounts([0, 1, 2, 0], [0.0, 0.0, 0.0, 50.0]).conservative_upper_limit(0.95)
    assert level == 0.95
    np.testing.assert_allclose(value, [2.9957, 4.7439, 6.2958, 2.9957], atol=1e-4)
    with pytest.raises(ConfigError, match="between 0.5 and 1"):
        CashCounts(1, 1).conservative_upper_limit(1.0)


def test_toys_of_a_map_cover_and_pull_as_they_should():
    rng, size, mu_off, alpha, signal = np.random.default_rng(42), 4000, 60.0, 0.25, 8.0
    toys = OnOffCounts(rng.poisson(signal + alpha * mu_off, size), rng.poisson(mu_off, size), alpha)
    assert 0.94 <= np.mean(bounded(toys) >= signal) <= 0.965
    errn, errp, _ = toys.errors()
    inside = (toys.excess - errn <= signal) & (signal <= toys.excess + errp)
    assert np.mean(inside) == pytest.approx(0.683, abs=0.02)
    null = OnOffCounts(rng.poisson(alpha * mu_off, size), rng.poisson(mu_off, size), alpha)
    assert np.std(null.sqrt_ts) == pytest.approx(1.0, abs=0.04)
    assert np.mean(null.sqrt_ts) == pytest.approx(0.0, abs=0.06)
