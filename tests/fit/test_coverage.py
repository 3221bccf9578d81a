"""How often the errors of fits to drawn data hold the truth."""

from dataclasses import replace

import numpy as np
import pytest

from skyfold.dataset.fake import asimov
from skyfold.fit.fit import fit
from skyfold.fit.parameters import Parameters
from tests.fit.toys import image, point_sky, spectrum, spectrum_sky


def coverage(dataset, sky, n, seed):
    """Share of n toys in which the truth lies within one error, for each free parameter."""
    table = Parameters.of(sky)
    if dataset.name == "image":
        table = table.freeze("source.spectrum.index")
    truth = np.array([row.value for row in table.free])
    mean, rng = asimov(dataset, sky), np.random.default_rng(seed)
    held = np.zeros(truth.size)
    for _ in range(n):
        toy = mean.counts.with_data(rng.poisson(mean.counts.data).astype(float))
        result = fit(replace(mean, counts=toy), sky, table).check()
        held += np.abs(result.free - truth) < np.sqrt(result.covariance.diagonal())
    return held / n


SPECTRUM, IMAGE = (spectrum(), spectrum_sky()), (image(), point_sky("image"))


@pytest.mark.parametrize(("dataset", "sky", "n"), [(*SPECTRUM, 200), (*IMAGE, 50)], ids=["spectrum", "image"])
def test_errors_hold_the_truth_in_two_thirds_of_few_toys(dataset, sky, n):
    """Within three standard deviations of a binomial share of 68.3 %."""
    np.testing.assert_allclose(coverage(dataset, sky, n, 3), 0.683, atol=3 * np.sqrt(0.683 * 0.317 / n))


@pytest.mark.slow
@pytest.mark.parametrize(("dataset", "sky"), [SPECTRUM, IMAGE], ids=["spectrum", "image"])
def test_errors_hold_the_truth_in_68_percent_of_many_toys(dataset, sky):
    """2000 toys, of which 68.3 % ± 1.0 % are to be held.

    Measured: 68.2 and 69.6 % (index, amplitude of the spectrum), 67.4, 69.7, 69.1 and 68.2 % (background, amplitude,
    longitude, latitude in the image, pulls as wide as 1.00, 0.98, 1.00, 0.99). Another 1000 toys of each, seed 4, gave
    70.3 and 69.9 %, and 72.9, 68.0, 69.9 and 69.2 %: of the twelve shares one, of the background, is three standard
    deviations off; of both seeds together it is 69.2 %.
    """
    shares = coverage(dataset, sky, 2000, 77)
    assert np.all((shares > 0.65) & (shares < 0.71)), shares
