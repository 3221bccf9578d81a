"""Power laws, straight and broken. All integrals but one are closed forms, finite and smooth at index 1 and 2."""

import jax.numpy as jnp
from jax import Array

from skyfold.model.fields import param, positive
from skyfold.model.spectral.base import FLUX, FLUX_DENSITY, Spectrum
from skyfold.num.smooth import power_between


class Constant(Spectrum):
    """dN/dE = const."""

    const: Array = param(1e-12, FLUX_DENSITY)

    def dnde(self, energy: Array) -> Array:
        return self.const * jnp.ones_like(energy)

    def flux(self, edges: Array) -> Array:
        return self.const * jnp.diff(edges)

    def energy_flux(self, edges: Array) -> Array:
        return self.const * jnp.diff(edges**2) / 2


class PowerLaw(Spectrum):
    """dN/dE = amplitude (E / reference)^−index."""

    index: Array = param(2.0)
    amplitude: Array = param(1e-12, FLUX_DENSITY)
    reference: Array = positive(1.0, "TeV", frozen=True)

    def dnde(self, energy: Array) -> Array:
        return self.amplitude * (energy / self.reference) ** -self.index

    def flux(self, edges: Array) -> Array:
        return self.amplitude * self.reference * _bins(edges / self.reference, 1 - self.index)

    def energy_flux(self, edges: Array) -> Array:
        return self.amplitude * self.reference**2 * _bins(edges / self.reference, 2 - self.index)


class PowerLaw2(Spectrum):
    """Power law by its photon flux: amplitude = ∫ dN/dE dE from emin to emax."""

    amplitude: Array = param(1e-12, FLUX)
    index: Array = param(2.0)
    emin: Array = positive(0.1, "TeV", frozen=True)
    emax: Array = positive(100.0, "TeV", frozen=True)

    def dnde(self, energy: Array) -> Array:
        return self._amplitude_at_emin() * (energy / self.emin) ** -self.index

    def flux(self, edges: Array) -> Array:
        return self._amplitude_at_emin() * self.emin * _bins(edges / self.emin, 1 - self.index)

    def energy_flux(self, edges: Array) -> Array:
        return self._amplitude_at_emin() * self.emin**2 * _bins(edges / self.emin, 2 - self.index)

    def _amplitude_at_emin(self) -> Array:
        span = jnp.log(self.emax / self.emin)
        return self.amplitude / (self.emin * power_between(jnp.zeros_like(span), span, 1 - self.index))


class PowerLawNorm(Spectrum):
    """norm (E / reference)^−tilt, a pure number: bends another spectrum."""

    tilt: Array = param(0.0, frozen=True)
    norm: Array = param(1.0)
    reference: Array = positive(1.0, "TeV", frozen=True)

    def dnde(self, energy: Array) -> Array:
        return self.norm * (energy / self.reference) ** -self.tilt

    def flux(self, edges: Array) -> Array:
        return self.norm * self.reference * _bins(edges / self.reference, 1 - self.tilt)

    def energy_flux(self, edges: Array) -> Array:
        return self.norm * self.reference**2 * _bins(edges / self.reference, 2 - self.tilt)


class BrokenPowerLaw(Spectrum):
    """dN/dE = amplitude (E / ebreak)^−index1 below ebreak, and with index2 above."""

    index1: Array = param(2.0)
    index2: Array = param(2.0)
    amplitude: Array = param(1e-12, FLUX_DENSITY)
    ebreak: Array = positive(1.0, "TeV")

    def dnde(self, energy: Array) -> Array:
        x = energy / self.ebreak
        return self.amplitude * x ** -jnp.where(x < 1, self.index1, self.index2)

    def flux(self, edges: Array) -> Array:
        return self.amplitude * self.ebreak * self._bins(edges, 1)

    def energy_flux(self, edges: Array) -> Array:
        return self.amplitude * self.ebreak**2 * self._bins(edges, 2)

    def _bins(self, edges: Array, k: int) -> Array:
        """Integral of x^(k−1−index): what of a bin lies below the break, and what above."""
        x = jnp.log(edges / self.ebreak)
        below, above = jnp.minimum(x, 0.0), jnp.maximum(x, 0.0)
        return power_between(below[:-1], below[1:], k - self.index1) + power_between(
            above[:-1], above[1:], k - self.index2
        )


class SmoothBrokenPowerLaw(Spectrum):
    """Two power laws joined over a factor of about e^(beta / |index2 − index1|) around ebreak.

    dN/dE = amplitude (E / reference)^−index1 (1 + (E / ebreak)^(|Δ| / beta))^(∓beta), Δ = index2 − index1, minus where
    the spectrum steepens. At the break it is a factor 2^∓beta from the first power law: it jumps from one to the other
    as Δ passes zero.
    """

    index1: Array = param(2.0)
    index2: Array = param(2.0)
    amplitude: Array = param(1e-12, FLUX_DENSITY)
    ebreak: Array = positive(1.0, "TeV")
    reference: Array = positive(1.0, "TeV", frozen=True)
    beta: Array = positive(1.0, frozen=True)

    def dnde(self, energy: Array) -> Array:
        change = self.index2 - self.index1
        beta = jnp.where(change < 0, -self.beta, self.beta)
        turn = beta * jnp.logaddexp(0.0, change / beta * jnp.log(energy / self.ebreak))
        return self.amplitude * jnp.exp(-self.index1 * jnp.log(energy / self.reference) - turn)


def _bins(x: Array, s: Array) -> Array:
    """∫ x^(s−1) dx over each bin between edges `x`."""
    log = jnp.log(x)
    return power_between(log[:-1], log[1:], s)
