import numpy as np
from astropy.coordinates import SkyCoord

from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.reduce.exclusion import free, usable

CENTER = SkyCoord(10, 20, unit="deg")
GEOM = WcsGeom.create(CENTER, "2 deg", "0.1 deg")
MASK = Map(GEOM, GEOM.separation(CENTER).to_value("deg") > 0.5)


def test_no_mask_excludes_nothing():
    assert usable(GEOM, None).all()


def test_aligned_pixels_are_copied_and_outside_is_free():
    cut = GEOM.cutout(SkyCoord(10, 20.6, unit="deg"), "1 deg")
    np.testing.assert_array_equal(usable(cut.geom, MASK), MASK.data[cut.slices])
    small = Map(cut.geom, MASK.data[cut.slices])
    whole = usable(GEOM, small)
    np.testing.assert_array_equal(whole[cut.slices], MASK.data[cut.slices])
    whole[cut.slices] = True
    assert whole.all()


def test_other_pixels_are_looked_up():
    other = WcsGeom.create(CENTER.galactic, "1.6 deg", "0.05 deg", proj="CAR")
    looked = usable(other, MASK)
    distance = other.separation(CENTER).to_value("deg")
    assert looked[distance > 0.58].all()
    assert not looked[distance < 0.42].any()


def test_an_axis_excludes_where_any_plane_does():
    cube = GEOM.with_axes(Axis.energy("1 TeV", "10 TeV", 2))
    data = np.stack([MASK.data, np.ones(GEOM.image_shape, bool)])
    np.testing.assert_array_equal(usable(GEOM, Map(cube, data)), MASK.data)


def test_positions():
    sky = SkyCoord([10, 10, 50], [20, 20.9, 20], unit="deg")
    np.testing.assert_array_equal(free(sky, MASK), [False, True, True])
