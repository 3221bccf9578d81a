"""What is in the sky."""

from typing import Any

from skyfold.errors import ModelError
from skyfold.model.spatial.base import Shape
from skyfold.model.spectral.base import Spectrum
from skyfold.model.tree import Tree, static

RESPONSES = ("exposure", "psf", "edisp")


class Source(Tree):
    """One component of the sky: how bright, where, and when.

    Parameters
    ----------
    spectrum : photon flux per energy.
    shape : None for a source that is only seen through spectra of a fixed region.
    lightcurve : factor on the flux as a function of time; None for a steady source.
    datasets : names of the datasets it is for; None for all.
    irf : which responses apply, of ``"exposure"``, ``"psf"``, ``"edisp"``.
    """

    spectrum: Spectrum
    shape: Shape | None = None
    lightcurve: Any = None
    datasets: tuple[str, ...] | None = static(default=None, kw_only=True)
    irf: tuple[str, ...] = static(default=RESPONSES, kw_only=True)

    def __check_init__(self) -> None:
        if isinstance(self.datasets, str):
            raise ModelError(f"Source.datasets is a tuple of names, found the text {self.datasets!r}")
        unknown = sorted(set(self.irf) - set(RESPONSES))
        if unknown:
            raise ModelError(f"Source.irf: {unknown[0]!r} is not one of {', '.join(RESPONSES)}")


Sky = dict[str, Any]
"""Sources and backgrounds by name."""
