"""Every shape against its integral over the sphere, central differences, and Gammapy 2.1."""

import importlib
import inspect
import pkgutil
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import skyfold.model.spatial
from skyfold.errors import ModelError, UnitError
from skyfold.model.fields import parameter_leaves
from skyfold.model.spatial.base import Centred, Shape
from skyfold.model.spatial.disk import Disk
from skyfold.model.spatial.gaussian import Gaussian, GeneralizedGaussian
from skyfold.model.spatial.king import Beta, King
from skyfold.model.spatial.point import Point
from skyfold.model.spatial.shell import Shell, Shell2
from tests.model.shapes import EXAMPLES

# The centre, places inside, in between and outside, and one on the edge of the disk.
LON, LAT = np.radians([83.0, 83.2, 82.7, 83.55, 83.264]), np.radians([22.0, 22.1, 22.3, 21.8, 21.858])

# Gammapy 2.1, [sr-1] at all but the last. It normalises shells and generalised Gaussians in the plane, disks without
# their soft edge (ours is 9e-4 fainter), shells without the smoothing of their rims (ours are 9e-4 brighter).
GAMMAPY = {
    "Gaussian": (8129.0126, 5953.0402, 1422.6457, 319.71073),
    "GeneralizedGaussian": (17455.775, 10035.186, 149.06209, 0.57430915),
    "Disk": (9145.1673, 9145.1673, 0, 0),
    "Shell": (3198.8257, 3836.0856, 4602.1452, 0),
    "Shell2": (3198.8257, 3836.0856, 4602.1452, 0),
}
_AZIMUTH = np.arange(64) * 2 * np.pi / 64 + 0.01


@pytest.fixture(scope="module", params=EXAMPLES)
def evaluated(request):
    """Of one shape: its name, its values, and their derivatives by JAX and by central differences."""
    shape = EXAMPLES[request.param]
    values = np.array(jax.tree.leaves(shape))
    tree = jax.tree.structure(shape)

    def at(theta):
        return jax.tree.unflatten(tree, list(theta))(LON, LAT)

    step = 1e-5 * np.maximum(np.abs(values), 1e-2)
    step[:2] = 1e-6  # a position is known to a part of the size
    beside = values + np.concatenate([np.diag(step), -np.diag(step)])
    run = jax.jit(lambda: (at(values), jax.jacfwd(at)(values), jax.vmap(at)(beside)))
    here, jacobian, shifted = (np.array(part) for part in run())
    n = len(values)
    return request.param, here, jacobian, ((shifted[:n] - shifted[n:]) / (2 * step)[:, None]).T


def integral(shape: Shape, radius: float) -> float:
    """∫ dΩ within a radius [rad] of its centre: even in azimuth, Gauss-Legendre in 40 rings."""
    nodes, weights = np.polynomial.legendre.leggauss(16)
    edges = np.linspace(0, radius, 41)
    half = np.diff(edges)[:, None] / 2
    theta, weight = (edges[:-1, None] + half * (nodes + 1)).ravel(), (half * weights).ravel()
    lon_0, lat_0 = (float(angle) for angle in shape.center())
    sine, cosine = np.sin(theta)[:, None], np.cos(theta)[:, None]
    north, east = sine * np.cos(_AZIMUTH), sine * np.sin(_AZIMUTH)
    lat = np.arcsin(np.sin(lat_0) * cosine + np.cos(lat_0) * north)
    lon = lon_0 + np.arctan2(east, np.cos(lat_0) * cosine - np.sin(lat_0) * north)
    rings = np.asarray(shape(lon.ravel(), lat.ravel())).reshape(lon.shape).mean(axis=1)
    return float(2 * np.pi * np.sum(rings * weight * np.sin(theta)))


def test_every_shape_with_a_position_has_an_example():
    found = set()
    for module in pkgutil.iter_modules(skyfold.model.spatial.__path__, "skyfold.model.spatial."):
        members = inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
        shapes = {cls for _, cls in members if issubclass(cls, Shape) and cls.moves}
        found |= {cls.__name__ for cls in shapes if not cls.__name__.startswith("_")}
    assert found - {"Shape", "Centred", "Point"} == set(EXAMPLES)


def test_derivatives_equal_central_differences(evaluated):
    name, _, exact, differences = evaluated
    scale = np.abs(exact).max(axis=0, initial=1e-9)
    np.testing.assert_allclose(exact / scale, differences / scale, rtol=1e-5, atol=1e-6, err_msg=name)


def test_values_are_those_of_gammapy(evaluated):
    name, here, *_ = evaluated
    if name in GAMMAPY:
        loose = 1.1e-3 if name in ("Disk", "Shell", "Shell2") else 2e-5
        np.testing.assert_allclose(here[:4], GAMMAPY[name], rtol=loose, atol=1e-9)


BIG = {
    "Gaussian": Gaussian(10, -30, sigma=10, frame="galactic"),
    "Gaussian, elongated": Gaussian(10, -30, sigma=10, e=0.8, phi=70, frame="galactic"),
    "GeneralizedGaussian": GeneralizedGaussian(10, -30, r_0=8, eta=0.8, e=0.6, phi=70, frame="galactic"),
    "Disk": Disk(10, -30, r_0=10, e=0.6, phi=70, edge_width=0.8, frame="galactic"),
    "Shell": Shell(10, -30, radius=8, width=2, frame="galactic"),
    "Shell2, a ball": Shell2(10, -30, r_0=10, eta=1, frame="galactic"),
}
SMALL = {f"{name}, small": shape for name, shape in EXAMPLES.items() if shape.normalised}


@pytest.mark.parametrize("name", BIG | SMALL)
def test_the_light_of_a_shape_is_1_over_the_sphere(name):
    shape = (BIG | SMALL)[name]
    assert integral(shape, 1.3 * float(shape.reach())) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("name", EXAMPLES)
def test_derivatives_are_finite_at_the_centre_and_for_sizes_of_zero(name):
    shape = EXAMPLES[name]
    sizes = {"sigma", "r_0", "radius", "width", "core", "edge_width", "e"} & set(vars(shape))
    slopes = jax.jit(jax.jacfwd(lambda s: s(LON[:2], LAT[:2])))
    for one in (shape, replace(shape, **dict.fromkeys(sizes, 0.0))):
        assert all(np.isfinite(part).all() for part in jax.tree.leaves(slopes(one)))


@pytest.mark.parametrize("name", [name for name, shape in EXAMPLES.items() if shape.normalised])
def test_next_to_nothing_is_beyond_the_reach(name):
    shape = EXAMPLES[name]
    assert integral(shape, float(shape.reach())) > 0.999


def test_a_king_profile_holds_the_share_of_its_closed_form():
    king = EXAMPLES["King"]
    core = np.radians(king.core)
    assert integral(king, 30 * core) == pytest.approx(1 - (1 + 30**2) ** (1 - king.slope), abs=1e-3)
    assert float(king.reach()) == pytest.approx(30 * core)


def test_a_beta_profile_is_1_at_its_centre_and_falls_by_its_power():
    beta = Beta(83, 22, core=0.01, beta=0.6, frame="icrs")
    at = np.radians([22.0, 22.5, 23.0])
    light = np.asarray(beta(np.radians([83.0, 83.0, 83.0]), at))
    np.testing.assert_allclose(light[0], 1)
    np.testing.assert_allclose(light[1] / light[2], 2 ** (6 * 0.6 - 1), rtol=1e-3)


def test_elongated_shapes_point_to_their_position_angle():
    east, north = Gaussian(0, 0, 1, 0.9, 90, frame="icrs"), Gaussian(0, 0, 1, 0.9, 0, frame="icrs")
    one = np.radians([1.0])
    assert east(one, 0 * one) > east(0 * one, one)
    assert north(0 * one, one) > north(one, 0 * one)
    tilted = Gaussian(0, 0, 1, 0.9, 45, frame="icrs")
    assert tilted(one, one) > tilted(-one, one)


def test_a_generalized_gaussian_of_one_half_is_a_gaussian():
    general = GeneralizedGaussian(83, 22, r_0=0.3 * np.sqrt(2), eta=0.5, frame="icrs")
    gaussian = Gaussian(83, 22, sigma=0.3, frame="icrs")
    np.testing.assert_allclose(general(LON, LAT), gaussian(LON, LAT), rtol=1e-9)


def test_both_shells_of_the_same_spheres_are_equal():
    np.testing.assert_allclose(EXAMPLES["Shell"](LON, LAT), EXAMPLES["Shell2"](LON, LAT), rtol=1e-12)


def test_the_rim_of_a_shell_has_two_continuous_derivatives():
    def profile(theta):
        return Shell2(0, 0, 1, 1, frame="icrs")(jnp.zeros(()), jnp.radians(theta))

    rims = np.array([1.0, np.sqrt(1 - 0.02)])
    below, above, within = np.asarray(
        jax.jit(jax.vmap(jax.grad(jax.grad(profile))))(np.concatenate([rims - 1e-7, rims + 1e-7, [0.995] * 2]))
    ).reshape(3, 2)
    np.testing.assert_allclose(below, above, atol=1e-3 * np.abs(within).max())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Gaussian(0, 0, sigma=-0.1, frame="icrs"), "Gaussian.sigma = -0.1 is outside"),
        (lambda: Gaussian(0, 0, e=1, frame="icrs"), "Gaussian.e = 1 is outside"),
        (lambda: Gaussian(0, 95, frame="icrs"), "Gaussian.lat_0 = 95 is outside"),
        (lambda: Disk(0, 0, edge_width=2, frame="icrs"), "Disk.edge_width = 2 is outside"),
        (lambda: Shell(0, 0, width=-1, frame="icrs"), "Shell.width = -1 is outside"),
        (lambda: Shell2(0, 0, eta=1.2, frame="icrs"), "Shell2.eta = 1.2 is outside"),
        (lambda: King(0, 0, slope=0.9, frame="icrs"), "King.slope = 0.9 is outside"),
        (lambda: GeneralizedGaussian(0, 0, eta=0, frame="icrs"), "GeneralizedGaussian.eta = 0 is outside"),
        (lambda: Point(0, 0), "Point: frame '' is not one of 'icrs', 'galactic'"),
        (lambda: Disk(0, 0, frame="fk5"), "Disk: frame 'fk5' is not one of"),
    ],
)
def test_what_is_no_shape_is_an_error_that_says_so(make, words):
    with pytest.raises(ModelError, match=words):
        make()


def test_positions_and_sizes_are_converted_and_other_units_refused():
    assert Gaussian("0.1 rad", 0, sigma="6 arcmin", frame="icrs").sigma == pytest.approx(0.1)
    with pytest.raises(UnitError, match="Gaussian.sigma"):
        Gaussian(0, 0, sigma="1 TeV", frame="icrs")


def test_the_names_of_parameters_are_those_of_the_field():
    names = {name: [leaf.name for leaf in parameter_leaves(shape)] for name, shape in EXAMPLES.items()}
    assert names["Disk"] == ["lon_0", "lat_0", "r_0", "e", "phi", "edge_width"]
    assert names["Shell"] == ["lon_0", "lat_0", "radius", "width"]
    assert all(issubclass(type(shape), Centred) for shape in EXAMPLES.values())
