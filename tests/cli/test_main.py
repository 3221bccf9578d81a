import json
import os
import re
import subprocess
import sys

import pytest
import yaml

from skyfold.cli.main import main
from skyfold.errors import ConfigError
from skyfold.workflow.config import AnalysisConfig
from skyfold.workflow.load import to_yaml
from tests.analyses import RING, SPECTRUM, write_yaml
from tests.dl3_files import make_observation, write_files


@pytest.fixture
def call(capsys):
    """Run the command; its status, what it printed, and what it complained of."""

    def run(*words):
        status = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("skyfold 0.")


@pytest.mark.parametrize("command", [[], ["run"], ["check"], ["info"], ["config"]])
def test_help_names_the_options(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([*command, "--help"])
    assert end.value.code == 0
    assert "usage: skyfold" in capsys.readouterr().out


def test_help_is_quick():
    code = "import sys; from skyfold.cli.main import make_parser; make_parser(); print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert loaded & {"numpy", "astropy", "pydantic", "yaml", "rich", "matplotlib"} == set()


def test_an_unknown_command_is_an_error(capsys):
    with pytest.raises(SystemExit) as end:
        main(["fold"])
    assert end.value.code == 2
    assert "invalid choice: 'fold'" in capsys.readouterr().err


# skyfold run


@pytest.mark.usefixtures("data")
def test_run_writes_results_and_says_what_it_found(call, tmp_path):
    file = write_yaml(RING, tmp_path / "ring.yaml")
    status, out, err = call(
        "run", file, "--out", tmp_path / "out", "--no-plots", "--set", "observations.obs_ids=[1, 2]"
    )
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "2 observations, 0.95 h of livetime"
    assert lines[1].startswith("counts ")
    assert lines[2].startswith("significance ")
    assert lines[-1] == f"results in {tmp_path / 'out'}"
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["observations"]["ids"] == [1, 2]


def test_the_data_path_is_that_of_the_run_only(call, field, tmp_path, monkeypatch):
    monkeypatch.setenv("SKYFOLD_DATA", "nowhere")
    monkeypatch.delenv("GAMMAPY_DATA", raising=False)
    file = write_yaml(RING, tmp_path / "ring.yaml")
    assert call("run", file, "--out", tmp_path / "out", "--no-plots", "--data", field)[0] == 0
    assert os.environ["SKYFOLD_DATA"] == "nowhere"
    assert "GAMMAPY_DATA" not in os.environ
    status, _, err = call("run", file, "--out", tmp_path / "out2")
    assert status == 2
    assert "no such file or directory" in err


@pytest.mark.usefixtures("data")
def test_results_go_to_the_name_of_the_file(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = write_yaml({**RING, "general": {"outdir": "all"}}, tmp_path / "ring.yaml")
    assert call("run", file, "--no-plots")[0] == 0
    assert (tmp_path / "all" / "ring" / "summary.json").exists()


@pytest.mark.usefixtures("data")
def test_a_result_is_replaced_only_if_told(call, tmp_path):
    file, out = write_yaml(RING, tmp_path / "ring.yaml"), tmp_path / "out"
    assert call("run", file, "--out", out, "--no-plots")[0] == 0
    status, _, err = call("run", file, "--out", out, "--no-plots")
    assert status == 2
    assert (
        err == f"skyfold: {out}: holds a result already; allow to overwrite it (--overwrite), or name another folder\n"
    )
    assert call("run", file, "--out", out, "--no-plots", "--overwrite")[0] == 0


def test_the_configuration_is_printed_with_its_defaults(call, tmp_path):
    file = write_yaml(RING, tmp_path / "ring.yaml")
    status, out, _ = call("run", file, "--print-config", "--set", "excess_map.correlation_radius=0.2 deg")
    printed = yaml.safe_load(out)
    assert status == 0
    assert printed["excess_map"]["correlation_radius"] == "0.2 deg"
    assert printed["datasets"]["geom"]["axes"]["energy_true"]["nbins"] == 6
    assert printed["light_curve"]["source"] == "source"
    again = tmp_path / "again.yaml"
    again.write_text(out)
    assert call("run", again, "--print-config")[1] == out


def test_a_mistake_is_one_line_and_no_traceback(call, tmp_path):
    file = tmp_path / "ring.yaml"
    file.write_text("datasets:\n  stak: true\n")
    status, out, err = call("run", file)
    assert (status, out) == (2, "")
    assert err == f"skyfold: {file}, line 2: datasets.stak: no such key; did you mean 'stack'?\n"


def test_debug_shows_where_an_error_came_from(tmp_path):
    with pytest.raises(ConfigError):
        main(["--debug", "run", str(tmp_path / "none.yaml")])


@pytest.mark.usefixtures("data")
def test_no_jobs_is_an_error(call, tmp_path):
    status, _, err = call("run", write_yaml(RING, tmp_path / "ring.yaml"), "--jobs", 0, "--out", tmp_path / "out")
    assert status == 2
    assert "found 0" in err


def test_strict_stops_at_a_run_that_cannot_be_used(call, tmp_path, monkeypatch):
    monkeypatch.setenv("SKYFOLD_DATA", str(tmp_path))
    runs = [make_observation(i, 83.63, 22.51) for i in (1, 2)]
    write_files(
        tmp_path / "field", runs, lambda hdus: hdus.pop("BKG") if hdus["EVENTS"].header["OBS_ID"] == 2 else None
    )
    file = write_yaml(RING, tmp_path / "ring.yaml")
    status, out, _ = call("run", file, "--out", tmp_path / "out", "--no-plots")
    assert status == 0
    assert "skipped 2: observation 2: no HDU 'bkg'" in out
    status, _, err = call("run", file, "--out", tmp_path / "strict", "--no-plots", "--strict")
    assert status == 2
    assert "observation 2: no HDU 'bkg'" in err
    assert not (tmp_path / "strict").exists()


SPECTRAL = {"type": "PowerLawSpectralModel", "parameters": [{"name": "amplitude", "value": 2e-11}]}
CRAB = {"components": [{"name": "crab", "type": "SkyModel", "spectral": SPECTRAL}]}


@pytest.mark.usefixtures("data")
def test_a_fit_is_reported_with_its_parameters(call, tmp_path):
    file = write_yaml({**SPECTRUM, "models": CRAB}, tmp_path / "crab.yaml")
    status, out, err = call("run", file, "--out", tmp_path / "out", "--no-plots")
    assert (status, err) == (0, "")
    assert "fit: −2 ln L = " in out
    assert re.search(r"^  crab.spectrum.index = [\d.]+ ± [\d.]+$", out, re.MULTILINE)
    assert re.search(r"^  crab.spectrum.amplitude = [\de.-]+ ± [\de.-]+ TeV-1 s-1 cm-2$", out, re.MULTILINE)


@pytest.mark.usefixtures("data")
def test_a_fit_that_is_not_to_be_trusted_ends_with_1_and_all_results(call, tmp_path):
    flat = {**SPECTRAL, "parameters": [*SPECTRAL["parameters"], {"name": "index", "value": 0.5, "max": 1}]}
    models = {"components": [{"name": "crab", "spectral": flat}]}
    file = write_yaml({**SPECTRUM, "models": models}, tmp_path / "crab.yaml")
    status, _, err = call("run", file, "--out", tmp_path / "out", "--no-plots")
    assert status == 1
    assert err.startswith("skyfold: the fit is not to be trusted: crab.spectrum.index = 1 is at its bound")
    assert (tmp_path / "out" / "models.yaml").exists()


@pytest.mark.usefixtures("data")
def test_an_interrupt_leaves_nothing(call, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("skyfold.workflow.analysis.write_products", interrupt)
    file = write_yaml(RING, tmp_path / "ring.yaml")
    assert call("run", file, "--out", tmp_path / "out") == (130, "", "skyfold: interrupted; nothing was written\n")
    assert [path.name for path in tmp_path.iterdir()] == ["ring.yaml"]


# skyfold check, info, config


def test_check_lists_findings(call, data):
    status, out, _ = call("check", data / "field")
    assert status == 0
    assert "severity" in out
    assert "data/run_000001.fits.gz" in out
    assert "OBS_MODE 'WOBBLE'" in out


def test_check_as_json(call, data):
    status, out, _ = call("check", data / "field", "--json")
    found = json.loads(out)
    assert status == 0
    assert set(found[0]) == {"severity", "file", "hdu", "what", "consequence", "repair"}


def test_check_ends_with_1_for_errors_only(call, tmp_path):
    folder = write_files(tmp_path, [make_observation()], lambda hdus: hdus.pop("GTI"))
    status, out, _ = call("check", folder, "--json")
    assert status == 1
    assert "error" in {entry["severity"] for entry in json.loads(out)}
    assert call("check", folder)[0] == 1


def test_check_of_nothing_is_an_error(call, tmp_path):
    status, _, err = call("check", tmp_path / "none")
    assert status == 2
    assert "none: no such file or directory" in err


def test_info_tells_what_a_file_is(call, data):
    status, out, _ = call("info", data / "field" / "data" / "run_000001.fits.gz")
    assert status == 0
    assert "events" in out
    status, _, err = call("info", data / "field" / "none.fits")
    assert status == 2
    assert "no such file" in err


def test_config_prints_defaults_or_schema(call):
    assert call("config") == call("config", "--defaults") == (0, to_yaml(AnalysisConfig()), "")
    schema = json.loads(call("config", "--schema")[1])
    assert {"general", "observations", "datasets"} <= set(schema["properties"])


def test_a_reader_that_leaves_is_no_error(data):
    words = [sys.executable, "-m", "skyfold.cli.main", "config", "--schema"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.usefixtures("data")
def test_processes_give_the_same_numbers(tmp_path):
    file = write_yaml(RING, tmp_path / "ring.yaml")
    for jobs in ("1", "2"):
        words = [sys.executable, "-m", "skyfold.cli.main", "run", str(file), "--jobs", jobs, "--no-plots"]
        done = subprocess.run([*words, "--out", str(tmp_path / jobs)], capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stderr) == (0, "")
    one, two = (json.loads((tmp_path / jobs / "summary.json").read_text()) for jobs in "12")
    assert one["datasets"] == two["datasets"]
    assert one["excess_map"] == two["excess_map"]
