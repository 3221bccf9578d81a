"""Windows that follow a search."""

import gc
import weakref

import numpy as np
import pytest

from skyfold.dataset.fake import fake
from skyfold.fit.fit import fit
from skyfold.fit.minimum import Minimum, Status, settled
from skyfold.fit.minuit import Migrad
from skyfold.fit.newton import Newton
from skyfold.fit.parameters import Parameters
from skyfold.fit.plan import CENTRED
from skyfold.fit.scipy_minimiser import Scipy
from tests.fit.toys import PIXEL, cube, point_sky

BOUNDS = np.array([[-10.0, 10.0]])


class Windowed:
    """Something with windows around `at`, or without any; it keeps watch over all of its kind."""

    alive: list[weakref.ref] = []

    def __init__(self, at):
        self.at = at
        Windowed.alive.append(weakref.ref(self))

    def kept(self, free):
        return f"what is left of {self.at} at {free[0]:g}"

    @property
    def bare(self):
        return Windowed(None)

    def around(self, free, kept):
        assert self.at is None
        gc.collect()
        assert [one().at for one in Windowed.alive if one() is not None] == [None]
        Windowed.alive.append(weakref.ref(made := Windowed(free[0])))
        made.from_what = kept
        return made


def stepping(to, n):
    """A minimiser that goes up by one and leaves its windows, until it is there."""

    def search(fn, start, bounds, linear=None):
        assert fn.at == start[0]
        there = np.minimum(start + 1, to)
        status = Status.MOVED if there[0] > start[0] else Status.CONVERGED
        return Minimum(there, -there[0], status, n, fn)

    return search


def test_windows_follow_and_the_old_ones_go_before_others_are_made():
    Windowed.alive.clear()
    end = settled(stepping(3.0, n=5), Windowed(0.0), np.zeros(1), BOUNDS)
    assert (end.status, end.free[0], end.n_evaluations) == (Status.CONVERGED, 3.0, 20)
    assert (end.fn.at, end.fn.from_what) == (3.0, "what is left of 2.0 at 3")


def test_a_search_that_never_stays_says_so():
    Windowed.alive.clear()
    end = settled(stepping(1e9, n=1), Windowed(0.0), np.zeros(1), BOUNDS)
    assert end.status is Status.MOVED
    assert end.n_evaluations == end.free[0] == 9


@pytest.mark.parametrize("minimiser", [Newton(), Migrad(), Scipy()], ids=lambda one: type(one).__name__)
def test_every_fit_ends_in_the_middle_of_its_windows(minimiser):
    sky = point_sky()
    start = Parameters.of(sky)
    for name in ("source.shape.lon_0", "source.shape.lat_0"):
        start = start.set(name, value=start[name].value + 1.5 * PIXEL)
    found = fit(fake(cube(), sky, 1), sky, start, minimiser=minimiser).check()
    assert found.likelihood.expand(found.free).drift <= CENTRED
    assert found.stat == pytest.approx(fit(fake(cube(), sky, 1), sky).stat, abs=1e-4)
