"""Fits: from far away to the minimum, every way to fail said aloud, every bad input named."""

import re
from dataclasses import replace

import numpy as np
import pytest

from skyfold.dataset.fake import asimov, fake
from skyfold.errors import FitError, ModelError
from skyfold.fit.fit import fit
from skyfold.fit.minimum import Minimum, Status
from skyfold.fit.newton import Newton
from skyfold.fit.parameters import Parameters
from skyfold.maps.map import Map
from skyfold.model.background import FovBackground
from skyfold.model.priors import UniformPrior
from skyfold.model.source import Source
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.cutoff import ExpCutoffPowerLaw
from skyfold.model.spectral.power_law import PowerLaw
from tests.fit.toys import (
    PIXEL,
    TRUTH,
    cube,
    gaussian_sky,
    image,
    offset,
    on_off,
    point_sky,
    spectrum,
    spectrum_sky,
)

AMPLITUDE = float(TRUTH.amplitude)


# From far away


@pytest.fixture(scope="module", params=["spectrum", "on-off", "cube"])
def toy(request):
    """Data, a sky, and its fit from the truth."""
    dataset, sky = {
        "spectrum": (spectrum(), spectrum_sky()),
        "on-off": (on_off(), spectrum_sky()),
        "cube": (cube(), point_sky()),
    }[request.param]
    data = fake(dataset, sky, 21)
    return data, sky, fit(data, sky).check()


@pytest.mark.parametrize("factor", [-10.0, -1.0, 0.0, 1e-3, 0.1, 10.0, 100.0])
def test_amplitudes_from_minus_ten_to_a_hundred_times_the_truth_converge(toy, factor):
    data, sky, best = toy
    start = Parameters.of(sky).set("source.spectrum.amplitude", value=factor * AMPLITUDE)
    found = fit(data, sky, start).check()
    assert found.stat == pytest.approx(best.stat, abs=1e-5)
    assert np.abs((found.free - best.free) / np.sqrt(best.covariance.diagonal())).max() < 0.01
    assert found.n_evaluations < 60


@pytest.mark.parametrize("index", [0.5, 4.5])
def test_indices_far_off_converge(toy, index):
    data, sky, best = toy
    found = fit(data, sky, Parameters.of(sky).set("source.spectrum.index", value=index)).check()
    assert found.stat == pytest.approx(best.stat, abs=1e-5)


@pytest.mark.parametrize(("make", "n"), [(point_sky, 20), (gaussian_sky, 5)], ids=["point", "gaussian"])
def test_starts_jittered_by_two_pixels_end_in_one_minimum(make, n):
    sky, rng = make(), np.random.default_rng(22)
    data = fake(cube(), sky, 23)
    best = fit(data, sky).check()
    for dx, dy in rng.uniform(-2, 2, (n, 2)):
        start = make(dx=0.3 + dx, dy=-0.2 + dy)
        found = fit(data, start).check()
        assert found.stat == pytest.approx(best.stat, abs=1e-4)
        assert np.abs((found.free - best.free) / np.sqrt(best.covariance.diagonal())).max() < 0.02


def test_a_cut_off_switched_off_is_a_power_law():
    sky = {"source": Source(ExpCutoffPowerLaw(index=2.3, amplitude=5e-11, lambda_=0.0))}
    data = fake(spectrum(), spectrum_sky(), 27)
    found = fit(data, sky, Parameters.of(sky).freeze("source.spectrum.lambda_")).check()
    assert found.stat == pytest.approx(fit(data, spectrum_sky()).stat, abs=1e-6)


def test_steps_to_where_numbers_overflow_are_no_warning():
    """Two sources with linked indices: the first steps try one of −1357."""
    sky = {"one": Source(TRUTH), "two": Source(TRUTH)}
    table = Parameters.of(sky).freeze("two.*").link("two.spectrum.index", "one.spectrum.index", 0.5)
    data = fake(on_off(), spectrum_sky(), seed=2)
    data = replace(data, mask_fit=Map(data.geom, np.arange(12)[:, None, None] >= 2))
    fit(data, sky, table).check()


def test_nothing_that_went_in_is_changed():
    sky = spectrum_sky()
    data, table = fake(spectrum(), sky, 24), Parameters.of(sky).set("source.spectrum.index", value=3.0)
    counts = data.counts.data.copy()
    result = fit(data, sky, table)
    assert table["source.spectrum.index"].value == 3.0
    assert sky["source"].spectrum.index == TRUTH.index
    np.testing.assert_array_equal(data.counts.data, counts)
    assert result.sky["source"].spectrum.index == result.parameters["source.spectrum.index"].value


def test_the_result_tells_values_errors_correlations_and_what_was_not_free():
    sky = spectrum_sky()
    result = fit(fake(spectrum(), sky, 25), sky)
    assert result.check() is result
    assert result.status == "converged"
    assert result.names == ["source.spectrum.index", "source.spectrum.amplitude"]
    assert result.error("source.spectrum.index") == pytest.approx(np.sqrt(result.covariance[0, 0]))
    np.testing.assert_allclose(result.correlation.diagonal(), 1.0)
    assert 0.3 < result.correlation[0, 1] < 0.9
    assert result.per_dataset == {"spectrum": pytest.approx(result.stat)}
    with pytest.raises(ModelError, match="'source.spectrum.reference' was not free in this fit"):
        result.error("source.spectrum.reference")
    with pytest.raises(ModelError, match="did you mean 'source.spectrum.index'"):
        result.error("source.spectrum.indx")


def test_a_penalty_or_a_prior_makes_up_for_data_that_say_nothing():
    sky = {"a": Source(TRUTH), "b": Source(TRUTH)}
    table = Parameters.of(sky).freeze("*.index")
    data = fake(spectrum(), {"a": Source(TRUTH)}, 26)
    assert fit(data, sky, table).problems[0].fault == "degenerate"
    told = table.set("b.spectrum.amplitude", value=1e-11, prior=UniformPrior(min=0, max=1e-10))
    assert fit(data, sky, told).problems[0].fault == "degenerate"  # flat: it says nothing either
    linked = table.link("b.spectrum.amplitude", "a.spectrum.amplitude")
    assert fit(data, sky, linked).ok


# Every status, on purpose


def only_problem(result, fault):
    """The one problem of a result, of this kind; check() says the same."""
    assert not result.ok
    assert [problem.fault for problem in result.problems] == [fault]
    with pytest.raises(FitError, match=re.escape(result.status)):
        result.check()
    return result.problems[0]


def test_a_parameter_at_its_bound_is_named_with_the_bound():
    sky = spectrum_sky()
    table = Parameters.of(sky).set("source.spectrum.index", value=2.6, bounds=(2.5, 3))
    problem = only_problem(fit(asimov(spectrum(), sky), sky, table), "bound")
    assert problem.parameters == ("source.spectrum.index",)
    assert "source.spectrum.index = 2.5 is at its bound [2.5, 3]: widen it, or freeze" in problem.text


def test_the_errors_of_the_others_are_those_with_the_bounded_one_frozen():
    sky = spectrum_sky()
    table = Parameters.of(sky).set("source.spectrum.index", value=2.6, bounds=(2.5, 3))
    held = fit(asimov(spectrum(), sky), sky, table)
    frozen = fit(asimov(spectrum(), sky), sky, Parameters.of(sky).set("source.spectrum.index", value=2.5, free=False))
    assert held.error("source.spectrum.amplitude") == pytest.approx(frozen.error("source.spectrum.amplitude"), rel=1e-5)
    assert np.isnan(held.error("source.spectrum.index"))


@pytest.mark.parametrize("make", [spectrum, on_off])
def test_parameters_that_do_the_same_are_named_together(make):
    sky = {"a": Source(TRUTH), "b": Source(PowerLaw(index=2.3, amplitude=1e-11)), "c": Source(PowerLaw(index=4.0))}
    table = Parameters.of(sky).freeze("*.index").set("c.spectrum.*", free=False)
    problem = only_problem(fit(fake(make(), {"a": Source(TRUTH)}, 27), sky, table), "degenerate")
    assert set(problem.parameters) == {"a.spectrum.amplitude", "b.spectrum.amplitude"}
    assert "cannot be told apart by the data: freeze or link one of them, or give it a prior" in problem.text


@pytest.mark.parametrize("seen", [1e8, 1e9, 1e11, 1e13])
def test_factors_of_one_product_are_degenerate_wherever_the_search_ends(seen):
    sky = {"a": Source(TRUTH * PowerLaw(index=0.1, amplitude=1.0))}
    table = Parameters.of(sky).freeze("*.model2.index").set("*.model2.amplitude", value=1.1)
    result = fit(fake(spectrum(seen=seen), spectrum_sky(), 28), sky, table)
    problem = only_problem(result, "degenerate")
    assert set(problem.parameters) == {"a.spectrum.model1.amplitude", "a.spectrum.model2.amplitude"}


def test_two_points_in_one_place_are_degenerate():
    sky = point_sky()
    sky = sky | {"twin": Source(TRUTH, Point(**offset(0.3, -0.2)))}
    table = Parameters.of(sky).freeze("*.index").freeze("*.shape.*")
    problem = only_problem(fit(fake(cube(), point_sky(), 29), sky, table), "degenerate")
    assert set(problem.parameters) == {"source.spectrum.amplitude", "twin.spectrum.amplitude"}


def test_what_the_data_do_not_change_with_is_unconstrained():
    sky = {"a": Source(TRUTH), "b": Source(PowerLaw(amplitude=0.0))}
    table = Parameters.of(sky).freeze("b.spectrum.amplitude")
    problem = only_problem(fit(fake(spectrum(), {"a": Source(TRUTH)}, 30), sky, table), "unconstrained")
    assert problem.parameters == ("b.spectrum.index",)
    assert "nothing constrains b.spectrum.index: the data do not change with it" in problem.text


def test_an_exhausted_budget_is_no_success():
    sky = spectrum_sky()
    start = Parameters.of(sky).set("source.spectrum.index", value=4.0)
    result = fit(fake(spectrum(), sky, 31), sky, start, minimiser=Newton(max_steps=2))
    assert result.problems[0].fault == "search"
    assert "stopped at the limit of evaluations: raise it, or start closer" in result.status


def test_a_start_where_the_statistic_is_no_number_is_said():
    sky = spectrum_sky()
    start = Parameters.of(sky).set("source.spectrum.index", value=-1000.0)  # E^1000 overflows
    problem = only_problem(fit(fake(spectrum(), sky, 32), sky, start), "not a number")
    assert problem.text == "the statistic is not a number at the start: look at the start values"


def stay(fn, start, bounds, linear=None):
    """A minimiser that is content where it starts."""
    return Minimum(start, fn(start), Status.CONVERGED, 1, fn)


def wander(fn, start, bounds, linear=None):
    """A minimiser for which windows are never where they should be."""
    return Minimum(start, fn(start), Status.MOVED, 1, fn)


def test_sources_that_never_rest_in_their_windows_are_no_success():
    sky = point_sky()
    result = fit(fake(cube(), sky, 31), sky, minimiser=wander)
    assert result.n_evaluations == 9
    assert result.problems[0].fault == "search"
    assert "sources leave the middle of their windows as often as these follow" in result.status


def test_a_saddle_is_no_minimum_and_the_search_leaves_it():
    """A point in the middle between two equal ones: no slope, by symmetry, but it falls to both sides."""
    pair = {"l": Source(TRUTH, Point(**offset(-4.0, 0.0))), "r": Source(TRUTH, Point(**offset(4.0, 0.0)))}
    data = asimov(image(), pair | {"bkg": FovBackground("image")})
    sky = {"one": Source(TRUTH, Point(**offset(0.0, 0.0))), "bkg": FovBackground("image")}
    table = Parameters.of(sky).freeze("*.index").freeze("*.lat_0")
    best = fit(data, sky, table.freeze("*.lon_0")).check()
    problem = only_problem(fit(data, best.sky, table, minimiser=stay), "not a minimum")
    assert problem.parameters[0] == "one.shape.lon_0"
    assert "the statistic falls along one.shape.lon_0" in problem.text
    left = fit(data, sky, table).check()
    assert min(abs(left.sky["one"].shape.lon_0 - pair[side].shape.lon_0) for side in pair) < PIXEL


def test_a_search_that_ends_early_is_told_how_far_the_minimum_is():
    sky = spectrum_sky()
    data = fake(spectrum(), sky, 33)
    best = fit(data, sky)
    start = best.parameters.set("source.spectrum.index", value=best.free[0] + 0.3 * best.error(best.names[0]))
    early = fit(data, sky, start, minimiser=stay)
    problem = only_problem(early, "not a minimum")
    expected = float(re.search(r"not a minimum: a better one is expected (\S+) below", problem.text)[1])
    assert expected == pytest.approx(early.stat - best.stat, rel=0.1)


# Bad input


def test_with_all_parameters_frozen_there_is_nothing_to_fit():
    sky = spectrum_sky()
    with pytest.raises(FitError, match="all parameters are frozen: there is nothing to fit"):
        fit(spectrum(), sky, Parameters.of(sky).freeze("*"))


def test_a_start_that_is_no_number_is_named():
    sky = spectrum_sky()
    table = Parameters.of(sky).set("source.spectrum.index", value=np.nan)
    with pytest.raises(FitError, match="source.spectrum.index starts at nan: give it a finite value"):
        fit(spectrum(), sky, table)


@pytest.mark.parametrize("mask", ["mask_safe", "mask_fit"])
def test_an_empty_mask_is_named(mask):
    dataset = cube()
    dataset = replace(dataset, **{mask: Map.filled(dataset.geom, False)})
    with pytest.raises(FitError, match="dataset 'cube': no bin is both safe and chosen for the fit"):
        fit(dataset, point_sky())


@pytest.mark.parametrize("shape", [Point(80.0, 22.0, frame="icrs"), Gaussian(80.0, 22.0, 0.05, frame="icrs")])
def test_a_source_outside_the_map_is_named(shape):
    sky = {"far": Source(TRUTH, shape), "bkg": FovBackground("cube")}
    with pytest.raises(FitError, match="source 'far' contributes nothing: no bin .* is it inside the map"):
        fit(fake(cube(), point_sky(), 34), sky)


def test_a_source_in_a_masked_part_of_the_map_is_named():
    dataset = cube()
    x = np.broadcast_to(np.arange(40) > 38, dataset.geom.shape)
    with pytest.raises(FitError, match="source 'source' contributes nothing: .* is its region masked"):
        fit(replace(dataset, mask_fit=Map(dataset.geom, x.copy())), point_sky(dx=-15.0))


def test_a_source_where_nothing_is_exposed_is_named():
    dark = replace(spectrum(), exposure=Map.filled(spectrum().exposure.geom, 0.0, "m2 s"))
    with pytest.raises(FitError, match="source 'source' contributes nothing: no bin in the statistic"):
        fit(dark, spectrum_sky())


@pytest.mark.parametrize(("value", "stat"), [(np.nan, "auto"), (-1.0, "auto"), (np.nan, "chi2")])
def test_counts_that_are_none_are_named_unless_they_are_masked(value, stat):
    sky = spectrum_sky()
    data = fake(spectrum(), sky, 35)
    counts, safe = data.counts.data.copy(), np.ones(data.geom.shape, dtype=bool)
    counts[3], safe[3] = value, False
    broken = replace(data, counts=Map(data.geom, counts))
    with pytest.raises(FitError, match=r"dataset 'spectrum': counts negative or no number in 1 of .* \(3, 0, 0\)"):
        fit(broken, sky, stat=stat)
    assert fit(replace(broken, mask_safe=Map(data.geom, safe)), sky).ok


def test_a_background_that_is_no_number_is_named():
    data = spectrum()
    with pytest.raises(FitError, match="background negative or no number in 12 of the bins"):
        fit(replace(data, background=Map.filled(data.geom, np.nan)), spectrum_sky())


def test_two_datasets_of_one_name_are_refused():
    with pytest.raises(FitError, match="two datasets are called 'spectrum'; give each a name of its own"):
        fit([spectrum(), spectrum()], spectrum_sky())


def test_a_source_for_no_dataset_is_named():
    sky = spectrum_sky() | {"lost": Source(TRUTH, datasets=("elsewhere",)), "bkg": FovBackground("spectrum")}
    with pytest.raises(FitError, match="'lost' is for no dataset of this fit; there are spectrum"):
        fit(spectrum(), sky)
    with pytest.raises(FitError, match="'bkg' is for no dataset of this fit; there are other"):
        fit(spectrum("other"), spectrum_sky() | {"bkg": FovBackground("spectrum")})


def test_two_backgrounds_of_one_dataset_are_refused():
    sky = spectrum_sky() | {"b1": FovBackground("spectrum"), "b2": FovBackground("spectrum")}
    with pytest.raises(FitError, match="dataset 'spectrum' has several background models, b1, b2; keep one"):
        fit(spectrum(), sky)


def test_a_measured_background_has_nothing_to_scale():
    with pytest.raises(FitError, match="dataset 'on-off' is an on-off measurement: 'bkg' has nothing to scale"):
        fit(on_off(), spectrum_sky() | {"bkg": FovBackground("on-off")})


def test_wstat_needs_off_counts():
    with pytest.raises(FitError, match="dataset 'spectrum' has no off counts, so no wstat"):
        fit(spectrum(), spectrum_sky(), stat="wstat")


def test_a_map_needs_a_shape():
    with pytest.raises(ModelError, match="source 'source' has no shape: the map dataset 'cube' needs one"):
        fit(cube(), spectrum_sky())


def test_a_negative_width_and_a_missing_frame_are_errors_at_construction():
    with pytest.raises(ModelError, match=r"Gaussian.sigma = -0.1 is outside \[0, inf\]"):
        Gaussian(83.6, 22.0, -0.1, frame="icrs")
    with pytest.raises(ModelError, match="Point: frame '' is not one of 'icrs', 'galactic'"):
        Point(83.6, 22.0)


def test_a_prior_outside_bounds_and_a_link_to_nothing_are_errors_in_the_table():
    table = Parameters.of(spectrum_sky())
    with pytest.raises(ModelError, match="source.spectrum.index: its prior allows .* they have nothing in common"):
        table.set("source.spectrum.index", bounds=(1, 3), prior=UniformPrior(min=4, max=5))
    with pytest.raises(ModelError, match="no parameter 'crab.spectrum.index'"):
        table.link("source.spectrum.index", "crab.spectrum.index")


def test_a_table_of_another_sky_is_refused():
    with pytest.raises(ModelError, match="the table is for another sky"):
        fit(spectrum(), spectrum_sky(), Parameters.of(point_sky()))
