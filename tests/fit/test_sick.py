"""Two hundred fits that cannot be right: none may say that all is well.

A fit is sick if its data and models do not determine all of its free parameters, or not inside their bounds, or if its
search was not let end: the likelihood is flat along a direction, has no minimum, or falls beyond a bound. Such a fit is
an error before it starts, or a result that is not ok. Twenty kinds are drawn ten times each; the usual suite runs two
of each.
"""

from dataclasses import replace

import numpy as np
import pytest

from skyfold.dataset.fake import fake
from skyfold.errors import SkyfoldError
from skyfold.fit.fit import fit
from skyfold.fit.newton import Newton
from skyfold.fit.parameters import Parameters
from skyfold.maps.map import Map
from skyfold.model.background import FovBackground, TemplateNpred
from skyfold.model.source import Source
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.cutoff import ExpCutoffPowerLaw
from skyfold.model.spectral.power_law import PowerLaw, PowerLawNorm
from tests.fit.toys import cube, image, offset, on_off, spectrum

KINDS = {}


def sick(make):
    """A kind of sick fit, drawn with a generator: what to give to `fit`."""
    KINDS[make.__name__] = make
    return make


def law(rng):
    return PowerLaw(index=rng.uniform(1.5, 3.5), amplitude=5e-11 * 10 ** rng.uniform(-1, 1))


def line(rng, dataset=None, sky=None):
    """Data of one source in a region."""
    sky = {"a": Source(law(rng))} if sky is None else sky
    return fake(spectrum() if dataset is None else dataset, sky, rng), sky


def field(rng, dataset=None, shape=Point):
    """Data of one source and the background in a map."""
    dataset = cube() if dataset is None else dataset
    at = offset(*rng.uniform(-5, 5, 2))
    shape = Point(**at) if shape is Point else Gaussian(sigma=rng.uniform(0.03, 0.06), **at)
    sky = {"a": Source(law(rng), shape), "bkg": FovBackground(dataset.name)}
    return fake(dataset, sky, rng), sky


def scaled(of, factor):
    return of.with_data(of.data * factor)


@sick
def nothing_is_exposed(rng):
    data, sky = line(rng)
    return replace(data, exposure=scaled(data.exposure, 0.0)), sky, None


@sick
def the_source_is_not_exposed(rng):
    data, sky = field(rng)
    return replace(data, exposure=scaled(data.exposure, np.arange(40) > 39)), sky, None


@sick
def the_source_is_beyond_the_map(rng):
    data, sky = field(rng)
    far = Point(**offset(*rng.uniform(60, 200, 2) * rng.choice([-1, 1], 2)))
    return data, sky | {"b": Source(law(rng), far)}, None


@sick
def everything_is_masked(rng):
    data, sky = field(rng)
    return replace(data, mask_fit=Map.filled(data.geom, False)), sky, None


@sick
def two_sources_do_the_same(rng):
    data, sky = line(rng)
    twin = {"b": Source(replace(sky["a"].spectrum, amplitude=sky["a"].spectrum.amplitude * rng.uniform(0.1, 10)))}
    return data, sky | twin, Parameters.of(sky | twin).freeze("*.index")


@sick
def two_sources_do_the_same_in_a_map(rng):
    data, sky = field(rng)
    sky = sky | {"b": Source(sky["a"].spectrum, sky["a"].shape)}
    return data, sky, Parameters.of(sky).freeze("*.index").freeze("*.shape.*")


@sick
def the_reference_energy_is_free(rng):
    data, sky = line(rng)
    return data, sky, Parameters.of(sky).thaw("*.reference")


@sick
def a_spectrum_has_two_factors(rng):
    data, sky = line(rng)
    sky = {"a": Source(sky["a"].spectrum * PowerLawNorm(norm=rng.uniform(0.5, 2)))}
    return data, sky, Parameters.of(sky)


@sick
def the_cut_off_has_two_numbers_for_one(rng):
    data, sky = line(rng)
    sky = {"a": Source(ExpCutoffPowerLaw(2.0, 5e-11, lambda_=0.1) * ExpCutoffPowerLaw(0.0, 1.0, lambda_=0.05))}
    return data, sky, Parameters.of(sky).freeze("*.model2.amplitude").freeze("*.model2.index")


@sick
def an_image_knows_no_index(rng):
    data, sky = field(rng, image())
    return data, sky, Parameters.of(sky)


@sick
def one_energy_knows_no_index(rng):
    data, sky = line(rng)
    one = np.zeros(data.geom.shape, dtype=bool)
    one[rng.integers(0, 3)] = True
    return replace(data, mask_fit=Map(data.geom, one)), sky, None


@sick
def nothing_was_counted(rng):
    data, sky = line(rng)
    return replace(data, counts=Map.filled(data.geom)), sky, None


@sick
def nothing_was_counted_and_the_source_is_positive(rng):
    data, sky = field(rng)
    table = Parameters.of(sky).set("a.spectrum.amplitude", bounds=(0, None))
    return replace(data, counts=Map.filled(data.geom)), sky, table


@sick
def nothing_was_counted_on_or_off(rng):
    data, sky = line(rng, on_off())
    return replace(data, counts=Map.filled(data.geom), counts_off=Map.filled(data.geom)), sky, None


@sick
def a_bound_is_in_the_way(rng):
    data, sky = field(rng)
    which, by = ("a.spectrum.index", 1.0) if rng.random() < 0.5 else ("a.spectrum.amplitude", 2e-11)
    value = Parameters.of(sky)[which].value
    low = value + rng.choice([1, 3]) * by  # where it starts
    return data, sky, Parameters.of(sky).freeze("a.shape.*").set(which, value=low, bounds=(low, low + 10 * by))


@sick
def a_source_without_flux_has_an_index_and_a_place(rng):
    data, sky = field(rng)
    ghost = {"b": Source(PowerLaw(amplitude=0.0), Point(**offset(*rng.uniform(-5, 5, 2))))}
    return data, sky | ghost, Parameters.of(sky | ghost).freeze("b.spectrum.amplitude")


@sick
def a_circle_has_a_direction(rng):
    data, sky = field(rng, shape=Gaussian)
    return data, sky, Parameters.of(sky).set("a.shape.phi", value=rng.uniform(0, 180), free=True)


@sick
def a_template_is_the_background(rng):
    data, sky = field(rng)
    sky = sky | {"more": TemplateNpred(rng.uniform(0.1, 10) * data.background.data)}
    return data, sky, Parameters.of(sky).freeze("a.shape.*")


@sick
def the_search_is_stopped(rng):
    data, sky = field(rng)
    start = Parameters.of(sky).set("a.spectrum.amplitude", value=rng.choice([-10, 30]) * sky["a"].spectrum.amplitude)
    return data, sky, start, Newton(max_steps=int(rng.integers(1, 6)))


@sick
def data_are_no_numbers(rng):
    data, sky = line(rng)
    which = rng.choice(["counts", "background", "exposure"])
    values = getattr(data, which).data.copy()
    values[rng.integers(0, 6)] = np.nan
    return replace(data, **{which: getattr(data, which).with_data(values)}), sky, None


def outcome(kind, draw):
    """What became of a sick fit: an error of this package, or the faults of its result."""
    datasets, sky, table, *minimiser = KINDS[kind](np.random.default_rng([sorted(KINDS).index(kind), draw]))
    try:
        result = fit(datasets, sky, table, **({"minimiser": minimiser[0]} if minimiser else {}))
    except SkyfoldError:
        return "error"
    return [problem.fault for problem in result.problems] or f"ok:\n{result}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("draws", [range(2), pytest.param(range(2, 10), marks=pytest.mark.slow)], ids=["few", "more"])
def test_no_sick_fit_is_reported_as_well(kind, draws):
    for draw in draws:
        found = outcome(kind, draw)
        assert found == "error" or isinstance(found, list), f"{kind}, draw {draw}: {found}"


def test_there_are_two_hundred():
    assert 10 * len(KINDS) == 200
