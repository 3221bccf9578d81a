import numpy as np
import pytest

from skyfold.simulate.picture import as_picture
from skyfold.simulate.spiral import spiral_galaxy


@pytest.mark.parametrize("shape", [(33, 50), (80, 40)])
def test_a_galaxy_is_a_picture_brightest_in_its_bulge(shape):
    colours = spiral_galaxy(*shape)
    assert colours.shape == (*shape, 3)
    assert colours.min() >= 0
    assert colours.max() <= 1
    centre = as_picture(colours).data[int(0.5 * shape[0]), int(0.48 * shape[1])]
    assert centre > 3 * colours.mean()


def test_it_is_the_same_each_time():
    np.testing.assert_array_equal(spiral_galaxy(20, 30), spiral_galaxy(20, 30))
