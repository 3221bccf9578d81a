from dataclasses import replace

import pytest

from skyfold.cli import demo as command
from skyfold.cli.main import main
from skyfold.fit.diagnosis import Problem
from skyfold.workflow import demo as workflow
from skyfold.workflow.demo_sky import Survey
from tests.workflow.test_demo import SMALL


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return workflow.demo(tmp_path_factory.mktemp("demo") / "out", survey=SMALL, plots=False)


def test_a_table_compares_the_fit_with_the_truth(found, capsys, tmp_path):
    assert command.show(found, tmp_path) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0].startswith("simulated 2 observations, 2.0 h: ")
    assert lines[1].startswith("ring background: significance up to ")
    assert lines[2].endswith(": converged")
    assert lines[3].split() == ["parameter", "truth", "start", "fit", "error", "pull", "unit"]
    rows = {line.split()[0]: line.split()[1:] for line in lines[4:16]}
    for row in found.recovered:
        truth, start, _, error, pull, *unit = rows[row.name]
        assert (float(truth), float(start)) == (row.truth, row.start)
        assert float(error) == pytest.approx(row.error, rel=0.06)
        assert pull == f"{row.pull:+.2f}"
        assert " ".join(unit) == row.unit
    assert lines[16].startswith("distance from the truth: χ² = ")
    assert lines[-1].endswith(f"results in {tmp_path}")


def test_a_fit_that_is_not_to_be_trusted_ends_with_1(found, capsys, tmp_path):
    sick = replace(found.fit, problems=(Problem("search", (), "it stopped on the way"),))
    assert command.show(replace(found, fit=sick), tmp_path) == 1
    out, err = capsys.readouterr()
    assert ": it stopped on the way\n" in out
    assert err == "skyfold: the fit is not to be trusted: it stopped on the way\n"


def test_options_reach_the_demo(found, monkeypatch, tmp_path, capsys):
    asked = {}
    monkeypatch.setattr(workflow, "demo", lambda out, **options: asked.update(out=out, **options) or found)
    assert main(["demo", "--out", str(tmp_path / "x"), "--seed", "3", "--overwrite", "--no-plots"]) == 0
    assert asked["out"] == tmp_path / "x"
    assert (asked["seed"], asked["overwrite"], asked["executor"], asked["plots"]) == (3, True, None, False)
    assert main(["demo"]) == 0
    assert (str(asked["out"]), asked["seed"], asked["overwrite"], asked["plots"]) == (
        "demo",
        workflow.SEED,
        False,
        True,
    )


def test_an_earlier_result_stays_and_the_way_out_is_told(tmp_path, capsys):
    (tmp_path / "summary.json").write_text("{}")
    assert main(["demo", "--out", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert err == (
        f"skyfold: {tmp_path}: holds a result already; allow to overwrite it (--overwrite), or name another folder\n"
    )


@pytest.mark.parametrize("words", [["--jobs", "0"], ["--seed", "-1"]])
def test_wrong_numbers_are_errors(words, tmp_path, capsys):
    assert main(["demo", "--out", str(tmp_path / "x"), *words]) == 2
    assert f"{words[0][2:]}: wanted a number" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_usual_survey_is_the_one_of_the_documentation():
    assert Survey() == Survey(runs=12, livetime="28 min", width="4.5 deg", pixel="0.025 deg", nbins=16, nbins_true=30)
