import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import ShapeError, UnitError
from skyfold.geom.axis import Axis, LabelAxis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map

GEOM = WcsGeom.create(
    SkyCoord(83.63, 22.01, unit="deg"),
    npix=(4, 3),
    axes=[LabelAxis("run", ("a", "b")), Axis.energy("1 TeV", "10 TeV", 3)],
)
COUNTS = Map(GEOM, np.arange(72.0).reshape(2, 3, 3, 4))


def test_arithmetic_carries_units():
    exposure = Map.filled(GEOM, 2.0, "m2 s")
    rate = COUNTS / exposure
    assert rate.unit == u.Unit("m-2 s-1")
    np.testing.assert_allclose(rate.data_in("cm-2 s-1"), COUNTS.data / 2e4)
    assert (exposure + 1e4 * u.cm**2 * u.s).data.max() == pytest.approx(3)
    assert (2 * COUNTS - COUNTS).data.tolist() == COUNTS.data.tolist()
    assert (1 / exposure).unit == u.Unit("m-2 s-1")
    assert (exposure**2).unit == u.Unit("m4 s2")
    assert exposure.to("cm2 s").data.max() == pytest.approx(2e4)


def test_a_map_is_not_changed_by_what_is_made_of_it():
    before = COUNTS.data.copy()
    _ = COUNTS + 1, COUNTS * COUNTS, COUNTS.sum_over("energy"), COUNTS > 3
    np.testing.assert_array_equal(COUNTS.data, before)


def test_comparisons_make_masks_and_masks_combine():
    mask = COUNTS > 70
    assert mask.data.dtype == bool
    assert mask.data.sum() == 1
    assert (mask | (COUNTS < 1)).data.sum() == 2
    assert (~mask & (COUNTS >= 70)).data.sum() == 1
    assert (COUNTS * mask).data.sum() == 71


def test_empty_pixels_divide_to_nan_without_a_warning():
    assert np.isnan((COUNTS / COUNTS).data[0, 0, 0, 0])


def test_sums_keep_the_axis_as_one_bin():
    total = COUNTS.sum_over("energy")
    assert total.geom.shape == (2, 1, 3, 4)
    assert total.geom.axis("energy") == Axis("energy", [1, 10], "TeV", "log")
    assert COUNTS.sum_over().data.sum() == COUNTS.data.sum()
    assert COUNTS.sum_over("run").geom.axis("run").labels == ("a+b",)
    np.testing.assert_allclose(COUNTS.reduce_over(np.max, "energy").data[:, 0], COUNTS.data[:, 2])


def test_what_does_not_fit_says_why():
    with pytest.raises(ShapeError, match=r"data has shape \(3,\), its geometry \(2, 3, 3, 4\)"):
        Map(GEOM, np.zeros(3))
    with pytest.raises(ShapeError, match="(?s)maps on different geometries: .*reproject or cut one first"):
        _ = COUNTS + Map.filled(GEOM.image)
    with pytest.raises(ShapeError, match="masks on different geometries"):
        _ = (COUNTS > 1) & Map.filled(GEOM.image, True)
    with pytest.raises(UnitError, match="cannot be converted to s"):
        COUNTS.data_in("s")
