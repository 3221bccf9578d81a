"""Light curves given by a table."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from skyfold.errors import ModelError
from skyfold.model.fields import param
from skyfold.model.temporal.base import Temporal, since
from skyfold.num.double import Floats


class LightCurveTemplate(Temporal):
    """Factors at times, straight lines between them and 0 outside. It has no parameters.

    times : (n,), n > 1, rising [s], see `Temporal`.
    norms : (n,), not negative.

    Raises
    ------
    ModelError
        The times do not rise, norms are negative or nan, or the two differ in length.
    """

    times: Floats
    norms: Floats

    def __post_init__(self) -> None:
        super().__post_init__()
        times, norms = _table("LightCurveTemplate", "times", self.times, self.norms)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "norms", norms)

    def __call__(self, time: Array) -> Array:
        return jnp.interp(time, self.times, self.norms, left=0.0, right=0.0)

    def integral(self, starts: Array, stops: Array) -> Array:
        return _integrated(stops, self.times, self.norms) - _integrated(starts, self.times, self.norms)


class PhaseCurve(Temporal):
    """Factors by phase of a rotation, straight lines between them, for a pulsar or a binary.

    The phase is φ_ref + f0 Δt + f1 Δt² / 2 + f2 Δt³ / 6, Δt from t_ref.

    phase : (n,), n > 1, rising within one turn: the last is at most 1 more than the first.
    norms : (n,), not negative.

    Raises
    ------
    ModelError
        The phases do not rise or exceed one turn, norms are negative or nan, or the two differ in length.
    """

    phase: Floats
    norms: Floats
    t_ref: Array = param(48442.5, "d", frozen=True)
    phi_ref: Array = param(0.0, frozen=True)
    f0: Array = param(29.946923, "s-1", frozen=True, domain=(1e-12, np.inf))
    f1: Array = param(0.0, "s-2", frozen=True)
    f2: Array = param(0.0, "s-3", frozen=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        phase, norms = _table("PhaseCurve", "phase", self.phase, self.norms)
        if phase[-1] > phase[0] + 1:
            raise ModelError(f"PhaseCurve.phase: from {phase[0]:g} to {phase[-1]:g} is more than one turn")
        if phase[-1] < phase[0] + 1:  # close the circle
            phase, norms = np.append(phase, phase[0] + 1), np.append(norms, norms[0])
        object.__setattr__(self, "phase", phase)
        object.__setattr__(self, "norms", norms)

    def turns(self, time: Array) -> Array:
        """Turns since that of φ = 0: their fraction is the phase."""
        dt = since(time, self.t_ref)
        return self.phi_ref + dt * (self.f0 + dt / 2 * (self.f1 + dt / 3 * self.f2))

    def __call__(self, time: Array) -> Array:
        first = self.phase[0]
        return jnp.interp(first + jnp.mod(self.turns(time) - first, 1.0), self.phase, self.norms)

    def integral(self, starts: Array, stops: Array) -> Array:
        """Exact at a frequency that does not change; else to the part by which it changes within an interval."""
        low, high = self.turns(starts), self.turns(stops)
        return (stops - starts) * (self._turned(high) - self._turned(low)) / (high - low)

    def _turned(self, turns: Array) -> Array:
        """Integral of the factor over the turns from the first phase on."""
        whole = jnp.floor(turns - self.phase[0])
        one = jnp.sum(_areas(self.phase, self.norms))
        return whole * one + _integrated(turns - whole, self.phase, self.norms)


def _table(model: str, name: str, at: Any, norms: Any) -> tuple[Floats, Floats]:
    at, norms = np.asarray(at, dtype=float), np.asarray(norms, dtype=float)
    if at.ndim != 1 or at.size < 2 or not np.all(np.diff(at) > 0) or not np.isfinite(at).all():
        raise ModelError(f"{model}.{name}: wanted two or more finite numbers that rise, found {at}")
    if norms.shape != at.shape or not np.all(norms >= 0) or not np.isfinite(norms).all():
        raise ModelError(
            f"{model}.norms: wanted {at.size} numbers, not negative, one for each of {name}; found {norms}"
        )
    return at, norms


def _areas(at: Array | Floats, values: Array | Floats) -> Any:
    return (at[1:] - at[:-1]) * (values[1:] + values[:-1]) / 2


def _integrated(x: Array, at: Array | Floats, values: Array | Floats) -> Array:
    """Integral from the first node to x of the straight lines between nodes, 0 outside."""
    before = jnp.concatenate([jnp.zeros(1), jnp.cumsum(_areas(at, values))])
    inside = jnp.clip(x, at[0], at[-1])
    i = jnp.clip(jnp.searchsorted(at, inside, side="right") - 1, 0, at.shape[0] - 2)
    at, values = jnp.asarray(at), jnp.asarray(values)
    step = inside - at[i]
    slope = (values[i + 1] - values[i]) / (at[i + 1] - at[i])
    return before[i] + step * (values[i] + step * slope / 2)
