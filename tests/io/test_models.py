import equinox as eqx

from skyfold.fit.parameters import Parameters
from skyfold.io.models import read_models, write_models
from skyfold.model.background import FovBackground
from skyfold.model.source import Source
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.cutoff import ExpCutoffPowerLaw
from skyfold.model.spectral.power_law import PowerLaw

SKY = {
    "gc": Source(PowerLaw(2.3), Point(0.1, -0.05, frame="galactic")),
    "halo": Source(
        ExpCutoffPowerLaw(), Gaussian(0.0, 0.0, 0.2, frame="galactic"), datasets=("cta",), irf=("exposure",)
    ),
    "cta-bkg": FovBackground("cta"),
}


def test_a_sky_with_its_table_comes_back_from_a_file_as_it_was(tmp_path):
    table = Parameters.of(SKY).set("gc.spectrum.index", bounds=(1, 4), error=0.1)
    table = table.link("halo.spectrum.index", "gc.spectrum.index").link("halo.shape.lon_0", "gc.shape.lon_0", 2.0)
    path = write_models(tmp_path / "models.yaml", table.apply(SKY), table)
    sky, found = read_models(path)
    assert repr(found) == repr(table)
    assert eqx.tree_equal(sky, table.apply(SKY))
