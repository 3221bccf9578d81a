import copy
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from skyfold.errors import DataError, ModelError, ShapeError, UnitError
from skyfold.fit.parameters import Parameters
from skyfold.fit.rows import Link
from skyfold.io.covariance import covariance_text
from skyfold.io.ebl import read_ebl
from skyfold.io.models import read_covariance, read_models, write_models
from skyfold.io.models_kinds import PARTS
from skyfold.model.background import FovBackground
from skyfold.model.priors import GaussianPrior, LogNormalPrior
from skyfold.model.source import Source
from skyfold.model.spatial.constant import Constant
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.piecewise import PiecewiseNormShape
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.base import Spectrum
from skyfold.model.spectral.cutoff import ExpCutoffPowerLaw
from skyfold.model.spectral.power_law import PowerLaw
from skyfold.model.temporal.pulses import GaussianPulse

SKY = {
    "gc": Source(PowerLaw(2.3), Point(0.1, -0.05, frame="galactic")),
    "halo": Source(
        ExpCutoffPowerLaw(), Gaussian(0.0, 0.0, 0.2, frame="galactic"), datasets=("cta",), irf=("exposure",)
    ),
    "cta-bkg": FovBackground("cta"),
}
# What Gammapy 2.1 writes, shortened.
THEIRS = """
components:
- name: a
  type: SkyModel
  apply_irf: {exposure: true, psf: false, edisp: true}
  datasets_names: [d1]
  spectral:
    type: PowerLawSpectralModel
    parameters:
    - name: index
      value: 2.5
      unit: ''
      error: 0.0
      min: .nan
      max: .nan
      frozen: false
      interp: lin
      scale_method: scale10
      scale_transform: lin
      link: index@8-_2uQeh
    - {name: amplitude, value: 1.0e-18, unit: MeV-1 s-1 cm-2, error: 1.0e-19, min: 0, max: 1.0e-17}
    - {name: reference, value: 1.0, unit: TeV}
  spatial:
    type: PointSpatialModel
    frame: galactic
    parameters:
    - {name: lon_0, value: 1.0, unit: deg, frozen: true}
    - {name: lat_0, value: 0.0, unit: deg}
- name: b
  type: SkyModel
  spectral:
    type: pl
    parameters:
    - {name: index, value: 2.5, link: index@8-_2uQeh}
    - name: amplitude
      value: 2.0e-18
      unit: MeV-1 s-1 cm-2
      prior:
        type: GaussianPrior
        parameters: [{name: mu, value: 2.0e-18, unit: ''}, {name: sigma, value: 1.0e-18, unit: ''}]
        weight: 2
  temporal:
    type: GaussianTemporalModel
    scale: utc
    parameters:
    - {name: t_ref, value: 55000.0, unit: d, min: 54999.0, max: 55001.0}
    - {name: sigma, value: 1.0, unit: d}
- type: FoVBackgroundModel
  datasets_names: [d1]
  spectral: {type: PowerLawNormSpectralModel, parameters: [{name: norm, value: 1.1}]}
metadata: {creator: Gammapy 2.1}
"""


def theirs():
    return yaml.safe_load(THEIRS)


def test_a_sky_with_its_table_comes_back_from_a_file_as_it_was(tmp_path):
    table = Parameters.of(SKY).set("gc.spectrum.index", bounds=(1, 4), error=0.1)
    table = table.link("halo.spectrum.index", "gc.spectrum.index").link("halo.shape.lon_0", "gc.shape.lon_0", 2.0)
    sky, found = read_models(write_models(tmp_path / "models.yaml", SKY, table))
    assert repr(found) == repr(table)
    assert sky == table.apply(SKY)
    assert list(sky) == list(SKY)


def test_a_file_of_gammapy_is_read_with_its_units_links_priors_and_times():
    sky, table = read_models(theirs())
    assert list(sky) == ["a", "b", "d1-bkg"]
    assert sky["a"].irf == ("exposure", "edisp")
    assert sky["a"].datasets == ("d1",)
    amplitude = table["a.spectrum.amplitude"]
    assert np.allclose((amplitude.value, amplitude.error, *amplitude.bounds), (1e-12, 1e-13, 0, 1e-11), rtol=1e-12)
    assert not table["a.shape.lon_0"].free
    assert table["a.shape.lat_0"].free
    assert not table["a.spectrum.reference"].free
    assert table["b.spectrum.index"].link == Link("a.spectrum.index", 1.0)
    prior = table["b.spectrum.amplitude"].prior
    assert np.allclose((prior.mu, prior.sigma, prior.weight), (2e-12, 1e-12, 2))
    leap = (32.184 + 34) / 86400  # TT - UTC in 2009
    assert sky["b"].lightcurve.t_ref == pytest.approx(55000 + leap, abs=1e-10)
    assert table["b.lightcurve.t_ref"].bounds == pytest.approx((54999 + leap, 55001 + leap), abs=1e-10)
    assert sky["d1-bkg"].spectrum.norm == 1.1


def test_what_the_file_leaves_out_can_be_linked_and_has_a_covariance(tmp_path):
    halo = {"type": "gauss", "parameters": [{"name": "sigma", "value": 0.2, "unit": "deg"}]}
    content = {"components": [{"name": "halo", "spectral": {"type": "const"}, "spatial": halo}]}
    content["links"] = [{"parameter": "halo.spatial.lon_0", "to": "halo.spatial.lat_0", "factor": 2.0}]
    table = read_models(content)[1]
    assert table["halo.shape.lon_0"].link == Link("halo.shape.lat_0", 2.0)
    names = ["halo.spectral.const", "halo.spatial.lat_0", "halo.spatial.sigma", "halo.spatial.e", "halo.spatial.phi"]
    (tmp_path / "covariance.dat").write_text(covariance_text(names, np.diag(np.arange(1.0, 6.0))))
    (tmp_path / "models.yaml").write_text(yaml.safe_dump(content | {"covariance": "covariance.dat"}))
    assert np.array_equal(read_covariance(tmp_path / "models.yaml").diagonal(), np.arange(1.0, len(table.free) + 1))


def test_tables_and_nodes_go_along(tmp_path, data_dir):
    nodes = PiecewiseNormShape([0.0, 1.0, 0.0], [0.0, 0.0, 1.0], (1.0, 0.9, 1.1), "log", frame="icrs")
    sky = {
        "far": Source(PowerLaw() * read_ebl("dominguez", 0.3), Constant(), GaussianPulse(55000.0, 2.0)),
        "bkg": FovBackground("d", shape=nodes),
    }
    path = write_models(tmp_path / "models.yaml", sky)
    assert "ebl_dominguez11.fits.gz" in path.read_text()
    assert read_models(path)[0] == Parameters.of(sky).apply(sky)


def test_an_absorption_table_without_a_file_is_written_itself(tmp_path):
    table = {"energy": {"data": [0.1, 1.0], "unit": "TeV"}, "param": {"data": [0.0, 0.5], "unit": ""}}
    table["values"] = {"data": [[1.0, 1.0], [0.9, 0.5]], "unit": ""}
    ebl = {"type": "ebl-norm", "parameters": [{"name": "redshift", "value": 0.5}], **table}
    sky, _ = read_models({"components": [{"name": "far", "spectral": ebl}]})
    assert np.allclose(sky["far"].spectrum.dnde(np.array([0.1, 1.0])), [0.9, 0.5])
    again, _ = read_models(write_models(tmp_path / "models.yaml", sky))
    assert np.allclose(again["far"].spectrum.depth, sky["far"].spectrum.depth, atol=1e-15)


def test_the_covariance_of_the_free_parameters_lies_beside_and_followers_share_it(tmp_path):
    table = Parameters.of(SKY).link("halo.shape.lon_0", "gc.shape.lon_0", 2.0)
    root = np.random.default_rng(1).standard_normal((len(table.free),) * 2)
    path = write_models(tmp_path / "fit.yaml", SKY, table, root @ root.T)
    assert np.array_equal(read_covariance(path), root @ root.T)
    lines = (tmp_path / "fit_covariance.dat").read_text().splitlines()
    rows = {line.split("|")[1].strip(): np.array(line.split("|")[2:-1], dtype=float) for line in lines[1:]}
    assert len(rows) == len(table)
    assert np.array_equal(rows["halo.spatial.lon_0"], 2 * rows["gc.spatial.lon_0"])
    assert not np.any(rows["gc.spectral.reference"])


def test_what_is_there_is_not_written_over(tmp_path):
    path = write_models(tmp_path / "models.yaml", SKY)
    with pytest.raises(DataError, match=r"models\.yaml: exists already"):
        write_models(path, SKY)
    write_models(path, SKY, overwrite=True)
    assert [file.name for file in tmp_path.iterdir()] == ["models.yaml"]


def test_a_class_that_files_do_not_know_is_named(tmp_path):
    class Own(Spectrum):
        def dnde(self, energy):
            return energy

    with pytest.raises(ModelError, match=r"x: spectrum is a Own, for which files have no name; they have Constant, "):
        write_models(tmp_path / "models.yaml", {"x": Source(Own())})


def test_a_covariance_of_another_size_and_a_missing_one_are_errors(tmp_path):
    with pytest.raises(ShapeError, match=r"shape \(2, 2\) for the 1 free parameters cta-bkg\.spectrum\.norm"):
        write_models(tmp_path / "a.yaml", {"cta-bkg": SKY["cta-bkg"]}, covariance=np.eye(2))
    path = write_models(tmp_path / "b.yaml", SKY)
    with pytest.raises(DataError, match=r"b\.yaml: names no covariance"):
        read_covariance(path)


def changed(*place, to):
    """The file with something else at one place."""
    content = copy.deepcopy(theirs())
    *way, last = place
    node = content
    for key in way:
        node = node[key]
    node[last] = to
    return content


A = ("components", 0)
INDEX = (*A, "spectral", "parameters", 0)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ({}, ModelError, "models: no list 'components'"),
        ({"component": []}, ModelError, r"unknown key 'component'; did you mean 'components'\?"),
        (changed(*A, "name", to="b"), ModelError, "there are two components 'b'"),
        (
            changed(*A, "type", to="SkyModl"),
            ModelError,
            r"component 'a': unknown type 'SkyModl'; did you mean 'SkyModel'",
        ),
        (changed(*A, "spectrum", to={}), ModelError, r"component 'a': unknown key 'spectrum'"),
        (
            changed(*A, "spectral", "type", to="PowerLawSpectral"),
            ModelError,
            r"component 'a', spectral: unknown type 'PowerLawSpectral'; did you mean 'PowerLawSpectralModel'\?",
        ),
        (changed(*INDEX, "name", to="indx"), ModelError, r"no parameter 'indx' in .*; did you mean 'index'\?"),
        (changed(*A, "spatial", "parameters", 1, "name", to="lon_0"), ModelError, "parameter 'lon_0' is there twice"),
        (changed(*INDEX, "valeu", to=1), ModelError, r"parameter 'index': unknown key 'valeu'; did you mean 'value'"),
        (changed(*INDEX, "value", to="two"), ModelError, "parameter 'index': value is 'two', wanted a number"),
        (changed(*INDEX, "unit", to="TeV"), UnitError, "parameter 'index': index: .* cannot be converted"),
        (changed(*INDEX, "min", to=3), ModelError, r"a\.spectrum\.index = 2\.5 is outside its bounds \[3, inf\]"),
        (
            changed(*INDEX, "prior", to={"type": "GausPrior"}),
            ModelError,
            r"unknown type 'GausPrior'; did you mean 'GaussianPrior'",
        ),
        (changed(*A, "spatial", "frame", to="fk5"), ModelError, r"component 'a', spatial: .*frame 'fk5' is not one of"),
        (changed("components", 1, "temporal", "scale", to="local"), ModelError, "scale is 'local'; wanted one of tt"),
        (changed("components", 2, "datasets_names", to=["a", "b"]), ModelError, "a background is that of one dataset"),
        (
            changed("links", to=[{"parameter": "a.spectral.index", "to": "a.spectral.indx", "factor": 2}]),
            ModelError,
            r"no parameter 'a\.spectral\.indx'; did you mean 'a\.spectral\.index'",
        ),
        (
            changed("penalties", to=[{"parameters": ["a.spectral.index"], "precision": [[1, 0]]}]),
            ModelError,
            r"LinearPenalty: found a precision of shape \(1, 2\)",
        ),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_its_place(content, error, message):
    with pytest.raises(error, match=message):
        read_models(content)


def test_a_width_below_zero_is_an_error_that_names_the_component():
    gauss = {"type": "gauss", "parameters": [{"name": "sigma", "value": -1, "unit": "deg"}]}
    with pytest.raises(ModelError, match=r"component 'a', spatial: Gaussian\.sigma = -1 is outside"):
        read_models(changed(*A, "spatial", to=gauss))


def test_a_prior_in_another_unit_is_that_of_the_value():
    content = changed("components", 1, "spectral", "parameters", 1, "prior", "type", to="LogNormalPrior")
    prior = read_models(content)[1]["b.spectrum.amplitude"].prior
    assert isinstance(prior, LogNormalPrior)
    assert prior.mu == pytest.approx(2e-18 + np.log(1e6))
    assert prior.sigma == 1e-18


def test_a_prior_of_a_date_moves_with_its_scale():
    prior = {"type": "GaussianPrior", "parameters": [{"name": "mu", "value": 55000.0}]}
    sky, table = read_models(changed("components", 1, "temporal", "parameters", 0, "prior", to=prior))
    assert isinstance(table["b.lightcurve.t_ref"].prior, GaussianPrior)
    assert table["b.lightcurve.t_ref"].prior.mu == sky["b"].lightcurve.t_ref


@pytest.mark.parametrize("text", ["- 1", "components: [", "text"])
def test_what_is_no_model_file_is_an_error_that_names_it(tmp_path, text):
    (tmp_path / "models.yaml").write_text(text)
    with pytest.raises(DataError, match=r"models\.yaml: "):
        read_models(tmp_path / "models.yaml")
    with pytest.raises(DataError, match=r"nowhere\.yaml: cannot be read as a model file"):
        read_models(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.key)
def test_the_page_on_model_files_lists_every_type(part):
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text()
    row = next(line for line in page.splitlines() if line.startswith(f"| `{part.key}`"))
    assert re.findall(r"`([\w]+)` \(`([\w-]+)`\)", row) == list(dict.fromkeys((k.name, k.tag) for k in part.kinds))
