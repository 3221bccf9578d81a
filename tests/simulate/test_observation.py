"""Whole observations: times, moving fields of view, files, reduction, executors, and what is refused."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from scipy.stats import chi2, kstest

from skyfold.dataset.predict import npred, total
from skyfold.events.good_times import GoodTimes
from skyfold.events.observation import Observation
from skyfold.events.pointing import AltAzPointing, TablePointing
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.io.check import check_path
from skyfold.io.dl3_write import write_store
from skyfold.io.store import read_store
from skyfold.model.background import FovBackground
from skyfold.model.source import Source
from skyfold.model.spatial.disk import Disk
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.power_law import PowerLaw, PowerLawNorm
from skyfold.model.temporal.curves import LightCurveTemplate, PhaseCurve
from skyfold.model.temporal.trends import ExpDecay, Sine
from skyfold.num.sphere import separation
from skyfold.reduce.chain import reduce_observation
from skyfold.reduce.recipe import Recipe
from skyfold.reduce.sky import background_map, counts_map
from skyfold.simulate.observation import simulate_observation, simulate_observations
from tests.simulate.test_events import lopsided, rare, simulated
from tests.simulate.toys import CRAB, LIVE, POINTING, RESPONSES, SPECTRUM, rate, run

BEGIN = 789_000_000.0
PAUSED = GoodTimes([BEGIN, BEGIN + 3000.0, BEGIN + 3600.0], [BEGIN + 1000.0, BEGIN + 3000.0, BEGIN + 6000.0])
MJD = 51544.0 + BEGIN / 86400.0
CURVES = {
    "decay": ExpDecay(t0="900 s", t_ref=MJD),
    "sine": Sine(amp=0.8, omega="500 rad d-1", t_ref=MJD),
    "table": LightCurveTemplate(BEGIN + np.array([100.0, 500.0, 4000.0, 5000.0]), np.array([0.0, 3.0, 0.0, 1.0])),
    "pulsar": PhaseCurve(np.array([0.0, 0.3, 0.4, 0.6]), np.array([0.1, 0.1, 3.0, 0.1]), t_ref=MJD, f0="30 s-1"),
}


@pytest.mark.parametrize("name", CURVES)
def test_times_follow_the_light_curve_within_good_times(name):
    curve, observation = CURVES[name], run(gti=PAUSED)
    events = simulated({"crab": replace(CRAB, lightcurve=curve)}, observation, 4)
    assert np.all(PAUSED.contains(events.seconds))
    edges = np.linspace(BEGIN, BEGIN + 6000.0, 500_001)
    middle = (edges[:-1] + edges[1:]) / 2
    factor = np.asarray(curve(jnp.asarray(middle))) * PAUSED.contains(middle)
    expected = rate()[1].sum() * LIVE * factor.sum() * (edges[1] - edges[0])
    assert len(events) == pytest.approx(expected, abs=4 * np.sqrt(expected))
    cumulative = np.concatenate([[0], np.cumsum(factor)]) / factor.sum()
    assert not rare(kstest(np.interp(events.seconds, edges, cumulative), "uniform").pvalue)


def test_the_phases_of_a_pulsar_are_those_of_its_curve():
    curve = CURVES["pulsar"]
    events = simulated({"crab": replace(CRAB, lightcurve=curve)}, run(gti=PAUSED), 4)
    found = np.histogram(np.asarray(curve.turns(jnp.asarray(events.seconds))) % 1, 10, (0, 1))[0]
    share = np.interp(np.linspace(0, 1, 1001), curve.phase, curve.norms)
    expected = ((share[:-1] + share[1:]) / 2).reshape(10, 100).sum(axis=1)
    expected *= len(events) / expected.sum()
    assert not rare(chi2.sf(np.sum((found - expected) ** 2 / expected), 9))


def test_background_is_steady_within_good_times():
    events = simulate_observation({}, run(gti=PAUSED), 1).events
    done = np.cumsum(PAUSED.stop - PAUSED.start)
    passed = np.interp(events.seconds, np.stack([PAUSED.start, PAUSED.stop]).T.ravel(), [0, 1e3, 1e3, 1e3, 1e3, 3400])
    assert done[-1] == 3400
    assert not rare(kstest(passed / 3400, "uniform").pvalue)


GEOM = WcsGeom.create(POINTING, npix=60, pixel="0.1 deg", axes=[Axis.energy("0.3 TeV", "10 TeV", 3)])


def agree(found, expected, least=5.0):
    used = expected > least
    statistic = np.sum((found - expected)[used] ** 2 / expected[used])
    n = int(used.sum())
    return not rare(2 * min(chi2.cdf(statistic, n), chi2.sf(statistic, n)))


@pytest.mark.parametrize("alignment", ["RADEC", "ALTAZ", "REVERSE_LON_RADEC"])
def test_background_lies_where_the_reduction_expects_it(alignment):
    bkg = lopsided(alignment)
    observation = run(responses=replace(RESPONSES, bkg=bkg), livetime="3 h")
    made = simulate_observation({}, observation, 2)
    expected = background_map(observation, GEOM, "linear").data
    found = counts_map(made, GEOM).data

    def coarse(data):
        return data.reshape(3, 10, 6, 10, 6).sum(axis=(2, 4))

    assert agree(coarse(found), coarse(expected))
    events = made.events
    rate = bkg.unreversed().rate([1.0], *(np.radians(events.columns[f"DET{c}"].value) for c in "XY"))
    assert np.all(rate > 0)


def test_a_background_model_scales_the_rate_of_its_dataset():
    sky = {"bkg": FovBackground("7", PowerLawNorm(norm=1.5, tilt=0.3, reference="1 TeV"))}
    made = simulate_observation(sky, run(7, livetime="3 h"), 1)
    geom = GEOM.with_axes(Axis.energy("0.3 TeV", "3 TeV", 60))
    energy = geom.axes[0].center_in("TeV")
    plain = background_map(run(livetime="3 h"), geom, "linear").data.sum(axis=(1, 2))
    assert agree(counts_map(made, geom).data.sum(axis=(1, 2)), plain * 1.5 * energy**-0.3)
    same = simulate_observation(sky, run(8, livetime="3 h"), 1)
    assert len(same.events) == len(simulate_observation({}, run(8, livetime="3 h"), 1).events)
    named = simulate_observation(sky, run(8, livetime="3 h"), 1, dataset="7")
    assert len(named.events) > 1.2 * len(same.events)


@pytest.mark.parametrize(
    "pointing",
    [
        AltAzPointing(70.0, 180.0),
        TablePointing(BEGIN + np.array([0.0, 6000.0]), np.array([82.0, 85.0]), np.array([22.5, 22.0])),
    ],
    ids=["drift", "table"],
)
def test_a_moving_telescope_sees_sources_while_they_are_in_its_field(pointing):
    observation = run(pointing=pointing, gti=PAUSED)
    path = SkyCoord(pointing.icrs(np.linspace(BEGIN, BEGIN + 6000, 6001), observation.location))
    at = path[4500]
    source = Source(SPECTRUM, Point(lon_0=at.ra.deg, lat_0=at.dec.deg + 0.3, frame="icrs"))
    events = simulate_observation({"a": source}, observation, 1).events
    seen = events.columns["MC_ID"] == 1
    offset = separation(path.ra.rad, path.dec.rad, at.ra.rad, at.dec.rad + np.radians(0.3))
    each = np.array([rate(offset=theta, n=200)[1].sum() for theta in offset[::60]])
    each = np.interp(np.arange(6000) + 0.5, np.arange(0, 6001, 60), each) * PAUSED.contains(
        BEGIN + np.arange(6000) + 0.5
    )
    expected = each.sum() * LIVE
    assert seen.sum() == pytest.approx(expected, abs=4 * np.sqrt(expected))
    cumulative = np.concatenate([[0], np.cumsum(each)]) / each.sum()
    share = np.interp(events.seconds[seen] - BEGIN, np.arange(6001), cumulative)
    assert not rare(kstest(share, "uniform").pvalue)
    now = pointing.icrs(events.seconds, observation.location)
    x, y = (events.columns[name].to_value("rad") for name in ("DETX", "DETY"))
    away = separation(now.ra.rad, now.dec.rad, np.radians(events.ra), np.radians(events.dec))
    np.testing.assert_allclose(separation(0.0, 0.0, x, y), away, atol=1e-6)


SKY = {
    "crab": CRAB,
    "disk": Source(
        PowerLaw(index=2.0, amplitude="5e-11 cm-2 s-1 TeV-1"), Disk(lon_0=84.3, lat_0=22.8, r_0=0.3, frame="icrs")
    ),
}


def test_written_events_have_no_faults_and_read_back_equal(tmp_path):
    sky = SKY
    plan = [run(i, meta={"TELESCOP": "HESS", "OBJECT": "Crab"}, livetime="10 min") for i in (1, 2)]
    made = simulate_observations(sky, plan, 1)
    write_store(made, tmp_path / "store")
    assert check_path(tmp_path / "store") == []
    for mine, ref in zip(made, read_store(tmp_path / "store").refs, strict=True):
        again = ref.open()
        assert again.gti == mine.gti
        assert again.meta["OBJECT"] == "Crab"
        for name in ("TIME", "ENERGY", "RA", "DEC", *mine.events.columns):
            a, b = (getattr(obs.events.column(name), "value", obs.events.column(name)) for obs in (mine, again))
            np.testing.assert_array_equal(a, b, name)
        assert again.events.columns["DETX"].unit == mine.events.columns["DETX"].unit


@pytest.mark.parametrize("seed", [1, 2])
def test_through_the_reduction_come_the_counts_that_the_sky_predicts(seed):
    # Narrow bins of energy: the reduction takes the background for a power law within each.
    geom = WcsGeom.create(POINTING, npix=150, pixel="0.04 deg", axes=[Axis.energy("0.3 TeV", "30 TeV", 24)])
    recipe = Recipe(geom, Axis.energy("0.1 TeV", "80 TeV", 40, true=True), safe=None, across="linear")
    made = simulate_observation(SKY, run(livetime="5 h"), seed)
    dataset = reduce_observation(made, recipe)
    parts = npred(dataset, SKY)
    label, geom3 = made.events.columns["MC_ID"], dataset.geom
    for number, name in enumerate(("background", "crab", "disk")):
        mine = counts_map(replace(made, events=made.events.where(label == number)), geom3).data
        expected = parts[name].data
        error = np.sqrt(expected.sum()) + 2e-3 * expected.sum()  # PSF kernels leave out 0.1 percent
        assert mine.sum() == pytest.approx(expected.sum(), abs=4 * error), name

        def coarse(data):
            return data.reshape(4, 6, 30, 5, 30, 5).sum(axis=(1, 3, 5))

        assert agree(coarse(mine), coarse(expected), 10.0), name
    assert total(dataset, parts).data.sum() == pytest.approx(dataset.counts.data.sum(), rel=0.02)


# Seeds and executors


def same(a, b):
    return len(a) == len(b) and all(
        np.array_equal(a.column(name), b.column(name), equal_nan=True) for name in ("TIME", "ENERGY", "RA", *a.columns)
    )


def test_the_same_seed_gives_the_same_events_whatever_the_executor_and_the_order():
    plan = [run(i, livetime="5 min") for i in (3, 4, 5)]
    serial = simulate_observations(SKY, plan, 7)
    with ThreadPoolExecutor(3) as executor:
        parallel = simulate_observations(SKY, plan[::-1], 7, executor=executor)[::-1]
    assert [made.obs_id for made in parallel] == [3, 4, 5]
    assert all(same(a.events, b.events) for a, b in zip(serial, parallel, strict=True))
    alone = simulate_observation(SKY, plan[1], 7)
    assert same(alone.events, serial[1].events)
    assert not same(alone.events, simulate_observation(SKY, plan[1], 8).events)
    assert not same(serial[0].events, serial[1].events)
    root = np.random.SeedSequence(7)
    assert same(alone.events, simulate_observation(SKY, plan[1], root).events)
    assert root.n_children_spawned == 0


def test_another_source_leaves_the_events_of_the_others_as_they_are():
    both, one = (simulate_observation(sky, run(), 1).events for sky in (SKY, {"crab": CRAB}))
    for number in (0, 1):
        assert same(
            *(e.where(e.columns["MC_ID"] == number).select_energy() for e in (without_id(both), without_id(one)))
        )


def without_id(events):
    return replace(events, columns={name: value for name, value in events.columns.items() if name != "EVENT_ID"})


def test_observations_of_a_store_are_opened_where_the_work_is(tmp_path):
    plan = [run(i, livetime="5 min") for i in (3, 4)]
    write_store(plan, tmp_path / "store")
    done = []
    made = simulate_observations(
        {"crab": CRAB}, read_store(tmp_path / "store").refs, 7, progress=lambda n, of: done.append((n, of))
    )
    assert done == [(1, 2), (2, 2)]
    assert all(isinstance(obs, Observation) and len(obs.events) > 100 for obs in made)
    near = simulate_observations({"crab": CRAB}, plan, 7)
    assert all(len(a.events) == len(b.events) for a, b in zip(made, near, strict=True))
