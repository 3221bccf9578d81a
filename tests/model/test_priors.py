"""Priors against scipy's densities and Gammapy 2.1, and penalties."""

import inspect

import jax
import numpy as np
import pytest
from scipy import stats

from skyfold.errors import ModelError, UnitError
from skyfold.model import priors
from skyfold.model.priors import (
    GaussianPrior,
    GeneralizedGaussianPrior,
    LinearPenalty,
    LogNormalPrior,
    LogUniformPrior,
    UniformPrior,
)

VALUES = np.array([0.3, 1.0, 1.7, 2.6])

PRIORS = {
    "normal": (GaussianPrior(1.2, 0.4), stats.norm(1.2, 0.4)),
    "flat top": (GeneralizedGaussianPrior(1.2, 0.4, eta=0.3), stats.gennorm(1 / 0.3, 1.2, 0.4 * np.sqrt(2))),
    "peaked": (GeneralizedGaussianPrior(1.2, 0.4, eta=1.0), stats.gennorm(1, 1.2, 0.4 * np.sqrt(2))),
    "log-normal": (LogNormalPrior(0.2, 0.5), stats.lognorm(0.5, scale=np.exp(0.2))),
    "uniform": (UniformPrior(0.2, 2), stats.uniform(0.2, 1.8)),
    "log-uniform": (LogUniformPrior(0.1, 5), stats.loguniform(0.1, 5)),
}

# Gammapy 2.1: prior(Parameter("x", value)) at VALUES.
GAMMAPY = {
    "normal": [5.067795602661033, 0.25529560266103535, 1.5677956026610353, 12.255295602661034],
    "flat top": [9.433264226275885, 0.0930104589158054, 1.3559096857687862, 41.03897268959888],
    "peaked": [3.4288405932709893, 0.9539668591180734, 2.0146270308978944, 5.196607546237358],
    "uniform": [1.1755733298042381, 1.1755733298042381, 1.1755733298042381, np.inf],
    "log-uniform": [0.3201636571250188, 2.728109265776891, 3.7893657679012316, 4.6391321558317635],
}


@pytest.mark.parametrize("name", GAMMAPY)
def test_priors_are_those_of_gammapy(name):
    np.testing.assert_allclose(PRIORS[name][0](VALUES), GAMMAPY[name], rtol=1e-12)


@pytest.mark.parametrize("name", PRIORS)
def test_priors_are_minus_two_ln_of_a_density(name):
    prior, density = PRIORS[name]
    np.testing.assert_allclose(prior(VALUES), -2 * density.logpdf(VALUES), rtol=1e-10)
    np.testing.assert_allclose(prior.support, density.support())


@pytest.mark.parametrize("name", PRIORS)
def test_quantiles_and_samples_follow_the_density(name):
    prior, density = PRIORS[name]
    u = np.linspace(0.01, 0.99, 9)
    np.testing.assert_allclose(prior.ppf(u), density.ppf(u), rtol=1e-9)
    assert stats.kstest(prior.sample(np.random.default_rng(1), 500), density.cdf).pvalue > 0.01


def test_every_prior_has_an_example():
    classes = {cls for _, cls in inspect.getmembers(priors, inspect.isclass) if issubclass(cls, priors.Prior)}
    assert classes - {priors.Prior} == {type(prior) for prior, _ in PRIORS.values()}


def test_slopes_of_a_penalty_are_central_differences():
    penalty, values = LinearPenalty.smoothness(["a", "b", "c"], sigma=0.5, mean=1.0), np.array([1.2, 0.3, 2.0])
    steps = 1e-4 * np.eye(3)
    differences = [(penalty(values + step) - penalty(values - step)) / 2e-4 for step in steps]
    np.testing.assert_allclose(jax.grad(penalty)(values), differences, rtol=1e-9)


@pytest.mark.parametrize("name", PRIORS)
def test_slopes_are_central_differences_inside_and_never_nan(name):
    prior, _ = PRIORS[name]
    slope = jax.jit(jax.vmap(jax.grad(prior)))
    differences = (prior(VALUES[:3] + 1e-6) - prior(VALUES[:3] - 1e-6)) / 2e-6
    np.testing.assert_allclose(slope(VALUES[:3]), differences, rtol=1e-6, atol=1e-7)
    assert np.isfinite(slope(np.array([-3.0, 0.0, 1.2, 50.0]))).all()


@pytest.mark.parametrize(("eta", "curvature"), [(0.3, 0.0), (0.5, 2 / 0.4**2)])
def test_the_curvature_at_the_mean_is_finite(eta, curvature):
    prior = GeneralizedGaussianPrior(1.2, 0.4, eta)
    assert jax.grad(jax.grad(prior))(1.2) == pytest.approx(curvature, abs=1e-6)


def test_outside_its_support_a_prior_is_infinite():
    assert np.isinf(LogNormalPrior()(np.array([-1.0, 0.0]))).all()
    assert np.isinf(LogUniformPrior()(np.array([-1.0, 0.0, 1.0]))).all()
    assert np.isinf(UniformPrior()(np.array([-0.1, 1.1]))).all()


def test_a_weight_multiplies_what_is_added():
    assert GaussianPrior(1.2, 0.4, weight=2)(1.7) == pytest.approx(3.1355912053220707)  # Gammapy 2.1, prior_stat_sum


def test_a_penalty_is_a_quadratic_form_around_its_mean():
    names = ["s.norms.0", "s.norms.1", "s.norms.2"]
    values = np.array([1.0, 3.0, 2.0])
    assert LinearPenalty.from_diagonal(names, [1, 2, 0.5], mean=1)(values) == pytest.approx(0 + 1 + 4)
    steps = np.diff([0, 1, 3, 2, 0])
    assert LinearPenalty.smoothness(names, sigma=2)(values) == pytest.approx(np.sum(steps**2) / 4)
    assert LinearPenalty.smoothness(names, sigma=2).names == tuple(names)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: GaussianPrior(sigma=0), ModelError, r"GaussianPrior\.sigma = 0; wanted a number above zero"),
        (lambda: GaussianPrior(sigma=-1), ModelError, r"GaussianPrior\.sigma = -1"),
        (lambda: GaussianPrior(mu="2 TeV"), UnitError, r"GaussianPrior\.mu"),
        (lambda: UniformPrior(2, 1), ModelError, "UniformPrior: min = 2 is not below max = 1"),
        (lambda: LogUniformPrior(0, 1), ModelError, r"LogUniformPrior\.min = 0"),
        (lambda: LinearPenalty(["a", "a"], np.eye(2)), ModelError, "a occurs more than once"),
        (lambda: LinearPenalty(["a"], np.eye(2)), ModelError, r"shape \(2, 2\) for 1 parameters"),
        (lambda: LinearPenalty(["a", "b"], [[1, 1], [0, 1]]), ModelError, "not symmetric"),
        (lambda: LinearPenalty(["a", "b"], [[1, 2], [2, 1]]), ModelError, "eigenvalue -1"),
    ],
)
def test_bad_input_is_an_error_that_names_the_prior(make, error, message):
    with pytest.raises(error, match=message):
        make()
