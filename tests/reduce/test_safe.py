import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import ConfigError, ReductionError
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.irf.responses import Responses
from skyfold.reduce.chain import reduce_observation
from skyfold.reduce.recipe import Recipe, SafeRange
from tests.dl3_files import area_m2, make_observation

ENERGY = Axis.energy("0.1 TeV", "100 TeV", 30)


@pytest.fixture(scope="module")
def run():
    return make_observation()


def dataset(run, safe):
    geom = WcsGeom.create(run.pointing_icrs, "6 deg", "0.2 deg", axes=[ENERGY])
    return reduce_observation(run, Recipe(geom, Axis.energy("0.05 TeV", "120 TeV", 40, true=True), safe=safe))


def threshold(data) -> float:
    return float(data.energy.edges_in("TeV")[np.argmax(data.safe.any(axis=(1, 2)))])


def test_everything_is_safe_without_a_method(run):
    assert dataset(run, None).safe.all()


def test_default_range_is_that_of_the_file(run):
    """LO_THRES 0.5 TeV, HI_THRES 50 TeV: bins wholly inside."""
    safe = dataset(run, SafeRange(("aeff-default",))).safe[:, 0, 0]
    edges = ENERGY.edges_in("TeV")
    np.testing.assert_array_equal(safe, (edges[:-1] >= 0.5 - 1e-9) & (edges[1:] <= 50 + 1e-9))


def test_area_threshold(run):
    """10 % of the largest area, at the centre of the field: where 1 − exp(−(E/0.8)²) is 0.1."""
    data = dataset(run, SafeRange(("aeff-max",), aeff_percent=10, fixed_offset="0 deg"))
    exact = 0.8 * np.sqrt(-np.log(0.9))
    assert area_m2(exact, 0) == pytest.approx(0.1 * 3e5, rel=1e-9)
    edges = ENERGY.edges_in("TeV")
    assert threshold(data) == pytest.approx(edges[edges > exact][0])


def test_area_threshold_depends_on_position(run):
    far = SkyCoord(run.pointing.ra, run.pointing.dec + 2, unit="deg")
    low = dataset(run, SafeRange(("aeff-max",), aeff_percent=10, position=run.pointing_icrs))
    high = dataset(run, SafeRange(("aeff-max",), aeff_percent=10, position=far))
    assert threshold(low) <= threshold(high)


def test_offset(run):
    data = dataset(run, SafeRange(("offset-max",), offset_max="1.5 deg"))
    inside = data.geom.separation(run.pointing_icrs).to_value("deg") < 1.5
    np.testing.assert_array_equal(data.safe, np.broadcast_to(inside, data.safe.shape))


def test_background_peak(run):
    data = dataset(run, SafeRange(("bkg-peak",)))
    peak = int(np.argmax(data.background.data.sum(axis=(1, 2))))
    assert threshold(data) == pytest.approx(ENERGY.edges_in("TeV")[peak])


def test_bias(run):
    """A dispersion without bias is safe as far down as it reaches."""
    data = dataset(run, SafeRange(("edisp-bias",), bias_percent=10))
    assert data.safe[-5:].all()


def test_methods_are_combined(run):
    both = dataset(run, SafeRange(("aeff-default", "offset-max"), offset_max="1 deg")).safe
    one, other = (dataset(run, SafeRange((m,), offset_max="1 deg")).safe for m in ("aeff-default", "offset-max"))
    np.testing.assert_array_equal(both, one & other)


def test_an_unknown_method_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"'aeff-min'; there are aeff-default"):
        SafeRange(("aeff-min",))


def test_nothing_safe_is_an_error(run):
    with pytest.raises(ReductionError, match="no bin is safe by offset-max"):
        dataset(run, SafeRange(("offset-max",), offset_max="0.001 deg"))


def test_a_method_without_its_response_is_an_error(run):
    bare = make_observation(responses=Responses(aeff=run.responses.aeff))
    geom = WcsGeom.create(run.pointing_icrs, "2 deg", "0.2 deg", axes=[ENERGY])
    recipe = Recipe(
        geom,
        Axis.energy("0.05 TeV", "120 TeV", 20, true=True),
        selection=("counts", "exposure"),
        safe=SafeRange(("bkg-peak",)),
    )
    with pytest.raises(ReductionError, match="bkg-peak needs a background response"):
        reduce_observation(bare, recipe)
