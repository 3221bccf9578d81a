"""Draws from posteriors, against what is known of them."""

from dataclasses import replace

import numpy as np
import pytest

from skyfold.dataset.fake import asimov, fake
from skyfold.errors import FitError
from skyfold.fit.fit import fit
from skyfold.fit.parameters import Parameters
from skyfold.fit.sample import posterior
from skyfold.maps.map import Map
from skyfold.model.background import FovBackground
from skyfold.model.priors import GaussianPrior, UniformPrior
from skyfold.model.spectral.power_law import PowerLawNorm
from tests.fit.toys import image, spectrum, spectrum_sky

SKY = spectrum_sky()


@pytest.fixture(scope="module")
def result():
    return fit(asimov(spectrum(), SKY), SKY).check()


def test_with_many_counts_it_is_the_normal_distribution_of_the_fit(result):
    draws = posterior(result, 2000, 1).check()
    assert draws.names == ("source.spectrum.index", "source.spectrum.amplitude")
    assert draws.effective > 0.7 * draws.tried
    errors = np.sqrt(result.covariance.diagonal())
    np.testing.assert_allclose((draws.values.mean(axis=0) - result.free) / errors, 0, atol=0.15)
    np.testing.assert_allclose(np.cov(draws.values.T) / np.outer(errors, errors), result.correlation, atol=0.12)
    low, high = draws.interval("source.spectrum.index")
    assert (high - low) / 2 == pytest.approx(errors[0], rel=0.1)


def test_of_few_counts_it_is_the_exact_one():
    """Norm of a background with a flat prior: after n counts where b are expected a gamma distribution of n + 1."""
    data = image(background=1e-3)
    counts = np.zeros(data.geom.shape)
    counts[0, 3, 5], counts[0, 20, 20] = 2, 1
    expected = data.background.data.sum()
    data = replace(data, counts=Map(data.geom, counts))
    sky = {"bkg": FovBackground("image", PowerLawNorm(norm=1.0))}
    table = Parameters.of(sky).set("bkg.spectrum.norm", bounds=(0, 100))
    draws = posterior(fit(data, sky, table), 4000, 2, tried=8000).check()["bkg.spectrum.norm"] * expected
    assert draws.mean() == pytest.approx(4.0, abs=0.1)
    assert draws.var() == pytest.approx(4.0, abs=0.4)


def test_a_minimum_at_a_bound_has_a_posterior_too():
    """No count at all: the posterior falls like e^−μ from the bound on."""
    data = image(background=1e-3)
    sky = {"bkg": FovBackground("image", PowerLawNorm(norm=1.0))}
    table = Parameters.of(sky).set("bkg.spectrum.norm", bounds=(0.1, 100))
    found = fit(data, sky, table.set("bkg.spectrum.norm", prior=GaussianPrior(0.3, 2.0)))
    assert [problem.fault for problem in found.problems] == ["bound"]
    draws = posterior(found, 2000, 3, tried=8000)
    assert draws.values.min() >= 0.1
    x = np.linspace(0.1, 20, 4000)
    density = np.exp(-x * data.background.data.sum() - 0.5 * ((x - 0.3) / 2) ** 2)
    assert draws.values.mean() == pytest.approx(np.sum(x * density) / np.sum(density), rel=0.1)


def test_no_search_goes_where_a_prior_has_no_density(result):
    """A prior with an edge bounds the fit as bounds do."""
    table = Parameters.of(SKY).set("source.spectrum.index", value=2.5, prior=UniformPrior(2.4, 3.0))
    found = fit(result.likelihood.datasets, SKY, table)
    assert found.parameters["source.spectrum.index"].value == 2.4
    assert [problem.fault for problem in found.problems] == ["bound"]
    assert "source.spectrum.index = 2.4 is at its bound" in found.status


def test_the_same_seed_gives_the_same_draws(result):
    first, second = (posterior(result, 10, 5, tried=50).values for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_minimum_at_which_nothing_can_be_drawn_is_an_error(result):
    narrow = result.parameters.set("source.spectrum.index", bounds=(2.3 - 1e-9, 2.3 + 1e-9))
    with pytest.raises(FitError, match="none of 50 draws around the minimum is possible"):
        posterior(replace(result, parameters=narrow), 10, 1, tried=50)


def test_what_cannot_be_drawn_is_said(result):
    poor = replace(posterior(result, 10, 5, tried=50), effective=1.2)
    with pytest.raises(FitError, match=r"50 draws around the minimum are worth 1\.2"):
        poor.check()
    with pytest.raises(FitError, match="'gc' was not free; free were source.spectrum.index"):
        poor["gc"]
    sky = SKY | {"twin": SKY["source"]}
    with pytest.raises(FitError, match="no posterior around a fit with problems: .* cannot be told apart"):
        posterior(fit(fake(spectrum(), SKY, 1), sky), 10, 1)


def test_parameters_that_the_data_do_not_tell_apart_have_no_posterior_at_their_bounds_either():
    sky = SKY | {"twin": SKY["source"]}
    amplitude = float(SKY["source"].spectrum.amplitude)
    table = Parameters.of(sky).freeze("*.spectrum.index")
    table = table.set("*.spectrum.amplitude", bounds=(amplitude, 5 * amplitude))
    found = fit(asimov(spectrum(), SKY), sky, table)
    assert {problem.fault for problem in found.problems} == {"bound"}
    with pytest.raises(FitError, match="the data do not tell some parameters from others .* at its bound.*freeze one"):
        posterior(found, 10, 1)
