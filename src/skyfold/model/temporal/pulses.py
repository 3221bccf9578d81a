"""Light curves with one peak."""

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import erf

from skyfold.model.fields import param, positive
from skyfold.model.temporal.base import DAY, REFERENCE_MJD, Temporal, since

# Exponent of e where a pulse ends for its integral; its nodes crowd where it peaks.
_FAINTEST = 40.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)
_AT, _SHARE = ((_NODES + 1) / 2) ** 3, 1.5 * _WEIGHTS * ((_NODES + 1) / 2) ** 2


class GaussianPulse(Temporal):
    """e^(−(t − t_ref)² / 2σ²)"""

    t_ref: Array = param(REFERENCE_MJD, "d")
    sigma: Array = positive(1.0, "d")

    def __call__(self, time: Array) -> Array:
        return jnp.exp(-0.5 * self._scaled(time) ** 2)

    def integral(self, starts: Array, stops: Array) -> Array:
        low, high = (erf(self._scaled(time) / np.sqrt(2)) for time in (starts, stops))
        return self._scale() * np.sqrt(np.pi / 2) * (high - low)

    def _scaled(self, time: Array) -> Array:
        return since(time, self.t_ref) / self._scale()

    def _scale(self) -> Array:
        return jnp.maximum(self.sigma, 1e-9) * DAY


class GeneralizedGaussianPulse(Temporal):
    """e^(−½ (|t − t_ref| / τ)^(1/η)), with τ = t_rise before the peak and t_decay after.

    A Gaussian at η = 1/2, exponentials at 1. Its integrals are by quadrature, good to 1e-6 for η from 0.05 to 2.
    """

    t_ref: Array = param(REFERENCE_MJD, "d")
    t_rise: Array = positive(1.0, "d")
    t_decay: Array = positive(1.0, "d")
    eta: Array = param(0.5, domain=(0.01, 10.0))

    def __call__(self, time: Array) -> Array:
        away = since(time, self.t_ref)
        rise, decay = self._scales()
        return self._fall(jnp.maximum(-away / rise, away / decay))

    def integral(self, starts: Array, stops: Array) -> Array:
        low, high = since(starts, self.t_ref), since(stops, self.t_ref)
        rise, decay = self._scales()
        return rise * self._between(-high / rise, -low / rise) + decay * self._between(low / decay, high / decay)

    def _fall(self, u: Array) -> Array:
        power = jnp.minimum(jnp.log(jnp.maximum(u, 1e-30)) / self.eta, 7.0)
        return jnp.exp(-0.5 * jnp.exp(power))

    def _between(self, low: Array, high: Array) -> Array:
        """∫ e^(−½ u^(1/η)) du over that part of each interval where u > 0; most nodes are where it begins."""
        end = (2 * _FAINTEST) ** self.eta
        low, high = jnp.clip(low, 0.0, end), jnp.clip(high, 0.0, end)
        u = low[:, None] + (high - low)[:, None] * _AT[None, :]
        return (high - low) * (self._fall(u) @ _SHARE)

    def _scales(self) -> tuple[Array, Array]:
        return jnp.maximum(self.t_rise, 1e-9) * DAY, jnp.maximum(self.t_decay, 1e-9) * DAY
