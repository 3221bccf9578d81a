from dataclasses import replace

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import ConfigError, DataError
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.reduce.chain import reduce_observation
from skyfold.reduce.phase import PhaseOff
from skyfold.reduce.recipe import Recipe
from tests.dl3_files import make_observation

ENERGY = Axis.energy("0.5 TeV", "20 TeV", 4)
TRUE = Axis.energy("0.3 TeV", "50 TeV", 10, true=True)


@pytest.fixture(scope="module")
def run():
    run = make_observation(background_norm=200)
    phase = np.random.default_rng(2).uniform(0, 1, len(run.events))
    return replace(run, events=replace(run.events, columns={**run.events.columns, "PHASE": phase}))


def geoms():
    center = SkyCoord(83.63, 22.51, unit="deg")
    return [WcsGeom.create(center, "4 deg", "0.1 deg", axes=[ENERGY]), RegionGeom.circle(center, "1 deg", [ENERGY])]


@pytest.mark.parametrize("geom", geoms(), ids=["map", "region"])
def test_on_and_off_phases(run, geom):
    background = PhaseOff(on=((0.9, 0.1),), off=((0.3, 0.5), (0.6, 0.8)))
    data = reduce_observation(run, Recipe(geom, TRUE, safe=None, background=background))
    everything = reduce_observation(run, Recipe(geom, TRUE, safe=None))
    n = everything.counts.data.sum()
    assert data.alpha.data[0, 0, 0] == pytest.approx(0.5)
    assert data.counts.data.sum() == pytest.approx(0.2 * n, abs=4 * np.sqrt(0.2 * n))
    assert data.counts_off.data.sum() == pytest.approx(0.4 * n, abs=4 * np.sqrt(0.4 * n))


def test_all_phases_are_all_counts(run):
    geom = geoms()[0]
    data = reduce_observation(run, Recipe(geom, TRUE, safe=None, background=PhaseOff(((0.0, 0.5),), ((0.5, 1.0),))))
    everything = reduce_observation(run, Recipe(geom, TRUE, safe=None))
    np.testing.assert_array_equal(data.counts.data + data.counts_off.data, everything.counts.data)


def test_bad_phases_and_a_missing_column():
    with pytest.raises(ConfigError, match="on needs intervals within 0 and 1"):
        PhaseOff(((0.2, 1.4),), ((0.5, 0.7),))
    bare = make_observation()
    with pytest.raises(DataError, match="'PHASE'"):
        reduce_observation(bare, Recipe(geoms()[0], TRUE, safe=None, background=PhaseOff(((0, 0.5),), ((0.5, 1),))))
