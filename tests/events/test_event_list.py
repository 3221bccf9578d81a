import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from skyfold.errors import DataError, UnitError
from skyfold.events.epoch import to_time
from skyfold.events.event_list import EventList, stack_events

CRAB = SkyCoord(83.63, 22.01, unit="deg")


def make_events(n, seed=0):
    rng = np.random.default_rng(seed)
    return EventList(
        seconds=np.sort(rng.uniform(0, 1000, n)),
        energies=rng.uniform(0.1, 10, n),
        ra=rng.uniform(82, 85, n),
        dec=rng.uniform(21, 23, n),
        columns={"EVENT_ID": np.arange(n), "DETX": rng.normal(size=n) * u.deg},
    )


def test_public_door_has_units_and_frames():
    events = make_events(5)
    assert events.energy.unit == u.TeV
    assert events.radec.frame.name == "icrs"
    assert events.time.scale == "tt"
    assert events.offset(CRAB).unit == u.rad


@given(st.floats(0, 11), st.floats(0, 11))
def test_energy_bands_share_no_event_and_lose_none(a, b):
    events = make_events(200)
    lo, hi = min(a, b), max(a, b)
    parts = [events.select_energy(0, lo), events.select_energy(lo, hi), events.select_energy(hi)]
    assert sum(len(part) for part in parts) == len(events)
    assert np.all((parts[1].energies >= lo) & (parts[1].energies < hi))


@given(st.floats(0, 1000))
def test_times_before_and_after_a_moment_are_all(moment):
    events = make_events(100)
    moment = to_time(moment)
    assert len(events.select_time(stop=moment)) + len(events.select_time(start=moment)) == len(events)


@given(st.floats(0, 3))
def test_offsets_agree_with_astropy(radius):
    events = make_events(100)
    expected = int(np.sum(events.radec.separation(CRAB).deg < radius))
    assert len(events.select_offset(CRAB, radius * u.deg)) == expected


def test_columns_are_cut_with_the_events():
    events = make_events(50)
    few = events.select_column("EVENT_ID", 10, 20)
    np.testing.assert_array_equal(few.columns["EVENT_ID"], np.arange(10, 20))
    assert few.columns["DETX"].unit == u.deg
    assert len(events.select_column("EVENT_ID", equal=[3, 4, 400])) == 2


def test_columns_with_units_are_cut_with_units():
    events = make_events(50)
    assert len(events.select_column("DETX", 0 * u.arcmin)) == int(np.sum(events.columns["DETX"].value >= 0))


def test_unknown_column_is_named_with_those_there_are():
    with pytest.raises(DataError, match="no column 'MC_ID'; there are TIME, ENERGY, RA, DEC, EVENT_ID, DETX"):
        make_events(3).column("MC_ID")


def test_energy_needs_a_unit_of_energy():
    with pytest.raises(UnitError, match="energy: 3.0 s cannot be converted to TeV"):
        make_events(3).select_energy(3 * u.s)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=5))
def test_stacked_slices_are_the_whole(sizes):
    events = make_events(sum(sizes))
    ends = np.cumsum([0, *sizes])
    parts = [events.where(slice(a, b)) for a, b in zip(ends[:-1], ends[1:], strict=True)]
    whole = stack_events(parts)
    np.testing.assert_array_equal(whole.seconds, events.seconds)
    np.testing.assert_array_equal(whole.columns["EVENT_ID"], events.columns["EVENT_ID"])
    assert whole.columns["DETX"].unit == u.deg


def test_stack_keeps_common_columns_only():
    bare = EventList(*(np.ones(2) for _ in range(4)))
    assert dict(stack_events([make_events(2), bare]).columns) == {}


def test_nothing_to_stack():
    with pytest.raises(DataError, match="nothing to stack"):
        stack_events([])


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(DataError, match="different lengths"):
        EventList(np.zeros(2), np.zeros(3), np.zeros(2), np.zeros(2))
