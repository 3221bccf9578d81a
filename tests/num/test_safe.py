import numpy as np

from skyfold.num.safe import divide


def test_empty_pixels_take_the_value_asked_for_without_a_warning():
    np.testing.assert_array_equal(divide([1.0, 0.0, 4.0], [0.0, 0.0, 2.0]), [np.nan, np.nan, 2.0])
    np.testing.assert_array_equal(divide([1.0, 4.0], [0.0, 2.0], empty=-1.0), [-1.0, 2.0])


def test_an_unknown_denominator_is_not_an_empty_one():
    assert np.isnan(divide(1.0, np.nan, empty=0.0))


def test_shapes_broadcast():
    assert divide(np.ones((3, 1)), np.ones(4)).shape == (3, 4)


def test_numbers_that_are_whole_divide_as_floats():
    assert divide(1, 2) == 0.5
