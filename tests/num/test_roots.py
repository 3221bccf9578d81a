import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyfold.num.roots import newton


def power(x, target, exponent):
    return x**exponent - target, exponent * x ** (exponent - 1)


def test_every_element_finds_its_own_root():
    target = np.linspace(0.1, 50, 1000).reshape(20, 50)
    roots = newton(power, 0.0, 100.0, target, 3.0)
    assert roots.converged.all()
    assert roots.x.shape == (20, 50)
    np.testing.assert_allclose(roots.x, np.cbrt(target), rtol=1e-11)


def test_a_scalar_problem_is_a_scalar():
    root = newton(power, 0.0, 2.0, 2.0, 2.0)
    assert root.x.shape == ()
    assert root.x == pytest.approx(np.sqrt(2), rel=1e-12)


def test_falling_functions_and_roots_at_an_end():
    roots = newton(lambda x, c: (c - x, np.full_like(x, -1.0)), [0.0, 0.0, 0.0], [4.0, 4.0, 4.0], [1.0, 0.0, 4.0])
    np.testing.assert_allclose(roots.x, [1.0, 0.0, 4.0], atol=1e-12)
    assert roots.converged.all()


def test_without_a_change_of_sign_the_root_is_nan_and_flagged_and_its_neighbours_are_untouched():
    roots = newton(power, 0.0, [2.0, 1.0, np.nan, 3.0], 4.0, 2.0)
    np.testing.assert_array_equal(roots.converged, [True, False, False, True])
    np.testing.assert_allclose(roots.x, [2.0, np.nan, np.nan, 2.0])


def test_too_few_iterations_are_flagged():
    roots = newton(power, 0.0, 1e6, [2.0, 3.0], 5.0, max_iterations=3)
    assert not roots.converged.any()
    assert np.isfinite(roots.x).all()


@pytest.mark.parametrize(
    ("fn", "root"),
    [
        (lambda x: (np.cbrt(x - 0.3), np.abs(x - 0.3) ** (-2 / 3) / 3), 0.3),  # Newton's steps run away
        (lambda x: (np.tanh(50 * (x - 0.7)), 50 / np.cosh(50 * (x - 0.7)) ** 2), 0.7),  # flat but for a step
        (lambda x: (np.where(x < 0.2, -1.0, 1.0), np.zeros_like(x)), 0.2),  # no slope at all
        (lambda x: ((x - 0.6) ** 3, 3 * (x - 0.6) ** 2), 0.6),  # triple root: linear convergence
        (lambda x: (np.log(x) - np.log(0.1), 1 / x), 0.1),  # infinite at the end of the bracket
    ],
)
def test_the_bracket_rescues_newton(fn, root):
    found = newton(fn, 0.0, 1.0)
    assert found.converged
    assert found.x == pytest.approx(root, abs=1e-9)


def test_a_short_step_is_no_root():
    # Left of zero the slope is so steep that Newton's steps are 1e-15 long: the root is at 2 all the same.
    def fn(x):
        return np.where(x < 0, 1e15 * x - 2.0, x - 2.0), np.where(x < 0, 1e15, 1.0)

    for start in (-1e-14, -1e-16, -0.5):
        found = newton(fn, -1.0, 5.0, start=start)
        assert found.converged
        assert found.x == pytest.approx(2.0, abs=1e-12)


def test_a_good_start_saves_evaluations_and_a_bad_one_does_no_harm():
    def evaluations(start):
        sizes = []

        def fn(x, target):
            sizes.append(x.size)
            return power(x, target, 2.0)

        roots = newton(fn, 0.0, 1000.0, target, start=start)
        np.testing.assert_allclose(roots.x, np.sqrt(target), rtol=1e-11)
        return sum(sizes)

    target = np.linspace(1, 100, 200)
    assert evaluations(np.sqrt(target) * 1.01) < evaluations(None)
    evaluations(-5.0)


def test_elements_that_converged_are_not_computed_again():
    sizes = []

    def fn(x, slow):
        sizes.append(x.size)
        return np.where(slow > 0, (x - 0.6) ** 3, x - 0.4), np.where(slow > 0, 3 * (x - 0.6) ** 2, 1.0)

    roots = newton(fn, 0.0, 1.0, np.r_[np.ones(3), np.zeros(997)])
    assert roots.converged.all()
    assert sizes[-1] <= 3


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=20), st.floats(0.01, 5))
def test_monotonic_functions_are_always_solved(roots, stiffness):
    expected = np.array(roots)
    found = newton(
        lambda x, r: (np.arctan(stiffness * (x - r)), stiffness / (1 + (stiffness * (x - r)) ** 2)),
        expected - 70.0,
        expected + 31.0,
        expected,
    )
    assert found.converged.all()
    np.testing.assert_allclose(found.x, expected, atol=1e-9)
