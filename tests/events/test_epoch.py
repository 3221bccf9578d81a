import numpy as np
import pytest
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from skyfold.errors import DataError
from skyfold.events.epoch import mission_offset, to_seconds, to_time

# The references of the five public data sets: (MJDREFI, MJDREFF, TIMESYS, a typical elapsed time).
REFERENCES = {
    "H.E.S.S.": (51910, 0.000742870370370241, "TT", 123890826.0),
    "CTA 1DC": (51544, 0.5, "TT", 664502400.0),
    "MAGIC": (52706, 0.0, "UTC", 333778852.435217),
    "VERITAS": (53402.0, 0.0, "utc", 242909531.10891286),
    "HAWC": (44244, 0.0, "TAI", 1.2e9),
}


@pytest.mark.parametrize("name", REFERENCES)
@given(extra=st.floats(0, 1e8))
def test_elapsed_times_agree_with_two_part_times(name, extra):
    whole, part, scale, typical = REFERENCES[name]
    elapsed = typical + extra
    header = {"MJDREFI": whole, "MJDREFF": part, "TIMESYS": scale}
    seconds = elapsed + mission_offset(header, name)
    reference = Time(whole, part, format="mjd", scale=scale.lower()).tt
    days, rest = divmod(elapsed, 86400.0)
    truth = Time(reference.jd1 + days, reference.jd2 + rest / 86400.0, format="jd", scale="tt")
    assert abs((to_time(seconds) - truth).to_value("s")) < 1e-6


def test_leap_seconds_between_reference_and_data_count():
    """MAGIC's reference of 2003 was 32 s behind TAI, its data of 2013 are 35 s behind: plain MJDs are 3 s off."""
    header = {"MJDREFI": 52706, "MJDREFF": 0.0, "TIMESYS": "UTC"}
    seconds = 333778852.435217 + mission_offset(header, "MAGIC")
    naive = Time(52706 + 333778852.435217 / 86400, format="mjd", scale="utc")
    assert float(to_seconds(naive) - seconds) == pytest.approx(3.0, abs=1e-4)


@given(st.floats(-1e9, 2e9))
def test_seconds_survive_a_round_trip(seconds):
    assert float(to_seconds(to_time(seconds))) == pytest.approx(seconds, abs=1e-6)


def test_one_keyword_for_the_reference_and_a_zero_point():
    header = {"MJDREF": 51544.0, "TIMESYS": "TT", "TIMEZERO": 7.0}
    assert mission_offset(header, "x") == pytest.approx(7.0, abs=1e-6)


def test_text_is_utc():
    assert float(to_seconds("2000-01-01T00:00:00")) == pytest.approx(64.184, abs=1e-6)


def test_time_without_reference_is_refused():
    with pytest.raises(DataError, match=r"run\.fits: EVENTS: no MJDREFI or MJDREF"):
        mission_offset({"TIMESYS": "TT"}, "run.fits: EVENTS")


def test_unknown_scale_is_refused():
    with pytest.raises(DataError, match="TIMESYS 'local mean' is not a time scale"):
        mission_offset({"MJDREFI": 51544, "TIMESYS": "local mean"}, "x")


def test_shapes_are_kept():
    assert to_time(np.zeros((2, 3))).shape == (2, 3)
