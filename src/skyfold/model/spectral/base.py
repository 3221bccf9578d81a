"""What every spectrum can do, and how two of them are put together.

Energies are in TeV. A spectrum gives a flux density [TeV-1 s-1 cm-2], or a pure number where it scales another one (the
models called norm).
"""

import abc

import jax.numpy as jnp
import numpy as np
from jax import Array

from skyfold.model.fields import Model

FLUX_DENSITY = "TeV-1 s-1 cm-2"
FLUX = "s-1 cm-2"

# Twelve nodes integrate a decade of a cut-off power law, a log-parabola with beta 1 or an index of 5 to 1e-10, of
# exp(−E²) down to e^−100 to 2e-8; with eight they are 7e-8 and 8e-5. A break within less than a bin needs finer bins.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


class Spectrum(Model):
    """Photon flux per energy, as a function of true energy.

    A model of one's own gives `dnde`, and `flux` and `energy_flux` where it has closed forms of them.
    """

    @abc.abstractmethod
    def dnde(self, energy: Array) -> Array:
        """Flux density [TeV-1 s-1 cm-2] at `energy` [TeV]; any shape."""

    def flux(self, edges: Array) -> Array:
        """Photon flux [s-1 cm-2] in each bin, shape (n,), between `edges` [TeV], shape (n + 1,)."""
        energy, weight = quadrature(edges)
        return jnp.sum(weight * self.dnde(energy), axis=1)

    def energy_flux(self, edges: Array) -> Array:
        """Energy flux [TeV s-1 cm-2] in each bin, shape (n,), between `edges` [TeV], shape (n + 1,)."""
        energy, weight = quadrature(edges)
        return jnp.sum(weight * energy * self.dnde(energy), axis=1)

    def __add__(self, other: "Spectrum") -> "Sum":
        return Sum(self, other)

    def __sub__(self, other: "Spectrum") -> "Difference":
        return Difference(self, other)

    def __mul__(self, other: "Spectrum") -> "Product":
        return Product(self, other)


def quadrature(edges: Array) -> tuple[Array, Array]:
    """Energies and weights, shape (n, 12), whose weighted sum is an integral over each of n bins.

    Gauss-Legendre in ln E.
    """
    x = jnp.log(edges)
    half = jnp.diff(x)[:, None] / 2
    energy = jnp.exp((x[:-1] + x[1:])[:, None] / 2 + half * _NODES[None, :])
    return energy, half * _WEIGHTS[None, :] * energy


class Compound(Spectrum):
    """Two spectra put together; their parameters are called ``model1.index``, ``model2.index``."""

    model1: Spectrum
    model2: Spectrum


class Sum(Compound):
    """One spectrum on top of the other."""

    def dnde(self, energy: Array) -> Array:
        return self.model1.dnde(energy) + self.model2.dnde(energy)

    def flux(self, edges: Array) -> Array:
        return self.model1.flux(edges) + self.model2.flux(edges)

    def energy_flux(self, edges: Array) -> Array:
        return self.model1.energy_flux(edges) + self.model2.energy_flux(edges)


class Difference(Compound):
    """The first spectrum less the second."""

    def dnde(self, energy: Array) -> Array:
        return self.model1.dnde(energy) - self.model2.dnde(energy)

    def flux(self, edges: Array) -> Array:
        return self.model1.flux(edges) - self.model2.flux(edges)

    def energy_flux(self, edges: Array) -> Array:
        return self.model1.energy_flux(edges) - self.model2.energy_flux(edges)


class Product(Compound):
    """A spectrum times a norm model (or two norm models)."""

    def dnde(self, energy: Array) -> Array:
        return self.model1.dnde(energy) * self.model2.dnde(energy)
