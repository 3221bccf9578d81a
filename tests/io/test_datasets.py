"""Datasets with the models for them, as two files."""

import numpy as np
import pytest
import yaml

from skyfold.dataset.predict import npred
from skyfold.fit.parameters import Parameters
from skyfold.io.datasets import read_datasets, write_datasets
from skyfold.io.models import read_models, write_models
from skyfold.model.background import FovBackground, TemplateNpred
from skyfold.model.source import Source
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.power_law import PowerLaw, PowerLawNorm
from skyfold.model.temporal.trends import Linear
from tests.datasets import REGION, WHOLE, random_dataset

DATASETS = (random_dataset(1, name="cta map"), random_dataset(2, name="on-off", geom=REGION, stat="wstat"))
SKY = {
    "crab": Source(PowerLaw(2.6), Point("83.63 deg", "22.01 deg", frame="icrs"), datasets=("cta map", "on-off")),
    "flare": Source(PowerLaw(), Point("83.7 deg", "22.01 deg", frame="icrs"), Linear(), datasets=("on-off",)),
    "cta map-bkg": FovBackground("cta map", PowerLawNorm(0.1, 1.2)),
    "more": TemplateNpred(np.full(WHOLE.shape, 0.1), datasets=("cta map",)),
}


@pytest.fixture
def folder(tmp_path):
    write_datasets(tmp_path, DATASETS, compress=False)
    write_models(tmp_path / "models.yaml", SKY, datasets=DATASETS)
    return tmp_path


def test_datasets_and_the_models_for_them_come_back_and_predict_the_same_counts(folder):
    datasets = read_datasets(folder)
    sky, table = read_models(folder / "models.yaml", datasets=datasets)
    assert sky == SKY
    assert str(table) == str(Parameters.of(SKY))
    for before, after in zip(DATASETS, datasets, strict=True):
        expected, found = npred(before, SKY), npred(after, sky)
        assert list(found) == list(expected)
        for name in expected:
            np.testing.assert_allclose(found[name].data, expected[name].data, rtol=1e-12)


def test_what_gammapy_writes_of_the_two_is_read(folder):
    """As Datasets.write of Gammapy 2.1 does: files of its own naming, creator and checksum, no names of backgrounds."""
    content = yaml.safe_load((folder / "datasets.yaml").read_text())
    for entry, file in zip(content["datasets"], ("cta_map.fits", "pha_obson-off.fits"), strict=True):
        (folder / entry["filename"]).rename(folder / file)
        entry["filename"] = file
    content |= {"metadata": {"creator": "Gammapy 2.1"}, "checksum": "b1984cdc14ae76e380a1c4b52c00046f"}
    (folder / "survey.yaml").write_text(yaml.safe_dump(content))
    models = yaml.safe_load((folder / "models.yaml").read_text())
    del models["components"][2]["name"]
    models |= {"metadata": {"creator": "Gammapy 2.1"}, "checksum": "d6c0b9d4796b57879c45a3dd5bfb67a8"}
    (folder / "models.yaml").write_text(yaml.safe_dump(models))
    datasets = read_datasets(folder / "survey.yaml")
    sky, _ = read_models(folder / "models.yaml", datasets=datasets)
    assert [dataset.name for dataset in datasets] == ["cta map", "on-off"]
    assert [dataset.stat for dataset in datasets] == ["cash", "wstat"]
    assert sky["cta map-bkg"].dataset == "cta map"
    assert set(npred(datasets[0], sky)) == {"crab", "cta map-bkg", "more"}
    assert set(npred(datasets[1], sky)) == {"crab", "flare", "background"}
