"""Lines."""

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import erfc

from skyfold.model.fields import param, positive
from skyfold.model.spectral.base import FLUX, Spectrum


class GaussianLine(Spectrum):
    """dN/dE = amplitude N(E; mean, sigma): a line of flux `amplitude`, broadened."""

    amplitude: Array = param(1e-12, FLUX)
    mean: Array = param(1.0, "TeV")
    sigma: Array = positive(2.0, "TeV")

    def dnde(self, energy: Array) -> Array:
        return self.amplitude / self.sigma * _density((energy - self.mean) / self.sigma)

    def flux(self, edges: Array) -> Array:
        return self.amplitude * _between((edges - self.mean) / self.sigma)

    def energy_flux(self, edges: Array) -> Array:
        x = (edges - self.mean) / self.sigma
        return self.amplitude * (self.mean * _between(x) - self.sigma * jnp.diff(_density(x)))


def _density(x: Array) -> Array:
    return jnp.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


def _between(x: Array) -> Array:
    """Probability of a standard normal number in each bin, precise in both tails."""
    low, high = x[:-1], x[1:]
    right = low + high > 0  # count from the nearer end, or what is left of 1 − 1 is noise
    near, far = jnp.where(right, low, -high), jnp.where(right, high, -low)
    return (erfc(near / np.sqrt(2)) - erfc(far / np.sqrt(2))) / 2
