"""Regions of two parameters."""

import numpy as np
import pytest

from skyfold.dataset.fake import asimov, fake
from skyfold.errors import ConfigError
from skyfold.fit.contour import contour
from skyfold.fit.fit import fit
from skyfold.fit.parameters import Parameters
from skyfold.model.background import FovBackground
from skyfold.model.source import Source
from tests.fit.toys import TRUTH, spectrum, spectrum_sky

AMPLITUDE, INDEX, NORM = "source.spectrum.amplitude", "source.spectrum.index", "bkg.spectrum.norm"


def test_of_a_linear_problem_it_is_the_ellipse_of_the_covariance():
    sky = {"source": Source(TRUTH), "bkg": FovBackground("spectrum")}
    table = Parameters.of(sky).freeze(INDEX)
    result = fit(asimov(spectrum(background=30.0), sky), sky, table, stat="chi2").check()
    found = contour(result, AMPLITUDE, NORM, 0.95, n=8)
    assert found.ok
    assert found.delta == pytest.approx(5.9915, abs=1e-4)
    order = [found.names.index(name) for name in result.names]
    away = found.points[:, order] - result.free
    assert np.einsum("ni,ij,nj->n", away, np.linalg.inv(result.covariance), away) == pytest.approx(found.delta)


def test_its_points_have_risen_by_delta_and_a_bound_leaves_it_open():
    sky = spectrum_sky()
    data = fake(spectrum(), sky, 3)
    result = fit(data, sky)
    i = result.names.index(INDEX)
    lower = result.free[i] - 0.5 * result.error(INDEX)
    bounded = fit(data, sky, Parameters.of(sky).set(INDEX, value=result.free[i], bounds=(lower, 5))).check()
    found = contour(bounded, INDEX, AMPLITUDE, n=8)
    assert found.delta == pytest.approx(2.2977, abs=1e-3)
    assert 0 < found.open.sum() < 8
    assert found.points[found.open, 0] == pytest.approx(lower)
    assert not found.ok
    order = [found.names.index(name) for name in result.names]
    for point in found.points[~found.open]:
        assert result.likelihood(point[order]) - result.stat == pytest.approx(found.delta, abs=1e-4)


def test_what_makes_no_contour_is_refused():
    sky = spectrum_sky()
    result = fit(fake(spectrum(), sky, 3), sky)
    with pytest.raises(ConfigError, match=r"level 1\.5"):
        contour(result, AMPLITUDE, INDEX, 1.5)
    with pytest.raises(ConfigError, match="two parameters"):
        contour(result, INDEX, INDEX)
