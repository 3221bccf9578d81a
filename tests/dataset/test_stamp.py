"""Stamps of datasets and the coordinates of their pixels."""

import numpy as np
import pytest

from skyfold.dataset.stamp import ramps, stamp
from skyfold.errors import ShapeError
from tests.fit.toys import image


def test_a_stamp_has_the_pixel_of_its_position_in_the_middle():
    whole = image()
    part = stamp(whole, whole.geom.from_pix(12.3, 7.6), 5)
    assert part.geom.image_shape == (5, 5)
    x, y = ramps(part.geom, of=whole.geom)
    np.testing.assert_allclose(x[0], [10, 11, 12, 13, 14], atol=1e-6)
    np.testing.assert_allclose(y[:, 0], [6, 7, 8, 9, 10], atol=1e-6)
    assert part.exposure.geom.image_shape == (5, 5)


def test_ramps_rise_to_the_right_and_upwards_and_count_from_where_told():
    geom = image().geom
    x, y = ramps(geom, first=1)
    assert x.shape == y.shape == geom.image_shape
    assert (x[0, 0], x[0, -1], x[-1, 0]) == (1, 40, 1)
    assert (y[0, 0], y[-1, 0], y[0, -1]) == (1, 40, 1)


def test_a_stamp_beyond_the_dataset_is_an_error():
    whole = image()
    with pytest.raises(ShapeError, match=r"a stamp of 9 × 9 pixels around pixel \(2, 20\) of dataset 'image'"):
        stamp(whole, whole.geom.from_pix(2, 20), 9)
    with pytest.raises(ShapeError, match=r"a stamp of 0 × 3 pixels"):
        stamp(whole, whole.geom.from_pix(20, 20), (0, 3))
