from dataclasses import replace

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from skyfold.dataset.dataset import Dataset
from skyfold.errors import ConfigError, ReductionError
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.reduce.ring import AdaptiveRing, Ring

CENTER = SkyCoord(83.63, 22.01, unit="deg")
GEOM = WcsGeom.create(CENTER, "4 deg", "0.05 deg", axes=[Axis.energy("1 TeV", "10 TeV", 1)])


def make(counts=None, background=None, safe=None) -> Dataset:
    flat = np.ones(GEOM.shape)
    return Dataset(
        "test",
        Map(GEOM, np.random.default_rng(3).poisson(2.0, GEOM.shape).astype(float) if counts is None else counts),
        background=Map(GEOM, 2 * flat if background is None else background),
        mask_safe=Map(GEOM, flat.astype(bool) if safe is None else safe),
    )


def brute_force(values: np.ndarray, r_in: float, r_out: float, y: int, x: int) -> float:
    """Sum over pixels whose centre lies in the ring about pixel (x, y)."""
    rows, columns = np.indices(values.shape)
    r = np.hypot(rows - y, columns - x) * 0.05
    return values[(r > r_in - 1e-9) & (r < r_out + 1e-9)].sum()


@pytest.mark.parametrize(("y", "x"), [(40, 40), (3, 70), (79, 0)])
def test_off_counts_are_those_in_the_ring(y, x):
    data = make()
    ringed = Ring("0.5 deg", "0.3 deg")(data)
    assert ringed.counts_off.data[0, y, x] == brute_force(data.counts.data[0], 0.5, 0.8, y, x)
    assert ringed.acceptance_off.data[0, y, x] == pytest.approx(brute_force(data.background.data[0], 0.5, 0.8, y, x))
    assert ringed.acceptance.data[0, y, x] == 2


def test_excluded_counts_do_not_count():
    free = Map(GEOM.image, GEOM.separation(CENTER).to_value("deg") > 0.4)
    quiet = make()
    loud = replace(quiet, counts=Map(GEOM, quiet.counts.data + 1000 * ~free.data))
    a, b = (Ring("0.5 deg", "0.3 deg", free)(d) for d in (quiet, loud))
    np.testing.assert_array_equal(a.counts_off.data, b.counts_off.data)
    np.testing.assert_allclose(a.expected_background.data, b.expected_background.data)


def test_a_background_of_the_right_shape_is_found_unbiased():
    """The mean of α N_off over many draws is the background, whatever its norm in the response."""
    r = GEOM.separation(CENTER).to_value("deg")
    shape = np.exp(-0.5 * (r / 1.5) ** 2)[None]
    counts = np.random.default_rng(5).poisson(3 * shape).astype(float)
    ringed = Ring("0.5 deg", "0.3 deg")(make(counts, 0.1 * shape))
    assert ringed.expected_background.data.sum() == pytest.approx(3 * shape.sum(), rel=0.02)


@given(scale=st.floats(1e-3, 1e3))
def test_the_norm_of_the_acceptance_cancels(scale):
    base, scaled = (Ring()(make(background=np.full(GEOM.shape, b))) for b in (1.0, scale))
    np.testing.assert_allclose(base.alpha.data, scaled.alpha.data, rtol=1e-9)


def test_a_pixel_without_ring_is_not_safe():
    free = Map(GEOM.image, GEOM.separation(CENTER).to_value("deg") > 1.0)
    ringed = Ring("0.3 deg", "0.2 deg", free)(make())
    assert not ringed.safe[0, 40, 40]
    assert ringed.counts_off.data[0, 40, 40] == 0
    assert np.isnan(ringed.alpha.data[0, 40, 40])
    assert ringed.safe[0, 2, 2]


def test_an_exclusion_that_leaves_no_ring_is_an_error():
    nothing = Map(GEOM.image, np.zeros(GEOM.image_shape, bool))
    with pytest.raises(ReductionError, match=r"no pixel keeps a ring of 0.5 deg \+ 0.3 deg.*widen"):
        Ring("0.5 deg", "0.3 deg", nothing)(make())


def test_no_background_is_an_error():
    with pytest.raises(ReductionError, match="background response as acceptance"):
        Ring()(replace(make(), background=None))


def test_an_unsafe_pixel_gives_no_off_counts():
    safe = np.ones(GEOM.shape, bool)
    safe[:, :, :40] = False
    data = make(safe=safe)
    ringed = Ring("0.5 deg", "0.3 deg")(data)
    expected = brute_force(data.counts.data[0] * safe[0], 0.5, 0.8, 40, 45)
    assert ringed.counts_off.data[0, 40, 45] == expected


class TestAdaptive:
    def test_it_is_the_first_ring_where_that_is_enough(self):
        data = make()
        small = AdaptiveRing("0.5 deg", "0.3 deg", alpha=1e3)(data)
        fixed = Ring("0.5 deg", "0.3 deg")(data)
        np.testing.assert_array_equal(small.counts_off.data, fixed.counts_off.data)

    @pytest.mark.parametrize("grow", ["r_in", "width"])
    def test_it_grows_until_the_ratio_is_reached(self, grow):
        free = Map(GEOM.image, GEOM.separation(CENTER).to_value("deg") > 0.7)
        wanted = 0.12
        ring = AdaptiveRing("0.3 deg", "0.2 deg", "1.5 deg", "0.05 deg", wanted, "0.2 deg", grow, free)
        ringed = ring(make())
        pixels = np.pi * (0.2 / 0.05) ** 2  # of the circle theta
        alpha = ringed.alpha.data[0, 30:50, 30:50] * pixels
        assert np.nanmax(alpha) < wanted * 1.05  # the circle's pixels are a few per cent off its area
        assert ringed.safe[0, 40, 40]  # a fixed ring of these radii has nothing here

    def test_a_ring_that_cannot_grow_is_an_error(self):
        with pytest.raises(ConfigError, match="cannot grow"):
            AdaptiveRing("0.5 deg", "0.6 deg", "1 deg")(make())
