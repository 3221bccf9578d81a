"""Shapes that do not move: constants, maps, norms across a field."""

import inspect
import pkgutil
from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import skyfold.model.spatial
from skyfold.errors import ModelError, UnitError
from skyfold.model.fields import parameter_leaves, specs
from skyfold.model.spatial.base import Shape
from skyfold.model.spatial.constant import Constant, ConstantFlux
from skyfold.model.spatial.piecewise import PiecewiseNormShape
from skyfold.model.spatial.template import EnergyTemplate, Template

GRID = np.radians(np.linspace(-1.0, 1.0, 5)), np.radians(np.linspace(-0.5, 0.5, 3))
VALUES = np.arange(15.0).reshape(3, 5) + 1
NORMS = (1.0, 2.0, 3.0, 5.0, 4.0)
NODES = np.array([359.0, 1.0, 1.0, 359.0, 0.0]), np.array([-1.0, -1.0, 1.0, 1.0, 0.0])


def piecewise(norms=NORMS, **options):
    return PiecewiseNormShape(*NODES, norms, **({"frame": "icrs"} | options))


def at(lon, lat):
    return np.radians(np.atleast_1d(lon)), np.radians(np.atleast_1d(lat))


def test_every_shape_that_does_not_move_is_here():
    found = set()
    for module in pkgutil.iter_modules(skyfold.model.spatial.__path__, "skyfold.model.spatial."):
        members = inspect.getmembers(import_module(module.name), inspect.isclass)
        found |= {cls for _, cls in members if issubclass(cls, Shape) and not cls.moves}
    with_parameters = {cls for cls in found if specs(cls)}
    assert {cls for cls in found if not cls.__name__.startswith("_")} == {
        Constant,
        ConstantFlux,
        Template,
        EnergyTemplate,
        PiecewiseNormShape,
    }
    assert with_parameters == {Constant, PiecewiseNormShape}  # whose derivatives are below


def test_the_derivative_of_a_constant_is_1():
    slope = jax.jacfwd(lambda value: Constant(value)(*at([0, 100], [0, 80])))(jnp.asarray(2.5))
    np.testing.assert_array_equal(slope, [1.0, 1.0])


def test_a_constant_has_its_value_everywhere():
    np.testing.assert_array_equal(Constant(2.5)(*at([0, 100], [0, 80])), [2.5, 2.5])
    assert [leaf.spec.frozen for leaf in parameter_leaves(Constant())] == [True]
    assert Constant("1 deg-2").value == pytest.approx(np.degrees(1) ** 2)


def test_a_constant_flux_has_no_brightness():
    with pytest.raises(ModelError, match="use Constant on maps"):
        ConstantFlux()(*at(0, 0))
    assert float(ConstantFlux().reach()) == 0


def test_norms_are_met_at_their_nodes_and_held_beyond():
    for interp in ("lin", "log"):
        np.testing.assert_allclose(piecewise(interp=interp)(*at(*NODES)), NORMS, rtol=1e-12)
    assert float(piecewise()(*at(3.0, -3.0))[0]) == pytest.approx(2.0, abs=0.01)  # beyond a corner
    assert 1 <= float(piecewise()(*at(0.0, -20.0))[0]) <= 2


def test_equal_norms_are_flat_and_a_slope_is_a_plane():
    lon, lat = at(np.linspace(-0.9, 0.9, 7), np.linspace(-0.8, 0.9, 7))
    np.testing.assert_allclose(piecewise([1.3] * 5)(lon, lat), 1.3)
    east = 1 + 0.1 * np.array([-1, 1, 1, -1, 0.0])
    np.testing.assert_allclose(piecewise(east)(lon, lat), 1 + 0.1 * np.degrees(lon), rtol=1e-4)


def test_derivatives_by_norms_are_central_differences_inside_and_outside():
    lon, lat = at([0.3, 359.5, 0.1, 4.0], [0.2, 0.1, -0.7, 2.0])
    for interp in ("lin", "log"):
        run = jax.jit(lambda norms, interp=interp: piecewise(tuple(norms), interp=interp)(lon, lat))
        exact = jax.jacfwd(run)(jnp.array(NORMS))
        for i in range(5):
            step = 1e-5 * np.eye(5)[i]
            np.testing.assert_allclose(
                exact[:, i], (run(np.array(NORMS) + step) - run(np.array(NORMS) - step)) / 2e-5, rtol=1e-5, atol=1e-8
            )


def test_a_template_is_met_at_its_nodes_linear_between_and_0_outside():
    shape = Template(*GRID, VALUES, frame="galactic")
    lon, lat = np.meshgrid(*GRID)
    np.testing.assert_allclose(shape(lon, lat), VALUES)
    np.testing.assert_allclose(shape(*at(359.25, -0.25)), (1 + 2 + 6 + 7) / 4)
    np.testing.assert_allclose(shape(*at([1.2, 1.3, 0.0, 180.0], [0.0, 0.0, 0.8, 0.0])), [10, 0, 0, 0])


def test_an_energy_template_is_a_power_law_between_its_maps():
    shape = EnergyTemplate([1.0, 10.0], *GRID, [VALUES, VALUES * 1e-2], frame="galactic")
    lon, lat = at([-1.0, 0.0], [-0.5, 0.0])
    for energy in (1.0, 3.0, 10.0, 40.0, 0.5):
        np.testing.assert_allclose(shape(lon, lat, energy), np.array([1, 8]) * energy**-2.0)
    np.testing.assert_allclose(shape(lon, lat, np.array([1.0, 10.0])), [1, 8e-2])
    assert float(shape(*at(90, 0), 1.0)[0]) == 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: piecewise(NORMS[:3]), "PiecewiseNormShape.lon: found values of shape"),
        (lambda: piecewise((*NORMS[:4], -1.0)), "PiecewiseNormShape.norms.4 = -1 is outside"),
        (lambda: piecewise(interp="cubic"), "PiecewiseNormShape.interp: found 'cubic'"),
        (lambda: piecewise(frame=""), "PiecewiseNormShape: frame ''"),
        (lambda: PiecewiseNormShape([0, 1, 2], [0, 0, 0], [1, 1, 1], frame="icrs"), "on one line"),
        (lambda: Template(*GRID, VALUES.T, frame="icrs"), "Template.values: found shape"),
        (lambda: Template(*GRID, -VALUES, frame="icrs"), r"Template.values\[0, 0\] = -1"),
        (lambda: Template(GRID[0] ** 2, GRID[1], VALUES, frame="icrs"), "Template.lon: wanted two or more"),
        (lambda: Template(*GRID, VALUES), "Template: frame ''"),
        (
            lambda: EnergyTemplate(np.array([2.0, 1.0]), *GRID, np.stack([VALUES] * 2), frame="icrs"),
            "EnergyTemplate.energy",
        ),
    ],
)
def test_what_is_no_shape_is_an_error_that_says_so(make, words):
    with pytest.raises(ModelError, match=words):
        make()


def test_another_unit_is_refused():
    with pytest.raises(UnitError, match="PiecewiseNormShape.lon"):
        PiecewiseNormShape("1 TeV", [0], [1], frame="icrs")
