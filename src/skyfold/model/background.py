"""Backgrounds: what is in the data and not in the sky."""

from typing import Any

import numpy as np

from skyfold.errors import ModelError
from skyfold.model.fields import Model
from skyfold.model.spectral.base import Spectrum
from skyfold.model.spectral.power_law import PowerLawNorm
from skyfold.model.tree import Tree, static


class FovBackground(Tree):
    """Scales the background of one dataset: its expected counts times a norm model of reconstructed energy.

    shape : further factor across the field, a norm model of direction; None for none.
    dataset : name of the dataset.
    """

    dataset: str = static()
    spectrum: Spectrum = PowerLawNorm()
    shape: Any = None


class TemplateNpred(Model):
    """Expected counts that are known but for their norm: no response applies.

    counts : on the bins of the datasets it is for, shape (energy, y, x); not negative.
    datasets : names of the datasets; None for all.
    """

    counts: Any
    spectrum: Spectrum = PowerLawNorm()
    datasets: tuple[str, ...] | None = static(default=None, kw_only=True)

    def __check_init__(self) -> None:
        counts = self.counts
        if isinstance(counts, np.ndarray) and not (np.all(np.isfinite(counts)) and np.all(counts >= 0)):
            raise ModelError("TemplateNpred.counts must be finite and not negative")
