"""The numbers of a fit in a YAML file."""

import numpy as np
import pytest
import yaml

from skyfold.errors import DataError, FitError
from skyfold.fit.diagnosis import Problem
from skyfold.fit.parameters import Parameters
from skyfold.fit.summary import FitSummary
from skyfold.io.fit_results import read_fit, write_fit
from skyfold.model.source import Source
from skyfold.model.spectral.power_law import PowerLaw

INDEX, AMPLITUDE = "a.spectrum.index", "a.spectrum.amplitude"


def summary(problems=()):
    sky = {"a": Source(PowerLaw()), "b": Source(PowerLaw(index=2.1))}
    table = Parameters.of(sky).link("b.spectrum.index", INDEX).freeze("b.spectrum.amplitude")
    table = table.set(INDEX, bounds=(1, 4)).with_errors({INDEX: 0.1, AMPLITUDE: 1e-13})
    covariance = np.array([[0.01, np.nan], [np.nan, 1 / 3e26]])
    return FitSummary(table, covariance, -1234.5678901234567, {"x": 1 / 3, "y": -2.0}, 17, tuple(problems))


def test_what_is_read_is_what_was_written(tmp_path):
    written = summary([Problem("bound", (INDEX,), f"{INDEX} is at its bound")])
    write_fit(written, tmp_path / "fit.yaml")
    read = read_fit(tmp_path / "fit.yaml")
    assert str(read) == str(written)
    assert repr(read.parameters.rows) == repr(written.parameters.rows)  # nan = nan, inf = inf, to the last digit
    assert np.array_equal(read.covariance, written.covariance, equal_nan=True)
    assert (read.stat, read.per_dataset, read.n_evaluations) == (written.stat, written.per_dataset, 17)
    assert read.problems == written.problems
    assert {"skyfold", "jax", "python"} <= read.versions.keys()
    assert read.to_yaml() == written.to_yaml()
    with pytest.raises(FitError, match="at its bound"):
        read.check()


def test_a_file_that_is_there_stays_unless_told(tmp_path):
    write_fit(summary(), tmp_path / "fit.yaml")
    with pytest.raises(DataError, match="exists already"):
        write_fit(summary(), tmp_path / "fit.yaml")
    write_fit(summary(), tmp_path / "fit.yaml", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["fit.yaml"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("covariance"), "no 'covariance'"),
        (lambda c: c["covariance"]["names"].reverse(), "a row and a column for each of a.spectrum"),
        (lambda c: c["covariance"]["matrix"].pop(), "a row and a column"),
        (lambda c: c["parameters"][0].update(value="two"), "value is 'two', wanted a number"),
        (lambda c: c["parameters"][0].update(bounds=[1]), "wanted a lower and an upper"),
        (lambda c: c["parameters"][0].update(vlaue=2), "unknown key 'vlaue'"),
        (lambda c: c["fit"].update(ok=False), "there are 0 problems"),
        (lambda c: c["fit"].update(problems=[{"fault": "odd", "text": ""}]), "fault is 'odd'"),
    ],
)
def test_a_file_that_is_not_right_is_refused_with_its_name(tmp_path, change, message):
    content = yaml.safe_load(summary().to_yaml())
    change(content)
    path = tmp_path / "fit.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(DataError, match=message) as caught:
        read_fit(path)
    assert "fit.yaml" in str(caught.value)


@pytest.mark.parametrize(("text", "message"), [("[1, 2]", "no result of a fit"), ("a: [", "is no YAML")])
def test_another_file_is_no_result(tmp_path, text, message):
    (tmp_path / "fit.yaml").write_text(text)
    with pytest.raises(DataError, match=message):
        read_fit(tmp_path / "fit.yaml")


def test_a_notebook_and_a_terminal_show_the_table_and_the_correlation():
    found = summary()
    assert f"<pre>{found.parameters}</pre>" in found._repr_html_()
    lines = found.correlation_table().splitlines()
    assert len(lines) == 3
    assert lines[1].split()[:2] == [found.names[0], "1.000"]
