from dataclasses import replace

import numpy as np
import pytest

from skyfold.dataset.dataset import Dataset
from skyfold.errors import ReductionError
from skyfold.geom.axis import Axis
from skyfold.maps.map import Map
from skyfold.reduce.field import FovFit, FovScale
from skyfold.stat.poisson import cash
from tests.reduce.test_ring import CENTER, GEOM, make


def test_norm_and_error():
    data = make()
    scaled = FovScale()(data)
    n, b = data.counts.data.sum(), data.background.data.sum()
    assert scaled.meta["fov_norm"] == pytest.approx(n / b)
    assert scaled.meta["fov_norm_err"] == pytest.approx(np.sqrt(n) / b)
    assert scaled.background.data.sum() == pytest.approx(n)


def test_only_free_and_safe_pixels_count():
    free = Map(GEOM.image, GEOM.separation(CENTER).to_value("deg") > 0.5)
    counts = np.ones(GEOM.shape) + 50 * ~free.data
    safe = np.ones(GEOM.shape, bool)
    safe[:, :10] = False
    counts[:, :10] = 1000
    scaled = FovScale(free)(make(counts, np.full(GEOM.shape, 2.0), safe))
    assert scaled.meta["fov_norm"] == pytest.approx(0.5)


def test_too_little_is_an_error():
    nothing = Map(GEOM.image, np.zeros(GEOM.image_shape, bool))
    with pytest.raises(ReductionError, match="too few to scale"):
        FovScale(nothing)(make())
    with pytest.raises(ReductionError, match="background response"):
        FovScale()(replace(make(), background=None))


ENERGIES = GEOM.image.with_axes(Axis.energy("0.5 TeV", "50 TeV", 6))
PREDICTED = np.broadcast_to((0.05 * 0.4 ** np.arange(6))[:, None, None], ENERGIES.shape)


def tilted(norm=1.3, tilt=0.2, seed=4):
    """Counts drawn from a background of this norm and tilt."""
    factor = norm * ENERGIES.axis("energy").center_in("TeV")[:, None, None] ** -tilt
    counts = np.random.default_rng(seed).poisson(PREDICTED * factor).astype(float)
    return Dataset("test", Map(ENERGIES, counts), background=Map(ENERGIES, PREDICTED))


def stat(dataset, norm, tilt):
    """Cash statistic of a norm and a tilt at 1 TeV."""
    energy = ENERGIES.axis("energy").center_in("TeV")[:, None, None]
    return cash(dataset.counts.data, dataset.background.data * norm * energy**-tilt).sum()


def test_norm_and_tilt_are_at_the_minimum_with_errors_of_its_curvature():
    data = tilted()
    meta = FovFit()(data).meta
    at, err = np.array([meta["fov_norm"], meta["fov_tilt"]]), np.array([meta["fov_norm_err"], meta["fov_tilt_err"]])
    assert abs(at[0] - 1.3) < 3 * err[0]
    assert abs(at[1] - 0.2) < 3 * err[1]
    steps = 0.1 * np.array([(1, 0), (0, 1), (1, 1)]) * err
    up, down = (np.array([stat(data, *(at + sign * step)) - stat(data, *at) for step in steps]) for sign in (1, -1))
    assert up == pytest.approx(down, rel=0.05)
    a, b, both = 50 * (up + down)  # Δstat of one error in each parameter alone, and in both
    cross = (both - a - b) / 2
    covariance = np.linalg.inv([[a, cross], [cross, b]])  # in units of the errors: its diagonal is one
    assert covariance.diagonal() == pytest.approx(1, rel=0.01)


def test_the_background_fitted_is_the_one_scaled_by_them():
    data = tilted()
    fitted = FovFit(reference="2 TeV")(data)
    energy = ENERGIES.axis("energy").center_in("TeV")[:, None, None]
    factor = fitted.meta["fov_norm"] * (energy / 2) ** -fitted.meta["fov_tilt"]
    np.testing.assert_allclose(fitted.background.data, data.background.data * factor)
    assert fitted.background.data.sum() == pytest.approx(data.counts.data.sum())


def test_without_tilt_a_fit_is_a_scale():
    data = tilted()
    scaled, fitted = FovScale()(data), FovFit(tilt=False)(data)
    np.testing.assert_allclose(fitted.background.data, scaled.background.data)
    assert {name: fitted.meta[name] for name in scaled.meta} == pytest.approx(scaled.meta)
    assert (fitted.meta["fov_tilt"], fitted.meta["fov_tilt_err"]) == (0, 0)


@pytest.mark.parametrize("tilt", [-6.0, 6.0])
def test_steep_tilts_are_found(tilt):
    meta = FovFit()(tilted(1e-2 if tilt < 0 else 1.0, tilt)).meta
    assert abs(meta["fov_tilt"] - tilt) < 3 * meta["fov_tilt_err"] < 3


def test_counts_where_nothing_is_expected_do_not_count():
    data = tilted()
    hole = np.array(PREDICTED)
    hole[:, :5] = 0
    fitted = FovFit()(replace(data, background=Map(ENERGIES, hole)))
    rest = np.where(hole > 0, data.counts.data, 0.0)
    assert fitted.background.data.sum() == pytest.approx(rest.sum())


@pytest.mark.parametrize("energy", [0, 5])
def test_counts_at_one_end_fix_no_tilt(energy):
    counts = np.zeros(ENERGIES.shape)
    counts[energy, 3, 3] = 4
    with pytest.raises(ReductionError, match="4 counts outside the exclusion, all at one end of 6 energies, fix no"):
        FovFit()(replace(tilted(), counts=Map(ENERGIES, counts)))


def test_too_little_for_a_fit_is_an_error():
    with pytest.raises(ReductionError, match="too few to scale"):
        FovFit(min_counts=1e6)(tilted())
    with pytest.raises(ReductionError, match="0 counts"):
        FovFit(min_counts=0)(replace(tilted(), counts=Map.filled(ENERGIES, 0.0)))
    with pytest.raises(ReductionError, match="needs a background response"):
        FovFit()(replace(tilted(), background=None))
