"""A spectrum times one number."""

from jax import Array

from skyfold.model.fields import param
from skyfold.model.spectral.base import Spectrum


class Scale(Spectrum):
    """norm · model(E): the shape of a reference spectrum with its brightness free."""

    model: Spectrum
    norm: Array = param(1.0)

    def dnde(self, energy: Array) -> Array:
        return self.norm * self.model.dnde(energy)

    def flux(self, edges: Array) -> Array:
        return self.norm * self.model.flux(edges)

    def energy_flux(self, edges: Array) -> Array:
        return self.norm * self.model.energy_flux(edges)
