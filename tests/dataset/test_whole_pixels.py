"""Folding as Gammapy does; that its numbers are met on real data is tested in tests/real."""

import numpy as np
import pytest

from skyfold.dataset.whole_pixels import kernels, parts_of
from skyfold.geom.axis import Axis

RAD = Axis("rad", np.linspace(0, 0.66, 67), "deg")
PIXEL = (np.radians(0.02),) * 2


def gaussian(*sigmas: float) -> np.ndarray:
    sigma = np.radians(sigmas)[:, None]
    return np.exp(-((RAD.center_in("rad") / sigma) ** 2) / 2) / (2 * np.pi * sigma**2)


def test_each_kernel_sums_to_one_on_a_square_of_its_own():
    found = kernels(gaussian(0.08, 0.04, 0.02), RAD, PIXEL, 0.99)
    np.testing.assert_allclose(found.sum(axis=(1, 2)), 1.0)
    middle = found.shape[1] // 2
    # 99 % of a Gaussian lie within 3.035 σ.
    assert [np.count_nonzero(row[middle]) // 2 for row in found] == [12, 6, 3]


def test_a_psf_without_density_has_an_empty_kernel():
    found = kernels(np.concatenate([gaussian(0.04), np.zeros((1, 66))]), RAD, PIXEL, 0.999)
    assert found[0].sum() == pytest.approx(1.0)
    assert not found[1].any()


def test_a_wide_psf_is_sampled_in_the_middles_of_pixels():
    density = gaussian(0.2)
    (found,) = kernels(density, RAD, PIXEL, 0.9)
    middle = len(found) // 2
    expected = np.interp(np.radians(0.02), RAD.center_in("rad"), density[0]) / density[0, 0]
    inner = (3 * density[0, 0] - density[0, 1]) / 2 / density[0, 0]  # the straight line through the first two, at 0
    assert found[middle, middle + 1] / found[middle, middle] == pytest.approx(expected / inner)


@pytest.mark.parametrize(("grain", "parts"), [(0.03, 2), (0.06, 1), (0.0299, 3), (1e-9, 200)])
def test_small_shapes_are_averaged_over_more_parts_of_a_pixel(grain, parts):
    assert parts_of(np.radians(grain), PIXEL[0]) == parts
