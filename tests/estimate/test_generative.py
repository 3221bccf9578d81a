"""Models read as recipes for data: draws from priors, mock data, calibration."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from skyfold.errors import FitError, ModelError
from skyfold.estimate.calibration import Calibration, calibrate
from skyfold.estimate.generative import Generative
from skyfold.fit.parameters import Parameters
from skyfold.fit.sample import posterior
from skyfold.model.priors import GaussianPrior, LogUniformPrior, UniformPrior
from tests.fit.toys import spectrum, spectrum_sky

SKY = spectrum_sky()
INDEX, AMPLITUDE = "source.spectrum.index", "source.spectrum.amplitude"
TABLE = Parameters.of(SKY).set(INDEX, prior=GaussianPrior(2.3, 0.3), bounds=(1, 4))
TABLE = TABLE.set(AMPLITUDE, prior=LogUniformPrior(2e-11, 1e-10))


@pytest.fixture(scope="module")
def model():
    return Generative.of(spectrum(), SKY, TABLE)


def test_parameters_are_drawn_from_their_priors(model):
    rng = np.random.default_rng(1)
    drawn = np.array([[row.value for row in model.draw_prior(rng).free] for _ in range(2000)])
    assert drawn[:, 0].mean() == pytest.approx(2.3, abs=0.03)
    assert drawn[:, 0].std() == pytest.approx(0.3, abs=0.02)
    assert np.log(drawn[:, 1]).mean() == pytest.approx(np.log(np.sqrt(2e-21)), abs=0.05)
    assert drawn[:, 1].min() >= 2e-11
    assert drawn[:, 1].max() <= 1e-10


def test_bounds_on_both_sides_are_a_uniform_prior_and_cut_others_off():
    table = TABLE.set(AMPLITUDE, bounds=(4e-11, 6e-11)).set(INDEX, bounds=(2.3, 4))
    drawn = [Generative.of(spectrum(), SKY, table).draw_prior(seed) for seed in range(200)]
    assert min(d[INDEX].value for d in drawn) >= 2.3
    amplitudes = np.array([d[AMPLITUDE].value for d in drawn])
    assert amplitudes.min() >= 4e-11
    assert amplitudes.max() <= 6e-11


def test_data_follow_the_parameters_they_were_drawn_for(model):
    bright, faint = (
        np.mean([model.simulate(seed, TABLE.set(AMPLITUDE, value=a))[0].counts.data.sum() for seed in range(50)])
        for a in (8e-11, 2e-11)
    )
    assert bright / faint == pytest.approx(4, rel=0.2)


def test_predictions_are_as_wide_as_what_is_known(model):
    before = np.array([d.datasets[0].counts.data.sum() for d in model.prior_predictive(100, 2)])
    result = model.fit(model.simulate(3))
    draws = posterior(result, 200, 4)
    after = np.array([d.datasets[0].counts.data.sum() for d in model.posterior_predictive(draws, 100, 5)])
    assert before.std() > 3 * after.std()
    counts = result.likelihood.datasets[0].counts.data.sum()
    assert after.mean() == pytest.approx(counts, abs=4 * np.sqrt(2 * counts / 100))
    assert 1.0 < after.std() / np.sqrt(counts) < 2.0  # √2: of what is known, and of what is counted


def test_the_joint_density_has_every_factor(model):
    text = model.joint_density()
    assert text.splitlines()[0] == f"p({INDEX}, {AMPLITUDE}, N) ="
    assert f"{INDEX} ~ Gaussian(2.3, 0.3) in [1, 4]" in text
    assert f"{AMPLITUDE} ~ LogUniform(2e-11, 1e-10) TeV-1 s-1 cm-2" in text
    assert "∏_k Poisson(N_k | μ_k), k over 12 bins of spectrum" in text
    assert "source.spectrum.reference = 1 TeV" in text


def test_ranks_of_the_truth_are_uniform_whatever_the_executor(model):
    found = calibrate(model, 60, 6, draws=19, tried=200)
    assert found.ranks.shape == (60 - len(found.failures), 2)
    assert len(found.failures) <= 2
    assert min(found.p_values(5).values()) > 0.01
    with ThreadPoolExecutor(2) as pool:
        same = calibrate(model, 6, 6, draws=19, tried=200, executor=pool)
    np.testing.assert_array_equal(same.ranks, found.ranks[:6])


def test_a_wrong_inference_has_ranks_that_are_not():
    low = np.random.default_rng(1).integers(0, 40, (200, 1))  # draws twice too high
    assert Calibration(("a",), low, 99, {}).p_values()["a"] < 1e-6


def test_bad_input_is_named(model):
    with pytest.raises(ModelError, match=rf"{INDEX} is free and has no prior, and bounds .* give it a prior"):
        Generative.of(spectrum(), SKY)
    far = Generative.of(spectrum(), SKY, TABLE.set(INDEX, prior=GaussianPrior(-50, 0.1)))
    with pytest.raises(ModelError, match=rf"{INDEX}: none of 10000 draws from its prior is within its bounds \[1, 4\]"):
        far.draw_prior(1)
    table = Parameters.of(SKY | {"twin": SKY["source"]}).set("*.index", prior=UniformPrior(2, 3))
    twins = Generative.of(spectrum(), SKY | {"twin": SKY["source"]}, table.set("*.amplitude", bounds=(1e-12, 1e-10)))
    with pytest.raises(FitError, match="none of 2 simulations could be fitted; the first: 500 draws"):
        calibrate(twins, 2, 1)
