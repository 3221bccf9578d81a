"""Goodness of fit from simulated datasets."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

from skyfold.dataset.fake import asimov, fake
from skyfold.errors import ConfigError, FitError
from skyfold.fit.fit import fit
from skyfold.fit.goodness import goodness
from skyfold.fit.newton import Newton
from skyfold.run.executors import processes
from tests.fit.toys import on_off, spectrum, spectrum_sky

SKY = spectrum_sky()


@pytest.fixture(scope="module", params=[spectrum, on_off])
def result(request):
    return fit(fake(request.param(background=200.0), SKY, 1), SKY)


def test_with_many_counts_the_deviance_is_chi_squared(result):
    found = goodness(result, n=60, seed=2)
    assert found.ok
    assert found.simulated.mean() == pytest.approx(10, abs=4 * np.sqrt(20 / 60))  # 12 bins, two parameters
    assert found.p_value == pytest.approx(chi2.sf(found.deviance, 10), abs=0.15)


def test_whoever_computes_it_the_result_is_the_same(result):
    alone = goodness(result, n=6, seed=7)
    with ThreadPoolExecutor(2) as threads:
        assert np.array_equal(goodness(result, n=6, seed=7, executor=threads).simulated, alone.simulated)
    assert not np.array_equal(goodness(result, n=6, seed=8).simulated, alone.simulated)
    assert np.array_equal(goodness(result, n=3, seed=7).simulated, alone.simulated[:3])


@pytest.mark.slow
def test_processes_compute_the_same(result):
    with processes(2) as executor:
        there = goodness(result, n=4, seed=7, executor=executor)
    assert there.simulated == pytest.approx(goodness(result, n=4, seed=7).simulated, rel=1e-9)


def test_data_of_another_shape_are_no_good_fit():
    data = asimov(spectrum(background=200.0), SKY)
    line = np.zeros(data.counts.data.shape)
    line[5] = 150.0
    found = goodness(fit(replace(data, counts=data.counts.with_data(data.counts.data + line)), SKY), n=40)
    assert found.p_value == pytest.approx(1 / 41)
    assert found.simulated.max() < found.deviance


def test_fits_that_fail_are_left_out_and_told(result):
    found = goodness(result, n=5, minimiser=Newton(max_steps=1))
    assert np.isnan(found.simulated).all()
    assert found.problems == ("5 of 5 fits to simulated data failed: they are left out",)


def test_what_makes_no_sense_is_refused(result):
    with pytest.raises(ConfigError, match="ask for one"):
        goodness(result, n=0)
    with pytest.raises(ConfigError, match="minimised χ²"):
        goodness(fit(asimov(spectrum(background=200.0), SKY), SKY, stat="chi2"), n=2)
    with pytest.raises(FitError, match="limit of evaluations"):
        goodness(fit(result.likelihood.datasets, SKY, minimiser=Newton(max_steps=1)), n=2)
