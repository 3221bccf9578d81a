from dataclasses import replace

import numpy as np
import pytest

from skyfold.dataset.fake import fake
from skyfold.dataset.image import to_image
from skyfold.dataset.predict import npred, total
from skyfold.errors import ConfigError, ShapeError
from skyfold.estimate.excess_map import excess_map
from skyfold.estimate.residuals import residuals, together
from skyfold.maps.map import Map
from skyfold.stat.onoff import wstat
from skyfold.stat.poisson import cstat
from tests.fit.toys import cube, on_off, point_sky, spectrum_sky

SKY = point_sky()
METHODS = ["diff", "diff/sqrt(model)", "significance"]


@pytest.fixture(scope="module")
def seen():
    """A cube with counts of a sky, bins that are left out, and what is expected."""
    dataset = fake(cube(background=0.5), SKY, seed=1)
    safe, wanted = np.ones(dataset.geom.shape, bool), np.ones(dataset.geom.shape, bool)
    safe[:, :3], wanted[0] = False, False
    dataset = replace(dataset, mask_safe=Map(dataset.geom, safe), mask_fit=Map(dataset.geom, wanted))
    return dataset, npred(dataset, SKY)


def test_formulae(seen):
    dataset, parts = seen
    n, mu, used = dataset.counts.data[dataset.used], total(dataset, parts).data[dataset.used], dataset.used
    found = {method: residuals(dataset, parts, method) for method in METHODS}
    np.testing.assert_allclose(found["diff"].data[used], n - mu)
    np.testing.assert_allclose(found["diff/sqrt(model)"].data[used], (n - mu) / np.sqrt(mu))
    np.testing.assert_allclose(found["significance"].data[used] ** 2, cstat(n, mu))
    np.testing.assert_array_equal(np.sign(found["significance"].data[used]), np.sign(n - mu))
    for value in found.values():
        assert np.isnan(value.data[~used]).all()


def test_the_squares_add_up_to_the_statistic_of_a_sky(seen):
    dataset, parts = seen
    mu = total(dataset, parts).data[dataset.used]
    summed = np.nansum(residuals(dataset, parts).data ** 2)
    assert summed == pytest.approx(cstat(dataset.counts.data[dataset.used], mu).sum())


@pytest.mark.parametrize("method", METHODS)
def test_of_the_right_sky_they_scatter_around_zero(seen, method):
    found = residuals(*seen, method, image=True).data
    assert np.nanmean(found) == pytest.approx(0, abs=0.2)
    assert method == "diff" or np.nanstd(found) == pytest.approx(1, abs=0.15)


def test_a_source_that_is_missing_stands_out_in_a_disk(seen):
    dataset, _ = seen
    without = residuals(dataset, npred(dataset, {"bkg": SKY["bkg"]}), "significance", "0.05 deg", image=True)
    assert without.geom.axis("energy").nbin == 1
    y, x = np.unravel_index(np.nanargmax(without.data[0]), without.data[0].shape)
    assert np.hypot(x - 19.8, y - 19.3) < 2
    assert np.nanmax(without.data) > 5
    # With the background alone as model it is the significance of the excess.
    used = Map(dataset.geom, dataset.used)
    excess = excess_map(replace(dataset, mask_safe=used, mask_fit=None), "0.05 deg", selection=())
    np.testing.assert_allclose(without.data, excess.sqrt_ts.data)


def test_a_disk_of_one_pixel_is_the_pixel(seen):
    np.testing.assert_allclose(residuals(*seen, "diff", "0.001 deg").data, residuals(*seen, "diff").data)


def test_of_a_measured_background():
    dataset = fake(on_off(), spectrum_sky(), seed=2)
    parts = npred(dataset, spectrum_sky())
    signal = parts["source"].data
    on, off, alpha = dataset.counts.data, dataset.counts_off.data, dataset.alpha.data
    found = residuals(dataset, parts).data
    np.testing.assert_allclose(found**2, wstat(on, off, alpha, signal))
    np.testing.assert_array_equal(found > 0, on - alpha * off > signal)
    np.testing.assert_allclose(residuals(dataset, parts, "diff").data, on - signal - parts["background"].data)


def test_of_a_measured_background_summed_over_energy():
    dataset = fake(on_off(), spectrum_sky(), seed=2)
    parts = npred(dataset, spectrum_sky())
    image = to_image(dataset)
    stat = wstat(image.counts.data, image.counts_off.data, image.alpha.data, parts["source"].data.sum())
    np.testing.assert_allclose(residuals(dataset, parts, image=True).data ** 2, stat)


def test_of_several_together(seen):
    dataset, parts = seen
    half = replace(dataset, name="half").cut(slice(0, 20), slice(None))
    half_parts = {name: Map(half.geom, part.data[..., :20, :]) for name, part in parts.items()}
    both, sums = together([dataset, half], {dataset.name: parts, "half": half_parts}, dataset.geom)
    n, mu = (np.where(dataset.used, value, 0.0) for value in (dataset.counts.data, total(dataset, parts).data))
    twice = np.where(np.arange(40) < 20, 2, 1)[None, :, None]
    np.testing.assert_allclose(residuals(both, sums, "diff").data[dataset.used], ((n - mu) * twice)[dataset.used])
    assert np.isnan(residuals(both, sums).data[~dataset.used]).all()


def test_on_off_measurements_are_not_added():
    dataset = on_off()
    with pytest.raises(ShapeError, match="'on-off' is an on-off measurement"):
        together([dataset], {"on-off": npred(dataset, spectrum_sky())})


def test_bins_of_their_own_are_refused(seen):
    dataset, parts = seen
    with pytest.raises(ShapeError, match="expected counts of 'source' are on"):
        residuals(to_image(dataset), parts)


def test_what_cannot_be_is_refused(seen):
    dataset = on_off()
    with pytest.raises(ShapeError, match="only maps have a correlation_radius"):
        residuals(dataset, npred(dataset, spectrum_sky()), "diff", "0.1 deg")
    with pytest.raises(ConfigError, match="wanted a positive angle"):
        residuals(*seen, "diff", "0 deg")
    with pytest.raises(ConfigError, match="no method 'ratio'; there are diff, diff/sqrt"):
        residuals(*seen, "ratio")
