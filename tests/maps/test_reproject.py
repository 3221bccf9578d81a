import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.maps.reproject import reproject

CENTER = SkyCoord(83.63, 22.01, unit="deg")
ENERGY = Axis.energy("1 TeV", "16 TeV", 2)
GEOM = WcsGeom.create(CENTER, "2 deg", "0.05 deg", axes=[ENERGY])
SMOOTH = np.exp(-0.5 * (GEOM.separation(CENTER).to_value("deg") / 0.3) ** 2) * np.array([1.0, 3.0])[:, None, None]


@pytest.mark.parametrize("pixel", ["0.02 deg", "0.05 deg", "0.13 deg"])
def test_counts_are_conserved_on_any_pixels_that_hold_them(pixel):
    counts = Map(GEOM, np.random.default_rng(6).poisson(SMOOTH * 5).astype(float))
    wide = WcsGeom.create(CENTER, "3.1 deg", pixel, frame="galactic", proj="CAR")
    found = reproject(counts, wide, "counts")
    assert found.geom.axes == GEOM.axes
    np.testing.assert_allclose(found.data.sum(axis=(1, 2)), counts.data.sum(axis=(1, 2)), rtol=1e-12)
    mean = (found.data * wide.sky.galactic.cartesian.xyz.value[:, None]).sum(axis=(2, 3))
    truth = (counts.data * GEOM.sky.galactic.cartesian.xyz.value[:, None]).sum(axis=(2, 3))
    np.testing.assert_allclose(mean / counts.data.sum(), truth / counts.data.sum(), atol=5e-5)


def test_values_are_interpolated_and_missing_outside():
    exposure = Map(GEOM, 1 + SMOOTH, "m2 s")
    other = WcsGeom.create(CENTER, "3 deg", "0.04 deg", frame="galactic")
    found = reproject(exposure, other)
    distance = other.separation(CENTER).to_value("deg")
    truth = 1 + np.exp(-0.5 * (distance / 0.3) ** 2)
    inside = distance < 0.9
    np.testing.assert_allclose(found.data[0][inside], truth[inside], rtol=5e-3)
    assert np.isnan(found.data[0, 0, 0])
    assert found.unit == exposure.unit


def test_masks_stay_masks():
    mask = Map(GEOM, np.broadcast_to(GEOM.separation(CENTER).to_value("deg") < 0.5, GEOM.shape))
    found = reproject(mask, WcsGeom.create(CENTER, "3 deg", "0.05 deg", frame="galactic"))
    assert found.data.dtype == bool
    assert found.data.sum() == pytest.approx(mask.data.sum(), rel=0.02)


def test_on_its_own_pixels_nothing_changes():
    map_ = Map(GEOM, SMOOTH)
    np.testing.assert_allclose(reproject(map_, GEOM).data, SMOOTH, atol=1e-9)
    np.testing.assert_allclose(reproject(map_, GEOM, "counts").data, SMOOTH, atol=1e-12)
