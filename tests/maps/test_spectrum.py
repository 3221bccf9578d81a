import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import RegionError
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.maps.spectrum import spectrum

CENTER = SkyCoord(83.63, 22.01, unit="deg")
GEOM = WcsGeom.create(CENTER, pixel="0.1 deg", npix=(31, 31), axes=[Axis.energy("1 TeV", "16 TeV", 4)])
MAP = Map(GEOM, np.random.default_rng(7).poisson(3.0, GEOM.shape).astype(float), "s")
INSIDE = GEOM.separation(CENTER).to_value("deg") < 0.5


def test_pixels_of_a_region_are_summed_or_averaged():
    found = spectrum(MAP, "icrs;circle(83.63, 22.01, 0.5)")
    assert found.geom == RegionGeom.circle(CENTER, "0.5 deg", GEOM.axes)
    assert found.unit == MAP.unit
    np.testing.assert_allclose(found.data[:, 0, 0], MAP.data[:, INSIDE].sum(axis=1))
    mean = spectrum(MAP, found.geom, np.mean)
    np.testing.assert_allclose(mean.data[:, 0, 0], MAP.data[:, INSIDE].mean(axis=1))


def test_weights_hide_even_what_is_missing():
    data = MAP.data.copy()
    data[:, 15, 15] = np.nan
    found = spectrum(
        MAP.with_data(data), "icrs;circle(83.63, 22.01, 0.5)", weights=Map(GEOM.image, np.isfinite(data[0]))
    )
    np.testing.assert_allclose(found.data[:, 0, 0], np.nan_to_num(data)[:, INSIDE].sum(axis=1))


def test_a_point_is_the_pixel_it_falls_into():
    np.testing.assert_array_equal(spectrum(MAP, RegionGeom.point(CENTER)).data[:, 0, 0], MAP.data[:, 15, 15])


def test_a_region_outside_of_the_map_is_an_error():
    with pytest.raises(RegionError, match="holds no pixel of the map"):
        spectrum(MAP, "icrs;circle(120, 0, 1)")
