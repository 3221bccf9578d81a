"""Errors to either side and upper limits."""

import numpy as np
import pytest

from skyfold.dataset.fake import asimov, fake
from skyfold.errors import ConfigError, FitError, ModelError
from skyfold.fit.fit import fit
from skyfold.fit.intervals import minos, upper_limit
from skyfold.fit.parameters import Parameters
from skyfold.fit.profile import profile
from skyfold.model.source import Source
from skyfold.model.spectral.power_law import PowerLaw
from tests.fit.toys import image, point_sky, spectrum, spectrum_sky

AMPLITUDE, INDEX = "source.spectrum.amplitude", "source.spectrum.index"


@pytest.fixture(scope="module")
def linear():
    """A straight line: χ² with the counts linear in the only free parameter."""
    sky = spectrum_sky()
    data = asimov(spectrum(), sky)
    return fit(data, sky, Parameters.of(sky).freeze(INDEX), stat="chi2").check()


@pytest.fixture(scope="module")
def curved():
    sky = spectrum_sky()
    return fit(fake(spectrum(), sky, 3), sky).check()


@pytest.mark.parametrize("sigma", [0.5, 1.0, 3.0])
def test_errors_of_a_linear_problem_are_those_of_the_hessian(linear, sigma):
    found = minos(linear, AMPLITUDE, sigma)
    assert [found.below, found.above] == pytest.approx([sigma * linear.error(AMPLITUDE)] * 2, rel=1e-6)
    assert found.ok
    assert found.level == pytest.approx({0.5: 0.38292, 1.0: 0.68269, 3.0: 0.9973}[sigma], abs=1e-5)


def test_an_upper_limit_of_a_linear_problem_is_1_645_errors_above(linear):
    found = upper_limit(linear, AMPLITUDE)
    assert found.value == pytest.approx(found.best + 1.6448536 * linear.error(AMPLITUDE), rel=1e-6)
    assert found.delta == pytest.approx(2.7055, abs=1e-4)
    assert (found.level, found.sided, found.method) == (0.95, "one-sided", "profile likelihood")


@pytest.mark.parametrize("name", [AMPLITUDE, INDEX])
def test_errors_are_those_of_minuit(curved, name):
    from iminuit import Minuit

    size = np.sqrt(curved.covariance.diagonal())
    there = Minuit(lambda z: curved.likelihood(curved.free + size * z), np.zeros(2))
    there.errordef = 1.0
    there.migrad()
    there.minos()
    i = curved.names.index(name)
    found = minos(curved, name)
    assert found.below == pytest.approx(-(there.merrors[i].lower + there.values[i]) * size[i], rel=0.01)
    assert found.above == pytest.approx((there.merrors[i].upper + there.values[i]) * size[i], rel=0.01)
    assert found.below + found.above == pytest.approx(2 * curved.error(name), rel=0.05)


def test_the_profile_is_at_sigma_squared_where_the_errors_end(curved):
    found = minos(curved, INDEX, 2.0)
    there = profile(curved, INDEX, [found.value - found.below, found.value, found.value + found.above])
    assert there.delta == pytest.approx([4, 0, 4], abs=1e-4)


def test_windows_follow_a_position_along_its_profile():
    sky = point_sky("image")
    table = Parameters.of(sky).freeze(INDEX)
    result = fit(fake(image(), sky, 2), sky, table).check()
    found = minos(result, "source.shape.lon_0")
    assert found.ok
    assert [found.below, found.above] == pytest.approx([result.error("source.shape.lon_0")] * 2, rel=0.1)


def test_a_bound_in_the_way_leaves_the_interval_open_and_is_named():
    sky = spectrum_sky()
    data = fake(spectrum(), sky, 3)
    best = fit(data, sky)
    value, error = best.parameters[INDEX].value, best.error(INDEX)
    table = Parameters.of(sky).set(INDEX, value=value, bounds=(value - 0.3 * error, 5))
    found = minos(fit(data, sky, table).check(), INDEX)
    assert np.isnan(found.below)
    assert found.above == pytest.approx(error, rel=0.1)
    assert not found.ok
    assert "rises by 0.0" in found.problems[0]
    assert "open below" in str(found)


def test_a_source_that_is_not_there_has_a_limit_above_its_bound():
    nothing = {"source": Source(PowerLaw(amplitude=0.0))}
    data = fake(spectrum(), nothing, 5)  # fewer counts than the background
    sky = spectrum_sky()
    table = Parameters.of(sky).freeze(INDEX).set(AMPLITUDE, bounds=(0, 1e-9))
    result = fit(data, sky, table)
    found = upper_limit(result, AMPLITUDE)
    assert 0 < found.value < 5e-12
    assert result.likelihood(np.array([found.value])) - result.stat == pytest.approx(found.delta, abs=1e-3)


def test_what_cannot_be_done_is_refused(curved):
    with pytest.raises(ConfigError, match=r"confidence level 0\.4"):
        upper_limit(curved, INDEX, 0.4)
    with pytest.raises(FitError, match="above 0"):
        minos(curved, INDEX, -1)
    with pytest.raises(ModelError, match="was not free"):
        minos(curved, "source.spectrum.reference")
