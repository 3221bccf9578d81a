import pickle

import numpy as np
import pytest
from astropy.io import fits

from skyfold.errors import DataError, MissingHDU, UnitError
from skyfold.events.finding import Severity
from skyfold.events.pointing import AltAzPointing, FixedPointing, TablePointing
from skyfold.io.store import read_store, read_store_from_files
from tests.dl3_files import make_observation, to_hdus, write_files

OBS = make_observation(7, source=(83.63, 22.01, 3.5e-11))


def opened(directory, change=None):
    """The observation, read back from a file that `change` has spoilt."""
    return read_store(write_files(directory, [OBS], change)).refs[0].open()


def note(obs, text):
    """The one finding with a text."""
    (found,) = [finding for finding in obs.findings if text in finding.what]
    return found


def test_what_was_written_is_read(tmp_path):
    obs = opened(tmp_path)
    assert len(obs.events) == len(OBS.events)
    np.testing.assert_allclose(obs.events.seconds, OBS.events.seconds, atol=1e-6)
    np.testing.assert_allclose(obs.events.energies, OBS.events.energies, rtol=1e-6)
    np.testing.assert_allclose(obs.events.ra, OBS.events.ra, atol=1e-5)
    np.testing.assert_allclose(obs.gti.start, OBS.gti.start, atol=1e-6)
    assert obs.livetime_s == pytest.approx(1800 * 0.95, abs=1e-6)
    assert obs.pointing == FixedPointing(83.63, 22.51)
    assert obs.responses.available == ("aeff", "edisp", "psf", "bkg")
    assert obs.responses.aeff(1.0, np.radians(0.7)) == pytest.approx(
        float(OBS.responses.aeff(1.0, np.radians(0.7))), rel=1e-5
    )
    assert obs.meta["OBJECT"] == "Crab"


def test_each_file_is_opened_once(tmp_path, monkeypatch):
    import skyfold.io.dl3 as dl3

    store = read_store(write_files(tmp_path, [OBS]))
    seen = []
    read = dl3.read_tables
    monkeypatch.setattr(dl3, "read_tables", lambda path: seen.append(path) or read(path))
    store.refs[0].open()
    assert len(seen) == 1


def test_references_and_observations_travel_between_processes(tmp_path):
    ref = read_store(write_files(tmp_path, [OBS])).refs[0]
    obs = pickle.loads(pickle.dumps(ref)).open()
    again = pickle.loads(pickle.dumps(obs))
    np.testing.assert_array_equal(again.events.energies, obs.events.energies)
    assert again.gti == obs.gti


# Events and good times


def test_events_within_a_second_of_the_good_times_are_kept(tmp_path):
    def move(hdus):
        time = hdus["EVENTS"].data["TIME"]
        stop = hdus["GTI"].data["STOP"][0]
        time[-3:] = stop + np.array([0.0, 0.5, 5.0])

    obs = opened(tmp_path, move)
    assert len(obs.events) == len(OBS.events) - 1
    assert note(obs, "2 of").severity is Severity.INFO
    assert note(obs, "1 of").severity is Severity.WARNING
    halves = [obs.select_gti(part) for part in obs.gti.split(2)]
    assert sum(len(half.events) for half in halves) == len(obs.events)


def test_events_that_are_not_numbers_are_left_out(tmp_path):
    def spoil(hdus):
        hdus["EVENTS"].data["ENERGY"][3] = np.nan

    obs = opened(tmp_path, spoil)
    assert len(obs.events) == len(OBS.events) - 1
    assert "not a number" in note(obs, "1 of").what


def test_other_units_are_converted(tmp_path):
    def change(hdus):
        table = hdus["EVENTS"]
        table.data["ENERGY"] *= 1000
        table.columns["ENERGY"].unit = "GeV"

    np.testing.assert_allclose(opened(tmp_path, change).events.energies, OBS.events.energies, rtol=1e-6)


def test_unknown_unit_is_named_with_its_place(tmp_path):
    def spoil(hdus):
        hdus["EVENTS"].columns["ENERGY"].unit = "teraevs"

    with pytest.raises(UnitError, match=r"run_000007\.fits\.gz: EVENTS: column ENERGY: 'teraevs' is not a unit"):
        opened(tmp_path, spoil)


def test_unit_of_another_kind_is_named_with_its_place(tmp_path):
    def spoil(hdus):
        hdus["EVENTS"].columns["ENERGY"].unit = "deg"

    with pytest.raises(UnitError, match="column ENERGY: unit 'deg' is not one of TeV"):
        opened(tmp_path, spoil)


def test_missing_column_is_named_with_those_there_are(tmp_path):
    def spoil(hdus):
        hdus["EVENTS"].columns.del_col("DEC")

    with pytest.raises(DataError, match="EVENTS: no column DEC; it has EVENT_ID, TIME, RA, ENERGY"):
        opened(tmp_path, spoil)


def test_overlapping_good_times_are_merged(tmp_path):
    def overlap(hdus):
        start, stop = hdus["GTI"].data["START"][0], hdus["GTI"].data["STOP"][0]
        columns = [
            fits.Column("START", "D", "s", array=[start, start + 100]),
            fits.Column("STOP", "D", "s", array=[stop - 100, stop]),
        ]
        header = hdus["GTI"].header
        hdus["GTI"] = fits.BinTableHDU.from_columns(columns, name="GTI")
        hdus["GTI"].header.update({key: header[key] for key in ("MJDREFI", "MJDREFF", "TIMESYS")})

    obs = opened(tmp_path, overlap)
    assert obs.ontime_s == pytest.approx(1800, abs=1e-6)
    assert note(obs, "overlap").repair == "merged"


def test_good_times_without_reference_take_that_of_the_events(tmp_path):
    def spoil(hdus):
        for key in ("MJDREFI", "MJDREFF"):
            del hdus["GTI"].header[key]

    obs = opened(tmp_path, spoil)
    assert note(obs, "no MJDREFI").hdu == "GTI"
    assert obs.gti.start[0] == pytest.approx(OBS.gti.start[0], abs=1e-6)


def test_good_times_of_negative_length(tmp_path):
    def spoil(hdus):
        data = hdus["GTI"].data
        data["START"], data["STOP"] = data["STOP"].copy(), data["START"].copy()

    with pytest.raises(
        DataError, match=r"GTI: interval 0 has a negative length of -1800 s, so its livetime would be negative"
    ):
        opened(tmp_path, spoil)


# Dead time


@pytest.mark.parametrize("key", ["LIVETIME", "DEADC", "ONTIME"])
def test_negative_livetime(tmp_path, key):
    def spoil(hdus):
        hdus["EVENTS"].header[key] = -hdus["EVENTS"].header[key]

    with pytest.raises(DataError, match=rf"EVENTS: keyword {key} is -.*; livetime must be positive"):
        opened(tmp_path, spoil)


def test_keyword_that_is_no_number(tmp_path):
    def spoil(hdus):
        hdus["EVENTS"].header["DEADC"] = "much"

    with pytest.raises(DataError, match="EVENTS: keyword DEADC is 'much'; wanted a number"):
        opened(tmp_path, spoil)


def test_livetime_longer_than_the_ontime(tmp_path):
    def spoil(hdus):
        hdus["EVENTS"].header["DEADC"] = 1.2

    with pytest.raises(DataError, match=r"livetime is 1\.2 of the ontime"):
        opened(tmp_path, spoil)


def test_dead_time_from_livetime_and_ontime(tmp_path):
    def spoil(hdus):
        del hdus["EVENTS"].header["DEADC"]

    obs = opened(tmp_path, spoil)
    assert obs.live_fraction == pytest.approx(0.95)
    assert note(obs, "no DEADC").severity is Severity.INFO


def test_dead_times_that_disagree(tmp_path):
    def spoil(hdus):
        hdus["EVENTS"].header["DEADC"] = 0.9

    obs = opened(tmp_path, spoil)
    assert obs.live_fraction == 0.9
    assert note(obs, "LIVETIME / ONTIME is 0.95").severity is Severity.WARNING


def test_no_dead_time_at_all(tmp_path):
    def spoil(hdus):
        for key in ("DEADC", "LIVETIME"):
            del hdus["EVENTS"].header[key]

    obs = opened(tmp_path, spoil)
    assert obs.live_fraction == 1.0
    assert note(obs, "neither DEADC").severity is Severity.WARNING


# Times, places, pointings


@pytest.mark.parametrize(("scale", "ahead"), [("UTC", 64.184), ("utc", 64.184), ("TAI", 32.184)])
def test_time_scales(tmp_path, scale, ahead):
    def change(hdus):
        for name in ("EVENTS", "GTI"):
            hdus[name].header["TIMESYS"] = scale

    obs = opened(tmp_path, change)
    assert obs.gti.start[0] - OBS.gti.start[0] == pytest.approx(ahead, abs=1e-6)
    assert note(obs, f"TIMESYS is {scale.upper()}").severity is Severity.INFO


def test_height_in_kilometres(tmp_path):
    def change(hdus):
        hdus["EVENTS"].header["ALTITUDE"] = 1.835

    obs = opened(tmp_path, change)
    assert obs.location.height.to_value("m") == pytest.approx(1835, abs=1e-3)
    assert note(obs, "in km").repair == "read as km"


def test_place_far_from_every_site_of_the_telescope(tmp_path):
    def change(hdus):
        hdus["EVENTS"].header["GEOLON"] = -16.5

    obs = opened(tmp_path, change)
    assert obs.location.lon.deg == pytest.approx(16.5002, abs=1e-3)
    assert "the known site hess taken" in note(obs, "away from hess").repair


def test_known_telescope_without_place(tmp_path):
    def change(hdus):
        for key in ("GEOLON", "GEOLAT", "ALTITUDE"):
            del hdus["EVENTS"].header[key]

    assert opened(tmp_path, change).location.lat.deg == pytest.approx(-23.2717778, abs=1e-6)


def test_unknown_telescope_without_place(tmp_path):
    def change(hdus):
        for key in ("GEOLON", "GEOLAT", "ALTITUDE"):
            del hdus["EVENTS"].header[key]
        hdus["EVENTS"].header["TELESCOP"] = "backyard"

    obs = opened(tmp_path, change)
    assert obs.location is None
    assert note(obs, "not a known telescope").severity is Severity.WARNING


def test_drift(tmp_path):
    def change(hdus):
        hdus["EVENTS"].header["OBS_MODE"] = "DRIFT"

    obs = opened(tmp_path, change)
    assert obs.pointing == AltAzPointing(60.0, 10.0)
    assert obs.pointing_icrs.isscalar


def test_drift_without_a_direction_looks_to_the_zenith(tmp_path):
    """HAWC's files name neither: its field of view is the sky above it."""

    def change(hdus):
        hdus["EVENTS"].header["OBS_MODE"] = "DRIFT"
        for key in ("ALT_PNT", "AZ_PNT", "RA_PNT", "DEC_PNT"):
            del hdus["EVENTS"].header[key]

    obs = opened(tmp_path, change)
    assert obs.pointing == AltAzPointing(90.0, 0.0)
    assert note(obs, "DRIFT").repair == "zenith taken"


def test_columns_that_differ_in_case_only(tmp_path):
    def change(hdus):
        table = hdus["EVENTS"]
        table.columns.add_col(fits.Column("ra", "E", "deg", array=np.zeros(len(OBS.events))))
        fresh = fits.BinTableHDU.from_columns(table.columns, header=table.header, name="EVENTS")
        hdus["EVENTS"] = fresh

    np.testing.assert_allclose(opened(tmp_path, change).events.ra, OBS.events.ra, atol=1e-5)


def test_moving_telescope_follows_its_table(tmp_path):
    def change(hdus):
        hdus["EVENTS"].header["OBS_MODE"] = "SLEW"
        start, stop = hdus["GTI"].data["START"][0], hdus["GTI"].data["STOP"][0]
        columns = [
            fits.Column("TIME", "D", "s", array=[start, stop]),
            fits.Column("RA_PNT", "D", "deg", array=[83.0, 84.0]),
            fits.Column("DEC_PNT", "D", "deg", array=[22.0, 22.0]),
        ]
        table = fits.BinTableHDU.from_columns(columns, name="POINTING")
        table.header.update({key: hdus["GTI"].header[key] for key in ("MJDREFI", "MJDREFF", "TIMESYS")})
        table.header["HDUCLAS1"] = "POINTING"
        hdus.append(table)

    path = write_files(tmp_path, [OBS], change) / "data" / "run_000007.fits.gz"
    obs = read_store_from_files([path]).refs[0].open()
    assert isinstance(obs.pointing, TablePointing)
    assert obs.pointing_icrs.ra.deg == pytest.approx(83.5, abs=1e-6)


def test_moving_telescope_without_table(tmp_path):
    def change(hdus):
        hdus["EVENTS"].header["OBS_MODE"] = "SCAN"

    obs = opened(tmp_path, change)
    assert isinstance(obs.pointing, FixedPointing)
    assert note(obs, "OBS_MODE is SCAN").severity is Severity.WARNING


def test_no_pointing_at_all(tmp_path):
    def spoil(hdus):
        del hdus["EVENTS"].header["RA_PNT"]

    with pytest.raises(DataError, match="no RA_PNT and DEC_PNT, and no pointing table"):
        opened(tmp_path, spoil)


# Files that are not what the index says


def test_file_that_is_missing(tmp_path):
    store = read_store(write_files(tmp_path, [OBS]))
    (tmp_path / "data" / "run_000007.fits.gz").unlink()
    with pytest.raises(
        DataError,
        match=r"observation 7: the index lists HDU 'events' \(events\) in .*run_000007\.fits\.gz: no such file",
    ):
        store.refs[0].open()


def test_hdu_that_is_missing(tmp_path):
    store = read_store(write_files(tmp_path, [OBS]))
    hdus = to_hdus(OBS)
    del hdus["PSF"]
    hdus.writeto(tmp_path / "data" / "run_000007.fits.gz", overwrite=True)
    with pytest.raises(MissingHDU, match=r"no HDU 'psf'; this file has EVENTS, GTI, AEFF, EDISP, BKG"):
        store.refs[0].open()


def test_event_file_without_good_times(tmp_path):
    def spoil(hdus):
        del hdus["GTI"]

    with pytest.raises(DataError, match=r"observation 7: .*run_000007\.fits\.gz: no good time intervals \(GTI\)"):
        opened(tmp_path, spoil)


def test_value_that_is_not_a_number_in_a_response(tmp_path):
    def spoil(hdus):
        hdus["AEFF"].data["EFFAREA"][0, 1, 2] = np.nan

    with pytest.raises(
        DataError, match=r"HDU 'AEFF': .*1 values are not finite, the first at energy_true bin 2, offset bin 1"
    ):
        opened(tmp_path, spoil)


def test_negative_values_of_a_response_are_taken_as_0(tmp_path):
    """Twelve of the public H.E.S.S. runs have some, of an interpolation in zenith angle that overshot."""

    def spoil(hdus):
        hdus["AEFF"].data["EFFAREA"][0, 1, :2] = -50.0
        hdus["EDISP"].data["MATRIX"][0, 0, 0, 0] = -0.1
        hdus["PSF"].data["RPSF"][0, 70, 0, 0] = -300.0

    obs = opened(tmp_path, spoil)
    assert obs.responses.aeff.values.min() == 0
    assert "2 of 198 values of EFFAREA are negative, down to -50" in note(obs, "of EFFAREA").what
    assert note(obs, "of RPSF").severity is note(obs, "values of MATRIX").severity is Severity.WARNING


def test_axis_that_does_not_rise(tmp_path):
    def spoil(hdus):
        for name in ("THETA_LO", "THETA_HI"):
            hdus["AEFF"].data[name][0, 2] = 0.1

    with pytest.raises(DataError, match="HDU 'AEFF': .*axis 'offset': nodes must be a rising"):
        opened(tmp_path, spoil)


def test_truncated_gzip(tmp_path):
    store = read_store(write_files(tmp_path, [OBS]))
    path = tmp_path / "data" / "run_000007.fits.gz"
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(DataError, match=r"run_000007\.fits\.gz: the gzip file is damaged or was cut short"):
        store.refs[0].open()


def test_responses_that_are_not_there_are_none(tmp_path):
    def change(hdus):
        del hdus["PSF"]
        del hdus["BKG"]

    assert opened(tmp_path, change).responses.available == ("aeff", "edisp")
