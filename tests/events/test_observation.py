from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyfold.errors import DataError
from skyfold.events.event_list import stack_events
from skyfold.events.good_times import GoodTimes, union
from tests.dl3_files import make_observation

OBS = make_observation(1)


def test_livetime_is_the_good_time_without_dead_time():
    assert OBS.ontime.to_value("min") == pytest.approx(30)
    assert OBS.livetime.to_value("s") == pytest.approx(0.95 * 1800)


def test_pointing_in_the_middle():
    at = OBS.pointing_icrs
    assert (at.ra.deg, at.dec.deg) == pytest.approx((83.63, 22.51))


@given(st.integers(1, 7))
def test_pieces_hold_every_event_once(k):
    pieces = [OBS.select_gti(gti) for gti in OBS.gti.split(k)]
    whole = stack_events([piece.events for piece in pieces])
    np.testing.assert_array_equal(whole.columns["EVENT_ID"], OBS.events.columns["EVENT_ID"])
    assert union(piece.gti for piece in pieces).total_s == pytest.approx(OBS.ontime_s, abs=1e-6)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_events_in_the_rounded_second_stay_with_their_piece(k):
    """Good times of public files are cut to whole seconds; splitting must not lose what the whole counts."""
    short = replace(OBS, gti=GoodTimes(OBS.gti.start, OBS.gti.stop - 0.5))
    late = replace(OBS, events=replace(OBS.events, seconds=np.append(OBS.events.seconds[:-1], OBS.gti.stop - 1e-3)))
    obs = replace(late, gti=short.gti)
    pieces = [obs.select_gti(gti) for gti in obs.gti.split(k)]
    assert sum(len(piece.events) for piece in pieces) == len(obs.events)


def test_other_times_are_left_out():
    start = float(OBS.gti.start[0])
    part = OBS.select_gti(GoodTimes([start - 100], [start + 600]))
    assert part.ontime_s == pytest.approx(600)
    assert part.events.seconds.max() < start + 600
    assert len(part.events) == int(np.sum(OBS.events.seconds < start + 600))


@pytest.mark.parametrize("fraction", [0.0, -0.5, 1.2, np.nan])
def test_livetime_must_be_a_share_of_the_ontime(fraction):
    with pytest.raises(DataError, match="observation 1: livetime is .* of the ontime"):
        replace(OBS, live_fraction=fraction)
