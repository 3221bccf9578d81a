"""Observations that cannot be simulated, and why."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import DataError, ModelError
from skyfold.events.good_times import GoodTimes
from skyfold.irf.responses import Responses
from skyfold.model.background import FovBackground, TemplateNpred
from skyfold.model.source import Source
from skyfold.model.spatial.base import Shape
from skyfold.model.spatial.constant import ConstantFlux
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.power_law import PowerLaw
from skyfold.model.temporal.curves import LightCurveTemplate
from skyfold.model.temporal.trends import Linear
from skyfold.model.tree import static
from skyfold.simulate.observation import simulate_observation, simulate_observations
from skyfold.simulate.plan import planned
from tests.simulate.test_events import lopsided
from tests.simulate.toys import CRAB, POINTING, RESPONSES, SPECTRUM, run

SKY = {"crab": CRAB}


def test_a_response_without_background_is_named():
    observation = run(5, responses=replace(RESPONSES, bkg=None))
    with pytest.raises(DataError, match="observation 5 has no background response; it has aeff, edisp, psf. Simulate"):
        simulate_observation({"crab": CRAB}, observation, 1)
    assert len(simulate_observation({"crab": CRAB}, observation, 1, background=False).events) > 100
    with pytest.raises(ModelError, match="a background model scales the background of '5', which is not simulated"):
        simulate_observation({"b": FovBackground("5")}, observation, 1, background=False)


def test_missing_responses_are_named_with_a_way_out():
    observation = run(5, responses=replace(RESPONSES, psf=None))
    with pytest.raises(DataError, match="no response 'psf' for source 'crab'; it has .* leave 'psf' out of Source.irf"):
        simulate_observation({"crab": CRAB}, observation, 1)
    blurless = replace(CRAB, irf=("exposure", "edisp"))
    assert len(simulate_observation({"crab": blurless}, observation, 1).events) > 100
    with pytest.raises(DataError, match="no response 'aeff' for source 'crab'; it has none at all: give it one$"):
        simulate_observation({"crab": CRAB}, run(5, responses=Responses()), 1, background=False)
    with pytest.raises(ModelError, match="source 'crab' leaves out the exposure"):
        simulate_observation({"crab": replace(CRAB, irf=("psf",))}, observation, 1)
    small = replace(RESPONSES, aeff=replace(RESPONSES.aeff, point_like=True))
    with pytest.raises(DataError, match="effective area is that after a direction cut"):
        simulate_observation({"crab": CRAB}, run(5, responses=small), 1)


FAR = Source(SPECTRUM, Point(lon_0=90.0, lat_0=22.0, frame="icrs"))
FAR_DISK = Source(SPECTRUM, Gaussian(lon_0=90.0, lat_0=22.0, sigma=0.1, frame="icrs"))


@pytest.mark.parametrize("far", [FAR, FAR_DISK])
def test_a_source_that_no_observation_sees_is_named(far):
    sky = {"crab": CRAB, "far": far}
    with pytest.raises(
        ModelError, match="source 'far' lies outside of the field of view of 1: no photon of it is seen"
    ):
        simulate_observation(sky, run(1), 1)
    there = run(2, pointing=SkyCoord(90, 22.5, unit="deg"), livetime="5 min")
    first, second = simulate_observations(sky, [run(1, livetime="5 min"), there], 1)
    assert set(first.events.columns["MC_ID"]) == {0, 1}
    assert set(second.events.columns["MC_ID"]) == {0, 2}
    with pytest.raises(ModelError, match="source 'far' lies outside of the field of view of 1, 3"):
        simulate_observations(sky, [run(1, livetime="5 min"), run(3, livetime="5 min")], 1)


class Hole(Shape):
    """A brightness below zero."""

    frame: str = static(default="icrs")

    def __call__(self, lon, lat):
        return -jnp.ones_like(lon)

    def reach(self):
        return jnp.inf

    def grain(self):
        return jnp.asarray(1.0)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Source(SPECTRUM), "source 'a' has no shape: where are its photons from"),
        (Source(SPECTRUM, ConstantFlux()), "source 'a' has no shape: where are its photons from"),
        (Source(PowerLaw(amplitude="-1e-12 cm-2 s-1 TeV-1"), CRAB.shape), "the flux of 'a' is -.* TeV: no photons"),
        (Source(SPECTRUM, Hole()), "the brightness of 'a' is negative or not finite"),
        (replace(CRAB, lightcurve=Linear(alpha=-1.0)), "the light curve of 'a' is negative"),
        (
            replace(CRAB, lightcurve=LightCurveTemplate(np.array([0.0, 1.0]), np.ones(2))),
            "the light curve of 'a' is 0 in all good times, MJD",
        ),
        (TemplateNpred(np.ones((1, 2, 2))), "'a' has no rate per energy and direction .TemplateNpred.: it cannot be"),
    ],
)
def test_skies_that_cannot_be_simulated_are_named(source, message):
    with pytest.raises(ModelError, match=message):
        simulate_observation({"a": source}, run(), 1)


@pytest.mark.parametrize("livetime", ["0 s", "-1 h", np.nan, np.inf])
def test_a_livetime_that_is_not_positive_is_refused(livetime):
    with pytest.raises(DataError, match="observation 4: livetime is .* s; wanted more than 0"):
        planned(4, POINTING, RESPONSES, start="2025-01-01", livetime=livetime)


def test_plans_without_time_or_place_are_refused():
    with pytest.raises(DataError, match="observation 4: its good times are empty"):
        planned(4, POINTING, RESPONSES, gti=GoodTimes.empty())
    with pytest.raises(DataError, match="needs either good times .gti., or both a start and a livetime"):
        planned(4, POINTING, RESPONSES, start="2025-01-01")
    with pytest.raises(DataError, match="location 'moon' is not a known site; wanted one of hess"):
        planned(4, POINTING, RESPONSES, start="2025-01-01", livetime="1 h", location="moon")
    with pytest.raises(DataError, match="livetime is 2 of the ontime"):
        planned(4, POINTING, RESPONSES, gti=GoodTimes([0.0], [1.0]), live_fraction=2.0)
    with pytest.raises(DataError, match="observation id 1 occurs more than once in the plan"):
        simulate_observations(SKY, [run(1), run(1)], 1)
    out_of_time = replace(run(4), gti=GoodTimes.empty())
    with pytest.raises(DataError, match="observation 4 has no good time"):
        simulate_observation(SKY, out_of_time, 1)
    turned = replace(run(4), location=None, responses=replace(RESPONSES, bkg=lopsided("ALTAZ")))
    with pytest.raises(DataError, match="observation 4: a background aligned with the horizon needs the observatory's"):
        simulate_observation({}, turned, 1)


def test_ranges_of_energy_without_area_are_refused():
    with pytest.raises(DataError, match="energies from 3 to 1 TeV are no range"):
        simulate_observation(SKY, run(), 1, energy=("3 TeV", "1 TeV"))
    with pytest.raises(DataError, match="observation 1: no true energy between .* is in its effective area"):
        simulate_observation(SKY, run(), 1, energy_true=("200 TeV", "300 TeV"))


def test_a_run_without_source_or_background_has_no_events():
    made = simulate_observation({}, run(), 1, background=False)
    assert len(made.events) == 0
