"""Energy dispersion: how reconstructed energies scatter around the true one."""

from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skyfold.geom.axis import Axis
from skyfold.irf.table import Floats, Meta, Ruler, checked, corners, floats, not_negative, share_of
from skyfold.units import dress, strip

Convention = Literal["density", "probability per bin", "unnormalised"]

# Tables whose typical row sums to 1 within this are taken to follow the convention under which it does.
_TYPICAL = 0.05


@dataclass(frozen=True, eq=False)
class EnergyDispersion:
    """Probability density of migration μ = E / E_true, against true energy and offset.

    The density is a histogram in μ, and linear in log energy and in offset between rows. A row without any events (no
    shape) gets no weight, so that what lies between it and a good row has the shape of the good row. In true energy the
    outermost rows hold beyond the table (where area is 0, no shape matters); beyond the last offset there is none.

    Parameters
    ----------
    energy_true, migra, offset : axes; `offset` bins or nodes.
    values : dP/dμ, shape (n_energy_true, n_migra, n_offset); each row integrates to 1 over μ or is 0 throughout.
        Use `normalised` for tables that do not.
    """

    energy_true: Axis
    migra: Axis
    offset: Axis
    values: Floats
    point_like: bool = False
    meta: Meta = field(default_factory=dict)
    _energy: Ruler = field(init=False, repr=False)
    _offset: Ruler = field(init=False, repr=False)

    def __post_init__(self) -> None:
        values = checked("energy dispersion", self.values, self.energy_true, self.migra, self.offset)
        not_negative("energy dispersion", values)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "_energy", Ruler.of(self.energy_true, "TeV"))
        object.__setattr__(self, "_offset", Ruler.of(self.offset, "rad"))

    @classmethod
    def normalised(
        cls,
        raw: ArrayLike,
        energy_true: Axis,
        migra: Axis,
        offset: Axis,
        *,
        point_like: bool = False,
        meta: Meta | None = None,
    ) -> tuple[Self, Convention]:
        """Make ∫ p dμ = 1 in every row that is not empty, whichever of three conventions the file follows.

        Returns
        -------
        EnergyDispersion
        convention : ``"density"`` in μ, ``"probability per bin"`` of μ, or ``"unnormalised"`` (taken as a density).
        """
        values = checked("energy dispersion", raw, energy_true, migra, offset)
        not_negative("energy dispersion", values)
        width = np.diff(migra.edges_in(""))[:, None]
        sums, integrals = values.sum(axis=1), (values * width).sum(axis=1)
        filled = sums > 0
        convention = _convention(integrals[filled], sums[filled])
        if convention == "probability per bin":
            values, integrals = values / width, sums
        norm = np.where(filled, integrals, 1.0)
        return cls(energy_true, migra, offset, values / norm[:, None, :], point_like, meta or {}), convention

    def __call__(self, energy: ArrayLike, migra: ArrayLike, offset: ArrayLike) -> Floats:
        """dP/dμ at true energies [TeV], migrations and offsets [rad] that broadcast; 0 outside the migration axis."""
        energy, migra, offset = floats(energy, migra, offset)
        edges = self.migra.edges_in("")
        bins = np.searchsorted(edges, migra, side="right") - 1
        known = (bins >= 0) & (bins < self.migra.nbin)
        bins = np.clip(bins, 0, self.migra.nbin - 1)
        at = corners(self._energy, self._offset, energy, offset)
        share = share_of(self._filled, at)
        value = sum(weight * self.values[e, bins, o] for e, o, weight in at)
        keep = known & (share > 0) & self._offset.below_last(offset)
        return np.divide(value, share, out=np.zeros(energy.shape), where=keep)

    def at(self, energy: Any, migra: Any, offset: Any) -> Any:
        """dP/dμ from Quantities or texts."""
        return dress(
            self(strip(energy, "TeV", "energy"), strip(migra, "", "migra"), strip(offset, "rad", "offset")), ""
        )

    def migration(self, energy_true: Axis, energy: Axis, offset: ArrayLike) -> Floats:
        """Probability of each reconstructed bin for photons in each true bin.

        The cumulative distribution in μ at the edges of the reconstructed bins, over the true energy at the bin's
        centre; differences of it are exact. What falls outside the reconstructed range is lost: rows sum to 1 or less.

        Returns
        -------
        array, shape (*offset.shape, n_true, n_reco).
        """
        true = energy_true.center_in("TeV")
        at = energy.edges_in("TeV") / true[:, None]
        return self._between(true, at, offset)

    def on_migra(self, energy: ArrayLike, migra: Axis, offset: ArrayLike) -> Floats:
        """Mean dP/dμ in each bin of another migration axis, shape (*offset.shape, n_energy, n_migra)."""
        energy = np.atleast_1d(np.asarray(energy, dtype=float))
        edges = migra.edges_in("")
        at = np.broadcast_to(edges, (energy.size, edges.size))
        return self._between(energy, at, offset) / np.diff(edges)

    def bias(self, energy: ArrayLike, offset: ArrayLike) -> Floats:
        """Mean of μ − 1 at true energies [TeV] and offsets [rad] that broadcast; nan without a shape."""
        return self._moments(energy, offset)[0] - 1

    def resolution(self, energy: ArrayLike, offset: ArrayLike) -> Floats:
        """Standard deviation of μ at true energies [TeV] and offsets [rad] that broadcast; nan without a shape."""
        return self._moments(energy, offset)[1]

    # How

    @property
    def _filled(self) -> NDArray[np.bool_]:
        """Whether a row holds a shape; (n_energy_true, n_offset)."""
        return self.values.sum(axis=1) > 0

    def _between(self, true: Floats, at: Floats, offset: ArrayLike) -> Floats:
        """Probability between neighbours of the migrations `at` (n_true, n + 1), shape (*offset.shape, n_true, n)."""
        offset = np.asarray(offset, dtype=float)
        width = np.diff(self.migra.edges_in(""))
        rows = self._energy.along(np.moveaxis(self.values, 1, 2), true, 0) * width  # (n_true, n_offset, n_migra)
        share = self._energy.along(self._filled.astype(float), true, 0)
        cumulative = np.concatenate([np.zeros((*share.shape, 1)), np.cumsum(rows, axis=-1)], axis=-1)
        # Rounding may make a cumulative sum fall by its last digit.
        bins = np.maximum(np.diff(_interpolate_rows(cumulative, self.migra.edges_in(""), at), axis=-1), 0.0)
        # Offset goes first, so that pixels are rows; the share of filled rows travels along as one more bin.
        table = np.moveaxis(np.concatenate([bins, share[..., None]], axis=-1), 1, 0)
        looked = self._offset.along(table, offset, 0)
        share, keep = looked[..., -1:], self._offset.below_last(offset)[..., None, None]
        out = np.zeros((*looked.shape[:-1], at.shape[1] - 1))
        return np.divide(looked[..., :-1], share, out=out, where=(share > 0) & keep)

    def _moments(self, energy: ArrayLike, offset: ArrayLike) -> tuple[Floats, Floats]:
        """Mean and standard deviation of μ."""
        energy, offset = floats(energy, offset)
        edges = self.migra.edges_in("")
        width, center = np.diff(edges), (edges[:-1] + edges[1:]) / 2
        powers = np.stack([width, width * center, width * (center**2 + width**2 / 12)])
        sums = np.einsum("emo,pm->peo", self.values, powers)
        total = sum(weight * sums[:, e, o] for e, o, weight in corners(self._energy, self._offset, energy, offset))
        known = (total[0] > 0) & self._offset.below_last(offset)
        norm = np.where(known, total[0], np.nan)
        mean = total[1] / norm
        return mean, np.sqrt(np.maximum(total[2] / norm - mean**2, 0.0))


def _convention(integrals: Floats, sums: Floats) -> Convention:
    """Which sum of a typical row is 1."""
    if integrals.size == 0 or abs(np.median(integrals) - 1) < _TYPICAL:
        return "density"
    if abs(np.median(sums) - 1) < _TYPICAL:
        return "probability per bin"
    return "unnormalised"


def _interpolate_rows(table: Floats, nodes: Floats, at: Floats) -> Floats:
    """Linear interpolation of the last axis of `table` (n, m, nodes) at `at` (n, k), constant outside: (n, m, k)."""
    below = np.clip(np.searchsorted(nodes, at, side="right") - 1, 0, nodes.size - 2)
    weight = np.clip((at - nodes[below]) / (nodes[below + 1] - nodes[below]), 0.0, 1.0)[:, None, :]
    lower = np.take_along_axis(table, below[:, None, :], axis=-1)
    upper = np.take_along_axis(table, below[:, None, :] + 1, axis=-1)
    return lower * (1 - weight) + upper * weight
