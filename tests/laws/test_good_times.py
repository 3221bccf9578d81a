"""Good times are sets of moments: unions, intersections and pieces obey the algebra of sets, and lose no second."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyfold.events.epoch import to_time
from skyfold.events.good_times import GoodTimes, union


@st.composite
def good_times(draw):
    """Up to six intervals with edges on eighths of a second: sums of them are exact."""
    edges = draw(st.lists(st.integers(0, 4000), min_size=0, max_size=12, unique=True).map(sorted))
    edges = np.array(edges[: len(edges) // 2 * 2], dtype=float) / 8
    return GoodTimes(edges[::2], edges[1::2])


MOMENTS = np.arange(-1, 4002) / 8 + 1 / 16


@given(good_times())
def test_union_and_intersection_with_itself_is_itself(a):
    assert union([a, a]) == a
    assert a.intersection(a) == a


@given(good_times(), good_times())
def test_order_does_not_matter(a, b):
    assert union([a, b]) == union([b, a])
    assert a.intersection(b) == b.intersection(a)


@given(good_times(), good_times(), good_times())
def test_grouping_does_not_matter(a, b, c):
    assert union([union([a, b]), c]) == union([a, union([b, c])]) == union([a, b, c])
    assert a.intersection(b).intersection(c) == a.intersection(b.intersection(c))


@given(good_times(), good_times())
def test_moments_of_union_and_intersection(a, b):
    inside_a, inside_b = a.contains(MOMENTS), b.contains(MOMENTS)
    np.testing.assert_array_equal(union([a, b]).contains(MOMENTS), inside_a | inside_b)
    np.testing.assert_array_equal(a.intersection(b).contains(MOMENTS), inside_a & inside_b)


@given(good_times(), good_times())
def test_no_second_is_lost_or_counted_twice(a, b):
    both = union([a, b]).total_s + a.intersection(b).total_s
    assert both == pytest.approx(a.total_s + b.total_s, abs=1e-9)


@given(good_times(), good_times())
def test_absorption(a, b):
    assert a.intersection(union([a, b])) == union([a])
    assert union([a, a.intersection(b)]) == union([a])


@given(good_times(), st.integers(1, 9))
def test_pieces_are_equal_and_make_the_whole(a, k):
    pieces = a.split(k)
    assert len(pieces) == k
    np.testing.assert_allclose([piece.total_s for piece in pieces], a.total_s / k, atol=1e-9)
    assert union(pieces).total_s == pytest.approx(a.total_s, abs=1e-9)
    for one, other in zip(pieces[:-1], pieces[1:], strict=True):
        assert one.intersection(other).total_s == 0


@given(good_times(), st.integers(-10, 4010), st.integers(-10, 4010))
def test_selection_is_an_intersection(a, x, y):
    lo, hi = min(x, y) / 8, max(x, y) / 8
    selected = a.select(to_time(lo), to_time(hi))
    np.testing.assert_allclose(selected.total_s, a.intersection(GoodTimes([lo], [hi])).total_s, atol=1e-6)
    halves = a.select(stop=to_time(lo)).total_s + a.select(start=to_time(lo)).total_s
    assert halves == pytest.approx(a.total_s, abs=1e-6)


@given(good_times(), st.floats(-2, 503))
def test_snapping_moves_only_what_is_near(a, moment):
    near = float(a.snapped(moment, 1.0))
    if a.contains(moment):
        assert near == moment
    elif a.contains(near):
        assert abs(near - moment) <= 1.0
    else:
        assert near == moment
        assert a.start.size == 0 or min(np.abs(a.start - moment).min(), np.abs(a.stop - moment).min()) > 1.0 - 1e-9


@given(good_times(), st.lists(st.floats(-2, 503), max_size=30))
def test_snapping_works_on_arrays_as_on_numbers(a, moments):
    snapped = a.snapped(np.array(moments), 1.0)
    np.testing.assert_array_equal(snapped, [float(a.snapped(m, 1.0)) for m in moments])
