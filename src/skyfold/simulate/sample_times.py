"""Arrival times within good times, of a steady rate or after a light curve."""

from dataclasses import dataclass
from typing import Self

import jax
import numpy as np
from jax import Array

from skyfold.errors import ModelError
from skyfold.events.good_times import GoodTimes
from skyfold.model.temporal.base import Temporal
from skyfold.model.temporal.curves import PhaseCurve
from skyfold.simulate.sample import Floats, choose, straight_line

# A light curve is cut into times in which it is a straight line but for this part of it; at most so many.
_STRAIGHT, _FEWEST, _MOST = 1e-4, 2**10, 2**20


def steady_times(rng: np.random.Generator, gti: GoodTimes, n: int) -> Floats:
    """`n` times, evenly distributed over the good times."""
    done = np.concatenate([[0.0], np.cumsum(gti.stop - gti.start)])
    passed = rng.random(n) * done[-1]
    i = np.clip(np.searchsorted(done, passed, side="right") - 1, 0, gti.start.size - 1)
    return np.minimum(gti.start[i] + (passed - done[i]), np.nextafter(gti.stop[i], -np.inf))


@dataclass(frozen=True, eq=False)
class Clock:
    """A light curve over good times, to draw times from.

    start, stop : of short steps [s], (m,); ends, (2, m): the factor there; integral [s], (m,), of the factor.
    """

    gti: GoodTimes
    curve: Temporal
    start: Floats
    stop: Floats
    ends: Floats
    integral: Floats

    @classmethod
    def of(cls, gti: GoodTimes, curve: Temporal, name: str) -> Self:
        """Steps so short that the light curve is straight within them; the weight of a step is its exact integral.

        Raises
        ------
        ModelError
            The light curve of the source `name` is negative, not finite, or 0 in all good times.
        """
        n = _FEWEST
        while True:
            start, stop = _steps(gti, n)
            integral, first, last = (np.asarray(x) for x in _evaluated(curve, start, stop))
            clock = cls(gti, curve, start, stop, np.stack([first, last]), integral)
            clock._check(name)
            bent = np.abs(integral - (first + last) / 2 * (stop - start)).sum()
            if isinstance(curve, PhaseCurve) or bent <= _STRAIGHT * integral.sum() or n >= _MOST:
                return clock
            n *= 4

    @property
    def total_s(self) -> float:
        """Integral of the factor over the good times [s]."""
        return float(self.integral.sum())

    def draw(self, rng: np.random.Generator, n: int) -> Floats:
        """`n` times."""
        if isinstance(self.curve, PhaseCurve):
            return self._thinned(rng, n, float(self.curve.norms.max()))
        i = choose(rng, np.maximum(self.integral, 0.0), n)
        first, last = self.ends[0, i], self.ends[1, i]
        flat = first + last == 0  # a step whose content lies between two zeros
        where = straight_line(rng.random(n), np.where(flat, 1.0, first), np.where(flat, 1.0, last))
        seconds = self.start[i] + where * (self.stop - self.start)[i]
        return np.minimum(seconds, np.nextafter(self.stop[i], -np.inf))

    def _thinned(self, rng: np.random.Generator, n: int, most: float) -> Floats:
        """A curve that turns too often to be cut into steps: even times, kept in proportion to the factor there."""
        found = np.zeros(0)
        share = self.total_s / self.gti.total_s / most
        while found.size < n:
            wanted = (n - found.size) / share
            # A power of two, so that few sizes are compiled.
            at = steady_times(rng, self.gti, 2 ** int(np.ceil(np.log2(1.1 * wanted + 1000))))
            factor = np.asarray(_values(self.curve, at))
            found = np.concatenate([found, at[rng.random(at.size) * most < factor]])
        return found[:n]

    def _check(self, name: str) -> None:
        numbers = np.concatenate([self.integral, *self.ends])
        if not np.all(np.isfinite(numbers)) or numbers.min() < 0:
            low = np.nanmin(numbers)
            raise ModelError(
                f"the light curve of {name!r} is {'negative' if low < 0 else 'not finite'} within the good times (down"
                f" to {low:.4g}): no rate is; choose other parameters or other times"
            )
        if not self.integral.sum() > 0:
            raise ModelError(
                f"the light curve of {name!r} is 0 in all good times, MJD {self.gti.start_time.mjd[0]:.5f} to"
                f" {self.gti.stop_time.mjd[-1]:.5f} (TT); choose other times, or leave the source out"
            )


def _steps(gti: GoodTimes, n: int) -> tuple[Floats, Floats]:
    """Steps within the intervals, all about as long; n of them, and one more for each interval."""
    used = gti.stop > gti.start
    length = gti.stop[used] - gti.start[used]
    shares = np.floor(length / length.sum() * n).astype(int)
    shares[0] += n - shares.sum()
    edges = [np.linspace(a, b, k + 2) for a, b, k in zip(gti.start[used], gti.stop[used], shares, strict=True)]
    return np.concatenate([e[:-1] for e in edges]), np.concatenate([e[1:] for e in edges])


@jax.jit
def _evaluated(curve: Temporal, start: Array, stop: Array) -> tuple[Array, Array, Array]:
    return curve.integral(start, stop), curve(start), curve(stop)


@jax.jit
def _values(curve: Temporal, time: Array) -> Array:
    return curve(time)
