"""Axes whose bins are listed one by one: named, or intervals of time."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skyfold.errors import ShapeError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LabelAxis:
    """Bins that are named, not measured: observations, event types."""

    name: str
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(str(label) for label in self.labels))
        if len(set(self.labels)) != len(self.labels) or not self.labels:
            raise ShapeError(f"axis {self.name!r}: labels must be one or more different texts, found {self.labels}")

    @property
    def nbin(self) -> int:
        return len(self.labels)

    def to_idx(self, labels: ArrayLike) -> NDArray[np.intp]:
        """Bin of each label; −1 for one that is not there."""
        at = {label: i for i, label in enumerate(self.labels)}
        labels = np.asarray(labels)
        return np.array([at.get(str(label), -1) for label in labels.ravel()], dtype=np.intp).reshape(labels.shape)

    def sliced(self, bins: slice) -> Self:
        """The bins of a contiguous slice."""
        return replace(self, labels=self.labels[slice(*adjacent(self.name, bins, self.nbin))])

    def squashed(self) -> Self:
        """One bin for all labels, named by them."""
        return replace(self, labels=("+".join(self.labels),))


@dataclass(frozen=True, eq=False)
class TimeAxis:
    """Time intervals in order, with or without gaps; seconds of TT since 2000-01-01 TT (see `skyfold.events.epoch`).

    start, stop : arrays, shape (n,).
    """

    start: Floats
    stop: Floats
    name: str = "time"

    def __post_init__(self) -> None:
        start, stop = (np.atleast_1d(np.array(t, dtype=float)) for t in (self.start, self.stop))
        if start.shape != stop.shape or np.any(stop <= start) or np.any(start[1:] < stop[:-1]):
            raise ShapeError(f"axis {self.name!r}: intervals must be in order, not empty and not overlapping")
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "stop", stop)

    @property
    def nbin(self) -> int:
        return self.start.size

    @property
    def is_contiguous(self) -> bool:
        return bool(np.all(self.start[1:] == self.stop[:-1]))

    def to_idx(self, seconds: ArrayLike) -> NDArray[np.intp]:
        """Interval that holds each time, start included and stop excluded; −1 in gaps and outside."""
        seconds = np.asarray(seconds, dtype=float)
        idx = np.searchsorted(self.start, seconds, side="right") - 1
        inside = (idx >= 0) & (seconds < self.stop[np.maximum(idx, 0)])
        return np.where(inside, idx, -1)

    def sliced(self, bins: slice) -> Self:
        """The intervals of a contiguous slice."""
        start, stop = adjacent(self.name, bins, self.nbin)
        return replace(self, start=self.start[start:stop], stop=self.stop[start:stop])

    def squashed(self) -> Self:
        """One interval from the first start to the last stop."""
        return replace(self, start=self.start[:1], stop=self.stop[-1:])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TimeAxis):
            return NotImplemented
        return (
            self.name == other.name
            and np.array_equal(self.start, other.start)
            and np.array_equal(self.stop, other.stop)
        )

    def __hash__(self) -> int:
        return hash((self.name, self.start.tobytes(), self.stop.tobytes()))


def adjacent(name: str, bins: slice, nbin: int) -> tuple[int, int]:
    """First and last + 1 of the bins of a slice.

    Raises
    ------
    ShapeError
        There are none, or they are not adjacent.
    """
    start, stop, step = bins.indices(nbin)
    if step != 1 or stop <= start:
        raise ShapeError(f"axis {name!r}: {bins} does not name one or more adjacent bins of {nbin}")
    return start, stop
