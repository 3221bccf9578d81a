"""Migration matrices: true bins to reconstructed bins."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from skyfold.errors import DataError
from skyfold.geom.axis import Axis
from skyfold.irf.table import Floats, checked, not_negative


@dataclass(frozen=True, eq=False)
class Migration:
    """Probability that a photon of a true bin is reconstructed in a bin.

    matrix : shape (n_true, n_reco); rows sum to 1 or less.
    """

    energy_true: Axis
    energy: Axis
    matrix: Floats

    def __post_init__(self) -> None:
        matrix = checked("migration matrix", self.matrix, self.energy_true, self.energy)
        not_negative("migration matrix", matrix)
        object.__setattr__(self, "matrix", matrix)

    @classmethod
    def diagonal(cls, energy_true: Axis, energy: Axis) -> Self:
        """No dispersion: each true bin is shared among the reconstructed bins by overlap in log energy."""
        true, reco = np.log(energy_true.edges_in("TeV")), np.log(energy.edges_in("TeV"))
        lo = np.maximum(true[:-1, None], reco[None, :-1])
        hi = np.minimum(true[1:, None], reco[None, 1:])
        return cls(energy_true, energy, np.maximum(hi - lo, 0.0) / np.diff(true)[:, None])

    def __call__(self, counts: ArrayLike) -> Floats:
        """Expected counts per reconstructed bin (..., n_reco) from those per true bin (..., n_true)."""
        return np.asarray(counts, dtype=float) @ self.matrix

    @property
    def mean_tev(self) -> Floats:
        """Mean reconstructed energy of each true bin [TeV], (n_true,); nan for a row without events."""
        total = self.matrix.sum(axis=1)
        return self.matrix @ self.energy.center_in("TeV") / np.where(total > 0, total, np.nan)

    def bias(self, energy: ArrayLike | None = None) -> Floats:
        """(⟨E⟩ − E_true) / E_true at the centres of the true bins, or interpolated at energies [TeV]."""
        bias = self.mean_tev / self.energy_true.center_in("TeV") - 1
        return bias if energy is None else self._at(energy, bias)

    def resolution(self, energy: ArrayLike | None = None) -> Floats:
        """Standard deviation of E over E_true, at the centres of the true bins, or interpolated at energies [TeV]."""
        total = self.matrix.sum(axis=1)
        square = self.matrix @ self.energy.center_in("TeV") ** 2 / np.where(total > 0, total, np.nan)
        spread = np.sqrt(np.maximum(square - self.mean_tev**2, 0.0)) / self.energy_true.center_in("TeV")
        return spread if energy is None else self._at(energy, spread)

    def bias_energy(self, bias: float) -> float:
        """Reconstructed energy [TeV] above which the bias stays below a limit.

        From its maximum near the threshold the bias falls and meets the limit at a true energy E; the reconstructed
        energy is E (1 + bias). A bias that never exceeds the limit allows every energy: the lowest edge is returned.

        Raises
        ------
        DataError
            No row holds events, or the bias never falls to the limit.
        """
        values, energies = self.bias(), self.energy_true.center_in("TeV")
        known = np.isfinite(values)
        values, energies = values[known], energies[known]
        if values.size == 0:
            raise DataError("migration matrix: no true energy leads into the reconstructed range, so there is no bias")
        start = int(np.argmax(values))
        if values[start] <= bias:
            return float(self.energy.edges_in("TeV")[0])
        after = np.flatnonzero(values[start:] <= bias)
        if after.size == 0:
            raise DataError(f"migration matrix: above {energies[start]:.3g} TeV the bias never falls to {bias:g}")
        i = start + int(after[0])
        # Near the threshold the bias is close to a power law; one that crosses 0 is not.
        ends = np.array([values[i - 1], bias, values[i]])
        above, at, below = np.log(ends) if ends.min() > 0 else ends
        share = (above - at) / (above - below)
        crossing = np.exp(np.log(energies[i - 1]) * (1 - share) + np.log(energies[i]) * share)
        return float(crossing * (1 + bias))

    def _at(self, energy: ArrayLike, values: Floats) -> Floats:
        known = np.isfinite(values)
        if not known.any():
            return np.full(np.shape(energy), np.nan)
        return np.interp(np.log(energy), np.log(self.energy_true.center_in("TeV")[known]), values[known])
