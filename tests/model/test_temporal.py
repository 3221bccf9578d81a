"""Every light curve: its integral, its mean over good time intervals, derivatives, limits, errors."""

import inspect
import pkgutil
from dataclasses import replace
from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from astropy.time import Time

import skyfold.model.temporal
from skyfold.errors import ModelError, UnitError
from skyfold.model.fields import parameter_leaves
from skyfold.model.temporal.base import DAY, REFERENCE_MJD, Temporal
from skyfold.model.temporal.curves import LightCurveTemplate, PhaseCurve
from skyfold.model.temporal.pulses import GaussianPulse, GeneralizedGaussianPulse
from skyfold.model.temporal.trends import Constant, ExpDecay, Linear, PowerLawDecay, Sine

ZERO = REFERENCE_MJD
EXAMPLES = {
    "Constant": Constant(),
    "Linear": Linear(alpha=1.2, beta=0.3, t_ref=ZERO + 0.1),
    "ExpDecay": ExpDecay(t0=0.7, t_ref=ZERO + 0.1),
    "PowerLawDecay": PowerLawDecay(alpha=-0.8, t_ref=ZERO - 0.1, t0=0.5),
    "Sine": Sine(amp=0.4, omega=5.0, t_ref=ZERO + 0.1),
    "GaussianPulse": GaussianPulse(t_ref=ZERO + 0.6, sigma=0.4),
    "GeneralizedGaussianPulse": GeneralizedGaussianPulse(t_ref=ZERO + 0.6, t_rise=0.3, t_decay=0.5, eta=0.6),
    "LightCurveTemplate": LightCurveTemplate(np.array([-0.1, 0.4, 0.9, 1.4]) * DAY, np.array([0.5, 2.0, 1.0, 1.5])),
    "PhaseCurve": PhaseCurve([0.0, 0.3, 0.6], [0.0, 2.0, 1.0], t_ref=ZERO + 0.1, phi_ref=0.23, f0=3 / DAY),
}
STARTS, STOPS = np.array([0.05, 0.3, 0.85]) * DAY, np.array([0.25, 0.7, 1.2]) * DAY


@pytest.fixture(scope="module", params=[name for name, curve in EXAMPLES.items() if parameter_leaves(curve)])
def evaluated(request):
    """Of one light curve: its name, and derivatives of values, integrals and mean by JAX and by differences."""
    leaves, tree = jax.tree.flatten(EXAMPLES[request.param])
    numbers = [leaf.number for leaf in parameter_leaves(EXAMPLES[request.param])]
    values = np.array([leaves[i] for i in numbers])

    def at(theta):
        filled = [theta[numbers.index(i)] if i in numbers else leaf for i, leaf in enumerate(leaves)]
        curve = jax.tree.unflatten(tree, filled)
        here, over = curve(jnp.asarray(STARTS)), curve.integral(STARTS, STOPS) / DAY
        return jnp.concatenate([here, over, curve.mean(STARTS, STOPS)[None]])

    step = 1e-4 * np.where(values > 1e4, 1.0, np.maximum(np.abs(values), 1e-2))
    if request.param == "PhaseCurve":
        step[2:] = 1e-10, 1e-16, 1e-20  # all are small parts of a turn within a day
    run = jax.jit(lambda v: (at(v), jax.jacfwd(at)(v)))
    sides = [[np.asarray(run(values + sign * row)[0]) for row in np.diag(step)] for sign in (1, -1)]
    differences = ((np.array(sides[0]) - np.array(sides[1])) / 2).reshape(len(step), -1).T
    return request.param, np.asarray(run(values)[1]) * step[None, :], differences


def test_every_light_curve_has_an_example():
    found = set()
    for module in pkgutil.iter_modules(skyfold.model.temporal.__path__, "skyfold.model.temporal."):
        members = inspect.getmembers(import_module(module.name), inspect.isclass)
        found |= {name for name, cls in members if issubclass(cls, Temporal) and cls is not Temporal}
    assert found == set(EXAMPLES)


def test_derivatives_equal_central_differences_also_through_the_mean(evaluated):
    name, exact, differences = evaluated
    # A reference time in MJD is good to 1 µs, of steps of 9 s.
    np.testing.assert_allclose(exact, differences, rtol=1e-5, atol=1e-5 * np.abs(exact).max(initial=0), err_msg=name)


@pytest.mark.parametrize("name", EXAMPLES)
def test_integrals_are_those_of_a_quadrature_and_add_up(name):
    curve = EXAMPLES[name]
    run, over = jax.jit(lambda t: curve(t)), jax.jit(lambda a, b: curve.integral(a, b))
    breaks = [*np.arange(-2, 15) * DAY / 10]
    for start, stop in zip(STARTS, STOPS, strict=True):
        nodes = np.unique(np.clip([*breaks, start, stop], start, stop))
        if name == "PhaseCurve":
            nodes = np.linspace(start, stop, 4001)
            wanted = np.trapezoid(np.asarray(run(nodes)), nodes)
        else:
            x, w = np.polynomial.legendre.leggauss(40)
            half = np.diff(nodes) / 2
            wanted = np.sum(half[:, None] * w * np.asarray(run((nodes[:-1] + half)[:, None] + half[:, None] * x)))
        found = float(over(np.array([start]), np.array([stop]))[0])
        assert found == pytest.approx(wanted, rel=1e-4 if name == "PhaseCurve" else 1e-6)
    middle = (STARTS + STOPS) / 2
    np.testing.assert_allclose(over(STARTS, middle) + over(middle, STOPS), over(STARTS, STOPS), rtol=1e-6)


def test_the_mean_over_good_time_is_weighted_by_their_length():
    curve = Linear(alpha=1.0, beta=1.0, t_ref=ZERO)
    found = float(curve.mean(np.array([0.0, DAY]), np.array([DAY, 1.5 * DAY])))
    assert found == pytest.approx((1.5 * 1 + 2.25 * 0.5) / 1.5)


def test_limits_are_the_constant_the_gaussian_and_the_logarithm():
    flat = np.asarray(STOPS - STARTS)
    for curve in (Linear(), ExpDecay(t0=1e9), PowerLawDecay(alpha=0, t_ref=ZERO - 1), Sine(amp=0), Sine(omega=0)):
        np.testing.assert_allclose(curve.integral(STARTS, STOPS), flat, rtol=1e-8)
    log = PowerLawDecay(alpha=-1, t_ref=ZERO, t0=1.0)
    np.testing.assert_allclose(log.integral(STARTS, STOPS), DAY * np.log(STOPS / STARTS), rtol=1e-10)
    gaussian, general = GaussianPulse(ZERO + 0.5, 0.3), GeneralizedGaussianPulse(ZERO + 0.5, 0.3, 0.3, 0.5)
    np.testing.assert_allclose(gaussian(STARTS), general(STARTS), rtol=1e-9)
    np.testing.assert_allclose(gaussian.integral(STARTS, STOPS), general.integral(STARTS, STOPS), rtol=1e-6)


def test_nothing_is_before_a_power_law_begins_and_outside_of_a_table():
    assert float(PowerLawDecay(alpha=-1, t_ref=ZERO)(jnp.asarray(-5.0))) == 0
    assert float(EXAMPLES["LightCurveTemplate"](jnp.asarray(3 * DAY))) == 0
    assert float(EXAMPLES["LightCurveTemplate"].integral(STARTS[:1] + 5 * DAY, STOPS[:1] + 5 * DAY)[0]) == 0


def test_a_reference_is_a_number_a_quantity_or_a_time_in_any_scale():
    at = Time(ZERO + 10, format="mjd", scale="tt")
    assert GaussianPulse(at.utc).t_ref == pytest.approx(ZERO + 10, abs=1e-10)
    assert replace(GaussianPulse(), sigma="2 h").sigma == pytest.approx(1 / 12)


def test_derivatives_are_finite_for_widths_of_zero():
    for curve in (GaussianPulse(sigma=0), ExpDecay(t0=0), GeneralizedGaussianPulse(t_rise=0, t_decay=0)):
        slopes = jax.jit(jax.jacfwd(lambda c: c.mean(STARTS, STOPS)))(curve)
        assert all(np.isfinite(part).all() for part in jax.tree.leaves(slopes))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Constant().mean(np.zeros(0), np.zeros(0)), "Constant: a light curve needs good time intervals"),
        (lambda: GaussianPulse(sigma=-1), "GaussianPulse.sigma = -1 is outside"),
        (lambda: ExpDecay(t0=-1), "ExpDecay.t0 = -1 is outside"),
        (lambda: LightCurveTemplate([1, 1], [1, 2]), "LightCurveTemplate.times: wanted two or more"),
        (lambda: LightCurveTemplate([1, 2], [1, -2]), "LightCurveTemplate.norms: wanted 2 numbers"),
        (lambda: LightCurveTemplate([1, 2], [1, 2, 3]), "LightCurveTemplate.norms: wanted 2 numbers"),
        (lambda: PhaseCurve([0, 1.2], [1, 2]), "PhaseCurve.phase: from 0 to 1.2 is more than one turn"),
        (lambda: PhaseCurve([0, 0.5], [1, 2], f0=0), "PhaseCurve.f0 = 0 is outside"),
    ],
)
def test_what_is_no_light_curve_is_an_error_that_says_so(make, words):
    with pytest.raises(ModelError, match=words):
        make()


def test_another_unit_is_refused():
    with pytest.raises(UnitError, match="ExpDecay.t0"):
        ExpDecay(t0="1 TeV")
