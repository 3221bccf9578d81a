"""Where the telescope looked."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from astropy.coordinates import EarthLocation, SkyCoord
from numpy.typing import ArrayLike


class Pointing(Protocol):
    """A direction as a function of time."""

    def icrs(self, seconds: ArrayLike, location: EarthLocation | None) -> SkyCoord:
        """ICRS direction(s) at times in seconds of TT since 2000-01-01 TT."""
        ...


@dataclass(frozen=True)
class FixedPointing:
    """A point that the telescope tracked on the sky; degrees, ICRS."""

    ra: float
    dec: float

    def icrs(self, seconds: ArrayLike, location: EarthLocation | None = None) -> SkyCoord:
        shape = np.shape(seconds)
        return SkyCoord(np.full(shape, self.ra), np.full(shape, self.dec), unit="deg", frame="icrs")
