"""Where the telescope looked."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from astropy.coordinates import EarthLocation, SkyCoord
from numpy.typing import ArrayLike, NDArray

from skyfold.errors import DataError
from skyfold.events.horizon import from_horizon
from skyfold.num.sphere import unit_vectors


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


@dataclass(frozen=True)
class AltAzPointing:
    """A direction fixed to the ground, under which the sky drifts by; degrees, azimuth from north through east."""

    alt: float
    az: float

    def icrs(self, seconds: ArrayLike, location: EarthLocation | None) -> SkyCoord:
        """See `Pointing.icrs`.

        Raises
        ------
        DataError
            There is no location, so the sky above it is not known.
        """
        if location is None:
            raise DataError(
                f"pointing at altitude {self.alt:g} deg, azimuth {self.az:g} deg: the observatory's location is not"
                " known; give the events GEOLON, GEOLAT and ALTITUDE keywords"
            )
        ra, dec = from_horizon(self.alt, self.az, seconds, location)
        return SkyCoord(ra, dec, unit="deg", frame="icrs")


@dataclass(frozen=True, eq=False)
class TablePointing:
    """Directions recorded at certain times; between them along the great circle, before and after them the outermost.

    seconds, ra, dec : shape (n,), times rising; ICRS degrees.
    """

    seconds: NDArray[np.float64]
    ra: NDArray[np.float64]
    dec: NDArray[np.float64]

    def __post_init__(self) -> None:
        shapes = {np.shape(self.seconds), np.shape(self.ra), np.shape(self.dec)}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1 or np.size(self.seconds) == 0:
            raise DataError(
                f"pointing table: columns TIME, RA_PNT, DEC_PNT of shapes {shapes}; wanted one row or more of each"
            )
        if np.any(np.diff(self.seconds) <= 0):
            raise DataError("pointing table: TIME does not rise; sort the rows and remove repeated times")

    def icrs(self, seconds: ArrayLike, location: EarthLocation | None = None) -> SkyCoord:
        vectors = unit_vectors(np.radians(self.ra), np.radians(self.dec))
        # Straight between two unit vectors: on their great circle, and within 1e-7 rad for steps below 1 degree.
        x, y, z = (np.interp(np.asarray(seconds, dtype=float), self.seconds, component) for component in vectors)
        ra, dec = np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))
        return SkyCoord(ra, dec, unit="deg", frame="icrs")
