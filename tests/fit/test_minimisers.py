"""Newton, MIGRAD and SciPy's minimisers: one interface, one minimum."""

import numpy as np
import pytest

from skyfold.dataset.fake import fake
from skyfold.errors import FitError
from skyfold.fit.fit import fit
from skyfold.fit.minimum import Status
from skyfold.fit.minuit import Migrad
from skyfold.fit.newton import Newton
from skyfold.fit.parameters import Parameters
from skyfold.fit.scipy_minimiser import Scipy
from skyfold.fit.term import Expansion
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
from tests.test_imports import loaded_by

OTHERS = [Migrad(), Scipy(), Scipy("SLSQP"), Scipy("trust-constr")]


def named(value):
    return getattr(value, "method", type(value).__name__)


TOYS = {
    "spectrum": (spectrum, spectrum_sky, None),
    "on-off": (on_off, spectrum_sky, None),
    "cube": (cube, point_sky, None),
    "extended": (cube, gaussian_sky, None),
    "image": (image, lambda: point_sky("image"), "source.spectrum.index"),
}


@pytest.fixture(scope="module", params=TOYS)
def toy(request):
    """A dataset, a sky, its parameters, and the fit of Newton."""
    dataset, sky, frozen = TOYS[request.param]
    sky = sky()
    table = Parameters.of(sky) if frozen is None else Parameters.of(sky).freeze(frozen)
    data = fake(dataset(), sky, 1)
    return data, sky, table, fit(data, sky, table).check()


@pytest.mark.parametrize("minimiser", OTHERS, ids=named)
@pytest.mark.parametrize("factor", [1.0, 30.0, -5.0])
def test_all_minimisers_end_in_one_minimum(toy, minimiser, factor):
    data, sky, table, newton = toy
    start = table.set("source.spectrum.amplitude", value=factor * float(TRUTH.amplitude))
    found = fit(data, sky, start, minimiser=minimiser).check()
    assert found.stat == pytest.approx(newton.stat, abs=1e-6)
    errors = np.sqrt(newton.covariance.diagonal())
    assert np.abs((found.free - newton.free) / errors).max() < 2e-3
    assert np.abs((found.covariance - newton.covariance) / np.outer(errors, errors)).max() < 2e-3


def test_a_search_without_derivatives_ends_there_too():
    sky = spectrum_sky()
    data = fake(on_off(), sky, 1)
    newton, simplex = fit(data, sky), fit(data, sky, minimiser=Scipy("Nelder-Mead")).check()
    assert simplex.stat == pytest.approx(newton.stat, abs=1e-6)
    assert simplex.n_evaluations > 10 * newton.n_evaluations


@pytest.mark.parametrize("minimiser", [Newton(), *OTHERS], ids=named)
def test_windows_follow_a_source_that_starts_outside_of_them(minimiser):
    truth, start = point_sky("image"), point_sky("image", dx=4.2, dy=-4.4)
    data = fake(image(), truth, 2)
    table = Parameters.of(start).freeze("source.spectrum.index")
    found = fit(data, start, table, minimiser=minimiser).check()
    at = offset(0.3, -0.2)
    assert found.parameters["source.shape.lat_0"].value == pytest.approx(at["lat_0"], abs=0.3 * PIXEL)
    assert found.likelihood.expand(found.free).drift < 0.05


@pytest.mark.parametrize("minimiser", [Newton(), *OTHERS], ids=named)
@pytest.mark.parametrize("start", [2e-11, 3e-11])
def test_bounds_are_honoured_and_one_that_holds_the_fit_back_is_named(minimiser, start):
    sky = spectrum_sky()
    table = Parameters.of(sky).set("source.spectrum.amplitude", value=start, bounds=(0, 3e-11))
    found = fit(fake(spectrum(), sky, 1), sky, table, minimiser=minimiser)
    assert not found.ok
    assert found.problems[0].fault == "bound"
    assert found.problems[0].parameters == ("source.spectrum.amplitude",)
    assert found.parameters["source.spectrum.amplitude"].value == pytest.approx(3e-11, rel=1e-9)
    assert found.parameters["source.spectrum.index"].value == pytest.approx(2.1, abs=0.2)  # the best with that


@pytest.mark.parametrize("minimiser", [Newton(), *OTHERS], ids=named)
def test_a_start_at_a_bound_that_does_not_hold_is_no_trap(minimiser):
    sky = spectrum_sky()
    data = fake(spectrum(), sky, 1)
    table = Parameters.of(sky).set("source.spectrum.amplitude", value=0, bounds=(0, 1e-9))
    found = fit(data, sky, table, minimiser=minimiser).check()
    assert found.stat == pytest.approx(fit(data, sky).stat, abs=1e-6)


@pytest.mark.parametrize("minimiser", [Newton(max_steps=2), Migrad(max_calls=4), Scipy(max_calls=4)], ids=named)
def test_a_search_that_runs_out_of_evaluations_says_so(minimiser):
    sky = spectrum_sky()
    start = Parameters.of(sky).set("source.spectrum.index", value=3.0)
    found = fit(fake(spectrum(), sky, 1), sky, start, minimiser=minimiser)
    assert not found.ok
    assert found.problems[0].text == Status.BUDGET.value


class Bowl:
    """Σ (x − 1)⁴ + x², no number right of `wall`; nothing drifts."""

    margin = 4.0

    def __init__(self, wall=np.inf):
        self.wall, self.calls = wall, 0

    def expand(self, free, relief=0.0):
        self.calls += 1
        value = np.sum((free - 1) ** 4 + free**2) if np.all(free < self.wall) else np.nan
        return Expansion(float(value), 4 * (free - 1) ** 3 + 2 * free, self.curvature(free), 0.0)

    def curvature(self, free):
        return np.diag(12 * (free - 1) ** 2 + 2)

    def around(self, free):
        return self


LOWEST = 0.4102454876985416  # real root of 4 (x − 1)³ + 2 x
UNBOUND = np.array([[-np.inf, np.inf]] * 2)


@pytest.mark.parametrize("minimiser", [Newton(), *OTHERS, Scipy("Nelder-Mead")], ids=named)
def test_anything_known_to_second_order_can_be_minimised(minimiser):
    end = minimiser(Bowl(), np.array([-3.0, 5.0]), UNBOUND)
    assert end.status is Status.CONVERGED
    assert end.free == pytest.approx([LOWEST] * 2, abs=1e-3)


@pytest.mark.parametrize("minimiser", [Newton(), *OTHERS], ids=named)
def test_steps_to_where_there_is_no_number_lead_back(minimiser):
    end = minimiser(Bowl(wall=0.5), np.array([-3.0, 0.45]), UNBOUND)
    assert end.status is Status.CONVERGED
    assert end.free == pytest.approx([LOWEST] * 2, abs=1e-3)


@pytest.mark.parametrize("minimiser", [Newton(), *OTHERS], ids=named)
def test_a_start_that_is_no_number_is_no_search(minimiser):
    bowl = Bowl(wall=0.0)
    end = minimiser(bowl, np.array([1.0, 1.0]), UNBOUND)
    assert end.status is Status.NAN
    assert bowl.calls == 1


def test_a_method_without_bounds_is_refused_by_name():
    with pytest.raises(FitError, match="'BFGS' is unknown, or knows no bounds; take one of L-BFGS-B, SLSQP"):
        Scipy("BFGS")


def test_minuit_is_imported_only_to_be_used():
    assert "iminuit" not in loaded_by("skyfold.fit.minuit")
