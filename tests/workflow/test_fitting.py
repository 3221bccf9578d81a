import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from skyfold.dataset.fake import fake
from skyfold.errors import ConfigError, ModelError
from skyfold.fit.parameters import Parameters
from skyfold.io.datasets import read_datasets
from skyfold.io.maps import read_map
from skyfold.io.models import read_models
from skyfold.maps.map import Map
from skyfold.model.background import FovBackground
from skyfold.workflow.analysis import run
from skyfold.workflow.fields import EnergyRange
from skyfold.workflow.fitting import Models, fit_models, in_fit_range, models_of
from skyfold.workflow.load import config_from_dict, config_from_yaml, read_config
from skyfold.workflow.steps import analyse
from tests.analyses import RING, SPECTRUM, changed
from tests.docs.blocks import blocks
from tests.fit.toys import cube, point_sky

pytestmark = pytest.mark.usefixtures("data")

AMPLITUDE = "cm-2 s-1 TeV-1"


def source(**more):
    """The source of the small field, as a component of a model file."""
    spectral = {
        "type": "PowerLawSpectralModel",
        "parameters": [
            {"name": "index", "value": 2.0},
            {"name": "amplitude", "value": 2e-11, "unit": AMPLITUDE},
            {"name": "reference", "value": 1, "unit": "TeV", "frozen": True},
        ],
    }
    return {"name": "crab", "type": "SkyModel", "spectral": spectral, **more}


def point():
    """The same with its place."""
    place = [{"name": "lon_0", "value": 83.63, "unit": "deg"}, {"name": "lat_0", "value": 22.01, "unit": "deg"}]
    return source(spatial={"type": "PointSpatialModel", "frame": "icrs", "parameters": place})


def of(*components):
    return {"components": list(components)}


FIELD = changed(RING, "datasets.background", {"method": "fov_background", "exclusion": "icrs;circle(83.63,22.01,0.4)"})
FIELD = changed(FIELD, "datasets.geom.axes.energy.nbins", 4)
MAPS = {**FIELD, "models": of(point()), "fit": {"fit_range": {"min": "1.5 TeV"}}}
SPECTRA = {**changed(SPECTRUM, "datasets.stack", False), "models": of(source())}


@pytest.fixture(scope="module")
def maps(field, tmp_path_factory):
    """A fit to a cube with pictures: its summary and its folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKYFOLD_DATA", str(field))
        out = tmp_path_factory.mktemp("results") / "maps"
        return run(MAPS, out), out


@pytest.fixture(scope="module")
def spectra(field, tmp_path_factory):
    """A joint fit to spectra whose models are in a file: its summary and its folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKYFOLD_DATA", str(field))
        folder = tmp_path_factory.mktemp("results")
        (folder / "models.yaml").write_text(yaml.safe_dump(SPECTRA["models"]))
        config = {**SPECTRA, "models": None, "general": {"models_file": str(folder / "models.yaml")}}
        return run(config, folder / "spectra"), folder / "spectra"


def test_the_summary_has_the_fit(maps):
    summary, out = maps
    data = json.loads((out / "summary.json").read_text())["fit"]
    assert list(data) == ["ok", "status", "stat", "per_dataset", "n_evaluations", "parameters"]
    assert (data["ok"], data["status"]) == (True, "converged")
    assert data["stat"] == pytest.approx(data["per_dataset"]["stacked"])
    assert data["n_evaluations"] > 0
    rows = {row["name"]: row for row in data["parameters"]}
    assert list(rows["crab.spectrum.index"]) == ["name", "value", "error", "unit", "free", "at_bound"]
    assert [name for name, row in rows.items() if row["free"]] == [
        "crab.spectrum.index", "crab.spectrum.amplitude", "crab.shape.lon_0", "crab.shape.lat_0",
        "stacked-bkg.spectrum.norm",
    ]  # fmt: skip
    assert rows["crab.spectrum.reference"]["error"] is None
    assert rows["crab.spectrum.amplitude"]["unit"] == "TeV-1 s-1 cm-2"
    assert not any(row["at_bound"] for row in rows.values())
    assert summary.fit.stat == data["stat"]
    assert "fit" in summary.seconds
    assert "jax" in summary.versions


def test_the_source_is_found_where_it_is(maps):
    rows = {row.name: row for row in maps[0].fit.parameters}
    for name, truth in (("lon_0", 83.63), ("lat_0", 22.01)):
        row = rows[f"crab.shape.{name}"]
        assert abs(row.value - truth) < 5 * row.error
    norm = rows["stacked-bkg.spectrum.norm"]
    assert abs(norm.value - 1) < 5 * norm.error


def test_the_folder_holds_models_maps_and_figures(maps):
    summary, out = maps
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert there == {*summary.files, "summary.json"}
    assert there >= {
        "models.yaml", "models_covariance.dat", "maps/npred_stacked.fits", "maps/residual_significance_stacked.fits",
        "plots/residual_counts_stacked.png", "plots/residual_significance_stacked.png", "plots/spectrum_crab.png",
        "plots/correlation.png", "plots/fitted_counts_stacked.png",
    }  # fmt: skip
    _, table = read_models(out / "models.yaml")
    for row in summary.fit.parameters:
        assert table[row.name].value == row.value
        if row.free:
            assert table[row.name].error == row.error


def test_maps_are_those_of_the_fit(maps):
    _, out = maps
    (stacked,) = read_datasets(out / "datasets")
    npred = read_map(out / "maps" / "npred_stacked.fits").data[stacked.used].sum()
    # With a free norm the total of what is expected is that of the counts.
    assert npred == pytest.approx(stacked.counts.data[stacked.used].sum(), rel=1e-4)
    left = read_map(out / "maps" / "residual_significance_stacked.fits").data
    assert np.nanstd(left) == pytest.approx(1, abs=0.4)


def test_a_background_that_is_missing_is_added_and_told(maps):
    assert maps[0].notes == ("models: no background for dataset 'stacked'; 'stacked-bkg' is added, its norm free",)


def test_the_fit_range_is_whole_bins(maps):
    _, out = maps
    (stacked,) = read_datasets(out / "datasets")
    assert stacked.energy.edges_in("TeV") == pytest.approx(10 ** (np.arange(5) / 4))
    assert [plane.any() for plane in stacked.used] == [False, True, True, True]


def test_runs_are_fitted_together(spectra):
    summary, out = spectra
    assert summary.fit.ok
    assert list(summary.fit.per_dataset) == ["1", "2", "3"]
    assert sum(summary.fit.per_dataset.values()) == pytest.approx(summary.fit.stat)
    assert summary.notes == ()
    assert {path.name for path in (out / "plots").iterdir()} == {
        "spectrum.png", "spectrum_crab.png", "correlation.png", "fitted_counts_1.png", "fitted_counts_2.png",
        "fitted_counts_3.png",
    }  # fmt: skip


def test_maps_fitted_together_have_residuals_of_each_and_of_all(tmp_path):
    config = changed({**FIELD, "models": of(point())}, "datasets.stack", False)
    summary = run(changed(config, "observations.obs_ids", [1, 2]), tmp_path / "out", plots=False)
    assert list(summary.fit.per_dataset) == ["1", "2"]
    left = {name: read_map(tmp_path / "out" / "maps" / f"residual_significance_{name}.fits") for name in ("1", "2")}
    both = read_map(tmp_path / "out" / "maps" / "residual_significance_stacked.fits")
    assert np.isfinite(both.data).sum() >= max(np.isfinite(value.data).sum() for value in left.values())
    npred = read_map(tmp_path / "out" / "maps" / "npred_stacked.fits").data.sum()
    assert npred == pytest.approx(summary.datasets["stacked"].counts, rel=1e-3)


def test_models_of_a_file_and_of_the_configuration_are_the_same(spectra):
    summary, _ = spectra
    assert any(name.endswith("models.yaml") for name in summary.checksums)
    inline = analyse(SPECTRA).fitted.result
    assert inline.stat == summary.fit.stat


def test_the_configuration_written_repeats_the_fit(maps):
    assert read_config(maps[1] / "config.yaml") == config_from_dict(MAPS)


def test_a_parameter_at_its_bound_is_told(tmp_path):
    bounded = source()
    bounded["spectral"]["parameters"][0] |= {"value": 1.2, "min": 1.0, "max": 1.5}
    summary = run({**SPECTRA, "models": of(bounded)}, tmp_path / "out", plots=False)
    assert not summary.fit.ok
    assert "crab.spectrum.index = 1.5 is at its bound" in summary.fit.status
    assert {row.name for row in summary.fit.parameters if row.at_bound} == {"crab.spectrum.index"}
    assert (tmp_path / "out" / "models.yaml").exists()


def test_what_cannot_be_fitted_leaves_the_other_results(tmp_path):
    frozen = source()
    for entry in frozen["spectral"]["parameters"]:
        entry["frozen"] = True
    summary = run({**SPECTRA, "models": of(frozen)}, tmp_path / "out", plots=False)
    assert (summary.fit.ok, summary.fit.stat) == (False, None)
    assert summary.fit.status.startswith("not fitted: all parameters are frozen")
    assert summary.datasets["stacked"].counts > 0
    assert not (tmp_path / "out" / "models.yaml").exists()


def background(dataset):
    return {"type": "FoVBackgroundModel", "datasets_names": [dataset]}


def test_a_model_of_a_dataset_that_will_not_be_is_an_error_before_anything_is_reduced(monkeypatch):
    monkeypatch.setattr("skyfold.workflow.steps.reduce", None)
    with pytest.raises(ConfigError, match="'stack-bkg' is for dataset 'stack', .* true there are stacked"):
        analyse({**FIELD, "models": of(point(), background("stack"))})
    config = changed(FIELD, "datasets.stack", False)
    with pytest.raises(ConfigError, match="'4-bkg' is for dataset '4', .* false there are 1, 2, 3"):
        analyse({**config, "models": of(point(), background("4"))})
    with pytest.raises(ModelError, match="spectral.*type"):
        analyse({**FIELD, "models": of({"name": "crab", "spectral": {"type": "PowerLow"}})})


def test_an_empty_fit_range_is_an_error():
    with pytest.raises(ConfigError, match="no bin of dataset 'cube' lies in 9 TeV to the highest; its bins are energy"):
        in_fit_range(cube(), EnergyRange(min="9 TeV"))


def test_a_fit_range_keeps_what_was_left_out():
    wanted = np.zeros(cube().geom.shape, bool)
    wanted[:2, :7] = True
    dataset = replace(cube(), mask_fit=Map(cube().geom, wanted))
    found = in_fit_range(dataset, EnergyRange(min="2 TeV"))
    assert np.array_equal(found.mask_fit.data, wanted & (np.arange(3) >= 1)[:, None, None])
    assert in_fit_range(cube(), EnergyRange()).mask_fit is None


def test_a_background_goes_with_a_dataset_that_was_skipped():
    sky = {**point_sky(), "lost": FovBackground("other")}
    table = Parameters.of(sky).link("lost.spectrum.norm", "bkg.spectrum.norm").set("source.spectrum.index", value=2.1)
    found = fit_models(Models(sky, table), [fake(cube(), point_sky(), seed=3)])
    assert found.notes == ("models: 'lost' is left out with its dataset",)
    assert sorted(found.result.sky) == ["bkg", "source"]
    assert set(found.expected["cube"]) == {"source", "bkg"}


def test_a_source_that_has_the_name_of_a_background_is_an_error():
    sky = {"cube-bkg": point_sky()["source"]}
    with pytest.raises(ConfigError, match="'cube-bkg' is not the background of dataset 'cube'"):
        fit_models(Models(sky, Parameters.of(sky)), [fake(cube(), point_sky(), seed=3)])


def test_a_run_without_models_imports_no_jax(field):
    code = (
        "import os, sys\n"
        f"os.environ['SKYFOLD_DATA'] = {str(field)!r}\n"
        "from skyfold.workflow.steps import analyse\n"
        f"assert analyse({RING!r}).fitted is None\n"
        "print('jax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_models_in_the_documentation_are_read():
    text = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    (block,) = [block for block in blocks(text) if block.language == "yaml"]
    sky, table = models_of(config_from_yaml(block.text), ["stacked"])
    assert list(sky) == ["gc"]
    assert [row.name for row in table.free] == ["gc.spectrum.index", "gc.spectrum.amplitude", "gc.shape.lon_0"]
