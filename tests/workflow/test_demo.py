import json
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from skyfold.errors import ConfigError, DataError
from skyfold.io.check import check_path
from skyfold.io.maps import read_map
from skyfold.io.models import read_covariance, read_models
from skyfold.io.store import read_store
from skyfold.simulate.observation import simulate_observations
from skyfold.workflow.demo import demo
from skyfold.workflow.demo_sky import VALUES, Survey, observations, start_of_fit, true_sky

# Two short runs on coarse pixels: enough to fit, quick enough to test.
SMALL = Survey(runs=2, livetime="60 min", width="3.6 deg", pixel="0.06 deg", nbins=9, nbins_true=18)
PLOTS = {
    "correlation",
    "demo",
    "residual_significance",
    "ring_significance",
    "ring_significance_histogram",
    "spectrum_nebula",
    "spectrum_pulsar",
}
MAPS = {
    "counts",
    "npred",
    "npred_background",
    "npred_nebula",
    "npred_pulsar",
    "residual_significance",
    "ring_background",
    "ring_excess",
    "ring_exclusion",
    "ring_significance",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "out"
    return demo(out, survey=SMALL), out


def test_the_fit_finds_the_truth(made):
    found, _ = made
    assert found.fit.ok, found.fit.status
    assert {row.name for row in found.recovered} == set(VALUES)
    # 12 degrees of freedom: 40 is exceeded once in ten thousand.
    assert 0 < found.distance < 40
    assert max(abs(row.pull) for row in found.recovered) < 4


def test_the_fit_starts_away_from_the_truth():
    sky = true_sky()
    start = start_of_fit(sky)
    assert {row.name for row in start.free} == set(VALUES)
    for name, (truth, begin) in VALUES.items():
        assert truth != begin == start[name].value
        assert start[name].value != truth


def test_the_sources_are_significant_and_left_out_of_the_rings(made):
    found, _ = made
    sqrt_ts = found.excess_map.sqrt_ts
    for name in ("pulsar", "nebula"):
        shape = found.sky[name].shape
        x, y = (int(round(float(v))) for v in sqrt_ts.geom.lonlat_to_pix(float(shape.lon_0), float(shape.lat_0)))
        assert sqrt_ts.data[0, y, x] > 5, name
        assert not found.exclusion.data[..., y, x].any(), name
    assert found.exclusion.data.mean() > 0.8


def test_the_folder_holds_everything_and_the_survey_has_no_faults(made):
    found, out = made
    assert {path.stem for path in (out / "plots").iterdir()} == PLOTS
    assert {path.stem for path in (out / "maps").iterdir()} == MAPS
    assert {path.name for path in (out / "spectra").iterdir()} == {"nebula.fits", "pulsar.fits"}
    assert check_path(out / "survey") == []
    store = read_store(out / "survey")
    assert [len(ref.open().events) for ref in store] == [len(run.events) for run in found.observations]
    assert not [path.name for path in out.parent.iterdir() if path != out]


def test_models_of_the_folder_are_those_of_the_fit(made):
    found, out = made
    _, table = read_models(out / "models.yaml")
    for row in found.fit.parameters.free:
        assert table[row.name].value == pytest.approx(row.value, rel=1e-12)
        assert table[row.name].error == pytest.approx(row.error, rel=1e-6)
    assert read_covariance(out / "models.yaml").shape == found.fit.covariance.shape
    for file, column in (("truth.yaml", 0), ("start.yaml", 1)):
        _, table = read_models(out / file)
        assert {name: pytest.approx(table[name].value) for name in VALUES} == {
            name: pair[column] for name, pair in VALUES.items()
        }


def test_maps_of_expected_counts_add_up_to_the_counts(made):
    found, out = made
    maps = {name: read_map(out / "maps" / f"{name}.fits").data for name in MAPS}
    parts = sum(maps[f"npred_{name}"] for name in found.sky)
    np.testing.assert_allclose(maps["npred"], parts, rtol=1e-6)
    safe = found.dataset.safe[0]
    n, mu = maps["counts"][0][safe].sum(), maps["npred"][0][safe].sum()
    assert n == pytest.approx(mu, abs=4 * np.sqrt(mu))
    left = maps["residual_significance"]
    assert abs(np.nanmean(left)) < 0.3
    assert np.nanstd(left) == pytest.approx(1, abs=0.3)


def test_spectra_are_tables_of_the_fit_and_the_truth(made):
    found, out = made
    for name in ("pulsar", "nebula"):
        with fits.open(out / "spectra" / f"{name}.fits") as hdus:
            table = hdus["SPECTRUM"].data
            one = np.argmin(np.abs(np.log(table["energy"])))
            pull = (table["dnde"] - table["dnde_true"])[one] / table["dnde_err"][one]
            assert abs(pull) < 4
            assert hdus["SPECTRUM"].columns["dnde"].unit == "TeV-1 s-1 cm-2"


def test_the_summary_has_the_numbers_of_every_parameter(made):
    found, out = made
    summary = json.loads((out / "summary.json").read_text())
    assert summary["fit"]["ok"] is True
    for row, entry in zip(found.recovered, summary["fit"]["parameters"], strict=True):
        assert entry["name"] == row.name
        assert entry["pull"] == pytest.approx((entry["value"] - entry["truth"]) / entry["error"])
    assert summary["n_events"] == found.n_events
    assert sum(found.n_events.values()) == sum(len(run.events) for run in found.observations)
    assert all((out / name).is_file() for name in summary["files"])
    assert summary["seed"] == found.seed
    assert summary["survey"]["livetime_s"] == pytest.approx(7200)


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(made, tmp_path):
    found, _ = made
    steps = []

    @contextmanager
    def watch(title):
        done = []
        yield lambda *numbers: done.append(numbers)
        steps.append((title, done))

    again = demo(tmp_path / "again", survey=SMALL, plots=False, watch=watch)
    assert not (tmp_path / "again" / "plots").exists()
    assert [title for title, done in steps if done == [(1, 2), (2, 2)]] == [
        "simulate",
        "rings, first look",
        "rings, second look",
        "reduce",
    ]
    assert [row.value for row in again.recovered] == [row.value for row in found.recovered]
    assert np.array_equal(again.dataset.counts.data, found.dataset.counts.data)
    other = simulate_observations(found.sky, observations(SMALL), found.seed + 1, dataset="stacked")
    assert [len(run.events) for run in other] != [len(run.events) for run in found.observations]


def test_a_result_is_replaced_only_if_that_is_wanted(made):
    _, out = made
    before = (out / "summary.json").read_text()
    with pytest.raises(DataError, match="holds a result already; allow to overwrite it"):
        demo(out, survey=SMALL)
    assert (out / "summary.json").read_text() == before


def test_what_is_no_survey_or_seed_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="at least one observation, found 0"):
        Survey(runs=0)
    with pytest.raises(ConfigError, match="seed: wanted a number from 0 on, found -1"):
        demo(tmp_path / "out", seed=-1)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_a_demo_that_fails(tmp_path):
    with pytest.raises(DataError, match="livetime"):
        demo(tmp_path / "out", survey=replace(SMALL, livetime="0 min"))
    assert list(tmp_path.iterdir()) == []
