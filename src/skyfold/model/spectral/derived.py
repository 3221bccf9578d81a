"""What follows from a spectrum: integrals with errors, error bands, indices, and the energies that stand out.

Wherever a covariance is wanted it is one of all parameters of the spectrum, shape (n, n), in the order of
`parameter_leaves` and in their units, with zeros for those that were frozen.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from skyfold.errors import ShapeError
from skyfold.model.fields import parameter_leaves
from skyfold.model.spectral.base import Spectrum
from skyfold.num.double import Floats

_WIDEST = (1e-5, 1e3)  # TeV, where peaks and pivots are looked for: 10 MeV to 1 PeV


class Estimate(NamedTuple):
    """A value and its one-sigma error, of one shape."""

    value: Array
    error: Array


class Band(NamedTuple):
    """Median and 68 % interval, of one shape."""

    low: Array
    median: Array
    high: Array


def propagate(function: Callable[[Spectrum], Array], spectrum: Spectrum, covariance: Any) -> Estimate:
    """A function of a spectrum with its error, to first order: the root of the diagonal of J C Jᵀ.

    Parameters
    ----------
    function : gives an array of any shape; differentiable.

    Raises
    ------
    ShapeError
        The covariance is not of all parameters of the spectrum.
    """
    theta, at = _flattened(spectrum)
    covariance = _checked(spectrum, covariance)
    jacobian = jax.jacfwd(lambda t: function(at(t)))(theta)
    variance = jnp.einsum("...i,ij,...j->...", jacobian, covariance, jacobian)
    return Estimate(function(spectrum), jnp.sqrt(jnp.maximum(variance, 0.0)))


def flux(spectrum: Spectrum, low: float, high: float, covariance: Any) -> Estimate:
    """Photon flux [s-1 cm-2] between two energies [TeV], with its error."""
    return propagate(lambda s: s.flux(jnp.array([low, high]))[0], spectrum, covariance)


def energy_flux(spectrum: Spectrum, low: float, high: float, covariance: Any) -> Estimate:
    """Energy flux [TeV s-1 cm-2] between two energies [TeV], with its error."""
    return propagate(lambda s: s.energy_flux(jnp.array([low, high]))[0], spectrum, covariance)


def dnde(spectrum: Spectrum, energy: Array, covariance: Any) -> Estimate:
    """Flux density [TeV-1 s-1 cm-2] at `energy` [TeV], any shape, with its error: the edges of the usual butterfly."""
    return propagate(lambda s: s.dnde(energy), spectrum, covariance)


def dnde_band(
    spectrum: Spectrum, energy: Array, covariance: Any, rng: np.random.Generator, samples: int = 10_000
) -> Band:
    """Flux density [TeV-1 s-1 cm-2] at `energy`, shape (k,), by drawing parameters from a normal distribution.

    The band is not symmetric, and right where the spectrum is not linear in its parameters within their errors. Where
    draws give no number (beyond what the formula allows) they are left out.
    """
    theta, at = _flattened(spectrum)
    draws = jnp.asarray(np.asarray(theta) + _normal(_checked(spectrum, covariance), rng, samples))
    values = jax.vmap(lambda t: at(t).dnde(energy))(draws)
    return Band(*jnp.nanquantile(values, np.array([0.15865525, 0.5, 0.84134475]), axis=0))


def index(spectrum: Spectrum, energy: Array) -> Array:
    """Spectral index −d ln(dN/dE) / d ln E at `energy` [TeV], any shape; 2 for E^−2."""
    value, slope = jax.jvp(spectrum.dnde, (energy,), (jnp.ones_like(energy),))
    return -energy * slope / value


def pivot_energy(spectrum: Spectrum, covariance: Any, low: float = _WIDEST[0], high: float = _WIDEST[1]) -> Array:
    """Energy [TeV] where the relative error of the flux density is smallest; nan if that is at the end of the range."""
    covariance = _checked(spectrum, covariance)

    def minus_variance(x: Array) -> Array:
        value, error = dnde(spectrum, jnp.exp(x), covariance)
        return -2 * jnp.log(error / jnp.abs(value))

    return _top(minus_variance, low, high)


def peak_energy(spectrum: Spectrum, low: float = _WIDEST[0], high: float = _WIDEST[1]) -> Array:
    """Energy [TeV] where E² dN/dE is largest; nan if that is at the end of the range, or everywhere."""
    return _top(lambda x: 2 * x + jnp.log(spectrum.dnde(jnp.exp(x))), low, high)


def _top(function: Callable[[Array], Array], low: float, high: float) -> Array:
    """e^x at the highest point of a function of arrays x between ln low and ln high; nan if it is at an end.

    On a grid, then on ever finer ones around the best point: it needs no slopes, so a break may be the highest point.
    """
    ends = jnp.log(jnp.array([low, high]))
    x = jnp.linspace(ends[0], ends[1], 401)
    values = _or_lowest(function(x))
    first, top = jnp.argmax(values), jnp.max(values)
    here, step = x[first], x[1] - x[0]
    for _ in range(8):
        fine = here + step * jnp.linspace(-1.0, 1.0, 21)
        here, step = fine[jnp.argmax(_or_lowest(function(fine)))], step / 10
    above_ends = top - jnp.maximum(values[0], values[-1]) > 1e-9  # more than rounding of something flat
    return jnp.where((first > 0) & (first < len(x) - 1) & above_ends, jnp.exp(here), jnp.nan)


def _or_lowest(values: Array) -> Array:
    return jnp.where(jnp.isnan(values), -jnp.inf, values)


def _flattened(spectrum: Spectrum) -> tuple[Array, Callable[[Array], Spectrum]]:
    """Parameters (n,), and the spectrum as a function of them."""
    leaves, tree = jax.tree.flatten(spectrum)
    places = [leaf.number for leaf in parameter_leaves(spectrum)]

    def at(theta: Array) -> Spectrum:
        replaced = list(leaves)
        for i, place in enumerate(places):
            replaced[place] = theta[i]
        rebuilt: Spectrum = jax.tree.unflatten(tree, replaced)
        return rebuilt

    return jnp.array([leaves[i] for i in places]), at


def _checked(spectrum: Spectrum, covariance: Any) -> Floats:
    names = [leaf.name for leaf in parameter_leaves(spectrum)]
    shape = np.shape(covariance)
    if shape != (len(names), len(names)):
        raise ShapeError(
            f"{type(spectrum).__name__}: found a covariance of shape {shape}; wanted one of its {len(names)} parameters"
            f" {', '.join(names)}, with zeros for frozen ones"
        )
    return np.asarray(covariance, dtype=float)


def _normal(covariance: Floats, rng: np.random.Generator, samples: int) -> Floats:
    """Draws (samples, n) around zero. From the correlation: amplitudes of 1e-12 beside indices of 2 leave no digits."""
    sigma = np.sqrt(covariance.diagonal())
    scale = np.where(sigma > 0, sigma, 1.0)
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(rng.standard_normal((samples, len(sigma))) @ root.T * sigma)
