from dataclasses import replace

import numpy as np
import pytest

from skyfold.errors import ReductionError
from skyfold.maps.map import Map
from skyfold.reduce.field import FovScale
from tests.reduce.test_ring import CENTER, GEOM, make


def test_norm_and_error():
    data = make()
    scaled = FovScale()(data)
    n, b = data.counts.data.sum(), data.background.data.sum()
    assert scaled.meta["fov_norm"] == pytest.approx(n / b)
    assert scaled.meta["fov_norm_err"] == pytest.approx(np.sqrt(n) / b)
    assert scaled.background.data.sum() == pytest.approx(n)


def test_only_free_and_safe_pixels_count():
    free = Map(GEOM.image, GEOM.separation(CENTER).to_value("deg") > 0.5)
    counts = np.ones(GEOM.shape) + 50 * ~free.data
    safe = np.ones(GEOM.shape, bool)
    safe[:, :10] = False
    counts[:, :10] = 1000
    scaled = FovScale(free)(make(counts, np.full(GEOM.shape, 2.0), safe))
    assert scaled.meta["fov_norm"] == pytest.approx(0.5)


def test_too_little_is_an_error():
    nothing = Map(GEOM.image, np.zeros(GEOM.image_shape, bool))
    with pytest.raises(ReductionError, match="too few to scale"):
        FovScale(nothing)(make())
    with pytest.raises(ReductionError, match="background response"):
        FovScale()(replace(make(), background=None))
