"""Gaussian shapes."""

from typing import ClassVar

import jax.numpy as jnp
from jax import Array
from jax.scipy.special import gammaln

from skyfold.model.fields import param, positive
from skyfold.model.spatial.base import Centred
from skyfold.model.spatial.ellipse import MOST_ELONGATED, Moments, elongated, minor, of_sphere, size

_GAUSSIAN = Moments(2.0, 8.0, 48.0)
_LARGEST_EXPONENT = 700.0  # e to this is finite


class Gaussian(Centred):
    """exp(−θ² / 2σ²) / (2π σ² √(1 − e²)), σ along the major axis, over its integral on the sphere."""

    sigma: Array = positive(1.0, "deg")
    e: Array = param(0.0, frozen=True, domain=(0.0, MOST_ELONGATED))
    phi: Array = param(0.0, "deg", frozen=True)

    def __call__(self, lon: Array, lat: Array) -> Array:
        theta2, ratio = elongated(self, lon, lat, self.e, self.phi)
        sigma = size(self.sigma)
        area = 2 * jnp.pi * sigma**2 * ratio * of_sphere(sigma, self.e, _GAUSSIAN)
        return jnp.exp(-theta2 / (2 * sigma**2)) / area

    def reach(self) -> Array:
        return 5 * size(self.sigma)

    def grain(self) -> Array:
        return size(self.sigma) * minor(self.e)


class GeneralizedGaussian(Centred):
    """exp(−(θ / r_0)^(1/η)) / (2π r_0² √(1 − e²) η Γ(2η)), over its integral on the sphere.

    A disk where η is small, a Gaussian of σ = r_0 / √2 at η = 1/2, an exponential at 1. r_0 is along the major axis.
    """

    smooth: ClassVar[bool] = False

    r_0: Array = positive(1.0, "deg")
    eta: Array = param(0.5, domain=(0.01, 1.0))
    e: Array = param(0.0, frozen=True, domain=(0.0, MOST_ELONGATED))
    phi: Array = param(0.0, "deg", frozen=True)

    def __call__(self, lon: Array, lat: Array) -> Array:
        theta2, ratio = elongated(self, lon, lat, self.e, self.phi)
        r_0 = size(self.r_0)
        logarithm = jnp.log(jnp.maximum(theta2 / r_0**2, 1e-30)) / (2 * self.eta)
        fall = jnp.exp(jnp.minimum(logarithm, jnp.log(_LARGEST_EXPONENT)))
        plane = 2 * jnp.pi * r_0**2 * ratio * self.eta * jnp.exp(gammaln(2 * self.eta))
        return jnp.exp(-fall) / (plane * of_sphere(r_0, self.e, self._moments()))

    def reach(self) -> Array:
        """Where the brightness is e^-12 of that at the centre; 1e-4 of the light or less is beyond."""
        return size(self.r_0) * 12**self.eta

    def grain(self) -> Array:
        return size(self.r_0) * minor(self.e) / 2

    def _moments(self) -> Moments:
        """⟨ρⁿ⟩ = Γ((n + 2) η) / Γ(2η)"""
        return Moments(*(jnp.exp(gammaln((n + 2) * self.eta) - gammaln(2 * self.eta)) for n in (2, 4, 6)))
