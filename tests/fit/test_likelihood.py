"""The likelihood: derivatives against differences, the sparse statistic against the dense one, sums of parts."""

from dataclasses import replace

import numpy as np
import pytest

from skyfold.dataset.fake import fake
from skyfold.dataset.predict import npred, total
from skyfold.errors import FitError
from skyfold.fit.likelihood import Likelihood
from skyfold.fit.parameters import Parameters
from skyfold.maps.map import Map
from skyfold.model.background import FovBackground, TemplateNpred
from skyfold.model.priors import GaussianPrior, LinearPenalty, LogUniformPrior
from skyfold.model.source import Source
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.cutoff import ExpCutoffPowerLaw
from skyfold.model.spectral.power_law import PowerLaw, PowerLawNorm
from skyfold.stat.onoff import wstat
from skyfold.stat.poisson import cash
from tests.fit.toys import CENTER, PIXEL, TRUTH, cube, image, offset, on_off, point_sky, spectrum, spectrum_sky
from tests.fold.toys import gaussian_psf

CROWD = {
    "point": Source(ExpCutoffPowerLaw(index=2.0, amplitude=5e-11, lambda_=0.1), Point(**offset(-3.3, 2.2))),
    "wide": Source(TRUTH, Gaussian(sigma=0.05, e=0.6, phi=40.0, **offset(4.1, -1.7))),
    "bkg": FovBackground("cube", PowerLawNorm(norm=1.1, tilt=0.1)),
    "more": TemplateNpred(np.linspace(0.0, 0.1, 3 * 40 * 40).reshape(3, 40, 40), PowerLawNorm(norm=0.8)),
}


def crowd():
    """Everything at once: two sources with linked indices, free ellipse, free background; priors, and a penalty."""
    table = Parameters.of(CROWD).thaw("*.shape.*").thaw("bkg.spectrum.tilt")
    table = table.link("wide.spectrum.index", "point.spectrum.index", 1.15)
    table = table.set("wide.shape.sigma", prior=GaussianPrior(mu=0.06, sigma=0.004))
    table = table.set("point.spectrum.lambda_", prior=LogUniformPrior(min=1e-3, max=1.0))
    table = table.penalise(LinearPenalty.from_diagonal(["bkg.spectrum.norm", "more.spectrum.norm"], 0.2, 1.0))
    return Likelihood.of([masked(fake(cube(), CROWD, 3))], CROWD, table)


def masked(dataset, seed=5, share=0.8):
    """A part of the bins only."""
    chosen = np.random.default_rng(seed).random(dataset.geom.shape) < share
    return replace(dataset, mask_fit=Map(dataset.geom, chosen))


def lines():
    """An on-off spectrum and one with a known background together."""
    sky = spectrum_sky()
    return Likelihood.of([fake(on_off(), sky, 1), fake(spectrum(), sky, 2)], sky)


def gaussian_errors():
    sky = point_sky("image")
    table = Parameters.of(sky).freeze("source.spectrum.index")
    return Likelihood.of([fake(image(), sky, 4)], sky, table, stat="chi2")


def reconstructed():
    """A point and a shape seen with a PSF for each reconstructed energy, their positions free."""
    sky, dataset = {name: part for name, part in CROWD.items() if name != "more"}, cube()
    psf = gaussian_psf(CENTER, dataset.energy, (2 * PIXEL, 1.5 * PIXEL, PIXEL), 40 * PIXEL)
    table = Parameters.of(sky).thaw("*.shape.*")
    return Likelihood.of([masked(fake(replace(dataset, psf=psf), sky, 3))], sky, table)


@pytest.fixture(scope="module", params=[crowd, lines, gaussian_errors, reconstructed], ids=lambda make: make.__name__)
def somewhere(request):
    """A likelihood, a place that is no minimum, and by how much each parameter changes the statistic by about one."""
    likelihood = request.param()
    sizes = 1 / np.sqrt(likelihood.expand(likelihood.start).fisher.diagonal())
    away = np.random.default_rng(6).uniform(-1, 1, sizes.size)
    return likelihood, likelihood.start + away * sizes, sizes


def differences(fn, at, sizes, step):
    """Derivatives of fn by steps to both sides, of fourth order, each times the size of its parameter."""
    rows = []
    for i, size in enumerate(sizes):
        h = np.zeros(at.size)
        h[i] = step * size
        near, far = (np.asarray(fn(at + k * h)) - np.asarray(fn(at - k * h)) for k in (1, 2))
        rows.append((8 * near - far) / (12 * step))
    return np.array(rows)


def test_the_gradient_is_that_of_central_differences(somewhere):
    likelihood, at, sizes = somewhere
    gradient = likelihood.gradient(at) * sizes
    numbers = differences(likelihood, at, sizes, 0.02)
    np.testing.assert_allclose(gradient, numbers, rtol=1e-5, atol=1e-6)


def test_the_hessian_is_that_of_central_differences_of_the_gradient(somewhere):
    likelihood, at, sizes = somewhere
    hessian = likelihood.curvature(at) * sizes * sizes[:, None]
    numbers = differences(likelihood.gradient, at, sizes, 0.02) * sizes
    np.testing.assert_allclose(hessian, numbers, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12)


# The sparse statistic


def dense(dataset, sky, stat):
    """The statistic as a sum over all bins that are used."""
    used, n = dataset.used, dataset.counts.data
    if stat == "wstat":
        signal = npred(dataset, sky)["source"].data
        return wstat(n, dataset.counts_off.data, dataset.alpha.data, signal)[used].sum()
    mu = total(dataset, npred(dataset, sky)).data
    each = cash(n, mu) if stat == "cash" else (n - mu) ** 2 / np.maximum(n, 1)
    return each[used].sum()


def without_background(dataset):
    """Half of the map has none: there only sources can explain counts."""
    behind = dataset.background.data.copy()
    behind[..., :17] = 0.0
    return replace(dataset, background=Map(dataset.geom, behind))


def crowded_cube():
    return masked(fake(cube(), CROWD, 3)), CROWD


def point_with_known_background():
    sky = point_sky()
    return fake(cube(), sky, 7), {"source": sky["source"]}


def point_near_the_border():
    sky = point_sky("image", -18.0, 11.0)
    return masked(fake(image(), sky, 8)), sky


def point_where_half_the_map_has_no_background():
    sky = point_sky("image")
    sky = sky | {"bkg": FovBackground("image", PowerLawNorm(norm=1.3))}
    dataset = fake(image(), sky, 9)
    return without_background(dataset), sky


def region_with_background():
    return masked(fake(spectrum(), spectrum_sky(), 10)), spectrum_sky()


def region_with_off_counts():
    return masked(fake(on_off(), spectrum_sky(), 11)), spectrum_sky()


DATA = [
    crowded_cube,
    point_with_known_background,
    point_near_the_border,
    point_where_half_the_map_has_no_background,
    region_with_background,
    region_with_off_counts,
]


@pytest.mark.parametrize("make", DATA, ids=lambda make: make.__name__)
def test_the_sparse_statistic_is_the_dense_one(make):
    dataset, sky = make()
    stat = dataset.stat
    likelihood = Likelihood.of([dataset], sky)
    assert likelihood(likelihood.start) == pytest.approx(dense(dataset, sky, stat), rel=1e-10)


@pytest.mark.parametrize("make", [point_near_the_border, region_with_background], ids=lambda make: make.__name__)
def test_chi2_looks_at_every_bin(make):
    dataset, sky = make()
    likelihood = Likelihood.of([dataset], sky, stat="chi2")
    assert likelihood(likelihood.start) == pytest.approx(dense(dataset, sky, "chi2"), rel=1e-10)


@pytest.mark.parametrize("factor", [-10.0, 0.0, 1e-3, 100.0])
def test_they_are_the_same_far_away_and_where_a_source_is_negative(factor):
    dataset, sky = point_near_the_border()
    table = Parameters.of(sky).set("source.spectrum.amplitude", value=factor * float(TRUTH.amplitude))
    likelihood = Likelihood.of([dataset], sky, table)
    assert likelihood(likelihood.start) == pytest.approx(dense(dataset, table.apply(sky), "cash"), rel=1e-10)


# Parts and sums


def test_what_bins_hold_that_are_not_used_changes_nothing():
    dataset = masked(fake(cube(), CROWD, 3))
    maps = {
        name: Map(dataset.geom, np.where(dataset.used, getattr(dataset, name).data, np.nan))
        for name in ("counts", "background")
    }
    sane, damaged = (Likelihood.of([one], CROWD) for one in (dataset, replace(dataset, **maps)))
    assert not dataset.used.all()
    assert damaged(sane.start) == pytest.approx(sane(sane.start), rel=1e-13)
    np.testing.assert_allclose(damaged.gradient(sane.start), sane.gradient(sane.start), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("make", [crowded_cube, region_with_off_counts], ids=lambda make: make.__name__)
def test_the_statistics_of_two_halves_of_the_bins_add_up(make):
    dataset, sky = make()
    half = np.random.default_rng(12).random(dataset.geom.shape) < 0.5
    whole = Likelihood.of([dataset], sky)
    parts = [
        Likelihood.of([replace(dataset, mask_fit=Map(dataset.geom, dataset.used & chosen))], sky)
        for chosen in (half, ~half)
    ]
    at = whole.start * 1.001
    assert whole(at) == pytest.approx(sum(part(at) for part in parts), rel=1e-10)
    np.testing.assert_allclose(whole.gradient(at), sum(part.gradient(at) for part in parts), rtol=1e-7, atol=1e-7)


def test_the_joint_statistic_is_the_sum_of_those_of_the_datasets_and_the_priors():
    sky = {"source": Source(TRUTH, Point(**offset(0.3, -0.2)))}
    datasets = [fake(on_off(), sky, 13), fake(cube(), sky, 14), fake(image(), sky, 15)]
    prior = GaussianPrior(mu=2.0, sigma=0.2)
    table = Parameters.of(sky).set("source.spectrum.index", prior=prior)
    joint = Likelihood.of(datasets, sky, table)
    alone = [Likelihood.of([dataset], sky) for dataset in datasets]
    at = joint.start * 1.0001
    known = float(prior(at[0]))
    assert joint(at) == pytest.approx(sum(one(at) for one in alone) + known, rel=1e-12)
    expected = {dataset.name: one(at) for dataset, one in zip(datasets, alone, strict=True)}
    assert joint.per_dataset(at) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(joint.curvature(at)[1:, 1:], sum(one.curvature(at)[1:, 1:] for one in alone), rtol=1e-9)


def test_a_source_may_be_for_one_dataset_only():
    sky = {"both": Source(TRUTH), "first": Source(PowerLaw(amplitude="2e-11 cm-2 s-1 TeV-1"), datasets=("a",))}
    datasets = [fake(spectrum("a"), sky, 16), fake(spectrum("b"), {"both": sky["both"]}, 17)]
    joint = Likelihood.of(datasets, sky)
    assert joint(joint.start) == pytest.approx(sum(dense(d, sky, "cash") for d in datasets), rel=1e-10)


# Windows


def test_an_expansion_tells_how_far_a_source_has_drifted_and_another_takes_over_without_a_step():
    dataset, sky = crowded_cube()
    likelihood = Likelihood.of([dataset], sky)
    at = likelihood.start.copy()
    at[[row.name for row in likelihood.table.free].index("point.shape.lat_0")] += 3 * 0.02
    assert likelihood.expand(likelihood.start).drift == pytest.approx(0.0, abs=1e-9)
    assert likelihood.expand(at).drift == pytest.approx(3.0, abs=1e-3)
    moved = likelihood.around(at)
    assert moved.expand(at).drift == pytest.approx(0.0, abs=1e-6)
    assert moved(at) == pytest.approx(likelihood(at), abs=1e-3)
    assert moved(at) == pytest.approx(dense(dataset, likelihood.with_values(at)[0], "cash"), rel=1e-10)


def test_making_a_likelihood_changes_nothing_that_went_in():
    dataset, sky = region_with_background()
    before = dataset.counts.data.copy(), float(sky["source"].spectrum.amplitude)
    likelihood = Likelihood.of([dataset], sky)
    changed, table = likelihood.with_values(likelihood.start * 2)
    assert float(changed["source"].spectrum.amplitude) == table["source.spectrum.amplitude"].value == 2 * before[1]
    assert float(sky["source"].spectrum.amplitude) == before[1]
    np.testing.assert_array_equal(dataset.counts.data, before[0])


def test_a_likelihood_needs_data_and_a_sky():
    with pytest.raises(FitError, match="a fit needs a dataset at least"):
        Likelihood.of([], spectrum_sky())
    with pytest.raises(FitError, match="a fit needs a source or a background model at least"):
        Likelihood.of([spectrum()], {})
