import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from skyfold.errors import DataError
from skyfold.events.good_times import GoodTimes, union


def test_times_come_in_and_go_out_in_astropy():
    gti = GoodTimes.of(
        Time(["2020-01-01T00:00:00", "2020-01-01T01:00:00"]), Time(["2020-01-01T00:30:00", "2020-01-01T01:10:00"])
    )
    assert gti.total.to_value(u.min) == pytest.approx(40)
    assert gti.start_time[1].utc.isot == "2020-01-01T01:00:00.000"
    assert gti.middle.utc.isot == "2020-01-01T00:20:00.000"


def test_a_start_is_inside_and_a_stop_is_not():
    gti = GoodTimes([0.0, 10.0], [5.0, 20.0])
    np.testing.assert_array_equal(gti.contains([-1, 0, 5, 9, 10, 20]), [False, True, False, False, True, False])


def test_touching_intervals_become_one():
    assert union([GoodTimes([0.0], [5.0]), GoodTimes([5.0], [7.0])]) == GoodTimes([0.0], [7.0])


def test_middle_is_found_across_a_gap():
    assert GoodTimes([0.0, 100.0], [5.0, 115.0]).middle_s == pytest.approx(105.0)


@pytest.mark.parametrize(
    ("start", "stop", "message"),
    [
        ([5.0], [3.0], "interval 0 has a negative length of -2 s"),
        ([0.0, 4.0], [5.0, 6.0], "intervals 0 and 1 overlap or are out of order"),
        ([0.0, np.nan], [5.0, 6.0], "not a number"),
        ([0.0, 1.0], [5.0], "as many of each"),
    ],
)
def test_wrong_intervals_are_refused(start, stop, message):
    with pytest.raises(DataError, match=message):
        GoodTimes(np.array(start), np.array(stop))


def test_empty_has_no_middle():
    with pytest.raises(DataError, match="no interval, so no middle"):
        _ = GoodTimes.empty().middle_s


def test_no_piece_of_nothing():
    assert [piece.total_s for piece in GoodTimes.empty().split(3)] == [0.0, 0.0, 0.0]
    with pytest.raises(DataError, match="cannot be split into 0 pieces"):
        GoodTimes([0.0], [1.0]).split(0)


def test_equal_values_have_equal_hashes():
    assert hash(GoodTimes([0.0], [1.0])) == hash(GoodTimes([0.0], [1.0]))
    assert GoodTimes([0.0], [1.0]) != "text"


def test_values_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        GoodTimes([0.0], [1.0]).start[0] = 5.0
