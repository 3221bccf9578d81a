import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.cut import cutout, pad
from skyfold.maps.map import Map
from skyfold.maps.stack import stack

CENTER = SkyCoord(83.63, 22.01, unit="deg")
GEOM = WcsGeom.create(CENTER, pixel="0.1 deg", npix=(8, 6), axes=[Axis.energy("1 TeV", "16 TeV", 2)])
MAP = Map(GEOM, np.arange(96.0).reshape(2, 6, 8), "m2 s")


def test_a_part_is_added_where_it_lies():
    part = cutout(MAP, GEOM.from_pix(2.2, 3.2), "0.3 deg")
    stacked = stack(Map.filled(GEOM, 0.0, "m2 s"), part)
    rows, columns = part.geom.offset_in(GEOM)
    np.testing.assert_array_equal(stacked.data[:, rows, columns], part.data)
    assert stacked.data.sum() == part.data.sum()


def test_what_sticks_out_is_left_out_and_units_are_converted():
    stacked = stack(Map.filled(GEOM, 0.0, "cm2 s"), pad(MAP, 2, fill=9))
    np.testing.assert_allclose(stacked.data, MAP.data * 1e4)
    far = Map.filled(
        WcsGeom.create(CENTER, pixel="0.1 deg", npix=(2, 2)).window(slice(90, 92), slice(0, 2)).with_axes(*GEOM.axes)
    )
    assert stack(MAP, far.with_data(far.data, "m2 s")).data.sum() == MAP.data.sum()


def test_weights_hide_even_what_is_missing():
    data = MAP.data.copy()
    data[0, 2, 3] = np.nan
    keep = Map(GEOM, np.isfinite(data))
    stacked = stack(Map.filled(GEOM, 0.0, "m2 s"), MAP.with_data(data), keep)
    np.testing.assert_array_equal(stacked.data, np.nan_to_num(data))
    half = stack(Map.filled(GEOM, 0.0, "m2 s"), MAP, Map.filled(GEOM.image, 0.5))
    np.testing.assert_array_equal(half.data, MAP.data / 2)


def test_masks_are_joined_by_or():
    left, right = Map(GEOM, MAP.data < 10), Map(GEOM, MAP.data > 50)
    np.testing.assert_array_equal(stack(left, right).data, left.data | right.data)
    np.testing.assert_array_equal(stack(left, right, Map(GEOM, MAP.data > 60)).data, left.data | (MAP.data > 60))


def test_inputs_are_left_alone():
    target, before = Map.filled(GEOM, 1.0, "m2 s"), MAP.data.copy()
    stack(target, MAP)
    assert target.data.max() == 1
    np.testing.assert_array_equal(MAP.data, before)


def test_regions_are_stacked_with_themselves():
    spectrum = Map.filled(RegionGeom.circle(CENTER, "0.1 deg", GEOM.axes), 2.0)
    assert stack(spectrum, spectrum).data.sum() == 8
    with pytest.raises(ShapeError, match="not aligned"):
        stack(spectrum, Map.filled(RegionGeom.circle(CENTER, "0.2 deg", GEOM.axes)))


def test_what_does_not_fit_says_why():
    with pytest.raises(ShapeError, match="maps on pixels that are not aligned cannot be stacked"):
        stack(MAP, Map.filled(WcsGeom.create(CENTER, pixel="0.1 deg", npix=(7, 6), axes=GEOM.axes)))
    with pytest.raises(ShapeError, match="maps with different axes cannot be stacked"):
        stack(MAP, Map.filled(GEOM.image))
