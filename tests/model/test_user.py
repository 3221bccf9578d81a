"""Spectra that users write: classes, plain functions, functions JAX cannot look into."""

import pickle
import warnings

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skyfold.errors import ModelError, UnitError
from skyfold.model.fields import param, parameter_leaves, positive
from skyfold.model.spectral.base import FLUX_DENSITY, Spectrum
from skyfold.model.spectral.power_law import PowerLaw
from skyfold.model.user import spectrum_from, spectrum_from_external

ENERGY = np.array([0.5, 2.0, 10.0])
EDGES = np.array([1.0, 3.0, 10.0])


def cut(energy, *, amplitude, index=2.0, cutoff=5.0):
    return amplitude * energy**-index * jnp.exp(-energy / cutoff)


def cut_outside(energy, amplitude, index, cutoff):
    assert isinstance(energy, np.ndarray)
    assert isinstance(index, float)
    return amplitude * np.power(energy, -index) * np.exp(-energy / cutoff)


@pytest.fixture(scope="module")
def outside() -> Spectrum:
    with pytest.warns(UserWarning, match="cut_outside is called outside of JAX: its derivatives are differences"):
        return spectrum_from_external(cut_outside, amplitude="1e-12 TeV-1 s-1 cm-2", index=2.2, cutoff="5 TeV")


def test_a_class_of_ten_lines_is_a_spectrum():
    class Ripples(Spectrum):
        """A power law with ripples in ln E."""

        amplitude: jax.Array = positive(1e-12, FLUX_DENSITY)
        index: jax.Array = param(2.0)
        depth: jax.Array = param(0.1)

        def dnde(self, energy):
            return self.amplitude * energy**-self.index * (1 + self.depth * jnp.sin(jnp.log(energy)))

    assert [leaf.name for leaf in parameter_leaves({"s": Ripples(depth=0.2)})] == ["s.amplitude", "s.index", "s.depth"]
    np.testing.assert_allclose(Ripples(depth=0).flux(EDGES), PowerLaw().flux(EDGES), rtol=1e-12)


def test_a_function_becomes_a_spectrum_with_its_parameters():
    spectrum = spectrum_from(cut, amplitude=1e-9 * u.Unit("GeV-1 s-1 m-2"), cutoff="4000 GeV")
    leaves = parameter_leaves(spectrum)
    assert [(leaf.name, leaf.spec.unit) for leaf in leaves] == [
        ("amplitude", FLUX_DENSITY),
        ("index", ""),
        ("cutoff", "TeV"),
    ]
    np.testing.assert_allclose(spectrum.dnde(ENERGY), 1e-10 * ENERGY**-2 * np.exp(-ENERGY / 4))
    assert spectrum.flux(EDGES).shape == (2,)
    slope = jax.grad(lambda s: s.dnde(2.0))(spectrum)
    np.testing.assert_allclose(slope.index, -np.log(2) * spectrum.dnde(2.0))


def test_units_domain_and_frozen_parameters_are_declared_with_param():
    spectrum = spectrum_from(cut, amplitude=positive(1e-12, FLUX_DENSITY), cutoff=positive(5.0, "TeV", frozen=True))
    assert [leaf.spec.frozen for leaf in parameter_leaves(spectrum)] == [False, False, True]
    with pytest.raises(ModelError, match=r"cut\.amplitude = -1 is outside"):
        spectrum_from(cut, amplitude=positive(-1.0, FLUX_DENSITY))


def test_the_same_function_is_compiled_once():
    a, b = spectrum_from(cut, amplitude=1.0, index=2.0), spectrum_from(cut, amplitude=3.0, index=2.5)
    assert jax.tree.structure(a) == jax.tree.structure(b)


def test_a_spectrum_from_a_function_goes_to_a_worker_and_back():
    spectrum = spectrum_from(cut, amplitude=1e-12)
    assert pickle.loads(pickle.dumps(spectrum)).dnde(2.0) == spectrum.dnde(2.0)


def test_a_function_outside_of_jax_has_values_inside_of_it(outside):
    inside = spectrum_from(cut, amplitude=1e-12, index=2.2, cutoff=5.0)
    np.testing.assert_allclose(jax.jit(lambda s: s.flux(EDGES))(outside), inside.flux(EDGES), rtol=1e-12)


def test_derivatives_of_a_function_outside_of_jax_are_good_to_1e_minus_9(outside):
    inside = spectrum_from(cut, amplitude=1e-12, index=2.2, cutoff=5.0)
    slopes = [jax.jit(jax.jacfwd(lambda s: s.flux(EDGES)))(s) for s in (outside, inside)]
    curvatures = [jax.jit(jax.hessian(lambda s: s.dnde(2.0)))(s) for s in (outside, inside)]
    for name in ("amplitude", "index", "cutoff"):
        np.testing.assert_allclose(*(getattr(s, name) for s in slopes), rtol=1e-9)
        np.testing.assert_allclose(*(getattr(c, name).cutoff for c in curvatures), rtol=1e-6)
    np.testing.assert_allclose(*(jax.grad(s.dnde)(2.0) for s in (outside, inside)), rtol=1e-9)


def test_a_function_outside_of_jax_can_be_mapped(outside):
    amplitudes = jnp.array([1e-12, 2e-12])
    tree = jax.tree.structure(outside)
    values = jax.vmap(lambda a: jax.tree.unflatten(tree, [a, 2.2, 5.0]).dnde(2.0))(amplitudes)
    np.testing.assert_allclose(values, cut(2.0, amplitude=amplitudes, index=2.2, cutoff=5.0), rtol=1e-12)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({}, ModelError, "cut: no value for amplitude; its parameters are amplitude, index, cutoff"),
        (
            {"amplitude": 1, "slope": 2},
            ModelError,
            "cut: no parameter slope; its parameters are amplitude, index, cutoff",
        ),
        ({"amplitude": "1e-12 TeV-1 s-1"}, UnitError, r"cut\.amplitude: .* is neither a number nor in 'TeV'"),
    ],
)
def test_parameters_that_do_not_fit_the_function_are_an_error(parameters, error, message):
    with pytest.raises(error, match=message):
        spectrum_from(cut, **parameters)


def test_functions_of_jax_give_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spectrum_from(cut, amplitude=1e-12).dnde(ENERGY)
