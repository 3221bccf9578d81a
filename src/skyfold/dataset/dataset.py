"""DL4: binned data and all that is needed to predict them.

One class for every instrument: a cube, an image, a spectrum (one region) and an on-off measurement differ in their
geometry and in what they carry, not in kind. A dataset holds no model: models meet data in a likelihood.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import reduce
from typing import Any, Literal, Self

import numpy as np

from skyfold.errors import ShapeError
from skyfold.events.good_times import GoodTimes
from skyfold.geom.axis import Axis
from skyfold.maps.map import Map

Stat = Literal["cash", "wstat"]


@dataclass(frozen=True, eq=False)
class SkyResponse:
    """A response on the sky, with the exposure that weighs it where several are averaged.

    table : Map; PSF density [sr-1] on (energy_true, rad), or migration probability on (energy_true, energy), per sky
        pixel. Its pixels are usually coarser than those of the counts.
    exposure : Map [m2 s] on (energy_true,), on the same pixels.
    """

    table: Map
    exposure: Map

    def __post_init__(self) -> None:
        if self.table.geom.image != self.exposure.geom.image or self.table.geom.axes[:1] != self.exposure.geom.axes:
            raise ShapeError(f"a response on {self.table.geom} needs an exposure on its pixels and true energies")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Counts of one instrument, and the response to predict them; None for what it does not have.

    Parameters
    ----------
    name : unique in an analysis.
    counts : on (energy, sky).
    background : expected background counts, on the geometry of the counts.
    exposure : effective area × livetime [m2 s], on (energy_true, sky).
    psf, edisp : see `SkyResponse`.
    mask_safe : bool; bins in which the response is known well enough to be used.
    mask_fit : bool; bins that the user wants in a fit.
    gti : good times; livetime_s is their sum corrected for dead time.
    counts_off, acceptance, acceptance_off : what an off measurement saw, and the relative acceptance of on and off;
        with counts_off the statistic is wstat and the background is α × counts_off, α = acceptance / acceptance_off.
    meta : facts for the record, e.g. ``obs_ids``.

    Raises
    ------
    ShapeError
        A map does not share the geometry of the counts.
    """

    name: str
    counts: Map
    background: Map | None = None
    exposure: Map | None = None
    psf: SkyResponse | None = None
    edisp: SkyResponse | None = None
    mask_safe: Map | None = None
    mask_fit: Map | None = None
    gti: GoodTimes | None = None
    livetime_s: float = 0.0
    counts_off: Map | None = None
    acceptance: Map | None = None
    acceptance_off: Map | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("background", "mask_safe", "mask_fit", "counts_off", "acceptance", "acceptance_off"):
            value = getattr(self, name)
            if value is not None and value.geom != self.counts.geom:
                raise ShapeError(f"dataset {self.name!r}: {name} is on {value.geom}, its counts on {self.counts.geom}")
        if self.exposure is not None and self.exposure.geom.image != self.counts.geom.image:
            raise ShapeError(
                f"dataset {self.name!r}: exposure is on {self.exposure.geom}, its counts on {self.counts.geom}"
            )

    @property
    def geom(self) -> Any:
        return self.counts.geom

    @property
    def stat(self) -> Stat:
        return "cash" if self.counts_off is None else "wstat"

    @property
    def energy(self) -> Axis:
        return self.counts.geom.axis("energy")

    @property
    def energy_true(self) -> Axis:
        if self.exposure is None:
            raise ShapeError(f"dataset {self.name!r} has no exposure, so no true energies")
        return self.exposure.geom.axis("energy_true")

    @property
    def safe(self) -> np.ndarray:
        """Boolean array of the bins that are safe; all of them without a mask."""
        return np.ones(self.geom.shape, bool) if self.mask_safe is None else self.mask_safe.data

    @property
    def used(self) -> np.ndarray:
        """Boolean array of the bins that enter a statistic: safe, and wanted in the fit."""
        return self.used_at(...)

    def used_at(self, where: Any) -> np.ndarray:
        """Which of some bins, an index of the counts, enter a statistic. Cubes are large: no more of them is made."""
        masks = [mask.data[where] for mask in (self.mask_safe, self.mask_fit) if mask is not None]
        if not masks:
            return np.broadcast_to(True, self.geom.shape)[where]
        # A mask that repeats what holds for an energy in all its pixels would take twenty times as long as it is.
        return reduce(np.logical_and, (np.ascontiguousarray(mask, dtype=bool) for mask in masks))

    @property
    def alpha(self) -> Map:
        """Acceptance of on per acceptance of off; nan where there is no off acceptance.

        Raises
        ------
        ShapeError
            The dataset has no off measurement.
        """
        if self.acceptance is None or self.acceptance_off is None:
            raise ShapeError(f"dataset {self.name!r} has no off measurement, so no alpha")
        off = self.acceptance_off.data
        ratio = np.divide(self.acceptance.data, off, out=np.full(off.shape, np.nan), where=off > 0)
        return self.acceptance.with_data(ratio, "")

    @property
    def expected_background(self) -> Map:
        """Background expected in each bin of the counts: the model's, or α × counts_off (0 where there is no off).

        Raises
        ------
        ShapeError
            The dataset has neither a background nor an off measurement.
        """
        if self.counts_off is not None:
            return self.counts_off.with_data(np.nan_to_num(self.alpha.data * self.counts_off.data), "")
        if self.background is None:
            raise ShapeError(
                f"dataset {self.name!r} has no background: give it a background response or an off measurement"
            )
        return self.background

    @property
    def excess(self) -> Map:
        return self.counts - self.expected_background

    def named(self, name: str) -> Self:
        return replace(self, name=name)

    def cut(self, rows: slice, columns: slice) -> Self:
        """The part of the dataset on the pixels of two slices (y, x). Responses keep their own, coarser pixels."""
        changes: dict[str, Any] = {}
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, Map):
                changes[entry.name] = Map(value.geom.sliced(rows, columns), value.data[..., rows, columns], value.unit)
        return replace(self, **changes)
