"""Expected counts in every bin, against sums made by other means and against the likelihood."""

from dataclasses import replace

import numpy as np
import pytest

from skyfold.dataset.predict import npred, total
from skyfold.errors import ModelError, ShapeError
from skyfold.fit.likelihood import Likelihood
from skyfold.maps.map import Map
from skyfold.model.background import FovBackground, TemplateNpred
from skyfold.model.source import Source
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.power_law import PowerLaw, PowerLawNorm
from skyfold.stat.onoff import wstat
from skyfold.stat.poisson import cash
from tests.datasets import REGION, random_dataset
from tests.fold.toys import SEEN, TRUE, cube

SPECTRUM = PowerLaw(index=2.0, amplitude="1e-9 cm-2 s-1 TeV-1")
EXPECTED = float(np.sum(SPECTRUM.flux(TRUE.edges_in("TeV")))) * SEEN * 1e4
HERE = {"lon_0": 83.6, "lat_0": 22.0, "frame": "icrs"}


def test_all_photons_of_sources_inside_are_expected_and_backgrounds_are_scaled():
    sky = {
        "point": Source(SPECTRUM, Point(**HERE)),
        "wide": Source(SPECTRUM, Gaussian(sigma=0.05, **HERE)),
        "bkg": FovBackground("toy", PowerLawNorm(norm=1.5)),
        "more": TemplateNpred(np.ones((2, 60, 60)), PowerLawNorm(norm=0.5)),
        "elsewhere": Source(SPECTRUM, Point(**HERE), datasets=("other",)),
    }
    parts = npred(cube(), sky)
    assert list(parts) == ["point", "wide", "bkg", "more"]
    assert parts["point"].data.sum() == pytest.approx(EXPECTED, rel=1e-3)
    assert parts["wide"].data.sum() == pytest.approx(EXPECTED, rel=1e-3)
    np.testing.assert_allclose(parts["bkg"].data, 0.15)
    np.testing.assert_allclose(parts["more"].data, 0.5)
    assert total(cube(), parts).data.sum() == pytest.approx(sum(part.data.sum() for part in parts.values()))


def test_of_a_source_at_the_border_only_what_falls_on_the_map_is_expected():
    dataset = cube()
    corner = dataset.geom.from_pix(-0.5, 30)  # the middle of the left edge
    at = {"lon_0": corner.ra.deg, "lat_0": corner.dec.deg, "frame": "icrs"}
    assert npred(dataset, {"a": Source(SPECTRUM, Point(**at))})["a"].data.sum() == pytest.approx(EXPECTED / 2, rel=2e-3)


@pytest.mark.parametrize("shape", [Point(**HERE), Gaussian(sigma=0.05, **HERE)])
def test_a_likelihood_expects_the_same(shape):
    dataset = cube()
    counts = np.random.default_rng(1).poisson(0.3, dataset.geom.shape).astype(float)
    used = np.random.default_rng(2).random(dataset.geom.shape) > 0.2
    dataset = replace(dataset, counts=Map(dataset.geom, counts), mask_safe=Map(dataset.geom, used))
    sky = {"a": Source(SPECTRUM, shape), "bkg": FovBackground("toy")}
    likelihood = Likelihood.of([dataset], sky)
    expected = total(dataset, npred(dataset, sky)).data
    assert likelihood(likelihood.start) == pytest.approx(cash(counts, expected)[used].sum(), rel=1e-10)


def test_the_background_of_an_on_off_measurement_is_the_one_most_likely_for_its_sources():
    dataset = random_dataset(stat="wstat", geom=REGION)
    sky = {"a": Source(PowerLaw(amplitude="1e-13 cm-2 s-1 TeV-1"))}
    parts = npred(dataset, sky)
    used, alpha = dataset.used, dataset.alpha.data
    on, off = total(dataset, parts).data, parts["background"].data / alpha
    n, n_off = dataset.counts.data, dataset.counts_off.data
    profiled = cash(n, on) - cash(n, n) + cash(n_off, off) - cash(n_off, n_off)
    np.testing.assert_allclose(profiled[used], wstat(n, n_off, alpha, parts["a"].data)[used], atol=1e-9)
    likelihood = Likelihood.of([dataset], sky)
    assert likelihood(likelihood.start) == pytest.approx(profiled[used].sum(), rel=1e-9)


def test_bad_input_is_named():
    dataset = cube()
    with pytest.raises(ModelError, match="'background' is what the background of dataset 'toy'"):
        npred(dataset, {"background": Source(SPECTRUM, Point(**HERE))})
    with pytest.raises(ShapeError, match=r"'more' has counts of shape \(2, 3, 3\), dataset 'toy' of \(2, 60, 60\)"):
        npred(dataset, {"more": TemplateNpred(np.ones((2, 3, 3)))})
    with pytest.raises(ModelError, match="has no background for 'bkg' to scale"):
        npred(replace(dataset, background=None), {"bkg": FovBackground("toy")})
