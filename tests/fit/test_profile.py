"""The statistic along one parameter."""

from dataclasses import replace

import numpy as np
import pytest

from skyfold.dataset.fake import fake
from skyfold.errors import FitError
from skyfold.fit.diagnosis import Problem
from skyfold.fit.fit import fit
from skyfold.fit.profile import profile
from tests.fit.toys import spectrum, spectrum_sky

INDEX = "source.spectrum.index"


@pytest.fixture(scope="module")
def result():
    sky = spectrum_sky()
    return fit(fake(spectrum(), sky, 3), sky).check()


def test_a_profile_is_a_fit_with_the_parameter_frozen(result):
    found = profile(result, INDEX, [2.0, 2.6])
    for value, delta, free in zip(found.values, found.delta, found.free, strict=True):
        table = result.parameters.set(INDEX, value=value).freeze(INDEX)
        there = fit(result.likelihood.datasets, result.sky, table).check()
        assert delta == pytest.approx(there.stat - result.stat, abs=1e-6)
        assert free[result.names.index(INDEX)] == value


def test_without_the_others_it_rises_faster(result):
    assert np.all(profile(result, INDEX, [2.0, 2.6], reoptimise=False).delta > profile(result, INDEX, [2.0, 2.6]).delta)


def test_it_reaches_three_errors_and_is_near_their_parabola(result):
    found = profile(result, INDEX)
    pulls = (found.values - result.parameters[INDEX].value) / result.error(INDEX)
    assert pulls[[0, -1]] == pytest.approx([-3, 3])
    assert found.delta == pytest.approx(pulls**2, rel=0.3, abs=0.01)
    assert INDEX in str(found)


def test_a_better_minimum_on_the_way_is_told_with_its_place(result):
    high = replace(result, stat=result.stat + 1)
    with pytest.raises(FitError, match=r"better minimum than the fit, 1 lower .* source.spectrum.index = 2\."):
        profile(high, INDEX, [result.parameters[INDEX].value])


def test_a_fit_that_failed_or_a_value_out_of_bounds_has_no_profile(result):
    failed = replace(result, problems=(Problem("search", (), "stopped at the limit"),))
    with pytest.raises(FitError, match="stopped at the limit"):
        profile(failed, INDEX)
    bounded = replace(result, parameters=result.parameters.set(INDEX, bounds=(1, 4)))
    with pytest.raises(FitError, match="= 5 is outside"):
        profile(bounded, INDEX, [2, 5])
