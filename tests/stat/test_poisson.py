import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from skyfold.num.roots import newton
from skyfold.stat.poisson import FLOOR, cash, cash_slope, cstat

COUNTS = st.one_of(st.integers(0, 20), st.integers(0, 10**7), st.floats(1e-3, 1e3))
EXPECTED = st.one_of(st.floats(-1e3, 1e6), st.floats(-1e-9, 1e-9), st.just(0.0), st.just(FLOOR))


@pytest.mark.parametrize(
    ("n", "mu", "value"), [(0, 0, 0), (0, 2, 4), (0, -3, -6), (1, 1, 2), (3, 2, 2 * (2 - 3 * np.log(2)))]
)
def test_values(n, mu, value):
    assert cash(n, mu) == pytest.approx(value, rel=1e-15)


@given(COUNTS, st.floats(1e-11, 1e6))
def test_cstat_is_cash_less_its_minimum_and_never_negative(n, mu):
    minimum = 2 * (n - n * np.log(n)) if n else 0.0
    assert cstat(n, mu) >= 0
    # 2e-15 of the terms is what the difference of two cash loses
    assert cstat(n, mu) == pytest.approx(cash(n, mu) - minimum, abs=4e-15 * (abs(minimum) + mu + n * 40) + 1e-14)


@pytest.mark.parametrize("n", [1.0, 30.0, 1e6, 1e12])
def test_cstat_keeps_its_precision_at_large_counts(n):
    x = 1e-3 / np.sqrt(n)  # a thousandth of a standard deviation off; series of x − ln(1 + x)
    series = 2 * n * (x**2 / 2 - x**3 / 3 + x**4 / 4)
    assert cstat(n, n * (1 + x)) == pytest.approx(series, rel=1e-3 if n > 1e9 else 1e-6)
    assert cstat(n, n) == 0


@given(COUNTS, EXPECTED, EXPECTED, st.floats(0, 1))
def test_the_statistic_is_convex_in_mu_through_zero(n, mu_1, mu_2, t):
    ends = np.array([cash(n, mu_1), cash(n, mu_2)])
    middle = cash(n, (1 - t) * mu_1 + t * mu_2)
    assert middle <= (1 - t) * ends[0] + t * ends[1] + 1e-12 * np.abs(ends).max() + 1e-9


@given(st.floats(0.01, 1e4), st.floats(-10, 0))
def test_at_no_expectation_counts_push_towards_more(n, mu):
    assert np.isfinite(cash(n, mu))
    assert -np.inf < cash_slope(n, mu) < 0
    assert cash(n, mu - 0.1) > cash(n, mu) > cash(n, 1e-6 * n)


@given(COUNTS, EXPECTED)
def test_the_slope_is_the_derivative(n, mu):
    step = 1e-5 * max(abs(mu), FLOOR)
    scale = np.abs(cash(n, mu)) + n + abs(mu)
    numeric = (cash(n, mu + step) - cash(n, mu - step)) / (2 * step)
    assert cash_slope(n, mu) == pytest.approx(numeric, rel=1e-4, abs=1e-15 * scale / step)


def test_value_and_slope_join_where_the_continuation_begins():
    n, sides = 3.0, FLOOR * np.array([1 - 1e-7, 1 + 1e-7])
    np.testing.assert_allclose(*cash(n, sides), rtol=1e-7)
    np.testing.assert_allclose(*cash_slope(n, sides), rtol=1e-6)


def test_without_counts_the_slope_is_the_same_everywhere():
    np.testing.assert_array_equal(cash_slope(0, [-1.0, 0.0, FLOOR / 2, 1e-9, 5.0]), 2.0)


def test_whatever_broadcasts_goes_and_nan_stays_nan():
    assert cash(np.ones((3, 1)), np.ones(4)).shape == (3, 4)
    assert cstat(np.ones((3, 1)), -np.ones(4)).shape == (3, 4)
    assert np.isnan([cash(1, np.nan), cstat(np.nan, 1), cstat(-1, 1), cash_slope(1, np.nan)]).all()


class Line:
    """A line of amplitude 1 over a flat background, and its best amplitude."""

    def __init__(self, seed):
        profile = np.exp(-(np.linspace(-3, 3, 25) ** 2) / 2)
        self.signal, self.background = 20 * profile / profile.sum(), 0.3
        self.counts = np.random.default_rng(seed).poisson(self.signal + self.background).astype(float)

    def expected(self, amplitude):
        return np.multiply.outer(amplitude, self.signal) + self.background

    def stat(self, amplitude):
        return cash(self.counts, self.expected(amplitude)).sum(axis=-1)

    def slope(self, amplitude):
        return (self.signal * cash_slope(self.counts, self.expected(amplitude))).sum(axis=-1)

    def curvature(self, amplitude):
        return (2 * self.counts * (self.signal / np.maximum(self.expected(amplitude), FLOOR)) ** 2).sum(axis=-1)


@pytest.fixture(scope="module")
def line():
    return Line(seed=1)


def test_from_minus_ten_to_a_hundred_times_the_truth_every_start_finds_the_minimum(line):
    starts = np.random.default_rng(0).uniform(-10, 100, 1000)
    found = newton(lambda a: (line.slope(a), line.curvature(a)), np.full(1000, -11.0), 101.0, start=starts)
    assert found.converged.all()
    np.testing.assert_allclose(found.x, found.x[0], rtol=1e-9)
    assert line.stat(found.x[0]) <= line.stat(np.linspace(0.5, 2, 1001)).min()


@pytest.mark.parametrize("start", [-10.0, -0.5, -0.02, 0.0, 3.0, 100.0])
def test_general_minimisers_come_back_from_negative_expectations(line, start):
    best = newton(lambda a: (line.slope(a), line.curvature(a)), 0.1, 10.0).x
    result = minimize(
        lambda a: float(line.stat(a[0])),
        [start],
        jac=lambda a: [line.slope(a[0])],
        hess=lambda a: [[line.curvature(a[0])]],
        method="trust-exact",
    )
    assert result.x[0] == pytest.approx(best, abs=1e-4)
