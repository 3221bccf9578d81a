"""The PSF at one position, on the points of a grid."""

import numpy as np
import pytest
from scipy.signal import convolve2d

from skyfold.dataset.at_source import quadrant_of
from skyfold.geom.axis import Axis
from skyfold.irf.fine_kernel import fine_quadrant
from skyfold.irf.kernel import mirrored

PIXEL = (np.radians(0.02), np.radians(0.02))


@pytest.mark.parametrize("step", [1, 3, 5])
def test_a_point_of_the_grid_holds_what_falls_into_a_pixel_around_it(step):
    rad = Axis.even("rad", 0, 0.5, 800, unit="deg")
    sigma = np.radians([[0.04], [0.06]])
    density = np.exp(-(rad.center_in("rad") ** 2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)
    found = mirrored(quadrant_of((density, rad, False), PIXEL, step, 0.999))
    fine = mirrored(fine_quadrant(density, rad, (PIXEL[0] / step, PIXEL[1] / step)))
    expected = [convolve2d(plane, np.ones((step, step))) for plane in fine]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-17)
    np.testing.assert_allclose(found.sum(axis=(1, 2)), step**2, rtol=1e-12)


def test_without_a_psf_a_point_fills_a_pixel():
    np.testing.assert_array_equal(mirrored(quadrant_of(None, PIXEL, 3, 0.999)), np.ones((1, 3, 3)))
