import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from skyfold.dataset.coarse import coarse_pixels, looked_up, served
from skyfold.geom.wcs import WcsGeom

CENTER = SkyCoord(120.0, 30.0, unit="deg")
FINE = WcsGeom.create(CENTER, npix=(15, 10), pixel="0.1 deg")
SAME = WcsGeom.create(CENTER, npix=(4, 4), pixel="0.3 deg")
GALACTIC = WcsGeom.create(CENTER, npix=(6, 6), pixel="0.3 deg", frame="galactic")
COARSES = pytest.mark.parametrize("coarse", [SAME, GALACTIC], ids=["same frame", "another frame"])


@COARSES
def test_pixels_are_found_through_the_sky(coarse):
    x, y = np.broadcast_arrays(*coarse_pixels(FINE, coarse))
    expected = coarse.to_pix(FINE.sky)
    np.testing.assert_allclose(x, expected[0], atol=1e-9)
    np.testing.assert_allclose(y, expected[1], atol=1e-9)


@COARSES
@given(st.integers(0, 2**32 - 1))
def test_a_coarse_pixel_serves_exactly_the_pixels_around_it(coarse, seed):
    safe = np.random.default_rng(seed).random((2, *FINE.image_shape)) > 0.97
    x, y = coarse_pixels(FINE, coarse)
    found = served(safe, FINE, coarse)
    for row, column in np.ndindex(*coarse.image_shape):
        # Up to the rounding of a centre that lies on a coarse centre.
        near = (np.abs(x - column) < 1 - 1e-5) & (np.abs(y - row) < 1 - 1e-5)
        maybe = (np.abs(x - column) < 1 + 1e-5) & (np.abs(y - row) < 1 + 1e-5)
        for plane in range(2):
            assert found[plane, row, column] >= safe[plane][near].any()
            assert found[plane, row, column] <= safe[plane][maybe].any()


@COARSES
@pytest.mark.parametrize("rows", [slice(0, 10), slice(4, 5)], ids=["all rows", "one row"])
def test_a_plane_is_interpolated_exactly(coarse, rows):
    fine = FINE.sliced(rows, slice(0, 15))
    x, y = coarse_pixels(fine, coarse)
    columns, lines = np.meshgrid(np.arange(coarse.image_shape[1]), np.arange(coarse.image_shape[0]))
    found = looked_up(np.stack([2.0 * columns - lines, 1.0 + lines]), fine, coarse)
    clipped_x, clipped_y = (np.clip(c, 0, n - 1) for c, n in zip((x, y), coarse.image_shape[::-1], strict=True))
    np.testing.assert_allclose(found[0], 2 * clipped_x - clipped_y, atol=1e-9)
    np.testing.assert_allclose(found[1], 1 + clipped_y + 0 * clipped_x, atol=1e-9)
