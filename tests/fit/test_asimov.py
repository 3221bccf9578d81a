"""Errors to expect."""

import numpy as np
import pytest

from skyfold.dataset.fake import asimov, fake
from skyfold.errors import FitError
from skyfold.fit.asimov import expected_errors
from skyfold.fit.fit import fit
from skyfold.fit.intervals import upper_limit
from skyfold.fit.parameters import Parameters
from skyfold.model.priors import GaussianPrior
from tests.fit.toys import cube, on_off, point_sky, spectrum, spectrum_sky

AMPLITUDE, INDEX = "source.spectrum.amplitude", "source.spectrum.index"


@pytest.mark.parametrize(
    ("dataset", "sky"),
    [(spectrum, spectrum_sky), (on_off, spectrum_sky), (cube, point_sky)],
    ids=["1d", "on-off", "3d"],
)
def test_they_are_those_of_a_fit_to_expected_counts(dataset, sky):
    sky, dataset = sky(), dataset()
    found = expected_errors(dataset, sky)
    there = fit(asimov(dataset, sky), sky).check()
    assert found.ok
    assert found.names == there.names
    assert np.sqrt(found.covariance.diagonal()) == pytest.approx(np.sqrt(there.covariance.diagonal()), rel=1e-3)
    assert found.correlation == pytest.approx(there.correlation, abs=1e-3)
    assert found.free == pytest.approx(there.free, rel=1e-3)


def test_the_counts_of_the_data_do_not_matter_but_priors_do():
    sky = spectrum_sky()
    plain = expected_errors(spectrum(), sky)
    assert expected_errors(fake(spectrum(), sky, 9), sky).covariance == pytest.approx(plain.covariance, rel=1e-12)
    table = Parameters.of(sky).set(INDEX, prior=GaussianPrior(2.0, 1e-3))
    assert expected_errors(spectrum(), sky, table).error(INDEX) == pytest.approx(1e-3, rel=0.01)


def test_an_expected_upper_limit_needs_no_data():
    sky = spectrum_sky()
    found = expected_errors(spectrum(), sky)
    limit = upper_limit(found, AMPLITUDE)
    assert limit.value - limit.best == pytest.approx(1.645 * found.error(AMPLITUDE), rel=0.1)


def test_nothing_free_has_no_errors():
    sky = spectrum_sky()
    with pytest.raises(FitError, match="all parameters are frozen"):
        expected_errors(spectrum(), sky, Parameters.of(sky).freeze("*"))
