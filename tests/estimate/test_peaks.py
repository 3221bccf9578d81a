import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyfold.errors import ConfigError, ShapeError
from skyfold.estimate.peaks import find_peaks
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from tests.datasets import CENTER

IMAGE = WcsGeom.create(CENTER, npix=(30, 20), pixel="0.1 deg")


def test_the_highest_comes_first():
    values = np.zeros(IMAGE.shape)
    values[5, 5], values[15, 20], values[15, 21] = 6, 9, 8
    peaks = find_peaks(Map(IMAGE, values), 5, "0.3 deg")
    assert [(p.x, p.y, p.value) for p in peaks] == [(20, 15, 9.0), (5, 5, 6.0)]
    assert peaks[0].position.separation(IMAGE.from_pix(20, 15)).deg < 1e-9


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.8))
def test_peaks_are_apart_and_higher_than_all_around(seed, distance):
    values = np.random.default_rng(seed).normal(size=IMAGE.shape)
    y, x = np.mgrid[:20, :30]
    for peak in find_peaks(Map(IMAGE, values), 1.0, f"{distance} deg"):
        near = np.hypot(x - peak.x, y - peak.y) <= max(distance / 0.1, 1)
        assert values[near].max() == peak.value
        assert peak.value > 1.0


def test_the_highest_pixel_is_always_a_peak():
    values = np.random.default_rng(1).normal(size=IMAGE.shape)
    assert find_peaks(Map(IMAGE, values), 0.0, "1 deg")[0].value == values.max()


def test_a_plateau_is_one_peak():
    values = np.zeros(IMAGE.shape)
    values[5:8, 5:8] = 6
    assert len(find_peaks(Map(IMAGE, values), 5, "0.3 deg")) == 1


def test_nan_is_below_everything():
    values = np.full(IMAGE.shape, np.nan)
    values[5, 5] = 6.0
    assert [(p.x, p.y) for p in find_peaks(Map(IMAGE, values), 5)] == [(5, 5)]
    assert find_peaks(Map(IMAGE, np.full(IMAGE.shape, np.nan)), -np.inf) == []


def test_one_bin_along_an_axis_is_an_image():
    geom = IMAGE.with_axes(Axis.energy("1 TeV", "10 TeV", 1))
    values = np.zeros(geom.shape)
    values[0, 5, 5] = 6.0
    assert len(find_peaks(Map(geom, values), 5)) == 1


def test_several_bins_are_refused():
    geom = IMAGE.with_axes(Axis.energy("1 TeV", "10 TeV", 2))
    with pytest.raises(ShapeError, match="2 bins"):
        find_peaks(Map.filled(geom), 5)


def test_no_distance_is_refused():
    with pytest.raises(ConfigError, match="min_distance is 0 deg"):
        find_peaks(Map.filled(IMAGE), 5, "0 deg")
