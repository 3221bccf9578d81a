"""Every spectrum against its integrals by quadrature, central differences, and Gammapy 2.1."""

import importlib
import inspect
import pkgutil

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import skyfold.model.spectral
from skyfold.errors import ModelError, UnitError
from skyfold.model.fields import parameter_leaves
from skyfold.model.spectral.base import Compound, Spectrum, quadrature
from skyfold.model.spectral.cutoff import ExpCutoffPowerLaw, SuperExpCutoffPowerLaw4FGLDR3
from skyfold.model.spectral.line import GaussianLine
from skyfold.model.spectral.log_parabola import LogParabola
from skyfold.model.spectral.piecewise import PiecewiseNorm
from skyfold.model.spectral.power_law import BrokenPowerLaw, PowerLaw, PowerLaw2, SmoothBrokenPowerLaw
from skyfold.model.spectral.template import Template
from tests.model.spectra import EXAMPLES, TABLE

ENERGY = np.array([0.05, 0.5, 3.0, 40.0])
EDGES = np.array([0.2, 1.0, 7.0])
# A hundred bins from each of these to the next: the nodes and breaks of the examples are among the edges.
FINE = np.concatenate([np.geomspace(a, b, 100, endpoint=False) for a, b in [(0.2, 1), (1, 2), (2, 7)]] + [[7.0]])
NODES, WEIGHTS = (np.array(part) for part in quadrature(FINE))

# Gammapy 2.1, the same parameters as in EXAMPLES, at ENERGY: model(energy).
GAMMAPY = {
    "Constant": [1e-12, 1e-12, 1e-12, 1e-12],
    "PowerLaw": [4.838803433e-09, 2.425146506e-11, 3.935411081e-13, 1.017726329e-15],
    "PowerLaw2": [2.677085515e-09, 1.341721084e-11, 2.177280427e-13, 5.630607756e-16],
    "PowerLawNorm": [3.629102574, 1.81885988, 1.062560992, 0.4885086378],
    "BrokenPowerLaw": [7.650819998e-10, 1.212573253e-11, 3.085569612e-13, 1.68660356e-16],
    "SmoothBrokenPowerLaw": [1.155392272e-10, 1.750971878e-12, 3.692251728e-14, 2.542520215e-17],
    "ExpCutoffPowerLaw": [5.159326366e-10, 9.008883037e-12, 2.582491429e-13, 3.13349488e-17],
    "ExpCutoffPowerLawNorm": [5.544448638, 1.931685021, 0.5687231124, 0.002001296041],
    "ExpCutoffPowerLaw3FGL": [6.750893632e-10, 1.273304285e-11, 4.4295341e-13, 5.313127261e-17],
    "SuperExpCutoffPowerLaw3FGL": [5.19302641e-10, 1.162796328e-11, 4.615757097e-13, 5.534097847e-16],
    "SuperExpCutoffPowerLaw4FGL": [4.641499569e-10, 1.078305604e-11, 4.803477061e-13, 1.317591595e-15],
    "SuperExpCutoffPowerLaw4FGLDR3": [1.859625144e-10, 7.968411668e-12, 5.133195676e-13, 1.057050414e-15],
    "LogParabola": [3.902870361e-11, 1.032609867e-11, 4.062456256e-13, 1.254803568e-16],
    "LogParabola2": [1.415788268e-11, 7.054036028e-12, 4.541443695e-13, 2.858987543e-16],
    "LogParabolaNorm": [0.03171082169, 0.8389955167, 1.188268455, 0.06524978555],
    "GaussianLine": [3.845400104e-13, 6.631809253e-13, 2.659615203e-12, 2.008105027e-144],
    "Template": [3.24669082e-10, 6.49338164e-12, 1.596466012e-13, 4.117578625e-16],
    "PiecewiseNorm": [1.0, 1.62334541, 1.032225009, 0.5],
}


def everything(model: Spectrum) -> jax.Array:
    return jnp.concatenate([model.dnde(ENERGY), model.flux(EDGES), model.energy_flux(EDGES)])


@pytest.fixture(scope="module", params=EXAMPLES)
def evaluated(request):
    """Of one model: its name, all its values, and their derivatives by JAX and by central differences."""
    model = EXAMPLES[request.param]
    leaves, tree = jax.tree.flatten(model)
    places = [leaf.number for leaf in parameter_leaves(model)]
    values = np.array([leaves[i] for i in places])

    def at(theta):
        replaced = list(leaves)
        for place, value in zip(places, theta, strict=True):
            replaced[place] = value
        return everything(jax.tree.unflatten(tree, replaced))

    beside = values + 1e-5 * np.concatenate([np.diag(values), -np.diag(values), np.zeros((1, len(values)))])
    run = jax.jit(lambda: (jax.vmap(at)(beside), jax.jacfwd(at)(values)))
    here, jacobian = (np.array(part) for part in run()) if places else (everything(model)[None, :], np.zeros((8, 0)))
    up, down = here[: len(places)], here[len(places) : -1]
    return request.param, here[-1], jacobian * values, (up - down).T / 2e-5


def test_every_spectrum_of_the_room_has_an_example():
    found = set()
    spectral = pkgutil.iter_modules(skyfold.model.spectral.__path__, "skyfold.model.spectral.")
    for module in (*(module.name for module in spectral), "skyfold.model.ebl"):
        members = inspect.getmembers(importlib.import_module(module), inspect.isclass)
        found |= {name for name, cls in members if issubclass(cls, Spectrum) and cls not in (Spectrum, Compound)}
    assert found == set(EXAMPLES)


def test_derivatives_equal_central_differences(evaluated):
    name, here, exact, differences = evaluated
    np.testing.assert_allclose(exact / here[:, None], differences / here[:, None], rtol=1e-5, atol=1e-8, err_msg=name)


def test_integrals_equal_quadrature_in_fine_bins(evaluated):
    name, here, *_ = evaluated
    dnde = np.array(EXAMPLES[name].dnde(NODES)) * WEIGHTS
    by_bin = [np.add.reduceat(np.sum(part, axis=1), [0, 100]) for part in (dnde, dnde * NODES)]
    np.testing.assert_allclose(here[4:], np.concatenate(by_bin), rtol=1e-9)


def test_values_are_those_of_gammapy(evaluated):
    name, here, *_ = evaluated
    if name in GAMMAPY:
        np.testing.assert_allclose(here[:4], GAMMAPY[name], rtol=1e-9)


def with_derivatives(integrals):
    def by_index(index):
        return jnp.concatenate(integrals(PowerLaw(index=index)))

    return jax.jit(
        lambda index: (by_index(index), jax.jacfwd(by_index)(index), jax.jacfwd(jax.jacfwd(by_index))(index))
    )


CLOSED = with_derivatives(lambda model: [model.flux(EDGES), model.energy_flux(EDGES)])
NUMERIC = with_derivatives(lambda model: [Spectrum.flux(model, EDGES), Spectrum.energy_flux(model, EDGES)])


@pytest.mark.parametrize("index", [1.0, 1.0 + 1e-9, 1.2, 2.0, 2.0 - 1e-9, 2.3, 5.0])
def test_integrals_and_two_derivatives_are_right_at_and_around_index_1_and_2(index):
    for closed, numeric in zip(CLOSED(index), NUMERIC(index), strict=True):
        np.testing.assert_allclose(closed, numeric, rtol=1e-10)


def test_a_power_law_2_has_its_amplitude_between_its_energies():
    np.testing.assert_allclose(PowerLaw2(3e-11, 2.6).flux(np.array([0.1, 100.0])), [3e-11], rtol=1e-14)


def test_a_cutoff_catalogued_with_vanishing_index_2_is_a_log_parabola():
    # d/b L + d/b² (1 − e^(bL)) → −d L² / 2
    limit = LogParabola("1e-12 TeV-1 s-1 cm-2", "1 TeV", alpha=1.5, beta=0.1).dnde(ENERGY)
    for b in (0.0, 1e-12, 1e-9):
        np.testing.assert_allclose(
            SuperExpCutoffPowerLaw4FGLDR3(expfactor=0.2, index_2=b).dnde(ENERGY), limit, rtol=1e-7
        )


def test_no_cutoff_is_a_power_law_with_a_slope():
    plain = ExpCutoffPowerLaw(lambda_=0.0)
    slope = jax.jacfwd(lambda model: model.dnde(ENERGY))(plain)
    np.testing.assert_allclose(plain.dnde(ENERGY), PowerLaw(index=1.5).dnde(ENERGY), rtol=1e-14)
    np.testing.assert_allclose(slope.lambda_, -ENERGY * plain.dnde(ENERGY), rtol=1e-12)


def test_a_smooth_break_without_change_of_index_is_a_power_law():
    ratio = SmoothBrokenPowerLaw().dnde(ENERGY) / PowerLaw().dnde(ENERGY)
    np.testing.assert_allclose(ratio, np.full(4, 0.5), rtol=1e-14)


def test_a_break_at_an_edge_has_the_right_slope():
    slope = jax.jacfwd(lambda model: model.flux(EDGES))(BrokenPowerLaw(1.5, 2.5))
    beside = jax.jacfwd(lambda model: model.flux(EDGES))(BrokenPowerLaw(1.5, 2.5, ebreak=1.0 + 1e-7))
    np.testing.assert_allclose(slope.ebreak, beside.ebreak, rtol=1e-5)


def test_a_narrow_line_far_from_a_bin_keeps_its_relative_precision():
    line = GaussianLine(1e-11, mean="1 TeV", sigma="0.1 TeV")
    for low, high in ((1.5, 1.6), (0.4, 0.5)):  # 5 to 6 sigma away, on either side: 2.85665e-7 of a normal distribution
        np.testing.assert_allclose(line.flux(np.array([low, high])), [2.856649842e-18], rtol=1e-8)


def test_logarithms_of_base_ten_are_converted():
    spectrum = LogParabola.from_log10("1e-12 TeV-1 s-1 cm-2", "2 TeV", 2.1, 0.3)
    gammapy = [3.929588888e-10, 1.430813772e-11, 4.177398597e-13, 5.754840539e-16]  # 2.1, from_log10
    np.testing.assert_allclose(spectrum.dnde(ENERGY), gammapy, rtol=1e-9)


def test_spectra_add_subtract_and_multiply():
    a, b = PowerLaw(), PowerLaw(index=2.5)
    np.testing.assert_allclose((a + b - b).flux(EDGES), a.flux(EDGES), rtol=1e-12)
    np.testing.assert_allclose((a * PiecewiseNorm(TABLE[0], [2, 2, 2])).flux(EDGES), 2 * a.flux(EDGES), rtol=1e-9)


def test_parameters_of_compounds_and_of_sequences_have_names():
    names = [leaf.name for leaf in parameter_leaves({"s": PowerLaw() * PiecewiseNorm(TABLE[0], [1, 1, 1])})]
    assert names == [
        *(f"s.model1.{name}" for name in ("index", "amplitude", "reference")),
        *(f"s.model2.norms.{i}" for i in range(3)),
    ]


def test_a_table_takes_any_unit_and_remembers_what_it_is():
    in_gev = Template(TABLE[0] * 1e3 * u.GeV, TABLE[1] * 1e-3 * u.Unit("GeV-1 s-1 cm-2"))
    np.testing.assert_allclose(in_gev.dnde(ENERGY), EXAMPLES["Template"].dnde(ENERGY))
    assert in_gev.unit == "TeV-1 s-1 cm-2"
    assert Template(TABLE[0] * u.TeV, [1, 2, 3] * u.one).unit == ""


def test_a_table_may_hold_zeros():
    table = Template([1, 2, 4, 8], [1, 0, 0, 1], unit="")
    values = table.dnde(np.array([1.0, 1.5, 3.0, 8.0]))
    np.testing.assert_allclose(values, [1, 0, 0, 1], atol=1e-100)
    np.testing.assert_allclose(table.flux(np.array([2.0, 4.0])), [0], atol=1e-100)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: PowerLaw(amplitude="1e-12 TeV-1 s-1"), UnitError, r"PowerLaw\.amplitude.*cannot be converted"),
        (lambda: PowerLaw(index=2 * u.TeV), UnitError, r"PowerLaw\.index"),
        (lambda: PowerLaw(reference="-1 TeV"), ModelError, r"PowerLaw\.reference = -1 is outside"),
        (lambda: ExpCutoffPowerLaw(lambda_="10 TeV"), UnitError, r"ExpCutoffPowerLaw\.lambda_"),
        (lambda: GaussianLine(sigma=-0.1), ModelError, r"GaussianLine\.sigma"),
        (lambda: Template(*TABLE[:2]), UnitError, r"Template\.energy has no unit"),
        (lambda: Template(TABLE[0] * u.TeV, TABLE[1]), UnitError, r"Template\.values has no unit"),
        (lambda: Template(TABLE[0] * u.TeV, TABLE[1] * u.m), UnitError, r"Template\.values"),
        (lambda: Template([1, 1, 2], [1, 1, 1], ""), ModelError, r"Template\.energy: .* rise"),
        (lambda: Template([1, 2, 3], [1, -1, 1], ""), ModelError, r"Template\.values\[1\] = -1"),
        (lambda: Template([1, 2, 3], [1, 1, np.nan], ""), ModelError, r"Template\.values\[2\] = nan"),
        (lambda: Template([1, 2, 3], [1, 1], ""), ModelError, r"shape \(2,\) for 3 energies"),
        (lambda: PiecewiseNorm([1, 2, 3], (1, 1)), ModelError, "found 2 norms for 3 energies"),
        (lambda: PiecewiseNorm([1, 2], (1, -1)), ModelError, r"PiecewiseNorm\.norms\.1 = -1"),
    ],
)
def test_bad_input_is_an_error_that_names_the_parameter(make, error, message):
    with pytest.raises(error, match=message):
        make()
