"""What a dataset says of its bins."""

from dataclasses import replace

import numpy as np
import pytest

from skyfold.maps.map import Map
from skyfold.maps.mask import energy_mask
from tests.fold.toys import cube

PLACES = {"all": ..., "an energy": 1, "pixels": (..., np.array([[3], [4]]), np.array([[5, 6, 7]]))}


def masks(dataset):
    """Pairs of masks: none, one, both; of truth values, of numbers, and one that repeats itself in memory."""
    random = np.random.default_rng(1).random(dataset.geom.shape) > 0.4
    some, numbers = Map(dataset.geom, random), Map(dataset.geom, 2 * random.astype(int))
    high = energy_mask(dataset.geom, dataset.energy.edges[1], None)
    return [(None, None), (some, None), (None, high), (some, high), (numbers, some)]


@pytest.mark.parametrize("where", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("which", range(5))
def test_bins_that_are_used_are_safe_and_wanted(where, which):
    safe, fit = masks(cube())[which]
    dataset = replace(cube(), mask_safe=safe, mask_fit=fit)
    expected = np.ones(dataset.geom.shape, dtype=bool)
    for mask in (safe, fit):
        if mask is not None:
            expected = expected & (mask.data != 0)
    found = dataset.used_at(where)
    assert found.dtype == bool
    np.testing.assert_array_equal(found, expected[where])
    np.testing.assert_array_equal(dataset.used, expected)
