import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import DataError, ShapeError
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.simulate.picture import as_picture, grey, like

CENTER = SkyCoord(83.63, 22.01, unit="deg")


def test_an_array_lies_where_it_is_told():
    picture = as_picture(np.ones((4, 6)), center=CENTER, pixel="0.1 deg")
    assert picture.geom == WcsGeom.create(CENTER, pixel="0.1 deg", npix=(6, 4))
    assert picture.geom.center.separation(CENTER) < 1e-9 * u.deg


def test_a_map_keeps_its_pixels_and_loses_an_axis_of_one_bin():
    geom = WcsGeom.create(CENTER, npix=(3, 2), axes=[Axis.energy("1 TeV", "10 TeV", 1)])
    picture = as_picture(Map.filled(geom, 2, "s-1"))
    assert picture.geom == geom.image
    assert picture.data.dtype == float


def test_colours_are_averaged_and_what_is_transparent_is_dark():
    colours = np.zeros((1, 2, 4))
    colours[0, 0] = 0.2, 0.4, 0.9, 1.0
    colours[0, 1] = 1.0, 1.0, 1.0, 0.0
    np.testing.assert_allclose(grey(colours), [[0.5, 0.0]])
    np.testing.assert_allclose(grey(colours[..., :3]), [[0.5, 1.0]])


@pytest.mark.parametrize("shape", [(3,), (2, 3, 5), (0, 4), (2, 2, 2, 3)])
def test_what_is_no_image_is_refused(shape):
    with pytest.raises(ShapeError, match=r"picture: shape .*wanted \(ny, nx\)"):
        as_picture(np.ones(shape))


def test_a_cube_is_refused():
    geom = WcsGeom.create(CENTER, npix=2, axes=[Axis.energy("1 TeV", "10 TeV", 3)])
    with pytest.raises(ShapeError, match="sum it over its axes first"):
        as_picture(Map.filled(geom, 1.0))


@pytest.mark.parametrize(("value", "what"), [(np.nan, "not finite"), (np.inf, "not finite"), (-1.0, "negative")])
def test_bad_pixels_are_counted_and_the_first_is_named(value, what):
    pixels = np.ones((3, 4))
    pixels[1, 2] = pixels[2, 0] = value
    with pytest.raises(DataError, match=f"picture: 2 of 12 pixels are {what}, the first at x = 2, y = 1"):
        as_picture(pixels)


def test_a_dark_picture_is_refused():
    with pytest.raises(DataError, match="all pixels are 0.*wanted a positive total"):
        as_picture(np.zeros((3, 4)))


def test_a_companion_of_another_shape_is_refused():
    geom = WcsGeom.create(CENTER, npix=(3, 2))
    with pytest.raises(ShapeError, match=r"exposure: shape \(3, 2\) \(ny, nx\), the picture has \(2, 3\)"):
        like(np.ones((3, 2)), geom, "exposure")
    with pytest.raises(ShapeError, match="sky: a map of other pixels"):
        like(Map.filled(WcsGeom.create(CENTER, npix=(3, 2), pixel="1 deg"), 1.0), geom, "sky")
    with pytest.raises(DataError, match="sky: 1 of 1 pixels are negative"):
        like(-1, geom, "sky")
    assert like(Map.filled(geom, 1.0), geom, "sky").shape == (2, 3)
