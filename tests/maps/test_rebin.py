import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis, LabelAxis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.maps.rebin import downsample, rebin, upsample

GEOM = WcsGeom.create(
    SkyCoord(83.63, 22.01, unit="deg"), pixel="0.1 deg", npix=(8, 6), axes=[Axis.energy("1 TeV", "16 TeV", 4)]
)
MAP = Map(GEOM, np.random.default_rng(3).poisson(4.0, GEOM.shape).astype(float))


def test_bins_are_joined_between_the_nearest_edges():
    coarse = rebin(MAP, "energy", [1, 4.1, 16] * u.TeV)
    assert coarse.geom.axis("energy") == Axis("energy", [1, 4, 16], "TeV", "log")
    np.testing.assert_array_equal(coarse.data[0], MAP.data[:2].sum(axis=0))
    np.testing.assert_array_equal(coarse.data[1], MAP.data[2:].sum(axis=0))
    assert rebin(MAP, "energy", Axis("energy", [1000, 4000, 16000], "GeV")).data.tolist() == coarse.data.tolist()


def test_bins_outside_of_the_edges_are_left_out():
    middle = rebin(MAP, "energy", [2, 8] * u.TeV)
    np.testing.assert_array_equal(middle.data[0], MAP.data[1:3].sum(axis=0))


def test_other_ways_to_join():
    np.testing.assert_array_equal(rebin(MAP, "energy", [1, 16], np.maximum).data[0], MAP.data.max(axis=0))
    mask = MAP > 5
    np.testing.assert_array_equal(rebin(mask, "energy", [1, 16]).data[0], mask.data.any(axis=0))
    np.testing.assert_array_equal(rebin(mask, "energy", [1, 16], np.logical_and).data[0], mask.data.all(axis=0))


def test_pixels_are_joined_and_cut():
    counts, values = downsample(MAP, 2), downsample(MAP, 2, "values")
    assert counts.data[1, 2, 3] == MAP.data[1, 4:6, 6:8].sum()
    np.testing.assert_allclose(values.data * 4, counts.data)
    assert upsample(MAP, 3).data.sum() == pytest.approx(MAP.data.sum())
    np.testing.assert_allclose(downsample(upsample(MAP, 3), 3).data, MAP.data)
    back = downsample(upsample(MAP, 3, "values"), 3, "values")
    assert back.geom == GEOM
    np.testing.assert_allclose(back.data, MAP.data)
    mask = MAP > 5
    np.testing.assert_array_equal(downsample(upsample(mask, 2), 2).data, mask.data)


def test_what_cannot_be_rebinned_says_why():
    with pytest.raises(ShapeError, match="axis 'energy': edges .* are finer than its own"):
        rebin(MAP, "energy", [1, 1.1, 16])
    with pytest.raises(ShapeError, match="axis 'run' has no edges to rebin"):
        rebin(Map.filled(GEOM.with_axes(LabelAxis("run", ("a",)))), "run", [0, 1])
    with pytest.raises(ShapeError, match="8 × 6 pixels cannot be joined by 4"):
        downsample(MAP, 4)
