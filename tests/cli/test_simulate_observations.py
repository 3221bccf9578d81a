"""skyfold simulate observations, as a user types it."""

import json
from pathlib import Path

import pytest
import yaml

from skyfold.cli.main import main
from skyfold.io.store import read_store

EXAMPLE = Path(__file__).parents[2] / "examples" / "simulate_wobble.yaml"
SHORT = ("--set", "wobble.number=2", "--set", "wobble.livetime=3 min")


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Run the command in an empty folder; its status and what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        status = main(["simulate", "observations", *(str(word) for word in words)])
        return status, *capsys.readouterr()

    return run


def test_the_example_is_written_and_told_in_a_few_lines(call):
    status, out, _ = call(EXAMPLE, "--out", "runs", *SHORT)
    store = read_store("runs")
    numbers = {line.split(":")[0].strip(): int(line.split()[1]) for line in out.splitlines()[1:-1]}
    assert status == 0
    assert out.splitlines()[0] == "2 observations, 0.10 h of livetime"
    assert out.splitlines()[-1] == "observations in runs"
    assert list(numbers) == ["background", "crab", "halo"]
    assert sum(numbers.values()) == sum(len(ref.open().events) for ref in store.refs)


@pytest.mark.slow
def test_the_same_events_with_two_processes(call):
    call(EXAMPLE, "--out", "one", *SHORT)
    call(EXAMPLE, "--out", "two", *SHORT, "--jobs", 2)
    for name in ("obs_000001.fits.gz", "obs_000002.fits.gz"):
        assert Path("one/data", name).read_bytes() == Path("two/data", name).read_bytes()


def test_an_earlier_result_is_kept_unless_told(call):
    call(EXAMPLE, *SHORT)
    status, _, error = call(EXAMPLE, *SHORT)
    assert status == 2
    assert error == "skyfold: simulate_wobble: exists already; allow to overwrite it, or name another directory\n"
    status, _, _ = call(EXAMPLE, *SHORT, "--overwrite", "--set", "seed=8")
    assert status == 0


def test_the_configuration_with_its_defaults_and_the_schema(call):
    _, out, _ = call(EXAMPLE, "--print-config", "--set", "seed=8")
    full = yaml.safe_load(out)
    assert full["seed"] == 8
    assert full["wobble"]["angles"] == ["0 deg", "180 deg", "90 deg", "270 deg"]
    Path("full.yaml").write_text(out)
    assert call("full.yaml", "--print-config")[1] == out
    schema = json.loads(call("--schema")[1])
    assert "wobble" in schema["properties"]
    assert schema["properties"]["seed"]["description"] == "The same seed, the same events."


def test_mistakes_are_told_with_their_line(call):
    Path("sky.yaml").write_text("seed: 3\nwobble:\n  ofset: 1 deg\n")
    status, _, error = call("sky.yaml")
    assert status == 2
    assert "sky.yaml, line 3: wobble.ofset: no such key; did you mean 'offset'?" in error
    assert "sky.yaml, line 2: wobble.center: missing" in error
    assert call()[2] == "skyfold: CONFIG: missing; name a configuration, such as examples/simulate_wobble.yaml\n"
