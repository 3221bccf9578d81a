import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from skyfold.stat.onoff import li_ma, profiled, wstat, wstat_background
from skyfold.stat.poisson import cstat

COUNTS = st.one_of(st.integers(0, 5), st.integers(0, 10**6), st.floats(1e-3, 1e4))
ALPHA = st.one_of(st.floats(1e-3, 1), st.floats(1, 20))
SIGNAL = st.one_of(st.just(0.0), st.floats(-30, 30), st.floats(-1e4, 1e4))


def joint(n_on, n_off, alpha, mu_sig, mu_bkg):
    """Deviance of both regions at a given background."""
    return cstat(n_on, mu_sig + alpha * mu_bkg) + cstat(n_off, mu_bkg)


@given(st.integers(0, 40), st.integers(0, 200), st.floats(0.02, 3), st.floats(-20, 60))
def test_wstat_is_the_smallest_deviance_over_all_backgrounds(n_on, n_off, alpha, mu_sig):
    least = max(0.0, -mu_sig / alpha) + 1e-10
    most = least + 10 * (n_off + (n_on + abs(mu_sig)) / alpha + 10)
    # In the logarithm of the distance from the boundary: minima next to it are narrow.
    best = minimize_scalar(
        lambda t: joint(n_on, n_off, alpha, mu_sig, least + np.exp(t)),
        bounds=(-25, np.log(most)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    value = wstat(n_on, n_off, alpha, mu_sig)
    assert value == pytest.approx(best.fun, rel=1e-7, abs=1e-6)
    assert value <= best.fun + 1e-9 * (1 + abs(best.fun))


@given(COUNTS, COUNTS, ALPHA, SIGNAL)
def test_the_background_is_the_literal_formula(n_on, n_off, alpha, mu_sig):
    c = alpha * (n_on + n_off) - (1 + alpha) * mu_sig
    d = np.sqrt(max(c**2 + 4 * alpha * (alpha + 1) * n_off * mu_sig, 0.0))
    scale = 2 * alpha * (alpha + 1)
    literal, lost = (c + d) / scale, 1e-7 * (abs(c) + d) / scale
    assert wstat_background(n_on, n_off, alpha, mu_sig) == pytest.approx(literal, abs=lost + 1e-12)


def test_the_background_keeps_its_precision_under_a_large_signal():
    # C < 0 and C + D cancels: to first order μ_b = n_off / (1 + 1/α · …) → n_off / (1 + α) as n_on → 0 or μ_s → ∞
    mu_on, mu_off = profiled(5.0, 3.0, 0.1, 1e12)
    assert mu_off == pytest.approx(3.0 / (1 + 0.1), rel=1e-10)
    assert mu_on == pytest.approx(1e12, rel=1e-12)
    # the other way round: nearly all on counts would have to be a fluctuation of nothing
    mu_on, mu_off = profiled(5.0, 3.0, 0.1, -1e12)
    assert mu_off == pytest.approx(1e13, rel=1e-10)
    assert mu_on == pytest.approx(5.0 / (1 + 1 / 0.1), rel=1e-10)


def test_no_off_counts():
    np.testing.assert_allclose(wstat_background(6.0, 0.0, 0.5, [0.0, 1.0, 2.0, 9.0]), [4.0, 2.0, 0.0, 0.0], atol=1e-15)
    assert wstat(6.0, 0.0, 0.5, 9.0) == pytest.approx(cstat(6.0, 9.0), rel=1e-14)
    # while background is left it is 2 (μ_b + μ_s + α μ_b − n + n ln(n / (μ_s + α μ_b)))
    assert wstat(6.0, 0.0, 0.5, 1.0) == pytest.approx(2 * (2 + 1 + 1 - 6 + 6 * np.log(6 / 2)), rel=1e-14)


def test_no_on_counts():
    np.testing.assert_allclose(wstat_background(0.0, 6.0, 0.5, [0.0, 1.0, 99.0]), 4.0)
    assert wstat(0.0, 6.0, 0.5, 3.0) == pytest.approx(2 * 3 + 2 * 6 * np.log(1.5), rel=1e-14)
    # a negative signal pushes the background up: the on region cannot be less than empty
    np.testing.assert_array_equal(profiled(0.0, 6.0, 0.5, -10.0), (0.0, 20.0))


def test_no_counts_at_all():
    np.testing.assert_allclose(wstat(0, 0, 0.2, [0.0, 1.5, -1.0]), [0.0, 3.0, 10.0])
    assert li_ma(0, 0, 0.2) == 0


@given(COUNTS, COUNTS, ALPHA, SIGNAL, SIGNAL, st.floats(0, 1))
def test_wstat_is_convex_in_the_signal_and_zero_at_the_excess(n_on, n_off, alpha, s_1, s_2, t):
    assert wstat(n_on, n_off, alpha, n_on - alpha * n_off) == pytest.approx(0.0, abs=1e-8)
    ends = wstat(n_on, n_off, alpha, np.array([s_1, s_2]))
    assert (ends >= -1e-9).all()
    middle = wstat(n_on, n_off, alpha, (1 - t) * s_1 + t * s_2)
    assert middle <= (1 - t) * ends[0] + t * ends[1] + 1e-9 * (1 + ends.max())


def equation_17(n_on, n_off, alpha):
    on = n_on * np.log((1 + alpha) / alpha * n_on / (n_on + n_off))
    off = n_off * np.log((1 + alpha) * n_off / (n_on + n_off))
    return np.sqrt(2) * np.sqrt(on + off)


@given(st.integers(1, 500), st.integers(1, 5000), ALPHA)
def test_li_ma_is_equation_17_with_the_sign_of_the_excess(n_on, n_off, alpha):
    with np.errstate(invalid="ignore"):  # the literal form may find −1e-16 under its root
        literal = np.nan_to_num(equation_17(n_on, n_off, alpha))
    significance = li_ma(n_on, n_off, alpha)
    assert abs(significance) == pytest.approx(literal, rel=1e-6, abs=1e-5)
    assert significance * (n_on - alpha * n_off) >= 0


@given(COUNTS, COUNTS, ALPHA)
def test_li_ma_is_the_difference_of_wstat(n_on, n_off, alpha):
    excess = n_on - alpha * n_off
    ts = wstat(n_on, n_off, alpha, 0.0) - wstat(n_on, n_off, alpha, excess)
    assert li_ma(n_on, n_off, alpha) ** 2 == pytest.approx(ts, rel=1e-9, abs=1e-9)


def test_zero_counts_have_closed_forms():
    assert li_ma(5, 0, 0.1) == pytest.approx(np.sqrt(2 * 5 * np.log(1.1 / 0.1)), rel=1e-14)
    assert li_ma(0, 30, 0.1) == pytest.approx(-np.sqrt(2 * 30 * np.log(1.1)), rel=1e-14)


def test_swapping_the_regions_swaps_the_sign():
    assert li_ma(523, 2327, 1 / 5) == pytest.approx(-li_ma(2327, 523, 5), rel=1e-12)


def test_a_small_excess_over_many_counts_is_precise():
    n_off, alpha, pull = 1e12, 0.25, 1e-2
    n_on = alpha * n_off + pull * np.sqrt(alpha * (1 + alpha) * n_off)
    assert li_ma(n_on, n_off, alpha) == pytest.approx(pull, rel=1e-4)


@given(st.integers(0, 300), ALPHA)
def test_more_on_counts_are_more_significant(n_off, alpha):
    assert (np.diff(li_ma(np.arange(0.0, 200.0), n_off, alpha)) > 0).all()


@pytest.mark.parametrize("alpha", [0.0, -0.1, np.inf, np.nan])
def test_pixels_without_a_ratio_of_acceptances_are_nan_in_silence(alpha):
    assert np.isnan(
        [li_ma(3, 4, alpha), li_ma(0, 0, alpha), wstat(3, 4, alpha, 1), wstat_background(0, 0, alpha, 0)]
    ).all()


def test_negative_counts_are_nan_in_silence():
    assert np.isnan([li_ma(-1, 4, 0.1), li_ma(4, -1, 0.1), wstat(-1, 40, 0.1, 3.0), wstat(4, -1, 0.1, 0.0)]).all()


def test_a_map_with_every_kind_of_pixel():
    n_on, n_off = np.array([[0, 5, 0], [3, 3, 3]]), np.array([[0, 0, 9], [1, 10, 100]])
    result = li_ma(n_on, n_off, np.array([0.1, 0.2, 0.3]))
    assert result.shape == (2, 3)
    assert np.isfinite(result).all()
    assert wstat(n_on, n_off, 0.1, np.zeros((4, 1, 1))).shape == (4, 2, 3)
