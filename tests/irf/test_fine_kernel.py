"""A quadrant of a PSF on pixels much smaller than it is."""

import numpy as np
import pytest

from skyfold.geom.axis import Axis
from skyfold.irf.fine_kernel import fine_quadrant
from skyfold.irf.kernel import mirrored, table_kernel

PIXEL = (np.radians(0.01), np.radians(0.008))


def gaussians(*sigmas):
    """Densities of Gaussians [pixels wide], and their radii."""
    rad = Axis.even("rad", 0, 0.3, 600, unit="deg")
    sigma = np.array(sigmas)[:, None] * PIXEL[0]
    r = rad.center_in("rad")
    return np.exp(-(r**2) / (2 * sigma**2)) / (2 * np.pi * sigma**2), rad


def test_the_whole_of_it_is_the_exact_kernel():
    density, rad = gaussians(2.0, 5.0)
    whole, exact = mirrored(fine_quadrant(density, rad, PIXEL)), table_kernel(density, rad, PIXEL).values
    np.testing.assert_allclose(whole.sum(axis=(1, 2)), 1.0, rtol=1e-12)
    np.testing.assert_allclose(whole, exact, atol=1e-3 * exact.max())
    np.testing.assert_array_equal(whole, whole[:, ::-1, ::-1])


def test_a_core_as_small_as_pixels_is_left_to_the_exact_kernel():
    density, rad = gaussians(0.5, 3.0)
    np.testing.assert_array_equal(
        mirrored(fine_quadrant(density, rad, PIXEL)), table_kernel(density, rad, PIXEL).values
    )


def test_an_energy_without_a_shape_has_none():
    density, rad = gaussians(2.0, 3.0)
    quadrant = fine_quadrant(density * np.array([[0.0], [1.0]]), rad, PIXEL)
    assert not quadrant[0].any()
    assert mirrored(quadrant)[1].sum() == pytest.approx(1.0, rel=1e-12)
