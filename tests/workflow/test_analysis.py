import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import skyfold.workflow.analysis as module
from skyfold.errors import DataError, MissingHDU, ReductionError
from skyfold.io.datasets import read_datasets
from skyfold.io.maps import read_map, read_mask
from skyfold.workflow.analysis import run
from skyfold.workflow.load import config_from_dict, read_config
from skyfold.workflow.steps import analyse
from tests.analyses import RING, SOURCE, SPECTRUM, changed
from tests.dl3_files import make_observation, write_files

pytestmark = pytest.mark.usefixtures("data")

MAPS = [
    "acceptance", "acceptance_off", "alpha", "background", "counts", "counts_off", "err", "excess", "exclusion",
    "exposure", "flux", "flux_err", "sqrt_ts",
]  # fmt: skip


@pytest.fixture(scope="module")
def ring(field, tmp_path_factory):
    """A ring analysis with pictures: its summary and its folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKYFOLD_DATA", str(field))
        out = tmp_path_factory.mktemp("results") / "ring"
        return run(RING, out), out


def test_the_source_is_found(ring):
    summary, _ = ring
    found = summary.excess_map
    assert summary.observations == (1, 2, 3)
    assert summary.skipped == ()
    assert summary.livetime_s == pytest.approx(3 * 1800 * 0.95)
    assert found.max > 8
    assert found.frame == "icrs"
    assert np.hypot(*(np.array(found.max_position_deg) - SOURCE)) < 0.15
    assert abs(found.off.mean) < 0.3
    assert 0.7 < found.off.std < 1.3


def test_the_folder_holds_what_the_summary_lists(ring):
    summary, out = ring
    there = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert there == sorted([*summary.files, "summary.json"])
    assert [path.stem for path in sorted((out / "maps").iterdir())] == MAPS
    assert [path.name for path in sorted((out / "plots").iterdir())] == [
        "background.png", "counts.png", "excess.png", "significance.png", "significance_histogram.png",
    ]  # fmt: skip
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (out / "plots").iterdir())


def test_the_summary_has_the_documented_keys(ring):
    summary, out = ring
    data = json.loads((out / "summary.json").read_text())
    assert list(data) == [
        "observations", "skipped", "livetime_s", "datasets", "excess_map", "fit", "findings", "notes", "seconds",
        "versions", "checksums", "files",
    ]  # fmt: skip
    assert data["observations"] == {"ids": [1, 2, 3], "number": 3}
    assert list(data["datasets"]) == ["stacked"]
    assert list(data["datasets"]["stacked"]) == [
        "counts", "background", "excess", "counts_off", "acceptance", "acceptance_off", "exposure_min_m2s",
        "exposure_max_m2s", "livetime_s", "n_bins", "n_fit_bins", "stat_type", "stat",
    ]  # fmt: skip
    assert list(data["excess_map"]) == ["max", "max_position_deg", "frame", "min", "off", "bands"]
    assert set(data["seconds"]) == {"select", "reduce", "excess_map", "write", "plots", "total"}
    assert set(data["versions"]) == {"python", "skyfold", "numpy", "scipy", "astropy", "regions"}
    assert sorted(data["checksums"]) == [
        "data/run_000001.fits.gz", "data/run_000002.fits.gz", "data/run_000003.fits.gz", "hdu-index.fits.gz",
        "obs-index.fits.gz",
    ]  # fmt: skip
    assert data == json.loads(summary.to_json())


def test_numbers_are_those_of_the_files(ring):
    summary, out = ring
    (stacked,) = read_datasets(out / "datasets")
    numbers = summary.datasets["stacked"]
    assert numbers.counts == stacked.counts.data.sum()
    assert numbers.counts_off == stacked.counts_off.data.sum()
    assert numbers.background == pytest.approx(stacked.expected_background.data.sum())
    assert (numbers.n_bins, numbers.stat_type) == (24 * 30, "wstat")
    sqrt_ts = read_map(out / "maps" / "sqrt_ts.fits")
    assert np.nanmax(sqrt_ts.data) == summary.excess_map.max
    free = read_mask(out / "maps" / "exclusion.fits").data
    assert summary.excess_map.off.mean == pytest.approx(np.nanmean(sqrt_ts.data[0][free]))


def test_the_configuration_written_repeats_the_analysis(ring):
    _, out = ring
    assert read_config(out / "config.yaml") == config_from_dict(RING)


def test_an_executor_changes_nothing(ring):
    summary, _ = ring
    with ThreadPoolExecutor(2) as executor:
        again = analyse(RING, executor=executor)
    assert np.array_equal(again.stacked.counts_off.data, analyse(RING).stacked.counts_off.data)
    assert np.nanmax(again.excess_map.sqrt_ts.data) == summary.excess_map.max


def test_unstacked_runs_are_written_besides_their_sum(tmp_path, ring):
    summary = run(changed(RING, "datasets.stack", False), tmp_path / "out", plots=False)
    assert list(summary.datasets) == ["1", "2", "3", "stacked"]
    assert summary.datasets["stacked"] == ring[0].datasets["stacked"]
    assert summary.excess_map == ring[0].excess_map
    assert [d.name for d in read_datasets(tmp_path / "out" / "datasets")] == ["1", "2", "3", "stacked"]
    assert not (tmp_path / "out" / "plots").exists()


def test_bands_have_numbers_and_panels_of_their_own(tmp_path):
    config = changed(RING, "datasets.background", {"method": "fov_background"})
    config = changed(config, "excess_map.energy_edges", {"min": "1 TeV", "max": "10 TeV", "nbins": 2})
    summary = run(config, tmp_path / "out")
    low, high = summary.excess_map.bands
    assert (low["energy_min_tev"], high["energy_max_tev"]) == pytest.approx((1, 10))
    assert summary.excess_map.max == max(low["max"], high["max"])
    assert summary.datasets["stacked"].stat_type == "cash"
    assert read_map(tmp_path / "out" / "maps" / "flux.fits").data.shape == (2, 24, 30)
    assert (tmp_path / "out" / "plots" / "significance.png").exists()


def test_optional_maps(tmp_path):
    config = changed(RING, "excess_map.parameters", {"selection_optional": "all", "correlate_off": True, "n_sigma": 2})
    found = analyse(config).excess_map
    assert found.ul is not None
    assert found.errn is not None
    assert (found.n_sigma, found.meta["alpha_from"]) == (2.0, "off")


def test_a_spectrum(tmp_path):
    summary = run(changed(SPECTRUM, "datasets.stack", False), tmp_path / "out")
    assert list(summary.datasets) == ["1", "2", "3", "stacked"]
    assert summary.excess_map is None
    assert summary.datasets["stacked"].excess > 50
    assert summary.datasets["stacked"].n_bins == 4
    assert summary.files == (
        "config.yaml", "datasets/1.fits", "datasets/2.fits", "datasets/3.fits", "datasets/datasets.yaml",
        "datasets/stacked.fits", "maps/exclusion.fits", "plots/spectrum.png",
    )  # fmt: skip


def test_the_exclusion_grows_to_what_is_significant():
    config = changed(RING, "datasets.background.exclusion", None)
    plain = analyse(config)
    grown = analyse(changed(config, "datasets.background.iterate", {"threshold": 4, "grow": "0.1 deg"}))
    assert plain.exclusion is None
    excluded = grown.exclusion.geom.sky[~grown.exclusion.data]
    assert excluded.size > 3
    assert np.all(np.hypot(excluded.ra.deg - SOURCE[0], excluded.dec.deg - SOURCE[1]) < 0.7)
    # The source no longer fills the rings of its neighbours.
    assert grown.stacked.counts_off.data.sum() < plain.stacked.counts_off.data.sum()
    assert np.nanmin(grown.excess_map.sqrt_ts.data) > np.nanmin(plain.excess_map.sqrt_ts.data)


def test_an_exclusion_beside_the_map_is_noted():
    notes = analyse(changed(RING, "datasets.background.exclusion", "icrs;circle(10, 10, 1)")).notes
    assert notes == ("datasets.background.exclusion: it excludes no pixel; is it where the map is?",)


def test_a_map_without_background_is_counted_and_noted(tmp_path):
    config = changed(RING, "datasets.background", {})
    summary = run(changed(config, "datasets.map_selection", ["counts", "exposure"]), tmp_path / "out")
    assert summary.excess_map is None
    assert summary.datasets["stacked"].background is None
    assert summary.datasets["stacked"].stat is None
    assert "excess_map: not made" in summary.notes[0]


@pytest.fixture
def spoilt(tmp_path, monkeypatch):
    """A store whose second run has lost its background."""
    runs = [make_observation(i, 83.63, 22.51) for i in (1, 2)]
    write_files(
        tmp_path / "field", runs, lambda hdus: hdus.pop("BKG") if hdus["EVENTS"].header["OBS_ID"] == 2 else None
    )
    monkeypatch.setenv("SKYFOLD_DATA", str(tmp_path))
    return tmp_path


def test_a_run_that_cannot_be_used_is_listed_with_its_reason(spoilt):
    summary = run(RING, spoilt / "out", plots=False)
    assert summary.observations == (1,)
    ((obs_id, reason),) = summary.skipped
    assert obs_id == 2
    assert "no HDU 'bkg'" in reason
    assert "data/run_000002.fits.gz" not in summary.checksums
    assert json.loads((spoilt / "out" / "summary.json").read_text())["skipped"] == [{"obs_id": 2, "reason": reason}]


def test_strict_stops_there_and_writes_nothing(spoilt):
    with pytest.raises(MissingHDU, match="observation 2: no HDU 'bkg'"):
        run(RING, spoilt / "out", plots=False, strict=True)
    assert not (spoilt / "out").exists()
    assert sorted(path.name for path in spoilt.iterdir()) == ["field"]


def test_no_usable_run_is_an_error_and_writes_nothing(tmp_path):
    elsewhere = {"frame": "galactic", "lon": "0 deg", "lat": "0 deg"}
    config = changed(RING, "datasets.geom.wcs.skydir", elsewhere)
    with pytest.raises(ReductionError, match="none of 3 observations contributes"):
        run(config, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_result_in_the_way_stops_before_any_work(ring, monkeypatch):
    _, out = ring
    monkeypatch.setattr(module, "analyse", lambda *_, **__: pytest.fail("worked in vain"))
    with pytest.raises(DataError, match="holds a result already"):
        run(RING, out)


def test_overwriting_replaces_the_result(tmp_path):
    run(RING, tmp_path / "out")
    run(RING, tmp_path / "out", overwrite=True, plots=False)
    assert not (tmp_path / "out" / "plots").exists()


def test_progress_is_told():
    told = []
    analyse(RING, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
