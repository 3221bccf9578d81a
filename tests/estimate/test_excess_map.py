from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyfold.dataset.dataset import Dataset
from skyfold.errors import ConfigError, ShapeError
from skyfold.estimate.excess_map import excess_map
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.stat.onoff import li_ma
from tests.datasets import CENTER, REGION, random_dataset

# A disk of 0.2° on pixels of 0.1°: two pixels along each axis.
DISK = [(y, x) for y in range(-2, 3) for x in range(-2, 3) if x * x + y * y <= 4]


def around(values, y, x):
    """The sum over the disk, pixel by pixel."""
    ny, nx = values.shape
    return sum(values[y + j, x + i] for j, i in DISK if 0 <= y + j < ny and 0 <= x + i < nx)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(["cash", "wstat"]), st.integers(0, 9), st.integers(0, 11))
def test_counts_are_the_safe_counts_of_the_disk(seed, stat, y, x):
    dataset = random_dataset(seed, stat=stat)
    found = excess_map(dataset, "0.2 deg", selection=())
    image = (dataset.counts.data * dataset.safe).sum(axis=0)
    assert found.counts.data[0, y, x] == around(image, y, x)


@pytest.mark.parametrize("alpha_from", ["acceptance", "off"])
def test_on_off_pixel_by_pixel(alpha_from):
    dataset = replace(random_dataset(4, stat="wstat"), mask_safe=None)
    found = excess_map(dataset, "0.2 deg", edges=dataset.energy.edges, alpha_from=alpha_from)
    e, y, x = 1, 5, 6
    counts, n_off = dataset.counts.data[e], dataset.counts_off.data[e]
    if alpha_from == "acceptance":
        off, alpha = n_off[y, x], around(dataset.acceptance.data[e], y, x) / dataset.acceptance_off.data[e, y, x]
    else:
        off = around(n_off, y, x)
        alpha = around(dataset.expected_background.data[e], y, x) / off
    assert found.excess.data[e, y, x] == pytest.approx(around(counts, y, x) - alpha * off)
    assert found.sqrt_ts.data[e, y, x] == pytest.approx(float(li_ma(around(counts, y, x), off, alpha)))
    assert found.alpha.data[e, y, x] == pytest.approx(alpha)
    np.testing.assert_allclose(found.acceptance.data, found.alpha.data * found.acceptance_off.data)


def test_a_known_background_uses_cash():
    dataset = replace(random_dataset(4), mask_safe=None)
    found = excess_map(dataset, "0.2 deg")
    n, b = (around(v.data.sum(axis=0), 5, 6) for v in (dataset.counts, dataset.background))
    expected = np.sign(n - b) * np.sqrt(2 * (b - n + n * np.log(n / b)))
    assert found.sqrt_ts.data[0, 5, 6] == pytest.approx(expected)
    assert found.err.data[0, 5, 6] == pytest.approx(np.sqrt(n))
    assert found.alpha is None


def test_bands_are_groups_of_the_energies():
    dataset = random_dataset(4)
    edges = dataset.energy.edges[[0, 1, 3]]
    bands = excess_map(dataset, "0.2 deg", edges=edges).excess
    np.testing.assert_array_equal(bands.geom.axis("energy").edges, edges)
    np.testing.assert_allclose(bands.data.sum(axis=0), excess_map(dataset, "0.2 deg").excess.data[0])


def test_the_mask_leaves_bins_out():
    dataset = random_dataset(4)
    image = Map(dataset.geom.image, np.arange(120).reshape(10, 12) % 3 > 0)
    by_image = excess_map(dataset, "0.2 deg", mask=image, selection=())
    both = Map(dataset.geom, dataset.safe & image.data)
    by_bins = excess_map(replace(dataset, mask_safe=both), "0.2 deg", selection=())
    np.testing.assert_array_equal(by_image.sqrt_ts.data, by_bins.sqrt_ts.data)


def test_out_of_reach_is_nan():
    dataset = random_dataset(4)
    safe = np.zeros(dataset.geom.shape, bool)
    safe[:, 5, 6] = True
    found = excess_map(replace(dataset, mask_safe=Map(dataset.geom, safe)), "0.2 deg")
    known = np.isfinite(found.sqrt_ts.data[0])
    assert sorted(zip(*np.nonzero(known), strict=True)) == sorted((5 + j, 6 + i) for j, i in DISK)
    assert np.all(np.isnan(found.flux.data[0]) == ~known)
    assert np.all(found.counts.data[0][~known] == 0)


def uniform(flux=2e-7, background=3.0):
    """A sky of even flux per pixel over an even background, in the mean: counts are not whole."""
    energy, true = Axis.energy("1 TeV", "10 TeV", 1), Axis.energy("1 TeV", "10 TeV", 5, true=True)
    geom = WcsGeom.create(CENTER, npix=(21, 21), pixel="0.1 deg", axes=[energy])
    exposure = Map.filled(geom.with_axes(true), 1e6, "m2 s")
    counts = Map.filled(geom, background + flux * 1e10)
    return Dataset("even", counts, background=Map.filled(geom, background), exposure=exposure)


def test_flux_is_that_of_the_disk():
    found = excess_map(uniform(flux=2e-7), "0.2 deg")
    middle = found.flux.data[0, 10, 10]
    assert middle == pytest.approx(2e-7 * len(DISK), rel=1e-9)
    assert found.flux.unit == "cm-2 s-1"
    ratio = found.flux_ul.data / found.ul.data
    np.testing.assert_allclose(found.flux_err.data / found.err.data, ratio)


def test_errors_and_limits_say_what_they_are():
    found = excess_map(uniform(), "0.2 deg", n_sigma=1, n_sigma_ul=2)
    assert (found.n_sigma, found.ul_level) == (1.0, pytest.approx(0.97725, abs=1e-5))
    wider = excess_map(uniform(), "0.2 deg", n_sigma=2, n_sigma_ul=3)
    assert np.all(wider.errp.data > found.errp.data)
    assert np.all(wider.ul.data > found.ul.data)
    assert np.all(found.ul.data > found.excess.data)


def test_what_was_not_asked_for_is_said():
    found = excess_map(uniform(), "0.2 deg", selection=())
    assert {"errn", "errp", "ul", "flux_ul"}.isdisjoint(found.maps)
    with pytest.raises(ShapeError, match="no ul: ask for it with selection"):
        _ = found.flux_ul


def test_without_exposure_there_is_no_flux():
    found = excess_map(replace(uniform(), exposure=None), "0.2 deg")
    assert "flux" not in found.maps
    with pytest.raises(ShapeError, match="reduce it with 'exposure'"):
        _ = found.flux


def test_every_map_is_listed():
    names = set(excess_map(random_dataset(1, stat="wstat"), "0.2 deg").maps)
    assert {"counts", "sqrt_ts", "alpha", "acceptance_off", "flux", "flux_errn", "flux_ul", "exposure"} <= names


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"correlation_radius": "0 deg"}, ConfigError, "correlation_radius is 0 deg"),
        ({"alpha_from": "rings"}, ConfigError, "'acceptance' or 'off'"),
        ({"selection": ("limits",)}, ConfigError, "no extra 'limits'"),
        ({"mask": Map.filled(REGION, True)}, ShapeError, "the mask is on"),
    ],
)
def test_wrong_options_are_named(options, error, message):
    with pytest.raises(error, match=message):
        excess_map(random_dataset(1), **options)


def test_a_spectrum_is_refused():
    with pytest.raises(ShapeError, match="needs a sky map"):
        excess_map(random_dataset(1, geom=REGION))


def test_no_background_is_refused():
    with pytest.raises(ShapeError, match="has no background"):
        excess_map(replace(random_dataset(1), background=None))
