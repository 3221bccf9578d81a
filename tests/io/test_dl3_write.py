from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest

from skyfold.errors import DataError
from skyfold.events.event_list import EventList
from skyfold.events.good_times import GoodTimes
from skyfold.events.pointing import AltAzPointing, FixedPointing, TablePointing
from skyfold.io.check import check_path
from skyfold.io.dl3_write import write_observation, write_store
from skyfold.io.store import read_store
from tests.dl3_files import make_observation

OBS = make_observation(7, source=(83.63, 22.01, 3.5e-11))


def through_a_file(obs, path):
    write_observation(obs, path)
    return read_store(path)[obs.obs_id].open()


def test_names_of_simulated_sources_stay_with_their_numbers(tmp_path):
    labels = {"NMCIDS": 2, "MID00000": 0, "MMN00000": "background", "MID00001": 1, "MMN00001": "crab"}
    obs = make_observation()
    obs = replace(obs, meta={**obs.meta, **labels})
    back = through_a_file(obs, tmp_path / "events.fits")
    assert {key: back.meta.get(key) for key in labels} == labels


@pytest.mark.parametrize("suffix", [".fits", ".fits.gz"])
def test_reading_gives_back_what_was_written(tmp_path, suffix):
    again = through_a_file(OBS, tmp_path / f"x{suffix}")
    for name in ("seconds", "energies", "ra", "dec"):
        np.testing.assert_array_equal(getattr(again.events, name), getattr(OBS.events, name))
    np.testing.assert_array_equal(again.events.columns["EVENT_ID"], OBS.events.columns["EVENT_ID"])
    assert again.gti == OBS.gti
    assert again.pointing == OBS.pointing
    assert again.live_fraction == pytest.approx(OBS.live_fraction, rel=1e-14)
    assert again.meta["OBJECT"] == "Crab"
    np.testing.assert_allclose(again.location.geocentric[0].value, OBS.location.geocentric[0].value, atol=1e-3)
    for kind in OBS.responses.available:
        mine, theirs = getattr(OBS.responses, kind), getattr(again.responses, kind)
        np.testing.assert_allclose(theirs.values, mine.values, rtol=1e-12)


def test_other_columns_and_gaps(tmp_path):
    n = len(OBS.events)
    columns = {
        "EVENT_ID": np.arange(n),
        "DETX": np.linspace(-1, 1, n) * u.deg,
        "TELS": np.arange(4 * n).reshape(n, 2, 2),
        "GOOD": np.arange(n) % 2 == 0,
        "TYPE": np.array(["gamma", "muon"])[np.arange(n) % 2],
    }
    events = EventList(OBS.events.seconds, OBS.events.energies, OBS.events.ra, OBS.events.dec, columns)
    start = float(OBS.gti.start[0])
    gti = GoodTimes([start, start + 1000], [start + 900, start + 1800])
    obs = replace(OBS, events=events, gti=gti).select_gti(gti)
    again = through_a_file(obs, tmp_path / "x.fits")
    assert again.gti == gti
    for name, values in obs.events.columns.items():
        np.testing.assert_array_equal(again.events.columns[name], values, name)


@pytest.mark.parametrize(
    "pointing",
    [
        FixedPointing(359.99, -89.0),
        AltAzPointing(70.0, 180.0),
        TablePointing(
            OBS.gti.start[0] + np.array([0.0, 900.0, 1800.0]), np.array([83.0, 83.5, 84.0]), np.full(3, 22.0)
        ),
    ],
)
def test_pointings(tmp_path, pointing):
    obs = replace(OBS, pointing=pointing)
    again = through_a_file(obs, tmp_path / "x.fits")
    assert type(again.pointing) is type(pointing)
    assert again.pointing_icrs.separation(obs.pointing_icrs).to_value("arcsec") < 1e-3


def test_our_check_finds_nothing_wrong_with_our_files(tmp_path):
    write_store([OBS, make_observation(8)], tmp_path / "out")
    found = check_path(tmp_path / "out")
    assert {f.what for f in found} == {"THETA_LO equals THETA_HI"}  # the offsets of these responses are nodes


def test_store_comes_back(tmp_path):
    runs = (make_observation(i, 80.0 + i, 22.0) for i in (5, 3))
    write_store(runs, tmp_path / "out")
    store = read_store(tmp_path / "out")
    assert store.obs_ids.tolist() == [5, 3]
    assert store.column("EVENT_COUNT").tolist() == [len(make_observation(i).events) for i in (5, 3)]
    assert store.select(RA_PNT=(84, None)).obs_ids.tolist() == [5]
    assert store[3].open().responses.available == ("aeff", "edisp", "psf", "bkg")


def test_existing_files_are_not_overwritten_unless_asked(tmp_path):
    path, folder = tmp_path / "x.fits", tmp_path / "out"
    write_observation(OBS, path)
    write_store([OBS], folder)
    with pytest.raises(DataError, match="exists"):
        write_observation(OBS, path)
    with pytest.raises(DataError, match="exists"):
        write_store([OBS], folder)
    write_observation(make_observation(8), path, overwrite=True)
    write_store([make_observation(8)], folder, overwrite=True)
    assert read_store(path).obs_ids.tolist() == read_store(folder).obs_ids.tolist() == [8]


def test_only_folders_of_observations_are_replaced(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("keep me")
    with pytest.raises(DataError, match="home: exists and is no folder of observations"):
        write_store([OBS], tmp_path / "home", overwrite=True)
    assert (tmp_path / "home" / "letter.txt").read_text() == "keep me"
    with pytest.raises(DataError, match=r"letter.txt.runs: cannot be written: "):
        write_store([OBS], tmp_path / "home" / "letter.txt" / "runs")
    (tmp_path / "empty").mkdir()
    write_store([OBS], tmp_path / "empty")
    assert len(read_store(tmp_path / "empty")) == 1


def test_a_failure_leaves_nothing_behind(tmp_path):
    write_store([OBS], tmp_path / "out")
    with pytest.raises(DataError, match="observation id 7 occurs more than once"):
        write_store([OBS, OBS], tmp_path / "out", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert len(read_store(tmp_path / "out")) == 1


def test_observation_without_good_time(tmp_path):
    empty = replace(OBS, gti=GoodTimes.empty(), events=OBS.events.where(slice(0, 0)))
    with pytest.raises(DataError, match="observation 7: no good time"):
        write_observation(empty, tmp_path / "x.fits")
