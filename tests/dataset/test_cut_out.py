"""Pixels of windows, in and beyond the map they are cut from."""

import jax.numpy as jnp
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.dataset.cut_out import inside, interpolated, local_at, taken, wrapped
from skyfold.fold.plane import pixel_of
from skyfold.geom.wcs import WcsGeom


def test_beyond_the_border_is_what_is_at_it():
    data = np.arange(12).reshape(1, 3, 4)
    found = taken(data, np.arange(-1, 4), np.arange(2, 6))
    np.testing.assert_array_equal(found[0], np.array([2, 2, 6, 10, 10])[:, None] + np.array([0, 1, 1, 1]))
    assert found.dtype == float
    np.testing.assert_array_equal(
        inside(np.arange(-1, 4), np.arange(2, 6), (3, 4)),
        np.outer([False, True, True, True, False], [True, True, False, False]),
    )


def test_a_plane_is_interpolated_as_it_is_and_ends_at_the_border():
    y, x = np.indices((4, 5))
    rows, columns = np.array([-0.5, 0.25, 2.5]), np.array([1.75, 4.0, 9.0])
    expected = 2 * np.clip(rows, 0, 3)[:, None] - np.clip(columns, 0, 4)
    np.testing.assert_allclose(interpolated(2.0 * y - x, rows, columns), expected, atol=1e-14)


def test_a_wrapped_kernel_leaves_an_image_where_it_is():
    image = np.random.default_rng(0).random((8, 8))
    one = np.zeros((1, 3, 3))
    one[0, 1, 1] = 1
    moved = np.fft.irfft2(np.fft.rfft2(wrapped(one, 8)) * np.fft.rfft2(image), s=(8, 8))
    np.testing.assert_allclose(moved[0], image, atol=1e-14)


@pytest.mark.parametrize("proj", ["CAR", "TAN", "AIT"])
def test_polynomials_stand_for_the_projection(proj):
    geom = WcsGeom.create(SkyCoord(10, 40, unit="deg", frame="galactic"), npix=200, pixel=0.05, proj=proj)
    at = geom.from_pix(120.3, 80.8).transform_to("icrs")
    local = local_at(geom, at, (24.3, 23.8), 48)
    for x, y in ((120.3, 80.8), (100.0, 100.0), (142.1, 59.0)):
        sky = geom.from_pix(x, y).transform_to("icrs").spherical
        found = pixel_of(local, jnp.asarray(sky.lon.rad), jnp.asarray(sky.lat.rad))
        np.testing.assert_allclose(found, [x - 96, y - 57], atol=1e-5)
