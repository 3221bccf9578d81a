"""Expected counts as data return the truth, whatever the model, from a start beside it."""

from dataclasses import replace

import numpy as np
import pytest

from skyfold.dataset.fake import asimov
from skyfold.events.good_times import GoodTimes
from skyfold.fit.fit import fit
from skyfold.fit.parameters import Parameters
from skyfold.model.background import FovBackground, TemplateNpred
from skyfold.model.fields import parameter_leaves
from skyfold.model.source import Source
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.power_law import PowerLaw, PowerLawNorm
from skyfold.model.spectral.scale import Scale
from skyfold.model.temporal.trends import ExpDecay
from tests.fit.toys import TRUTH, cube, image, offset, on_off, spectrum
from tests.model.shapes import EXAMPLES as SHAPES
from tests.model.spectra import EXAMPLES as SPECTRA

# Compiling takes a second each: in the usual suite one of each family.
USUAL = (
    *("PowerLaw", "BrokenPowerLaw", "ExpCutoffPowerLaw", "LogParabola", "GaussianLine", "Template", "PiecewiseNorm"),
    *("EBLAbsorption", "Sum", "Product", "Point", "Gaussian", "Disk", "Shell"),
)


def each(*names):
    """Names as parameters of a test; what is not usual is slow."""
    return [pytest.param(name, marks=[] if name in USUAL else [pytest.mark.slow]) for name in names]


def assert_returns(datasets, sky, table=None, by=0.04):
    """A fit to expected counts ends at the truth, from parameters off by 4 % each."""
    table = Parameters.of(sky) if table is None else table
    for number, row in enumerate(table.free):
        if not row.name.endswith(("lon_0", "lat_0")):
            table = table.set(row.name, value=row.value * (1 + (-1) ** number * by) if row.value else by)
    result = fit([asimov(dataset, sky) for dataset in datasets], sky, table).check()
    for row in result.parameters.free:
        truth = Parameters.of(sky)[row.name].value
        assert abs(row.value - truth) < 0.02 * row.error, f"{row.name} = {row.value}, in truth {truth}"


@pytest.mark.parametrize("name", each(*SPECTRA))
def test_every_spectrum_is_found(name):
    model, frozen = SPECTRA[name], []
    if not parameter_leaves(model):
        model = Scale(model)
    elif name.endswith("Norm") or name == "EBLAbsorption":
        model, frozen = model * TRUTH, ["*.model2.*"]
    elif name == "Product":
        frozen = ["*.model2.norm", "*.model2.index"]  # the first has their like
    sky = {"a": Source(model)}
    table = Parameters.of(sky)
    for pattern in frozen:
        table = table.freeze(pattern)
    if not table.free:
        table = table.thaw("*.alpha_norm")
    assert_returns([spectrum(seen=1e13)], sky, table)


@pytest.mark.parametrize("name", each("Point", *SHAPES))
def test_every_shape_is_found_with_its_place_and_direction(name):
    shape = SHAPES[name] if name in SHAPES else Point(83, 22, frame="icrs")
    if hasattr(shape, "extent"):
        shape = replace(shape, extent=20)
    dataset = image(pixel=0.1, background=0.3)
    per_sr = 2e4 if name == "Beta" else 1.0  # it is 1 at its centre
    sky = {"a": Source(PowerLaw(amplitude=3e-10 * per_sr), shape), "bkg": FovBackground("image")}
    table = Parameters.of(sky).freeze("a.spectrum.index").thaw("a.shape.*").set("a.shape.lon_0", value=83.03)
    for fixed in ("extent", "edge_width"):  # too little depends on them: one is outside, one is half a pixel
        if hasattr(shape, fixed):
            table = table.freeze(f"a.shape.{fixed}")
    table = table.set("a.shape.lat_0", value=22.02)
    assert_returns([dataset], sky, table)


def test_backgrounds_are_found():
    sky = {
        "a": Source(TRUTH, Point(**offset(1.3, 0.4))),
        "bkg": FovBackground("cube", PowerLawNorm(norm=1.2, tilt=0.3)),
        "more": TemplateNpred(np.linspace(0, 0.2, 40) * np.ones((3, 40, 1)), PowerLawNorm(norm=0.7)),
    }
    assert_returns([cube(background=0.2)], sky, Parameters.of(sky).thaw("bkg.spectrum.tilt").freeze("a.shape.*"))


def test_a_decay_is_found_from_two_nights():
    sky = {"a": Source(TRUTH, lightcurve=ExpDecay(t0="0.8 d", t_ref=51544.0))}
    nights = [GoodTimes(np.array([day * 86400.0]), np.array([day * 86400.0 + 1800.0])) for day in (0.1, 1.0)]
    datasets = [replace(spectrum(f"night {i}"), gti=night) for i, night in enumerate(nights)]
    assert_returns(datasets, sky)


def test_links_and_joint_data_of_every_kind_return_the_truth():
    sky = {
        "a": Source(TRUTH, Point(**offset(-4.0, 3.0)), datasets=("cube", "image", "on-off")),
        "b": Source(PowerLaw(index=2.3, amplitude="3e-11 cm-2 s-1 TeV-1"), Point(**offset(4.0, -3.0))),
        "bkg": FovBackground("cube"),
    }
    table = Parameters.of(sky).link("b.spectrum.index", "a.spectrum.index").freeze("*.shape.*")
    assert_returns([cube(), image(), on_off(), spectrum()], sky, table)
