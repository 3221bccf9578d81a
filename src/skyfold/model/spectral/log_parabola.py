"""Log-parabolas: a power law whose index changes with ln E."""

from typing import Any, Self

import jax.numpy as jnp
import numpy as np
from jax import Array

from skyfold.model.fields import param, positive
from skyfold.model.spectral.base import FLUX_DENSITY, Spectrum


class LogParabola(Spectrum):
    """dN/dE = amplitude x^−(alpha + beta ln x), x = E / reference."""

    amplitude: Array = param(1e-12, FLUX_DENSITY)
    reference: Array = positive(10.0, "TeV", frozen=True)
    alpha: Array = param(2.0)
    beta: Array = param(1.0)

    @classmethod
    def from_log10(cls, amplitude: Any, reference: Any, alpha: Any, beta: Any) -> Self:
        """From a publication that has log10 x in place of ln x: its beta is ln 10 times ours."""
        return cls(amplitude, reference, alpha, beta / np.log(10))

    def dnde(self, energy: Array) -> Array:
        x = jnp.log(energy / self.reference)
        return self.amplitude * jnp.exp(-x * (self.alpha + self.beta * x))


class LogParabola2(Spectrum):
    """dN/dE = amplitude x^−(alpha + beta ln(E / escale)), x = E / reference.

    The index is alpha + beta ln(reference / escale) at the reference energy, whatever that is chosen to be.
    """

    amplitude: Array = param(1e-12, FLUX_DENSITY)
    reference: Array = positive(10.0, "TeV", frozen=True)
    alpha: Array = param(2.0)
    beta: Array = param(1.0)
    escale: Array = positive(1.0, "TeV", frozen=True)

    def dnde(self, energy: Array) -> Array:
        index = self.alpha + self.beta * jnp.log(energy / self.escale)
        return self.amplitude * jnp.exp(-index * jnp.log(energy / self.reference))


class LogParabolaNorm(Spectrum):
    """norm x^−(alpha + beta ln x), x = E / reference, a pure number: curves another spectrum."""

    norm: Array = param(1.0)
    reference: Array = positive(10.0, "TeV", frozen=True)
    alpha: Array = param(0.0)
    beta: Array = param(0.0)

    def dnde(self, energy: Array) -> Array:
        x = jnp.log(energy / self.reference)
        return self.norm * jnp.exp(-x * (self.alpha + self.beta * x))
