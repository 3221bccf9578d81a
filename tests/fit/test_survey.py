"""What a statistic looks at."""

from dataclasses import replace

import numpy as np
import pytest

from skyfold.dataset.fake import fake
from skyfold.errors import FitError
from skyfold.fit.statistic import Cash, Chi2, WStat
from skyfold.fit.survey import Survey
from skyfold.maps.map import Map
from tests.fit.toys import cube, on_off, point_sky, spectrum_sky


@pytest.fixture(scope="module")
def dataset():
    """A part of the bins; the others hold no numbers."""
    whole = fake(cube(), point_sky(), 1)
    chosen = np.random.default_rng(2).random(whole.geom.shape) < 0.7
    broken = {
        name: Map(whole.geom, np.where(chosen, getattr(whole, name).data, np.nan)) for name in ("counts", "background")
    }
    return replace(whole, mask_fit=Map(whole.geom, chosen), **broken)


def test_cash_lists_bins_with_counts_and_others_list_all_that_are_used(dataset):
    with np.errstate(invalid="ignore"):
        counted = dataset.counts.data > 0
    for stat, expected in (("auto", dataset.used & counted), ("chi2", dataset.used)):
        found = np.zeros(dataset.geom.shape, dtype=bool)
        found[Survey.of(dataset, stat).bins] = True
        np.testing.assert_array_equal(found, expected)


def test_sums_are_over_all_bins_that_are_used(dataset):
    survey = Survey.of(dataset)
    expected = np.where(dataset.used, dataset.background.data, 0.0).sum(axis=(1, 2))
    np.testing.assert_allclose(survey.behind, expected, rtol=1e-12)
    np.testing.assert_allclose(survey.summed(dataset.background.data), expected, rtol=1e-12)


def test_the_statistic_is_the_one_asked_for(dataset):
    for of, stat, kind in (
        (dataset, "auto", Cash),
        (dataset, "chi2", Chi2),
        (fake(on_off(), spectrum_sky(), 1), "auto", WStat),
    ):
        survey = Survey.of(of, stat)
        assert isinstance(survey.statistic(np.ones(survey.bins[0].size)), kind)


def test_a_background_that_off_counts_stand_for_is_none():
    survey = Survey.of(fake(on_off(), spectrum_sky(), 1))
    assert survey.background is None
    assert not survey.behind.any()


def test_only_what_is_new_is_checked(dataset):
    bad = dataset.counts.data.copy()
    first = tuple(np.argwhere(dataset.used)[5])
    bad[first] = -1.0
    broken = replace(dataset, counts=Map(dataset.geom, bad))
    with pytest.raises(FitError, match=r"dataset 'cube': counts negative or no number in 1 of the bins"):
        Survey.of(broken)
    Survey.of(broken, new=False)
