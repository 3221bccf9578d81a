"""All the responses of one observation."""

from dataclasses import dataclass

from skyfold.irf.background import Background2D, Background3D
from skyfold.irf.effective_area import EffectiveArea
from skyfold.irf.energy_dispersion import EnergyDispersion
from skyfold.irf.psf import Psf
from skyfold.irf.rad_max import RadMax


@dataclass(frozen=True, eq=False)
class Responses:
    """How the instrument answered; None for what the files do not have."""

    aeff: EffectiveArea | None = None
    edisp: EnergyDispersion | None = None
    psf: Psf | None = None
    bkg: Background2D | Background3D | None = None
    rad_max: RadMax | None = None

    @property
    def available(self) -> tuple[str, ...]:
        return tuple(name for name in ("aeff", "edisp", "psf", "bkg", "rad_max") if getattr(self, name) is not None)

    @property
    def is_point_like(self) -> bool:
        """Whether the effective area already contains a direction cut."""
        return self.aeff is not None and self.aeff.point_like
