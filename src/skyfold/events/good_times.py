"""Good time intervals."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import astropy.units as u
import numpy as np
from astropy.time import Time
from numpy.typing import ArrayLike, NDArray

from skyfold.errors import DataError
from skyfold.events.epoch import to_seconds, to_time

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GoodTimes:
    """Intervals of usable data, in order and not overlapping.

    start, stop : seconds of TT since 2000-01-01 TT, shape (n,); start belongs to an interval, stop does not.

    Raises
    ------
    DataError
        Intervals of negative length, out of order or overlapping; use `union` to merge overlapping ones.
    """

    start: Floats
    stop: Floats

    def __post_init__(self) -> None:
        start, stop = (np.atleast_1d(np.array(t, dtype=float)) for t in (self.start, self.stop))
        if start.shape != stop.shape or start.ndim != 1:
            raise DataError(f"good times: {start.shape} starts and {stop.shape} stops; wanted as many of each")
        if not (np.all(np.isfinite(start)) and np.all(np.isfinite(stop))):
            raise DataError("good times: a start or stop is not a number")
        if np.any(stop < start):
            i = int(np.argmax(stop < start))
            raise DataError(
                f"good times: interval {i} has a negative length of {stop[i] - start[i]:g} s; are its columns swapped?"
            )
        if np.any(start[1:] < stop[:-1]):
            i = int(np.argmax(start[1:] < stop[:-1]))
            raise DataError(f"good times: intervals {i} and {i + 1} overlap or are out of order; merge them with union")
        for name, value in (("start", start), ("stop", stop)):
            value.setflags(write=False)
            object.__setattr__(self, name, value)

    @classmethod
    def of(cls, start: Time, stop: Time) -> Self:
        """From astropy times of any scale."""
        return cls(np.atleast_1d(to_seconds(start)), np.atleast_1d(to_seconds(stop)))

    @classmethod
    def empty(cls) -> Self:
        return cls(np.zeros(0), np.zeros(0))

    @property
    def total_s(self) -> float:
        return float(np.sum(self.stop - self.start))

    @property
    def total(self) -> u.Quantity:
        """Summed length: the ontime."""
        return self.total_s * u.s

    @property
    def start_time(self) -> Time:
        return to_time(self.start)

    @property
    def stop_time(self) -> Time:
        return to_time(self.stop)

    @property
    def middle(self) -> Time:
        """The moment by which half of the good time has passed."""
        return to_time(self.middle_s)

    @property
    def middle_s(self) -> float:
        if self.start.size == 0:
            raise DataError("good times: no interval, so no middle")
        done = np.concatenate([[0.0], np.cumsum(self.stop - self.start)])
        i = min(int(np.searchsorted(done, done[-1] / 2, side="right")) - 1, self.start.size - 1)
        return float(self.start[i] + done[-1] / 2 - done[i])

    def contains(self, seconds: ArrayLike) -> NDArray[np.bool_]:
        """Whether each time lies in an interval."""
        seconds = np.asarray(seconds, dtype=float)
        if self.start.size == 0:
            return np.zeros(seconds.shape, dtype=bool)
        i = np.searchsorted(self.start, seconds, side="right") - 1
        return (i >= 0) & (seconds < self.stop[np.maximum(i, 0)])

    def snapped(self, seconds: ArrayLike, slack_s: float) -> Floats:
        """Times moved into the nearest interval if they lie at most `slack_s` outside it; others as they are.

        Files cut their intervals to whole seconds and keep the events of the rounded fraction.
        """
        seconds = np.asarray(seconds, dtype=float)
        usable = self.stop > self.start
        if not usable.any():
            return seconds.copy()
        start, last = self.start[usable], np.nextafter(self.stop[usable], -np.inf)
        i = np.searchsorted(start, seconds, side="right") - 1
        before, after = np.maximum(i, 0), np.minimum(i + 1, start.size - 1)
        down = np.minimum(np.maximum(seconds, start[before]), last[before])
        up = np.maximum(seconds, start[after])
        moved = np.where(np.abs(seconds - down) <= np.abs(up - seconds), down, np.minimum(up, last[after]))
        return np.where(np.abs(moved - seconds) <= slack_s, moved, seconds)

    def intersection(self, other: "GoodTimes") -> "GoodTimes":
        """Times good in both."""
        start = np.maximum(self.start[:, None], other.start[None, :]).ravel()
        stop = np.minimum(self.stop[:, None], other.stop[None, :]).ravel()
        keep = stop > start
        order = np.argsort(start[keep], kind="stable")
        return GoodTimes(start[keep][order], stop[keep][order])

    def select(self, start: Time | None = None, stop: Time | None = None) -> "GoodTimes":
        """Times from `start` until `stop`."""
        lo = -np.inf if start is None else float(to_seconds(start))
        hi = np.inf if stop is None else float(to_seconds(stop))
        clipped = np.clip(self.start, lo, hi), np.clip(self.stop, lo, hi)
        keep = clipped[1] > clipped[0]
        return GoodTimes(clipped[0][keep], clipped[1][keep])

    def split(self, k: int) -> "list[GoodTimes]":
        """`k` pieces of equal good time, in order."""
        if k < 1:
            raise DataError(f"good times: cannot be split into {k} pieces")
        done = np.concatenate([[0.0], np.cumsum(self.stop - self.start)])
        cuts = np.linspace(0, done[-1], k + 1)
        at = np.interp(cuts, done, np.arange(done.size))
        index = np.clip(np.floor(at).astype(int), 0, max(self.start.size - 1, 0))
        moments = self.start[index] + cuts - done[index] if self.start.size else np.zeros(k + 1)
        moments[-1] = self.stop[-1] if self.start.size else 0.0
        return [self._between(lo, hi) for lo, hi in zip(moments[:-1], moments[1:], strict=True)]

    def _between(self, lo: float, hi: float) -> "GoodTimes":
        start, stop = np.clip(self.start, lo, hi), np.clip(self.stop, lo, hi)
        keep = stop > start
        return GoodTimes(start[keep], stop[keep])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GoodTimes):
            return NotImplemented
        return np.array_equal(self.start, other.start) and np.array_equal(self.stop, other.stop)

    def __hash__(self) -> int:
        return hash((self.start.tobytes(), self.stop.tobytes()))


def union(parts: Iterable[GoodTimes]) -> GoodTimes:
    """Times good in any of the parts; touching and overlapping intervals become one."""
    parts = list(parts)
    start = np.concatenate([p.start for p in parts]) if parts else np.zeros(0)
    stop = np.concatenate([p.stop for p in parts]) if parts else np.zeros(0)
    order = np.argsort(start, kind="stable")
    start, stop = start[order], np.maximum.accumulate(stop[order]) if stop.size else stop
    first = np.concatenate([[True], start[1:] > stop[:-1]]) if start.size else np.zeros(0, dtype=bool)
    last = np.concatenate([first[1:], [True]]) if start.size else first
    return GoodTimes(start[first], stop[last])
