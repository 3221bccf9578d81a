"""Light curves without a peak."""

import jax.numpy as jnp
from jax import Array

from skyfold.model.fields import param, positive
from skyfold.model.temporal.base import DAY, REFERENCE_MJD, Temporal, since
from skyfold.num.smooth import exprel, power_between


class Constant(Temporal):
    """1 at any time."""

    def __call__(self, time: Array) -> Array:
        return jnp.ones_like(time)

    def integral(self, starts: Array, stops: Array) -> Array:
        return stops - starts


class Linear(Temporal):
    """α + β (t − t_ref)"""

    alpha: Array = param(1.0)
    beta: Array = param(0.0, "d-1")
    t_ref: Array = param(REFERENCE_MJD, "d", frozen=True)

    def __call__(self, time: Array) -> Array:
        return self.alpha + self.beta * since(time, self.t_ref) / DAY

    def integral(self, starts: Array, stops: Array) -> Array:
        return (stops - starts) * self((starts + stops) / 2)


class ExpDecay(Temporal):
    """e^(−(t − t_ref) / t0)"""

    t0: Array = positive(1.0, "d")
    t_ref: Array = param(REFERENCE_MJD, "d", frozen=True)

    def __call__(self, time: Array) -> Array:
        return jnp.exp(-since(time, self.t_ref) / self._scale())

    def integral(self, starts: Array, stops: Array) -> Array:
        return (stops - starts) * self(starts) * exprel(-(stops - starts) / self._scale())

    def _scale(self) -> Array:
        return jnp.maximum(self.t0, 1e-9) * DAY


class PowerLawDecay(Temporal):
    """((t − t_ref) / t0)^α, and 0 before t_ref: an afterglow, with α around −1.

    Its mean over an interval from t_ref on is infinite for α ≤ −1; it is then cut off 1e-12 t0 after t_ref.
    """

    alpha: Array = param(1.0)
    t_ref: Array = param(REFERENCE_MJD, "d", frozen=True)
    t0: Array = param(1.0, "d", frozen=True, domain=(1e-9, float("inf")))

    def __call__(self, time: Array) -> Array:
        return jnp.where(since(time, self.t_ref) > 0, jnp.exp(self.alpha * self._log(time)), 0.0)

    def integral(self, starts: Array, stops: Array) -> Array:
        return self.t0 * DAY * power_between(self._log(starts), self._log(stops), self.alpha + 1)

    def _log(self, time: Array) -> Array:
        return jnp.log(jnp.maximum(since(time, self.t_ref) / (self.t0 * DAY), 1e-12))


class Sine(Temporal):
    """1 + amp sin(ω (t − t_ref))"""

    amp: Array = param(1.0)
    omega: Array = param(1.0, "rad d-1")
    t_ref: Array = param(REFERENCE_MJD, "d")

    def __call__(self, time: Array) -> Array:
        return 1 + self.amp * jnp.sin(self.omega * since(time, self.t_ref) / DAY)

    def integral(self, starts: Array, stops: Array) -> Array:
        middle = self.omega * since((starts + stops) / 2, self.t_ref) / DAY
        half = self.omega * (stops - starts) / (2 * DAY)
        return (stops - starts) * (1 + self.amp * jnp.sin(middle) * jnp.sinc(half / jnp.pi))
