"""Backgrounds with factors of energy and direction, against dense sums and differences."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from skyfold.dataset.predict import npred, total
from skyfold.fit.fit import fit
from skyfold.fit.likelihood import Likelihood
from skyfold.fit.parameters import Parameters
from skyfold.maps.map import Map
from skyfold.model.background import FovBackground, TemplateNpred
from skyfold.model.fields import param
from skyfold.model.source import Source
from skyfold.model.spatial.base import Shape
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.power_law import PowerLaw, PowerLawNorm
from skyfold.model.tree import static
from skyfold.stat.poisson import cash
from tests.fold.toys import cube

SOURCE = Source(PowerLaw(amplitude="1e-9 cm-2 s-1 TeV-1"), Point(lon_0=83.6, lat_0=22.0, frame="icrs"))


class Ramp(Shape):
    """(1 + slope_x x) (1 + slope_y y)² with x and y in degrees from the middle of the toy."""

    slope_x: float = param(0.2)
    slope_y: float = param(-0.1)
    frame: str = static(default="icrs")

    def __call__(self, lon, lat):
        x, y = (jnp.degrees(lon) - 83.6) * np.cos(np.radians(22)), jnp.degrees(lat) - 22
        return (1 + self.slope_x * x) * (1 + self.slope_y * y) ** 2


@pytest.fixture(scope="module")
def dataset():
    toy = cube()
    rng = np.random.default_rng(1)
    background = Map(toy.geom, rng.uniform(0.5, 1.5, toy.geom.shape))
    counts = Map(toy.geom, rng.poisson(background.data).astype(float))
    return replace(toy, background=background, counts=counts, mask_safe=Map(toy.geom, rng.random(toy.geom.shape) > 0.2))


def likelihood_of(dataset, sky, table=None):
    table = Parameters.of(sky) if table is None else table
    return Likelihood.of([dataset], sky, table.set("bkg.spectrum.tilt", free=True))


def sky_of(shape=Ramp()):
    more = TemplateNpred(np.ones((2, 60, 60)), PowerLawNorm(norm=0.1))
    return {"gc": SOURCE, "bkg": FovBackground("toy", PowerLawNorm(tilt=0.2), shape), "more": more}


@pytest.mark.parametrize("shape", [None, Ramp()])
def test_expected_counts_are_the_dense_ones(dataset, shape):
    sky = sky_of(shape)
    fn = likelihood_of(dataset, sky)
    expected = total(dataset, npred(dataset, sky)).data
    assert fn(fn.start) == pytest.approx(cash(dataset.counts.data, expected)[dataset.used].sum(), rel=1e-10)


@pytest.mark.parametrize("linked", [False, True])
def test_derivatives_equal_differences(dataset, linked):
    sky = sky_of()
    table = Parameters.of(sky)
    if linked:  # one parameter changes both factors
        table = table.link("bkg.shape.slope_x", "bkg.spectrum.norm", 0.2)
    fn = likelihood_of(dataset, sky, table)
    start, gradient, curvature = fn.start, fn.gradient(fn.start), fn.curvature(fn.start)
    for i, size in enumerate(1 / np.sqrt(np.abs(curvature.diagonal()))):
        step = 3e-3 * size * (np.arange(start.size) == i)
        slope = (fn(start + step) - fn(start - step)) / (2 * step[i])
        assert gradient[i] == pytest.approx(slope, rel=2e-5, abs=1e-5 / size)
        bent = (fn.gradient(start + step) - fn.gradient(start - step)) / (2 * step[i])
        np.testing.assert_allclose(curvature[i], bent, rtol=1e-3, atol=1e-4 * np.abs(bent).max())


def test_a_fit_finds_how_the_background_varies_across_the_field(dataset):
    truth = {"bkg": FovBackground("toy", PowerLawNorm(norm=1.3), Ramp(slope_x=0.4, slope_y=0.15))}
    asimov = replace(dataset, counts=total(dataset, npred(dataset, truth)))
    result = fit(asimov, {"bkg": FovBackground("toy", shape=Ramp())}).check()
    found = [result.parameters[f"bkg.{name}"].value for name in ("spectrum.norm", "shape.slope_x", "shape.slope_y")]
    np.testing.assert_allclose(found, [1.3, 0.4, 0.15], rtol=1e-5)
