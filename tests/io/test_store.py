import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.time import Time

from skyfold.errors import DataError, MissingHDU
from skyfold.events.observation import ObsRef
from skyfold.events.store import ObservationStore
from skyfold.io.dl3 import open_observation
from skyfold.io.paths import expand
from skyfold.io.store import read_store, read_store_from_files
from tests.dl3_files import make_observation, to_hdus, write_files, write_index

STARTS = ["2020-01-01T00:00:00", "2020-01-01T01:00:00", "2020-01-02T00:00:00"]
RUNS = [
    make_observation(i, 80.0 + i, 22.0, start=start, duration_s=600) for i, start in zip((3, 1, 2), STARTS, strict=True)
]


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("store"), RUNS)


@pytest.fixture
def store(directory):
    return read_store(directory)


def test_observations_come_in_the_order_of_the_index(store):
    assert len(store) == 3
    assert [ref.obs_id for ref in store] == [3, 1, 2] == store.obs_ids.tolist()
    assert store.start[1].utc.isot == "2020-01-01T01:00:00.000"
    assert store.column("RA_PNT").unit == u.deg


def test_index_without_observations_table(directory, tmp_path, store):
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "hdu-index.fits.gz").write_bytes((directory / "hdu-index.fits.gz").read_bytes())
    (alone / "data").symlink_to(directory / "data")
    found = read_store(alone)
    np.testing.assert_allclose(found.column("RA_PNT").value, store.column("RA_PNT").value)
    np.testing.assert_allclose(found.column("TSTART").value, store.column("TSTART").value, atol=1e-6)
    assert found[2].open().obs_id == 2


def test_index_not_compressed(directory, tmp_path):
    plain = tmp_path / "plain"
    plain.mkdir()
    for stem in ("hdu-index", "obs-index"):
        with fits.open(directory / f"{stem}.fits.gz") as hdus:
            hdus.writeto(plain / f"{stem}.fits")
    assert len(read_store(plain)) == 3
    assert len(read_store(plain / "hdu-index.fits")) == 3


def test_event_files_alone(directory):
    files = sorted((directory / "data").iterdir())
    found = read_store_from_files(files)
    assert found.obs_ids.tolist() == [1, 2, 3]
    assert found[2].open().responses.available == ("aeff", "edisp", "psf", "bkg")
    assert read_store(files[0]).obs_ids.tolist() == [1]


@pytest.fixture
def parted(tmp_path):
    """Event files without responses, and a response file."""
    events = []
    for obs in RUNS:
        hdus = to_hdus(obs)
        hdus[:3].writeto(tmp_path / f"events_{obs.obs_id}.fits")
        events.append(tmp_path / f"events_{obs.obs_id}.fits")
    hdus = to_hdus(RUNS[0])
    fits.HDUList([hdus[0], *hdus[3:]]).writeto(tmp_path / "irf.fits")
    return events, tmp_path / "irf.fits"


def test_event_files_with_responses_apart(parted):
    events, irf = parted
    for irfs in (irf, [irf] * 3):
        found = read_store_from_files(events, irfs)
        assert found[1].open().responses.available == ("aeff", "edisp", "psf", "bkg")
    assert read_store_from_files(events)[1].open().responses.available == ()


def test_as_many_responses_as_event_files(parted):
    events, irf = parted
    with pytest.raises(DataError, match="3 event files and 2 response files"):
        read_store_from_files(events, [irf, irf])


def test_responses_of_a_calibration_database(parted, tmp_path):
    events, irf = parted
    place = tmp_path / "caldb" / "data" / "hess" / "test" / "bcf" / "Some_z20"
    place.mkdir(parents=True)
    (place / "irf_file.fits").write_bytes(irf.read_bytes())
    for file in events:
        fits.setval(file, "CALDB", value="test", ext=1)
        fits.setval(file, "IRF", value="Some_z20", ext=1)
    found = read_store_from_files(events, caldb=tmp_path / "caldb")
    assert found[1].open().responses.aeff is not None


# Spellings of an index


def rows_with(directory_text):
    return [
        (obs.obs_id, kind, kind, directory_text, f"run_{obs.obs_id:06d}.fits.gz", kind)
        for obs in RUNS
        for kind in ("events", "gti")
    ]


@pytest.mark.parametrize(
    "text", ["", "--", "./", "$SKYFOLD_DATA/data", "${GAMMAPY_DATA}/data", "../other/data", "absolute"]
)
def test_file_dir(directory, tmp_path, monkeypatch, text):
    monkeypatch.delenv("GAMMAPY_DATA", raising=False)
    monkeypatch.setenv("SKYFOLD_DATA", str(directory))
    here = tmp_path / "here"
    here.mkdir()
    (tmp_path / "other").symlink_to(directory)
    for file in (directory / "data").iterdir():
        (here / file.name).symlink_to(file)
    write_index(here, rows_with(str(directory / "data") if text == "absolute" else text), RUNS)
    assert read_store(here)[1].open().obs_id == 1


def test_variable_that_is_not_set(monkeypatch):
    monkeypatch.delenv("NOT_THERE", raising=False)
    with pytest.raises(DataError, match="the variable NOT_THERE is not set"):
        expand("$NOT_THERE/x.fits")


def test_missing_directory(tmp_path):
    with pytest.raises(DataError, match="nowhere: no such file or directory"):
        read_store(tmp_path / "nowhere")


def test_directory_without_index(tmp_path):
    with pytest.raises(DataError, match=r"no hdu-index\.fits\.gz or hdu-index\.fits in this directory"):
        read_store(tmp_path)


def test_index_of_something_else(tmp_path):
    table = fits.BinTableHDU.from_columns([fits.Column("X", "D", array=[1.0])])
    table.writeto(tmp_path / "hdu-index.fits")
    with pytest.raises(DataError, match="no column OBS_ID, HDU_TYPE, .*; is this an HDU index"):
        read_store(tmp_path)


def test_index_row_without_file(directory, tmp_path):
    write_index(tmp_path, rows_with("gone"), RUNS)
    store = read_store(tmp_path)
    with pytest.raises(
        DataError,
        match=r"observation 3: the index lists HDU 'events' \(events\) in .*gone/run_000003\.fits\.gz: no such",
    ):
        store[3].open()


def test_duplicate_observation(directory, tmp_path):
    write_index(tmp_path, rows_with("data"), [*RUNS, RUNS[0]])
    with pytest.raises(DataError, match="observation id 3 occurs more than once"):
        read_store(tmp_path)


def test_two_event_files_of_one_observation(directory):
    file = directory / "data" / "run_000001.fits.gz"
    with pytest.raises(DataError, match="event files: observation id 1 occurs more than once"):
        read_store_from_files([file, file])


def test_file_without_events(parted):
    _, irf = parted
    with pytest.raises(DataError, match=r"irf\.fits: no EVENTS table"):
        read_store_from_files([irf])


def test_hdu_that_the_file_does_not_have(directory, tmp_path):
    rows = [
        (1, kind, kind, str(directory / "data"), "run_000001.fits.gz", name)
        for kind, name in [("events", "EV"), ("gti", "GTI")]
    ]
    write_index(tmp_path, rows, [RUNS[1]])
    with pytest.raises(MissingHDU, match="no HDU 'EV'; this file has EVENTS, GTI"):
        read_store(tmp_path)[1].open()


# Selections


def test_ids_keep_their_order(store):
    assert store.select(ids=[2, 3]).obs_ids.tolist() == [2, 3]


def test_unknown_id_is_named_with_the_nearest(store):
    with pytest.raises(DataError, match="no observation 5 among 3; the nearest ids are 1, 2, 3"):
        store.select(ids=[1, 5])


def test_cone_and_border(store):
    center = SkyCoord(81.0, 22.0, unit="deg")
    assert store.select(cone=(center, 1 * u.deg)).obs_ids.tolist() == [1, 2]
    assert store.select(cone=(center, 0.5 * u.deg)).obs_ids.tolist() == [1]
    assert store.select(cone=(center.galactic, 0.5 * u.deg), border="0.5 deg").obs_ids.tolist() == [1, 2]


def test_time_overlaps(store):
    between = (Time("2020-01-01T00:05:00"), Time("2020-01-01T01:00:01"))
    assert store.select(time=between).obs_ids.tolist() == [3, 1]
    assert store.select(time=("2020-01-01T12:00:00", None)).obs_ids.tolist() == [2]


def test_columns(store):
    assert store.select(RA_PNT=(81.5, None)).obs_ids.tolist() == [3, 2]
    assert store.select(RA_PNT=(4891 * u.arcmin, 4950 * u.arcmin)).obs_ids.tolist() == [2]
    assert store.select(OBJECT="Crab").obs_ids.tolist() == [3, 1, 2]
    assert len(store.select(OBJECT=["Vela", "M 87"])) == 0
    assert store.select(ids=[2, 1], RA_PNT=(81.5, None)).obs_ids.tolist() == [2]


def test_selections_leave_the_store_alone(store):
    chosen = store.select(ids=[2])
    assert len(store) == 3
    assert chosen.column("RA_PNT").size == 1
    assert chosen.where([True]).obs_ids.tolist() == [2]
    assert chosen.where([0]).obs_ids.tolist() == [2]


def test_groups(store):
    groups = store.group_by("DEC_PNT")
    assert {value: len(group) for value, group in groups.items()} == {22.0: 3}


def test_empty_selection_tells_what_there_was(store):
    empty = store.select(cone=(SkyCoord(10.0, 0.0, unit="deg"), 2 * u.deg))
    assert len(empty) == 0
    assert empty.obs_ids.size == 0
    message = (
        r"no observation selected from 3 observations at RA 81\.00 to 83\.00 deg, Dec 22\.00 to 22\.00 deg; "
        r"selected by a cone of 2 deg around \(10\.000, 0\.000\) deg \(nearest pointing 7\d\.\d\d deg away\)"
    )
    with pytest.raises(DataError, match=message):
        empty.check()
    assert store.check() is store


def test_unknown_column_is_named_with_near_ones(store):
    with pytest.raises(DataError, match="no column 'RAPNT'; there is RA_PNT"):
        store.select(RAPNT=(0, 1))


def test_range_has_two_ends(store):
    with pytest.raises(DataError, match=r"a range is \(lo, hi\)"):
        store.select(RA_PNT=(1, 2, 3))


def test_columns_need_a_value_for_each_observation():
    ref = ObsRef(1, (), open_observation)
    with pytest.raises(DataError, match="column 'N_TELS' has 2 values for 1 observations"):
        ObservationStore((ref,), {"N_TELS": np.array([3, 4])})
