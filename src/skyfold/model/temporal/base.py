"""What every light curve can do."""

from typing import Any

import jax.numpy as jnp
from jax import Array

from skyfold.errors import ModelError
from skyfold.model.fields import Model, specs

DAY = 86400.0
REFERENCE_MJD = 51544.0  # the zero of times inside, 2000-01-01T00:00:00, in TT


class Temporal(Model):
    """A factor on the flux of a source as a function of time.

    Times are seconds of TT since 2000-01-01T00:00:00 TT, as everywhere inside; reference times are what users read, MJD
    (TT) in days, or an astropy time in any scale. An MJD in double precision is good to 1 µs.

    A light curve of one's own gives `__call__` and `integral`.
    """

    def __post_init__(self) -> None:
        if "t_ref" in specs(type(self)):
            value: Any = self.t_ref  # type: ignore[attr-defined]
            if hasattr(value, "tt"):
                object.__setattr__(self, "t_ref", float(value.tt.mjd))
        super().__post_init__()

    def __call__(self, time: Array) -> Array:
        """The factor at times [s], any shape."""
        raise NotImplementedError

    def integral(self, starts: Array, stops: Array) -> Array:
        """Integral [s] of the factor over each of n intervals, shape (n,)."""
        raise NotImplementedError

    def mean(self, starts: Array, stops: Array) -> Array:
        """Mean of the factor over good time intervals [s], each (n,).

        Raises
        ------
        ModelError
            There is no interval.
        """
        if starts.shape[0] == 0:
            raise ModelError(
                f"{type(self).__name__}: a light curve needs good time intervals, and the dataset has none"
            )
        return jnp.sum(self.integral(starts, stops)) / jnp.sum(stops - starts)


def since(time: Array, t_ref: Array) -> Array:
    """Seconds from a reference [MJD, TT] to times [s]."""
    return time - (t_ref - REFERENCE_MJD) * DAY
