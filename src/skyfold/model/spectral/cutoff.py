"""Power laws with an exponential cut-off, in the forms that papers and catalogues use."""

import jax.numpy as jnp
from jax import Array

from skyfold.model.fields import param, positive
from skyfold.model.spectral.base import FLUX_DENSITY, Spectrum
from skyfold.num.smooth import exprel2, signed_power

_MEV = 1e6  # in a TeV


class ExpCutoffPowerLaw(Spectrum):
    """dN/dE = amplitude (E / reference)^−index exp(−(lambda_ E)^alpha).

    A negative lambda_, which a fit may pass on its way, is a spectrum that turns up: (lambda_ E)^alpha is odd there.
    """

    index: Array = param(1.5)
    amplitude: Array = param(1e-12, FLUX_DENSITY)
    reference: Array = positive(1.0, "TeV", frozen=True)
    lambda_: Array = param(0.1, "TeV-1")
    alpha: Array = positive(1.0, frozen=True)

    def dnde(self, energy: Array) -> Array:
        power_law = (energy / self.reference) ** -self.index
        return self.amplitude * power_law * jnp.exp(-signed_power(self.lambda_ * energy, self.alpha))


class ExpCutoffPowerLawNorm(Spectrum):
    """norm (E / reference)^−index exp(−(lambda_ E)^alpha), a pure number: cuts another spectrum off."""

    index: Array = param(0.0)
    norm: Array = param(1.0)
    reference: Array = positive(1.0, "TeV", frozen=True)
    lambda_: Array = param(0.1, "TeV-1")
    alpha: Array = positive(1.0, frozen=True)

    def dnde(self, energy: Array) -> Array:
        power_law = (energy / self.reference) ** -self.index
        return self.norm * power_law * jnp.exp(-signed_power(self.lambda_ * energy, self.alpha))


class ExpCutoffPowerLaw3FGL(Spectrum):
    """dN/dE = amplitude (E / reference)^−index exp((reference − E) / ecut).

    The exponential cut-off of the third Fermi-LAT catalogue: the amplitude is the flux at the reference energy.
    """

    index: Array = param(1.5)
    amplitude: Array = param(1e-12, FLUX_DENSITY)
    reference: Array = positive(1.0, "TeV", frozen=True)
    ecut: Array = positive(10.0, "TeV")

    def dnde(self, energy: Array) -> Array:
        power_law = (energy / self.reference) ** -self.index
        return self.amplitude * power_law * jnp.exp((self.reference - energy) / self.ecut)


class SuperExpCutoffPowerLaw3FGL(Spectrum):
    """dN/dE = amplitude (E / reference)^−index_1 exp((reference / ecut)^index_2 − (E / ecut)^index_2).

    Acero et al. 2015, ApJS 218, 23, equation 4.
    """

    amplitude: Array = param(1e-12, FLUX_DENSITY)
    reference: Array = positive(1.0, "TeV", frozen=True)
    ecut: Array = positive(10.0, "TeV")
    index_1: Array = param(1.5)
    index_2: Array = param(2.0)

    def dnde(self, energy: Array) -> Array:
        cut = (self.reference / self.ecut) ** self.index_2 - (energy / self.ecut) ** self.index_2
        return self.amplitude * (energy / self.reference) ** -self.index_1 * jnp.exp(cut)


class SuperExpCutoffPowerLaw4FGL(Spectrum):
    """dN/dE = amplitude (E / reference)^−index_1 exp(expfactor (reference^index_2 − E^index_2)).

    Both energies in the exponential are in MeV, as in the catalogue: Abdollahi et al. 2020, ApJS 247, 33, equation 4.
    """

    amplitude: Array = param(1e-12, FLUX_DENSITY)
    reference: Array = positive(1.0, "TeV", frozen=True)
    expfactor: Array = param(1e-14)
    index_1: Array = param(1.5)
    index_2: Array = param(2.0)

    def dnde(self, energy: Array) -> Array:
        cut = (self.reference * _MEV) ** self.index_2 - (energy * _MEV) ** self.index_2
        return self.amplitude * (energy / self.reference) ** -self.index_1 * jnp.exp(self.expfactor * cut)


class SuperExpCutoffPowerLaw4FGLDR3(Spectrum):
    """dN/dE = amplitude x^(d/b − index_1) exp(d/b² (1 − x^b)), x = E / reference, d = expfactor, b = index_2.

    Abdollahi et al. 2022, ApJS 260, 53, equation 2: index_1 is the slope and d the curvature at the reference energy.
    With L = ln x the exponents together are −index_1 L − d L² φ(b L), φ(z) = (e^z − 1 − z) / z²: no b to divide by.
    """

    amplitude: Array = param(1e-12, FLUX_DENSITY)
    reference: Array = positive(1.0, "TeV", frozen=True)
    expfactor: Array = param(1e-2)
    index_1: Array = param(1.5)
    index_2: Array = param(2.0)

    def dnde(self, energy: Array) -> Array:
        x = jnp.log(energy / self.reference)
        return self.amplitude * jnp.exp(-self.index_1 * x - self.expfactor * x**2 * exprel2(self.index_2 * x))
