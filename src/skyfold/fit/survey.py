"""What the statistic of a dataset looks at."""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from skyfold.dataset.dataset import Dataset, Stat
from skyfold.errors import FitError
from skyfold.fit.part import Ints
from skyfold.fit.statistic import Cash, Chi2, Statistic, WStat
from skyfold.num.double import Floats

StatName = Literal["auto", "cash", "wstat", "chi2"]


@dataclass(frozen=True, eq=False)
class Survey:
    """A dataset, seen by a statistic.

    bins : (reco, y, x) of the statistic; of `cash`, only those with counts: its sum over the others is that of the
        expected counts.
    background : as modelled, in all bins; None where off counts stand for it.
    behind : (R,) sums of that over all bins of the statistic.
    """

    dataset: Dataset
    stat: Stat | Literal["chi2"]
    bins: tuple[Ints, Ints, Ints]
    background: Floats | None
    behind: Floats

    @classmethod
    def of(cls, dataset: Dataset, stat: StatName = "auto", *, new: bool = True) -> Self:
        """Look at one energy after the other: cubes are large.

        Parameters
        ----------
        new : whether the dataset is seen for the first time, so that its numbers have to be checked.

        Raises
        ------
        FitError
            No bin enters the statistic, or one that does holds no counts.
        """
        which = dataset.stat if stat == "auto" else stat
        background = None if which == "wstat" else _background(dataset)
        pixels, behind, seen = [], np.zeros(dataset.energy.nbin), False
        for energy in range(behind.size):
            used = dataset.used_at(energy)
            seen |= bool(used.any())
            if new:
                _require_numbers(dataset, energy, used, which)
            pixels.append(np.flatnonzero(used & (dataset.counts.data[energy] > 0) if which == "cash" else used))
            behind[energy] = 0.0 if background is None else _sum(background[energy], used)
        if not seen:
            raise FitError(
                f"dataset {dataset.name!r}: no bin is both safe and chosen for the fit; look at mask_safe and mask_fit"
            )
        reco = np.repeat(np.arange(behind.size), [len(listed) for listed in pixels])
        y, x = np.divmod(np.concatenate(pixels), dataset.geom.shape[-1])
        return cls(dataset, which, (reco, y, x), background, behind)

    def summed(self, counts: Floats) -> Floats:
        """Sums (R,) of counts over the bins of the statistic."""
        return np.array([_sum(plane, self.dataset.used_at(energy)) for energy, plane in enumerate(counts)])

    def statistic(self, usual: Floats) -> Statistic:
        """That of the bins, where some counts are usual.

        Raises
        ------
        FitError
            It needs off counts, and there are none.
        """
        dataset, bins = self.dataset, self.bins
        counts = dataset.counts.data[bins].astype(float)
        if self.stat == "cash":
            return Cash(counts, np.maximum(usual, 1e-3 * counts))
        if self.stat == "chi2":
            return Chi2(counts, np.sqrt(np.maximum(counts, 1.0)))
        if dataset.counts_off is None:
            raise FitError(f"dataset {dataset.name!r} has no off counts, so no wstat; fit it with stat='cash'")
        return WStat(counts, dataset.counts_off.data[bins].astype(float), dataset.alpha.data[bins])


def _background(dataset: Dataset) -> Floats:
    if dataset.background is None:
        return np.zeros(dataset.geom.shape)
    return np.asarray(dataset.background.data)


def _sum(values: Floats, used: NDArray[np.bool_]) -> float:
    """Sum over the pixels (ny, nx) that are used; the others may hold no numbers."""
    total = np.einsum("yx,yx->", values, used)  # a fifth of the time of an index, and no copy
    return float(total if np.isfinite(total) else values[used].sum())


def _require_numbers(dataset: Dataset, energy: int, used: NDArray[np.bool_], which: StatName) -> None:
    """Raise where a bin of the statistic holds something that would pass as no counts, or make all of it no number."""
    least = -np.inf if which == "chi2" else 0.0
    for name, lowest in (("counts", least), ("counts_off", 0.0), ("background", -np.inf)):
        found = getattr(dataset, name)
        if found is not None and _wrong(found.data[energy], used, lowest).any():
            bad = _wrong(found.data, dataset.used, lowest)
            first = tuple(int(i) for i in np.argwhere(bad)[0])
            raise FitError(
                f"dataset {dataset.name!r}: {name} negative or no number in {int(bad.sum())} of the bins in the"
                f" statistic, {found.data[first]:g} in bin {first}; mask these bins, or look at where they come from"
            )


def _wrong(values: NDArray[Any], used: NDArray[np.bool_], lowest: float) -> NDArray[np.bool_]:
    """Which bins that are used hold no number, or one below the lowest."""
    return used & ~(np.isfinite(values) & (values >= lowest))
