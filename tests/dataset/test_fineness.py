"""On which points shapes are folded, and from how many nodes."""

from dataclasses import replace

import numpy as np
import pytest

from skyfold.dataset.fineness import Fineness
from skyfold.dataset.window import Folding, place
from skyfold.model.source import Source
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.king import Beta, King
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.power_law import PowerLaw
from tests.fold.toys import PIXEL, cube

WIDTH = np.radians(PIXEL)


def fineness(shape, blurred=True, oversampling=3, old=None):
    return Fineness.of(shape, WIDTH, blurred, oversampling, old)


def test_a_point_has_three_points_per_pixel_if_something_blurs_it():
    point = Point(83, 22, frame="icrs")
    assert (fineness(point).step, fineness(point).nodes, fineness(point).point) == (3, 0, True)
    assert fineness(point, blurred=False).step == 1


@pytest.mark.parametrize("core", [0.01, 0.1, 0.25])
@pytest.mark.parametrize("extent", [10.0, 30.0, 300.0])
def test_nodes_are_near_enough_for_points_and_for_the_core(core, extent):
    how = fineness(King(83, 22, core=core * PIXEL, extent=extent, frame="icrs"))
    spacing = 2 * how.reach / how.nodes
    assert spacing <= 0.8 * core
    assert spacing * how.step <= 0.7
    assert not how.wide


@pytest.mark.parametrize(("core", "step"), [(0.7, 3), (1.9, 3), (2.1, 1)])
def test_too_wide_for_nodes_is_taken_at_points_that_resolve_the_core(core, step):
    how = fineness(Beta(83, 22, core=core * PIXEL, extent=1e4, frame="icrs"))
    assert (how.wide, how.nodes, how.step) == (True, 0, step)


def test_a_search_never_becomes_coarser():
    shape = Gaussian(83, 22, sigma=0.9 * PIXEL, frame="icrs")
    dataset, spectrum = cube(), PowerLaw(index=2.0, amplitude="1e-9 cm-2 s-1 TeV-1")
    old = place(dataset, Source(spectrum, shape), "toy", Folding()).how
    larger = replace(shape, sigma=np.float64(1.1 * PIXEL))
    assert (fineness(larger).step, fineness(larger, old=old).step) == (1, 3)
    assert fineness(larger, old=old).nodes >= old.nodes
