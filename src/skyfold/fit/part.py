"""One source in one dataset, ready to be folded again and again."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from skyfold.dataset.window import Placed
from skyfold.fit.folded import Bins, Directions, Folded, filled, flux_bent, folded
from skyfold.fit.kinds import Kind, taken_apart
from skyfold.model.fields import parameter_leaves
from skyfold.model.source import Source
from skyfold.num.double import Floats

Ints = NDArray[np.intp]
_SHORTEST = 16  # list of bins
# Second derivatives of the image by steps of this part of the size of a parameter.
_STEP = 0.02


class Mapping(NamedTuple):
    """All parameters of a sky as a linear function of the free ones: values = offset + matrix @ free."""

    matrix: Floats
    offset: Floats

    def __call__(self, free: Floats) -> Floats:
        return self.offset + self.matrix @ free

    def along(self, rows: Ints) -> tuple[Floats, Ints]:
        """How some of all parameters change with the free ones that change them, (k, P), and which those are (k,)."""
        columns = np.flatnonzero(self.matrix[rows].any(axis=0))
        return self.matrix[np.ix_(rows, columns)].T, columns


@dataclass(frozen=True, eq=False)
class Part:
    """A source in a dataset.

    rows : (P,) where its parameters are among those of the sky.
    bins : the listed bins it may reach, padded; `where` these `n_bins` are in the list of the dataset.
    along, columns : along which the free parameters change it, and which free parameters they are (k,).
    """

    name: str
    kind: Kind
    rows: Ints
    data: list[Any]
    placed: Placed
    bins: Bins
    where: Ints | slice
    n_bins: int
    along: Directions
    columns: Ints

    @classmethod
    def of(
        cls,
        name: str,
        source: Source,
        rows: Ints,
        placed: Placed,
        listed: Any,
        where: Ints,
        length: int,
        mapping: Mapping,
    ) -> Self:
        """A source in its window.

        Parameters
        ----------
        listed : (reco, y, x) of the bins of the dataset, `where` those in the window; to be padded to a `length`.
        """
        kind, _, data = taken_apart(replace(source, datasets=None))
        window = placed.window
        bins = _bins(placed, tuple(index[where] for index in listed), length)
        of_shape = np.array([leaf.name.startswith("shape.") for leaf in parameter_leaves(source)], dtype=bool)
        along, columns = _directions(rows, of_shape & (window.spot.kind != "fixed"), mapping)
        data, bins, along = jax.device_put((data, bins, along))
        return cls(name, kind, rows, data, placed, bins, _together(where), where.size, along, columns)

    @property
    def still(self) -> Self:
        """The same without derivatives."""
        none = np.zeros((0, self.rows.size))
        return replace(self, along=Directions(none, none, np.zeros((1, 0))), columns=np.zeros(0, dtype=np.intp))

    def folded(self, values: Floats, moved: Floats | float = 0.0) -> tuple[Folded, Array]:
        """Fold the source with its parameters among all `values`, moved by (P,); and how far it has drifted."""
        return folded(self.kind, values[self.rows] + moved, self.data, self.placed.window, self.bins, self.along)

    def bent(self, values: Floats, linear: float, slopes: Floats, sizes: Floats) -> Floats:
        """Second derivatives of linear × total + Σ slopes × listed, (k, k).

        Those of the spectrum are exact. Where a free parameter changes the shape, the exact first derivatives are taken
        a small step to both sides: as good as the second derivatives of the image, which would take ten times as long
        to compile as all the rest.

        Parameters
        ----------
        slopes : (N,) of the statistic in the listed bins of the dataset.
        sizes : (f,) by how much a free parameter changes the statistic by one.
        """
        slopes, own, window, along = slopes[self.where], values[self.rows], self.placed.window, self.along
        second = np.array(flux_bent(self.kind, own, self.data, window, self.bins, along, linear, slopes))
        for which, moving in zip(np.asarray(along.which)[1:].argmax(axis=0), np.asarray(along.moving), strict=True):
            step = _STEP * sizes[self.columns[which]]
            if step > 0:
                up, down = (_slope(self.folded(values, sign * step * moving)[0], linear, slopes) for sign in (1, -1))
                second[which] = second[:, which] = (up - down) / (2 * step)
        return second


def _slope(found: Folded, linear: float, slopes: Floats) -> Floats:
    """Derivatives of linear × total + Σ slopes × listed along all directions, (k,)."""
    return linear * np.asarray(found.total)[1:] + slopes @ np.asarray(found.listed)[: slopes.size, 1:]


def _directions(rows: Ints, of_shape: NDArray[np.bool_], mapping: Mapping) -> tuple[Directions, Ints]:
    """Along which the free parameters change a source, and which free parameters they are.

    Parameters
    ----------
    rows : (P,) where its parameters are among those of the sky.
    of_shape : (P,) which of them change the shape.
    """
    every, columns = mapping.along(rows)
    which = np.flatnonzero(every[:, of_shape].any(axis=1))
    return Directions(every, every[which], np.eye(len(every) + 1)[:, which + 1]), columns


def _bins(placed: Placed, listed: tuple[Ints, ...], length: int) -> Bins:
    """Bins (reco, y, x) of a dataset as those of a window; a source that does not move has them in its kernel."""
    window, (y0, x0), (reco, y, x) = placed.window, placed.corner, listed
    migration = np.asarray(window.spot.migration)
    share = np.eye(migration.shape[1]) if window.spot.reco_psf else migration
    if window.spot.kind == "fixed":
        return Bins(np.zeros(0, dtype=np.intp), np.zeros((0, len(share))))
    return Bins(filled((y - y0) * window.shape[1] + x - x0, length), filled(share.T[reco], length))


def _together(where: Ints) -> Ints | slice:
    """The same places as a slice if they follow each other: many times as fast."""
    if where.size and where[-1] - where[0] == where.size - 1:
        return slice(int(where[0]), int(where[-1]) + 1)
    return where


def padded(n: int) -> int:
    """The length of a list of n bins: a power of two or a half more than one, so that compiled code is shared."""
    power = 1 << (max(n, _SHORTEST) - 1).bit_length()
    return 3 * power // 4 if n <= 3 * power // 4 and power > _SHORTEST else power
