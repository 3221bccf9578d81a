"""Templates in model files: their maps lie beside."""

import jax
import numpy as np
import pytest

from skyfold.errors import ModelError, UnitError
from skyfold.io.models import read_models, write_models
from skyfold.model.source import Source
from skyfold.model.spatial.template import INTENSITY, EnergyTemplate, Template
from skyfold.model.spectral.power_law import PowerLaw, PowerLawNorm

GRID = np.radians(0.5 * np.arange(5) - 1.0), np.radians(0.5 * np.arange(4) + 2.0)
IMAGE = np.arange(20.0).reshape(4, 5) + 1
CUBE = EnergyTemplate([0.1, 10.0], *GRID, [IMAGE, IMAGE / 100], frame="galactic", unit=INTENSITY)
SKY = {
    "iem": Source(PowerLawNorm(), CUBE),
    "cloud": Source(PowerLaw(), Template(*GRID, IMAGE, frame="icrs")),
}


def content(path, **changes):
    """What a file says of the cloud, changed."""
    spatial = {"type": "TemplateSpatialModel", "filename": str(path), "normalize": False} | changes
    return {"components": [{"name": "cloud", "type": "SkyModel", "spectral": {"type": "pl"}, "spatial": spatial}]}


@pytest.fixture
def written(tmp_path):
    write_models(tmp_path / "m.yaml", SKY)
    return tmp_path


def test_maps_of_templates_lie_beside_and_come_back(written):
    assert sorted(file.name for file in written.iterdir()) == ["m.yaml", "m_cloud_spatial.fits", "m_iem_spatial.fits"]
    sky, _ = read_models(written / "m.yaml")
    assert jax.tree.structure(sky) == jax.tree.structure(SKY)
    for found, expected in zip(jax.tree.leaves(sky), jax.tree.leaves(SKY), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_others_say_the_centre_and_the_unit_of_the_map(written):
    center = [{"name": "lon_0", "value": 360.0, "unit": "deg"}, {"name": "lat_0", "value": 2.75, "unit": "deg"}]
    said = content(written / "m_cloud_spatial.fits", parameters=center, unit="deg-2", frame="icrs")
    sky, table = read_models(said)
    np.testing.assert_allclose(sky["cloud"].shape.values, IMAGE * np.degrees(1) ** 2)
    assert [row.name for row in table.rows] == [
        f"cloud.spectrum.{name}" for name in ("index", "amplitude", "reference")
    ]
    normalized, _ = read_models(content(written / "m_cloud_spatial.fits", normalize=True))
    np.testing.assert_allclose(normalized["cloud"].shape.values / normalized["cloud"].shape.values[0, 0], IMAGE)


def test_a_template_that_was_moved_or_has_another_unit_is_an_error_that_says_where(written):
    file = written / "m_cloud_spatial.fits"
    moved = [{"name": "lat_0", "value": 2.9, "unit": "deg"}]
    with pytest.raises(ModelError, match=r"lat_0 is 2\.9 deg, the centre of .*m_cloud_spatial\.fits is at 2\.75 deg"):
        read_models(content(file, parameters=moved))
    with pytest.raises(UnitError, match=r"m_cloud_spatial\.fits: template in TeV"):
        read_models(content(file, unit="TeV"))
