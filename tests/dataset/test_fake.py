"""Datasets without events: their counts are what a sky leads to."""

from dataclasses import replace

import numpy as np
import pytest

from skyfold.dataset.fake import asimov, fake
from skyfold.dataset.predict import npred, total
from skyfold.errors import ModelError, ShapeError
from skyfold.maps.map import Map
from skyfold.model.background import FovBackground, TemplateNpred
from skyfold.model.source import Source
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.power_law import PowerLaw, PowerLawNorm
from tests.datasets import REGION, random_dataset
from tests.fold.toys import cube

SKY = {
    "a": Source(PowerLaw(amplitude="1e-9 cm-2 s-1 TeV-1"), Point(lon_0=83.6, lat_0=22.0, frame="icrs")),
    "bkg": FovBackground("toy", PowerLawNorm(norm=1.5)),
}
SPECTRUM = {"a": Source(PowerLaw(amplitude="1e-13 cm-2 s-1 TeV-1"))}


def test_an_asimov_dataset_counts_what_is_expected():
    dataset = cube()
    result = asimov(dataset, SKY)
    np.testing.assert_array_equal(result.counts.data, total(dataset, npred(dataset, SKY)).data)
    assert dataset.counts.data.sum() == 0
    assert result.psf is dataset.psf


def test_fake_counts_are_poisson_numbers_around_what_is_expected_and_repeat_with_their_seed():
    dataset = cube()
    expected = asimov(dataset, SKY).counts.data
    drawn = np.stack([fake(dataset, SKY, seed).counts.data for seed in range(20)])
    assert np.array_equal(drawn[3], fake(dataset, SKY, 3).counts.data)
    assert not np.array_equal(drawn[3], drawn[4])
    assert np.array_equal(drawn, np.round(drawn))
    n, mean = drawn.size, expected.sum() * len(drawn)
    assert drawn.sum() == pytest.approx(mean, abs=4 * np.sqrt(mean))
    chi2 = np.sum((drawn - expected) ** 2 / expected)
    assert chi2 == pytest.approx(n, abs=4 * np.sqrt(2 * n + np.sum(1 / expected) * len(drawn)))


def test_both_regions_of_an_on_off_measurement_are_replaced():
    dataset = random_dataset(stat="wstat", geom=REGION)
    signal = npred(dataset, SPECTRUM)["a"].data
    mean = asimov(dataset, SPECTRUM)
    np.testing.assert_allclose(mean.counts_off.data, dataset.counts_off.data)
    np.testing.assert_allclose(mean.counts.data, signal + dataset.expected_background.data)
    background = Map.filled(dataset.geom, 3.0)
    mean = asimov(dataset, SPECTRUM, background)
    np.testing.assert_allclose(mean.counts_off.data * dataset.alpha.data, 3.0)
    np.testing.assert_allclose(mean.counts.data, signal + 3.0)
    off = [fake(dataset, SPECTRUM, seed, background).counts_off.data for seed in range(300)]
    error = np.sqrt(mean.counts_off.data / 300)
    assert np.all(np.abs(np.mean(off, axis=0) - mean.counts_off.data) < 4 * error)


def test_where_there_is_no_off_acceptance_no_off_counts_are_expected():
    dataset = random_dataset(stat="wstat", geom=REGION)
    none = dataset.acceptance_off.with_data(np.where([True, False, False], 0.0, 1.0).reshape(3, 1, 1))
    mean = asimov(replace(dataset, acceptance_off=none), SPECTRUM, Map.filled(dataset.geom, 3.0))
    assert mean.counts_off.data[0, 0, 0] == 0
    assert np.all(mean.counts_off.data[1:] > 0)


def test_bad_input_is_named():
    dataset = cube()
    less = {"less": TemplateNpred(np.ones(dataset.geom.shape), PowerLawNorm(norm=-1.0))}
    with pytest.raises(ModelError, match=r"dataset 'toy': expected counts are negative or not finite in 7200 of 7200"):
        asimov(replace(dataset, background=None), less)
    with pytest.raises(ShapeError, match="dataset 'toy' has no off measurement"):
        fake(dataset, SKY, 1, dataset.background)
