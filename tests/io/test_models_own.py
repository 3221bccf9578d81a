"""A user's own classes, and counts templates, in model files."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from jax import Array

from skyfold.errors import ModelError, ShapeError
from skyfold.fit.parameters import Parameters
from skyfold.io.maps import read_map
from skyfold.io.models import read_covariance, read_models, write_models
from skyfold.model.background import FovBackground, TemplateNpred
from skyfold.model.fields import param, params
from skyfold.model.source import Source
from skyfold.model.spatial.base import Shape
from skyfold.model.spectral.base import Spectrum
from skyfold.model.spectral.power_law import PowerLawNorm
from skyfold.model.tree import static
from skyfold.model.user import spectrum_from
from tests.datasets import REGION, random_dataset


class Hardening(Spectrum):
    """A power law that gets harder."""

    index: Array = param(2.7)
    amplitude: Array = param(1e-12, "TeV-1 s-1 cm-2")
    above: Array = param(3.0, "TeV", frozen=True)

    def dnde(self, energy: Array) -> Array:
        return self.amplitude * energy**-self.index * (1 + energy / self.above)


class Cone(Shape):
    radius: Array = param(1.0, "deg")
    frame: str = static(default="", kw_only=True)


TYPES = {"HardeningSpectralModel": Hardening, "cone": Cone}


def test_classes_of_ones_own_are_written_and_read_by_the_names_given(tmp_path):
    sky = {"x": Source(Hardening(2.0) * PowerLawNorm(), Cone("0.5 deg", frame="galactic"))}
    table = Parameters.of(sky).set("x.spectrum.model1.index", bounds=(1, 3))
    path = write_models(tmp_path / "m.yaml", sky, table, np.eye(len(table.free)), types=TYPES)
    assert "type: HardeningSpectralModel" in path.read_text()
    assert "type: cone" in path.read_text()
    again, found = read_models(path, types=TYPES)
    assert again == sky
    assert str(found) == str(table)
    assert np.array_equal(read_covariance(path, types=TYPES), np.eye(len(table.free)))


def test_without_their_names_they_are_unknown(tmp_path):
    sky = {"x": Source(Hardening())}
    with pytest.raises(ModelError, match=r"x: spectrum is a Hardening, for which files have no name.*\(types=\.\.\.\)"):
        write_models(tmp_path / "m.yaml", sky)
    path = write_models(tmp_path / "m.yaml", sky, types=TYPES)
    with pytest.raises(ModelError, match="component 'x', spectral: unknown type 'HardeningSpectralModel'"):
        read_models(path)


def test_the_class_of_a_function_is_a_class_too(tmp_path):
    def falling(energy, *, slope):
        return energy**-slope

    sky = {"x": Source(spectrum_from(falling, slope=2.0))}
    types = {"falling": type(sky["x"].spectrum)}
    path = write_models(tmp_path / "m.yaml", sky, types=types)
    assert read_models(path, types=types)[0] == sky


class Tabled(Spectrum):
    rows: Any = None


class Several(Spectrum):
    norms: tuple[Array, ...] = params()

    def dnde(self, energy: Array) -> Array:
        return self.norms[0] * energy**0


@pytest.mark.parametrize(
    ("types", "message"),
    [
        ({"pl": Hardening}, "types: pl is the name of a class that files have already"),
        (
            {"mine": FovBackground},
            "types: mine is <class .*FovBackground'>, wanted a class of a spectrum, a",
        ),
        ({"mine": Hardening()}, "(?s)types: mine is .*, wanted a class"),
        ({"mine": Tabled}, "types: mine has rows beside parameters, which files cannot say of it"),
    ],
)
def test_classes_that_files_cannot_have_are_refused(types, message):
    with pytest.raises(ModelError, match=message):
        read_models({"components": []}, types=types)


def test_several_parameters_in_a_field_of_ones_own_class_are_refused(tmp_path):
    with pytest.raises(ModelError, match=r"x: spectrum\.norms are several parameters, which files cannot say"):
        write_models(tmp_path / "m.yaml", {"x": Source(Several((1.0, 2.0)))}, types={"mine": Several})


DATASETS = (random_dataset(1, name="cta map"), random_dataset(2, name="other", geom=REGION))
COUNTS = np.linspace(0.0, 0.2, DATASETS[0].counts.data.size).reshape(DATASETS[0].counts.data.shape)
MORE = {"more": TemplateNpred(COUNTS, PowerLawNorm(norm=0.8), datasets=("cta map",))}


def test_counts_of_a_template_lie_beside_on_the_bins_of_their_dataset(tmp_path):
    path = write_models(tmp_path / "m.yaml", MORE, datasets=DATASETS)
    assert read_map(tmp_path / "m_more.fits").geom == DATASETS[0].geom
    for datasets in ((), DATASETS):
        sky, table = read_models(path, datasets=datasets)
        assert sky == MORE
        assert table["more.spectrum.norm"].value == 0.8


def test_counts_for_a_region_lie_beside_too(tmp_path):
    sky = {"few": TemplateNpred(np.ones(DATASETS[1].geom.shape), datasets=("other",))}
    path = write_models(tmp_path / "m.yaml", sky, datasets=DATASETS)
    assert read_models(path, datasets=DATASETS)[0] == sky


def test_counts_of_a_template_for_no_dataset_or_other_bins_are_refused(tmp_path):
    path = tmp_path / "m.yaml"
    with pytest.raises(ModelError, match=r"more: counts of a template have no place on the sky.*\(datasets=\.\.\.\)"):
        write_models(path, MORE, datasets=DATASETS[1:])
    with pytest.raises(ShapeError, match=r"more: its counts, of shape .*'other' has others, of shape \(3, 1, 1\)"):
        write_models(path, {"more": TemplateNpred(COUNTS)}, datasets=DATASETS)
    assert list(tmp_path.iterdir()) == []
    write_models(path, MORE, datasets=DATASETS)
    elsewhere = replace(DATASETS[1], name="cta map")
    with pytest.raises(ShapeError, match=r"component 'more': m_more\.fits has other bins than dataset 'cta map'"):
        read_models(path, datasets=[elsewhere])


def test_a_template_across_the_field_and_counts_below_zero_are_refused_by_name(tmp_path):
    write_models(tmp_path / "m.yaml", MORE, datasets=DATASETS)
    component = {"name": "more", "type": "TemplateNPredModel", "filename": str(tmp_path / "m_more.fits")}
    with pytest.raises(ModelError, match="component 'more': unknown key 'spatial'"):
        read_models({"components": [component | {"spatial": {"type": "const"}}]})
    with pytest.raises(ModelError, match="component 'more': no 'filename'"):
        read_models({"components": [{"name": "more", "type": "TemplateNPredModel"}]})
