"""The test statistic of nested models."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2, norm

from skyfold.dataset.fake import fake
from skyfold.errors import FitError
from skyfold.fit.compare import compare, log_tail
from skyfold.fit.fit import fit
from skyfold.fit.parameters import Parameters
from skyfold.model.background import FovBackground
from skyfold.model.priors import GaussianPrior
from skyfold.model.source import Source
from tests.fit.toys import TRUTH, spectrum

AMPLITUDE, INDEX = "source.spectrum.amplitude", "source.spectrum.index"
SKY = {"source": Source(TRUTH), "bkg": FovBackground("spectrum")}
DATA = fake(spectrum(background=30.0), SKY, 4)
TABLE = Parameters.of(SKY).set("bkg.spectrum.norm", bounds=(0, 100)).set(AMPLITUDE, bounds=(-1e-9, 1e-9))


@pytest.fixture(scope="module")
def best():
    return fit(DATA, SKY, TABLE).check()


@pytest.fixture(scope="module")
def held():
    return fit(DATA, SKY, TABLE.set(INDEX, value=2.0).freeze(INDEX)).check()


def test_one_parameter_more_is_the_root_of_ts_sigma(best, held):
    found = compare(held, best)
    assert found.ts == pytest.approx(held.stat - best.stat)
    assert (found.dof, found.on_boundary, found.sided) == (1, 0, "two-sided")
    assert found.significance == pytest.approx(np.sqrt(found.ts))
    assert found.p_value == pytest.approx(chi2.sf(found.ts, 1))


def test_at_a_boundary_chance_improves_half_as_often(best):
    amplitude = TABLE.freeze(INDEX).set(AMPLITUDE, bounds=(0, 1e-9))
    full = fit(DATA, SKY, amplitude).check()
    null = fit(DATA, SKY, amplitude.set(AMPLITUDE, value=0).freeze(AMPLITUDE)).check()
    without = fit(DATA, {"bkg": SKY["bkg"]}).check()
    for other in (null, without):  # no source, or one of no amplitude: the same
        found = compare(other, full)
        assert (found.dof, found.on_boundary, found.sided) == (1, 1, "one-sided")
        assert found.significance == pytest.approx(np.sqrt(found.ts))
    assert compare(without, best).dof == 2
    assert compare(without, best).on_boundary == 0  # it may be negative


@pytest.mark.parametrize("dof", [1, 2, 5])
def test_tails_are_those_of_chi_squared_and_go_on_where_numbers_end(dof):
    for ts in (0.0, 0.3, 8.0, 400.0, 540.0, 700.0):
        assert log_tail(ts, dof) == pytest.approx(np.log(chi2.sf(ts, dof)), rel=1e-8, abs=1e-12)
    assert log_tail(1e5, dof) == pytest.approx(log_tail(9e4, dof) - 5e3 + (dof / 2 - 1) * np.log(10 / 9), rel=1e-6)


def test_mixtures_are_binomial():
    assert np.exp(log_tail(4.0, 1, 1)) == pytest.approx(norm.sf(2.0))
    wanted = 0.25 * chi2.sf(4.0, 1) + 0.5 * chi2.sf(4.0, 2) + 0.25 * chi2.sf(4.0, 3)
    assert np.exp(log_tail(4.0, 3, 2)) == pytest.approx(wanted)
    assert log_tail(0.0, 1, 1) == 0.0


def test_a_best_fit_worse_than_the_null_is_no_minimum(best, held):
    with pytest.raises(FitError, match="no minimum"):
        compare(held, replace(best, stat=held.stat + 1))
    assert compare(held, replace(best, stat=held.stat + 1e-5)).ts == 0


def test_models_that_are_not_nested_are_refused(best, held):
    with pytest.raises(FitError, match=f"{INDEX} is free in the null"):
        compare(best, held)
    with pytest.raises(FitError, match="free in both"):
        compare(best, best)
    table = TABLE.set(INDEX, value=2.0).freeze(INDEX).set("source.spectrum.reference", value=2)
    with pytest.raises(FitError, match="reference is frozen in both fits, at different"):
        compare(fit(DATA, SKY, table).check(), best)
    sky = {"source": Source(TRUTH)}
    table = Parameters.of(sky).freeze(INDEX)
    with pytest.raises(FitError, match="the null is of other, the best fit of spectrum"):
        compare(fit(DATA.named("other"), sky, table).check(), best)
    with pytest.raises(FitError, match="other counts"):
        compare(fit(fake(spectrum(background=30.0), SKY, 5), SKY, TABLE.freeze(INDEX)).check(), best)
    with pytest.raises(FitError, match="differ in their statistic"):
        compare(replace(held, likelihood=replace(held.likelihood, stat="chi2")), best)


def test_a_prior_on_what_the_null_lacks_is_refused(held):
    known = fit(DATA, SKY, TABLE.set(INDEX, prior=GaussianPrior(2.3, 0.1))).check()
    with pytest.raises(FitError, match="prior or a penalty"):
        compare(held, known)
