"""A hundred seeds: what is distributed as it should be gives p-values that are evenly distributed themselves."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from scipy.stats import chi2, kstest

from skyfold.model.source import Source
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.point import Point
from skyfold.model.temporal.trends import ExpDecay
from skyfold.num.sphere import separation
from skyfold.simulate.observation import simulate_observation
from tests.simulate.test_events import migration_share, scattered, true_offset
from tests.simulate.toys import CRAB, POINTING, RESPONSES, SPECTRUM, flat, rate, run

pytestmark = pytest.mark.slow
SEEDS = range(100)
CENTER = SkyCoord(83.0, 22.2, unit="deg")
SIGMA = 0.3
OBSERVATION = run(livetime="20 min", responses=flat())
BEGIN = float(OBSERVATION.gti.start[0])
CURVE = ExpDecay(t0="600 s", t_ref=51544.0 + BEGIN / 86400.0)
WIDE = Source(SPECTRUM, Gaussian(lon_0=CENTER.ra.deg, lat_0=CENTER.dec.deg, sigma=SIGMA, frame="icrs"))
SKY = {
    "point": Source(SPECTRUM, Point(lon_0=83.63, lat_0=22.01, frame="icrs"), CURVE),
    "wide": WIDE,
    "weak": replace(WIDE, spectrum=replace(SPECTRUM, index=2.0, amplitude="2e-11 cm-2 s-1 TeV-1")),
}


@pytest.fixture(scope="module")
def runs():
    return [simulate_observation(SKY, OBSERVATION, seed).events for seed in SEEDS]


def of(events, number):
    return events.where(events.columns["MC_ID"] == number)


def energy(events):
    edges, each = rate(responses=flat())
    cumulative = np.concatenate([[0], np.cumsum(each)]) / each.sum()
    return np.interp(np.log(of(events, 2).columns["MC_ENERGY"].value), np.log(edges), cumulative)


def dispersion(events):
    wide = of(events, 2).where(slice(0, 500))
    true = wide.columns["MC_ENERGY"].value
    return migration_share(RESPONSES.edisp, true, true_offset(wide), wide.energies / true)


def spread(events):
    wide = of(events, 2)
    return RESPONSES.psf.containment(wide.columns["MC_ENERGY"].value, true_offset(wide), scattered(wide))


def position(events):
    wide = of(events, 2)
    ra, dec = (np.radians(wide.columns[name].value) for name in ("MC_RA", "MC_DEC"))
    r = separation(ra, dec, CENTER.ra.rad, CENTER.dec.rad)
    return 1 - np.exp(-(r**2) / (2 * np.radians(SIGMA) ** 2))


def time(events):
    length = OBSERVATION.ontime_s
    return -np.expm1(-(of(events, 1).seconds - BEGIN) / 600) / -np.expm1(-length / 600)


def background_time(events):
    return (of(events, 0).seconds - BEGIN) / OBSERVATION.ontime_s


def offset(events):
    fine = np.radians(np.linspace(0, 3, 6001))
    middle = (fine[:-1] + fine[1:]) / 2
    each = RESPONSES.bkg.integral(RESPONSES.bkg.energy, middle, 0.0, exact=True).sum(axis=0) * np.sin(middle)
    cumulative = np.concatenate([[0], np.cumsum(each)]) / each.sum()
    background = of(events, 0)
    away = separation(np.radians(background.ra), np.radians(background.dec), POINTING.ra.rad, POINTING.dec.rad)
    return np.interp(away, fine, cumulative)


@pytest.mark.parametrize("share", [energy, dispersion, spread, position, time, background_time, offset])
def test_shares_of_cumulative_distributions_are_even(runs, share):
    p = np.array([kstest(share(events), "uniform").pvalue for events in runs])
    assert kstest(p, "uniform").pvalue > 1e-3
    everything = np.concatenate([share(events) for events in runs])
    assert kstest(everything, "uniform").pvalue > 1e-3


def test_labels_and_totals_are_poisson_numbers_of_the_expected_mean(runs):
    factor = float(CURVE.mean(jnp.asarray(OBSERVATION.gti.start), jnp.asarray(OBSERVATION.gti.stop)))
    fine = np.radians(np.linspace(0, 3, 6001))
    middle = (fine[:-1] + fine[1:]) / 2
    rings = 2 * np.pi * np.sin(middle) * np.diff(fine)
    background = RESPONSES.bkg.integral(RESPONSES.bkg.energy, middle, 0.0, exact=True).sum(axis=0) @ rings
    each = [rate(spectrum=SKY[name].spectrum, responses=flat())[1].sum() * 1200 for name in ("point", "wide", "weak")]
    expected = np.array([background * OBSERVATION.ontime_s, each[0] * factor, *each[1:]])
    found = np.array([np.bincount(events.columns["MC_ID"], minlength=4) for events in runs])
    pulls = (found - expected) / np.sqrt(expected)
    for pull in (*pulls.T, (found.sum(axis=1) - expected.sum()) / np.sqrt(expected.sum())):
        assert abs(pull.mean()) < 3.5 / np.sqrt(len(SEEDS))
        assert 1e-3 < chi2.sf(np.sum(pull**2), len(SEEDS)) < 1 - 1e-3
    between = np.corrcoef(pulls.T) - np.eye(4)
    assert np.abs(between).max() < 0.35  # streams of components do not follow each other


def test_a_point_under_an_area_that_falls_with_offset(runs):
    totals = np.array(
        [len(simulate_observation({"crab": CRAB}, run(livetime="20 min"), s, background=False).events) for s in SEEDS]
    )
    expected = rate()[1].sum() * 1200
    assert abs(totals.mean() - expected) < 3.5 * np.sqrt(expected / len(SEEDS))
