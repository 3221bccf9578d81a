"""Random numbers have the density that they are drawn from."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from scipy.stats import kstest

from skyfold.model.source import Source
from skyfold.model.spatial.base import Centred
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.point import Point
from skyfold.model.spatial.template import EnergyTemplate
from skyfold.model.spectral.power_law import PowerLawNorm
from skyfold.model.tree import static
from skyfold.num.jsphere import separation2
from skyfold.num.sphere import separation
from skyfold.simulate.observation import simulate_observation
from skyfold.simulate.sample import Rows, choose, power_law, straight_line
from tests.simulate.test_events import gaussians, rare, scattered, simulated, true_offset
from tests.simulate.toys import CRAB, RESPONSES, SPECTRUM, flat, rate, run


@pytest.mark.parametrize("slope", [-40.0, -2.5, -1.0, -1 + 1e-12, 0.0, 3.0])
def test_a_share_of_a_power_law_lies_below(slope):
    u = np.linspace(0, 1, 101)
    x = power_law(u, 2.0, 5.0, np.full(101, slope))
    fine = np.geomspace(2, 5, 100_001)
    y = (fine / 3.0) ** slope
    below = np.concatenate([[0], np.cumsum((y[1:] + y[:-1]) / 2 * np.diff(fine))])
    np.testing.assert_allclose(np.interp(x, fine, below / below[-1]), u, atol=1e-6)


@pytest.mark.parametrize("ends", [(1.0, 1.0), (0.0, 2.0), (2.0, 0.0), (1.0, 1e-12), (1.0, 3.0)])
def test_a_share_of_a_straight_line_lies_below(ends):
    u = np.linspace(0, 1, 101)
    t = straight_line(u, *(np.full(101, end) for end in ends))
    first, last = ends
    np.testing.assert_allclose((first * t + (last - first) * t**2 / 2) / ((first + last) / 2), u, atol=1e-12)


@pytest.mark.parametrize("n", [3, 40_000])
def test_bins_without_weight_are_never_chosen(n):
    weights = np.array([0.0, 1.0, 0.0, 3.0, 0.0])
    rng = np.random.default_rng(1)
    chosen = np.concatenate([choose(rng, weights, n) for _ in range(120_000 // n)])
    found = np.bincount(chosen, minlength=5) / chosen.size
    np.testing.assert_allclose(found, weights / 4, atol=4 * np.sqrt(0.25 * 0.75 / chosen.size))
    assert set(chosen) == {1, 3}
    one = choose(rng, weights, 40_000)
    assert abs(np.corrcoef(one[:-1], one[1:])[0, 1]) < 4 / np.sqrt(one.size)  # in random order


def test_rows_give_their_own_bins():
    rows = Rows.of(np.array([[1.0, 0.0, 3.0], [0.0, 0.0, 0.0], [0.0, 5.0, 0.0]]))
    row = np.repeat([0, 2], 20_000)
    at, share = rows.draw(np.random.default_rng(1), row)
    assert set(at[row == 2]) == {1}
    assert set(at[row == 0]) == {0, 2}
    assert np.mean(at[row == 0] == 2) == pytest.approx(0.75, abs=0.015)
    assert not rare(kstest(share, "uniform").pvalue)


def test_a_sum_of_gaussians_one_of_which_is_taken_away():
    """It is no mixture: radii come from the containment itself."""
    psf = gaussians()
    hole = np.where(np.arange(3)[:, None, None] == 0, 1.0, -0.001) * np.ones(psf.amplitude.shape)
    psf = replace(psf, amplitude=hole)
    events = simulated({"crab": CRAB}, run(responses=replace(RESPONSES, psf=psf), livetime="20 min"))
    share = psf.containment(events.columns["MC_ENERGY"].value, true_offset(events), scattered(events))
    assert not rare(kstest(share, "uniform").pvalue)


class Cooling(Centred):
    """A Gaussian that is smaller at higher energies: σ = 0.5° E^−0.4."""

    energy_dependent = True
    frame: str = static(default="icrs", kw_only=True)

    def __call__(self, lon, lat, energy):
        sigma = jnp.radians(0.5) * energy**-0.4
        return jnp.exp(-separation2(lon, lat, *self.center()) / (2 * sigma**2)) / (2 * jnp.pi * sigma**2)

    def reach(self):
        return jnp.radians(3.0)

    def grain(self):
        return jnp.radians(0.1)


def test_a_shape_may_depend_on_energy():
    source = Source(SPECTRUM, Cooling(lon_0=83.6, lat_0=22.5))
    events = simulated({"a": source}, run(responses=flat(), livetime="3 h"), energy_true=("0.5 TeV", "20 TeV"))
    at = (np.radians(events.columns[name].value) for name in ("MC_RA", "MC_DEC"))
    r = separation(*at, np.radians(83.6), np.radians(22.5))
    sigma = np.radians(0.5) * events.columns["MC_ENERGY"].value ** -0.4
    assert np.mean(r**2 / (2 * sigma**2)) == pytest.approx(1.0, abs=4 / np.sqrt(len(events)))
    assert not rare(kstest(1 - np.exp(-(r**2) / (2 * sigma**2)), "uniform").pvalue)


def test_a_map_at_energies_gives_as_many_photons_as_a_steep_spectrum_through_them():
    """Between energies in even steps light is no straight line: that would be more photons of E^-2.4 by percents."""
    lon, lat = (np.radians(middle + 0.1 * np.arange(-5, 6)) for middle in (83.6, 22.5))
    area = np.radians(1.1) * 2 * np.cos(np.radians(22.5)) * np.sin(np.radians(0.55))
    energy = np.array([0.1, 1.0, 90.0])
    ramp = np.linspace(0.1, 1.9, 11)  # along longitude
    values = np.asarray(SPECTRUM.dnde(energy))[:, None, None] / area * np.ones((11, 1)) * ramp
    source = Source(PowerLawNorm(), EnergyTemplate(energy, lon, lat, values, frame="icrs"))
    hours = 2
    events = simulated({"a": source}, run(responses=flat(), livetime=f"{hours} h"), energy_true=("0.05 TeV", "100 TeV"))
    edges, expected = rate(responses=flat(), n=500)
    expected *= hours * 3600
    assert len(events) == pytest.approx(expected.sum(), abs=4 * np.sqrt(expected.sum()))
    below = np.concatenate([[0], np.cumsum(expected)]) / expected.sum()
    assert not rare(kstest(np.interp(events.columns["MC_ENERGY"].value, edges, below), "uniform").pvalue)
    place = np.linspace(-0.5, 10.5, 1001)  # in pixels; the outer half of the first and the last is even
    west = np.concatenate([[0], np.cumsum(np.interp((place[1:] + place[:-1]) / 2, np.arange(11), ramp))])
    at = (np.radians(events.columns["MC_RA"].value) - lon[0]) / np.radians(0.1)
    assert not rare(kstest(np.interp(at, place, west / west[-1]), "uniform").pvalue)


@pytest.mark.parametrize("shape", [Point, Gaussian])
def test_the_pole_is_a_place_like_any_other(shape):
    sky = {"a": Source(SPECTRUM, shape(lon_0=10.0, lat_0=90.0, frame="icrs"))}
    pole = run(pointing=SkyCoord(190.0, 89.6, unit="deg"), responses=flat())
    events = simulate_observation(sky, pole, 1).events
    share = RESPONSES.psf.containment(
        events.columns["MC_ENERGY"].value, true_offset(events, SkyCoord(190.0, 89.6, unit="deg")), scattered(events)
    )[events.columns["MC_ID"] == 1]
    assert not rare(kstest(share, "uniform").pvalue)


def test_no_background_outside_of_its_energies():
    made = simulate_observation({}, run(), 1, energy=("200 TeV", "300 TeV"))
    assert len(made.events) == 0
