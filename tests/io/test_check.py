import json
import pickle

import numpy as np
import pytest
from astropy.io import fits

from skyfold.errors import DataError
from skyfold.events.finding import Severity
from skyfold.io.check import COLUMNS, check_path, findings_dicts, findings_table, has_errors
from tests.dl3_files import make_observation, write_files, write_index

RUNS = [make_observation(1), make_observation(2)]


def findings_of(directory, change=None):
    return check_path(write_files(directory, RUNS[:1], change))


def one(findings, text):
    (found,) = [finding for finding in findings if text in finding.what]
    return found


def test_good_files_have_no_errors_and_say_how_they_are_spelled(tmp_path):
    found = findings_of(tmp_path)
    assert not has_errors(found)
    assert {f.severity for f in found} == {Severity.INFO}
    assert one(found, "RADECSYS").repair == "read as RADESYS = FK5"
    assert one(found, "WOBBLE").hdu == "EVENTS"
    assert "events (for EVENTS)" in one(found, "another case").what


def test_broken_files_do_not_hide_the_others(tmp_path):
    write_files(tmp_path, RUNS)
    bad = tmp_path / "data" / "run_000001.fits.gz"
    bad.write_bytes(bad.read_bytes()[:-3000])
    found = check_path(tmp_path)
    errors = [f for f in found if f.severity is Severity.ERROR]
    assert has_errors(found)
    assert [f.file for f in errors] == [str(bad)]
    assert "damaged or was cut short" in errors[0].what
    assert any("run_000002" in f.file and f.severity is Severity.INFO for f in found)


def test_missing_file_is_an_error_that_names_both(tmp_path):
    write_files(tmp_path, RUNS)
    (tmp_path / "data" / "run_000001.fits.gz").unlink()
    found = [f for f in check_path(tmp_path) if f.severity is Severity.ERROR]
    assert all(f.file.endswith("run_000001.fits.gz") for f in found)
    assert "observation 1: the index lists HDU 'events'" in found[0].what


def test_all_broken_responses_are_told(tmp_path):
    def spoil(hdus):
        hdus["AEFF"].data["EFFAREA"][0, 0, 0] = np.nan
        hdus["PSF"].data["RPSF"][0, 0, 0, 0] = np.inf

    errors = [f for f in findings_of(tmp_path, spoil) if f.severity is Severity.ERROR]
    assert {f.hdu for f in errors} == {"AEFF", "PSF"}


def test_no_good_times_is_an_error(tmp_path):
    def spoil(hdus):
        del hdus["GTI"]

    assert "no good time intervals (GTI)" in one(findings_of(tmp_path, spoil), "GTI").what


@pytest.mark.parametrize(
    ("spoil", "text", "severity"),
    [
        (lambda h: h["EVENTS"].header.remove("HDUDOC"), "no keyword HDUDOC", Severity.INFO),
        (
            lambda h: h["EVENTS"].header.set("ONTIME", 1700.0),
            "good times sum to 1800 s, ONTIME is 1700 s",
            Severity.WARNING,
        ),
        (
            lambda h: h["EVENTS"].header.set("ONTIME", 1800.0) or _later(h, "TSTOP", -8),
            "reach 8 s beyond",
            Severity.INFO,
        ),
        (lambda h: _later(h, "TSTOP", -8), "TSTOP - TSTART is 1792 s, less than ONTIME", Severity.WARNING),
        (lambda h: _later(h, "TSTOP", 60), "TSTOP - TSTART is 1860 s", Severity.INFO),
        (lambda h: _column(h, "EVENT_ID", slice(0, 3), 5), "EVENT_ID is not unique", Severity.INFO),
        (lambda h: _column(h, "ENERGY", 2, -1.0), "1 events with an energy of 0 or less", Severity.WARNING),
        (lambda h: _swap_times(h), "not in order of time", Severity.INFO),
        (lambda h: h["EVENTS"].header.set("RA_PNT", 83.8), "points 0.17 deg away", Severity.WARNING),
        (
            lambda h: h["PSF"].header.set("LO_THRES", 0.01),
            "LO_THRES is 0.01 TeV, that of the effective area 0.5",
            Severity.INFO,
        ),
        (
            lambda h: h["AEFF"].header.remove("LO_THRES") or h["AEFF"].header.remove("HI_THRES"),
            "no LO_THRES",
            Severity.INFO,
        ),
        (lambda h: _table(h, "BKG", "BKG", np.s_[:, :9]), "50 % of the background bins are 0", Severity.INFO),
        (lambda h: _table(h, "AEFF", "EFFAREA", np.s_[:]), "effective area is 0 everywhere", Severity.INFO),
        (
            lambda h: h["EVENTS"].header.update({"DATE-OBS": "2020-01-01", "TIME-OBS": "00:01:09.184"}),
            "are in TT",
            Severity.INFO,
        ),
        (lambda h: h["EVENTS"].header.update({"DATE-OBS": "2020-01-02T00:00:00"}), "s before TSTART", Severity.INFO),
        (lambda h: h["EVENTS"].header.update({"DATE-OBS": "soon", "TIME-OBS": "noon"}), "is not a date", Severity.INFO),
    ],
)
def test_each_deviation_is_found(tmp_path, spoil, text, severity):
    found = one(findings_of(tmp_path, spoil), text)
    assert found.severity is severity
    assert found.consequence


def _later(hdus, key, seconds):
    hdus["EVENTS"].header[key] += seconds


def _column(hdus, name, rows, value):
    hdus["EVENTS"].data[name][rows] = value


def _swap_times(hdus):
    time = hdus["EVENTS"].data["TIME"]
    time[[0, 1]] = time[[1, 0]]


def _table(hdus, name, column, where):
    hdus[name].data[column][where] = 0


def test_well_spelled_date_is_no_finding(tmp_path):
    found = findings_of(tmp_path, lambda h: h["EVENTS"].header.update({"DATE-OBS": "2020-01-01T00:00:00"}))
    assert not [f for f in found if "DATE-OBS" in f.what]


# Index tables


def test_ids_in_one_index_only(tmp_path):
    write_files(tmp_path, RUNS)
    rows = [(i, k, k, "data", f"run_{i:06d}.fits.gz", k) for i in (1, 9) for k in ("events", "gti")]
    write_index(tmp_path, rows, RUNS)
    found = check_path(tmp_path)
    assert one(found, "not in the obs-index: 9").severity is Severity.WARNING
    assert one(found, "no row in the hdu-index: 2").severity is Severity.ERROR


def test_index_that_calls_itself_something_else(tmp_path):
    write_files(tmp_path, RUNS[:1])
    fits.setval(tmp_path / "hdu-index.fits.gz", "HDUCLAS2", value="OBS", ext=1)
    assert one(check_path(tmp_path), "HDUCLAS2 'OBS'").repair == "read as HDU index"


def test_index_times_without_reference_or_precision(tmp_path):
    write_files(tmp_path, RUNS[:1])
    path = tmp_path / "obs-index.fits.gz"
    with fits.open(path) as hdus:
        table = hdus[1].copy()
    for key in ("MJDREFI", "MJDREFF"):
        table.header.remove(key)
    table.writeto(path, overwrite=True)
    assert one(check_path(tmp_path), "without MJDREFI").repair == "times of the event headers taken"

    start = fits.Column("TSTART", "E", "s", array=table.data["TSTART"])
    coarse = fits.BinTableHDU.from_columns([start, *(c for c in table.columns if c.name != "TSTART")], name="OBS_INDEX")
    coarse.header.update({"MJDREFI": 51910, "TIMESYS": "TT", "HDUCLAS1": "INDEX", "HDUCLAS2": "OBS"})
    coarse.writeto(path, overwrite=True)
    assert "good to" in one(check_path(tmp_path), "float32").what


def test_index_without_observations_table(tmp_path):
    write_files(tmp_path, RUNS[:1])
    (tmp_path / "obs-index.fits.gz").unlink()
    assert one(check_path(tmp_path), "no obs-index").severity is Severity.INFO


def test_duplicate_observation_is_an_error(tmp_path):
    write_files(tmp_path, RUNS[:1])
    rows = [(1, k, k, "data", "run_000001.fits.gz", k) for k in ("events", "gti")]
    write_index(tmp_path, rows, [RUNS[0], RUNS[0]])
    assert one(check_path(tmp_path), "occurs more than once").severity is Severity.ERROR


# Single files


def test_single_files(tmp_path):
    write_files(tmp_path, RUNS[:1])
    file = tmp_path / "data" / "run_000001.fits.gz"
    assert not has_errors(check_path(file))
    with fits.open(file) as hdus:
        fits.HDUList([hdus[0], *hdus[3:]]).writeto(tmp_path / "irf.fits")
        fits.HDUList([hdus[0], hdus[2]]).writeto(tmp_path / "gti.fits")
    assert {f.hdu for f in check_path(tmp_path / "irf.fits")} == {"AEFF", "EDISP", "PSF", "BKG"}
    assert has_errors(check_path(tmp_path / "gti.fits"))


def test_broken_response_file(tmp_path):
    write_files(tmp_path, RUNS[:1])
    with fits.open(tmp_path / "data" / "run_000001.fits.gz") as hdus:
        hdus["AEFF"].data["EFFAREA"][0, 0, 0] = np.nan
        fits.HDUList([hdus[0], *hdus[3:]]).writeto(tmp_path / "irf.fits")
    errors = [f for f in check_path(tmp_path / "irf.fits") if f.severity is Severity.ERROR]
    assert [f.hdu for f in errors] == ["AEFF"]


def test_something_else_is_an_error_and_nothing_is_refused(tmp_path):
    (tmp_path / "x.txt").write_text("hello")
    assert has_errors(check_path(tmp_path / "x.txt"))
    with pytest.raises(DataError, match="no such file"):
        check_path(tmp_path / "nothing")


# How findings are told


def test_findings_as_rows_and_json(tmp_path):
    found = findings_of(tmp_path, lambda h: h["EVENTS"].header.set("ONTIME", 1700.0))
    rows = findings_table(found, tmp_path)
    assert rows[0][0] == "warning"
    assert all(len(row) == len(COLUMNS) for row in rows)
    assert "data/run_000001.fits.gz" in {row[1] for row in rows}
    assert json.loads(json.dumps(findings_dicts(found)))[0]["severity"] == "warning"
    assert pickle.loads(pickle.dumps(found)) == found


def test_findings_of_shared_files_are_told_once(tmp_path):
    found = check_path(write_files(tmp_path, RUNS))
    assert len(found) == len(set(found))
