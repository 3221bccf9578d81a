"""Events against what the models and the responses say of them, by integrals of other kinds."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from scipy.stats import chi2, kstest, poisson

from skyfold.geom.axis import Axis
from skyfold.irf.background import Background3D
from skyfold.irf.psf import PsfTable
from skyfold.irf.psf_shapes import PsfMultiGauss
from skyfold.model.source import Source
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.point import Point
from skyfold.num.sphere import separation
from skyfold.simulate.observation import simulate_observation
from tests.simulate.toys import CRAB, HERE, LIVE, OFFSET, POINTING, RESPONSES, SPECTRUM, flat, rate, run

SEEDS = (1, 2, 3)


def rare(p):
    """Three seeds of a test that is right give this once in a thousand suites; seeds are fixed, so never."""
    return p < 3e-4


def simulated(sky, observation, seed=1, **options):
    return simulate_observation(sky, observation, seed, background=False, **options).events


def true_offset(events, center=POINTING):
    ra, dec = (np.radians(events.columns[name].value) for name in ("MC_RA", "MC_DEC"))
    return separation(ra, dec, center.ra.rad, center.dec.rad)


def scattered(events):
    """Angle [rad] between true and reconstructed direction."""
    ra, dec = (np.radians(events.columns[name].value) for name in ("MC_RA", "MC_DEC"))
    return separation(ra, dec, np.radians(events.ra), np.radians(events.dec))


def migration_share(edisp, energy, offset, migra):
    """P(μ' < μ) at true energies, offsets and migrations (n,), from the density."""
    edges = edisp.migra.edges_in("")
    middle, width = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    density = edisp(energy[:, None], middle, offset[:, None])
    below = np.concatenate([np.zeros((len(energy), 1)), np.cumsum(density * width, axis=1)], axis=1)
    return np.array([np.interp(m, edges, b) for m, b in zip(migra, below, strict=True)])


@pytest.mark.parametrize("seed", SEEDS)
def test_true_energies_follow_spectrum_times_area(seed):
    events = simulated({"crab": CRAB}, run(), seed)
    edges, each = rate()
    expected = each.sum() * 3600
    assert not rare(2 * min(poisson.cdf(len(events), expected), poisson.sf(len(events) - 1, expected)))
    cumulative = np.concatenate([[0], np.cumsum(each)]) / each.sum()
    share = np.interp(np.log(events.columns["MC_ENERGY"].value), np.log(edges), cumulative)
    assert not rare(kstest(share, "uniform").pvalue)


@pytest.mark.parametrize("seed", SEEDS)
def test_energy_and_direction_scatter_as_at_the_true_position_of_each_photon(seed):
    """Offsets from 0 to the end of the field of view; the PSF and dispersion depend on them."""
    wide = Source(SPECTRUM, Gaussian(sigma=1.5, **HERE))
    events = simulated({"wide": wide}, run(), seed)
    true, offset = events.columns["MC_ENERGY"].value, true_offset(events)
    assert np.ptp(offset) > np.radians(2.5)
    assert not rare(kstest(RESPONSES.psf.containment(true, offset, scattered(events)), "uniform").pvalue)
    some = slice(0, 2000)
    share = migration_share(RESPONSES.edisp, true[some], offset[some], (events.energies / true)[some])
    assert not rare(kstest(share, "uniform").pvalue)


def gaussians():
    sigma = np.stack([np.radians(f) * np.ones((66, 12)) for f in (0.04, 0.1, 0.2)]) * (1 + np.arange(12) / 12)
    amplitude = np.stack([f * np.ones((66, 12)) for f in (1.0, 0.2, 0.02)]) * np.linspace(1, 2, 66)[:, None]
    return PsfMultiGauss(RESPONSES.psf.energy_true, RESPONSES.psf.offset, sigma, amplitude)


def table(empty=False):
    rad = Axis.even("rad", 0, 0.6, 60, unit="deg")
    old = gaussians()
    energy, offset = (old.energy_true.center_in("TeV"), old.offset.center_in("rad"))
    values = np.array(old(energy[:, None, None], offset[:, None], rad.center_in("rad")))
    if empty:
        values[:30] = 0
        values[40, 3] = 0
    return PsfTable(old.energy_true, old.offset, rad, values)


@pytest.mark.parametrize("psf", [gaussians(), table()], ids=["Gaussians", "table"])
def test_other_forms_of_the_point_spread_function(psf):
    events = simulated(
        {"wide": Source(SPECTRUM, Gaussian(sigma=1.0, **HERE))}, run(responses=replace(RESPONSES, psf=psf))
    )
    share = psf.containment(events.columns["MC_ENERGY"].value, true_offset(events), scattered(events))
    assert not rare(kstest(share, "uniform").pvalue)


def test_photons_of_which_the_response_knows_no_shape_are_lost():
    psf = table(empty=True)
    events = simulated({"crab": CRAB}, run(responses=replace(RESPONSES, psf=psf)))
    true = events.columns["MC_ENERGY"].value
    assert np.all(psf.known(true, OFFSET))
    assert np.sum(~psf.known(simulated({"crab": CRAB}, run()).columns["MC_ENERGY"].value, OFFSET)) > 0
    assert not rare(kstest(psf.containment(true, OFFSET, scattered(events)), "uniform").pvalue)


@pytest.mark.parametrize("frame", ["icrs", "galactic"])
def test_directions_follow_the_shape(frame):
    """Under an area that is the same everywhere, 1 − e^(−r²/2σ²) is uniform."""
    center = SkyCoord(83.0, 21.5, unit="deg").transform_to(frame).spherical
    shape = Gaussian(lon_0=center.lon.deg, lat_0=center.lat.deg, sigma=0.4, frame=frame)
    events = simulated({"wide": Source(SPECTRUM, shape)}, run(responses=flat()))
    at = SkyCoord(events.columns["MC_RA"], events.columns["MC_DEC"]).transform_to(frame).spherical
    r = separation(at.lon.rad, at.lat.rad, center.lon.rad, center.lat.rad)
    assert not rare(kstest(1 - np.exp(-(r**2) / (2 * np.radians(0.4) ** 2)), "uniform").pvalue)
    angle = np.arctan2(at.lat.rad - center.lat.rad, (at.lon.rad - center.lon.rad) * np.cos(center.lat.rad))
    assert not rare(kstest(angle / (2 * np.pi) + 0.5, "uniform").pvalue)


def test_an_elongated_shape_keeps_its_axes():
    shape = Gaussian(sigma=0.5, e=0.95, phi=30, **HERE)
    events = simulated({"long": Source(SPECTRUM, shape)}, run(responses=flat(), livetime="5 h"))
    x = (events.columns["MC_RA"].value - 83.63) * np.cos(np.radians(22.01))
    y = events.columns["MC_DEC"].value - 22.01
    along, across = x * np.sin(np.pi / 6) + y * np.cos(np.pi / 6), x * np.cos(np.pi / 6) - y * np.sin(np.pi / 6)
    error = 4 / np.sqrt(2 * len(events))
    assert np.std(along) == pytest.approx(0.5, rel=error)
    assert np.std(across) == pytest.approx(0.5 * np.sqrt(1 - 0.95**2), rel=error)


def test_offsets_follow_the_area_across_the_field_of_view():
    """Of a shape wider than the field of view: brightness × area, by the midpoint rule in rings around the pointing."""
    shape = Gaussian(lon_0=POINTING.ra.deg, lat_0=POINTING.dec.deg, sigma=2.0, frame="icrs")
    observation = run(livetime="4 h")
    events = simulated({"wide": Source(SPECTRUM, shape)}, observation)
    edges = np.radians(np.linspace(0, 3, 301))
    middle = (edges[:-1] + edges[1:]) / 2
    each = np.array([rate(offset=theta, n=500)[1].sum() for theta in middle])
    brightness = np.asarray(shape(np.full(300, POINTING.ra.rad), POINTING.dec.rad + middle))
    expected = each * brightness * 2 * np.pi * np.sin(middle) * np.diff(edges) * 4 * 3600
    assert not rare(2 * min(poisson.cdf(len(events), expected.sum()), poisson.sf(len(events), expected.sum())))
    cumulative = np.concatenate([[0], np.cumsum(expected)]) / expected.sum()
    assert not rare(kstest(np.interp(true_offset(events), edges, cumulative), "uniform").pvalue)


def test_labels_come_in_proportion_and_say_which_source_is_which():
    weak = Source(replace(SPECTRUM, amplitude="2e-11 cm-2 s-1 TeV-1"), Point(lon_0=83.0, lat_0=23.0, frame="icrs"))
    sky = {"weak": weak, "crab": CRAB}
    made = simulate_observation(sky, run(), 5)
    assert [made.meta[key] for key in ("NMCIDS", "MMN00000", "MMN00001", "MMN00002")] == [
        3,
        "background",
        "weak",
        "crab",
    ]
    label, true = made.events.columns["MC_ID"], made.events.columns["MC_ENERGY"].value
    assert np.array_equal(label == 0, np.isnan(true))
    offset = float(POINTING.separation(SkyCoord(83.0, 23.0, unit="deg")).rad)
    for number, expected in ((1, rate(offset=offset)[1].sum() * 720), (2, rate()[1].sum() * 3600)):
        assert np.sum(label == number) == pytest.approx(expected, abs=4 * np.sqrt(expected))
    np.testing.assert_allclose(made.events.columns["MC_RA"].value[label == 2], 83.63, rtol=1e-12)


def test_events_are_in_order_of_time_within_good_times_and_where_their_field_coordinates_say():
    made = simulate_observation({"crab": CRAB}, run(), 1)
    events = made.events
    assert np.all(np.diff(events.seconds) >= 0)
    assert np.all(made.gti.contains(events.seconds))
    assert np.array_equal(events.columns["EVENT_ID"], np.arange(1, len(events) + 1))
    west = -(events.ra - POINTING.ra.deg) * np.cos(POINTING.dec.rad)
    near = np.hypot(west, events.dec - POINTING.dec.deg) < 0.5
    np.testing.assert_allclose(events.columns["DETX"].value[near], west[near], atol=3e-3)
    np.testing.assert_allclose(events.columns["DETY"].value[near], (events.dec - POINTING.dec.deg)[near], atol=3e-3)


def lopsided(alignment="RADEC"):
    """A background that differs in all four directions, with an energy without events."""
    energy = Axis.energy("0.1 TeV", "50 TeV", 9)
    lon, lat = (Axis.even(name, -2.5, 2.5, 10, unit="deg") for name in ("fov_lon", "fov_lat"))
    x, y = lon.center_in("deg")[:, None], lat.center_in("deg")[None, :]
    e = energy.center_in("TeV")[:, None, None]
    values = 400 * e**-2.7 * np.exp(-(x**2 + y**2) / 4) * (1 + 0.3 * x) * (1 + 0.1 * y) * (e > 0.15)
    return Background3D(energy, lon, lat, np.maximum(values, 0.0), alignment)


@pytest.mark.parametrize("bkg", [RESPONSES.bkg, lopsided()], ids=["2D", "3D"])
@pytest.mark.parametrize("seed", SEEDS)
def test_background_follows_its_rate_in_energy_and_field(bkg, seed):
    """Against the exact integral over bins of energy, at points twenty times finer than the nodes."""
    made = simulate_observation({}, run(responses=replace(RESPONSES, bkg=bkg), livetime="2 h"), seed)
    assert np.ptp(made.events.columns["MC_ID"]) == 0
    energy = Axis("energy", np.array([0.1, 0.2, 0.3, 0.5, 1.0, 5.0, 40.0]), "TeV", "log")
    fine = np.radians((np.arange(800) + 0.5) * 0.0075 - 3)
    lon, lat = np.meshgrid(fine, fine, indexing="ij")
    each = bkg.integral(energy, lon, lat, exact=True) * np.cos(lat) * np.radians(0.0075) ** 2 * made.ontime_s
    expected = each.reshape(6, 8, 100, 8, 100).sum(axis=(2, 4))
    edges = np.linspace(-3, 3, 9)
    x, y = (made.events.columns[name].value for name in ("DETX", "DETY"))
    found = np.histogramdd((made.events.energies, x, y), (energy.edges_in("TeV"), edges, edges))[0]
    assert np.all(found[expected < 1e-9] == 0)
    used = expected > 5
    statistic = np.sum((found - expected)[used] ** 2 / expected[used])
    assert not rare(2 * min(chi2.cdf(statistic, used.sum()), chi2.sf(statistic, used.sum())))


def test_the_range_of_energies_can_be_limited():
    events = simulated({"crab": CRAB}, run(), energy_true=("1 TeV", "10 TeV"))
    true = events.columns["MC_ENERGY"].value
    assert 1 <= true.min() < 1.01
    assert true.max() < 10
    events = simulate_observation({"crab": CRAB}, run(), 1, energy=("1 TeV", "10 TeV")).events
    assert events.energies.min() >= 1
    assert events.energies.max() < 10


def test_without_psf_or_dispersion_truth_is_what_is_seen():
    source = Source(SPECTRUM, Point(**HERE), irf=("exposure",))
    events = simulated({"crab": source}, run())
    np.testing.assert_array_equal(events.energies, events.columns["MC_ENERGY"].value)
    np.testing.assert_array_equal(events.ra, events.columns["MC_RA"].value)


def test_the_dead_time_loses_photons_but_no_background():
    live = run(livetime="1 h")
    assert live.ontime_s == pytest.approx(3600 / LIVE)
    made = simulate_observation({"crab": CRAB}, live, 3)
    photons, expected = int(np.sum(made.events.columns["MC_ID"] == 1)), rate()[1].sum() * 3600
    assert photons == pytest.approx(expected, abs=4 * np.sqrt(expected))
