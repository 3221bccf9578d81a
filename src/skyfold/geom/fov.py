"""Field-of-view coordinates: where a direction lies as the telescope sees it."""

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.num.sphere import field_lonlat, tangent_frame

Floats = NDArray[np.float64]


def field_coordinates(directions: Floats, pointing: SkyCoord) -> tuple[Floats, Floats]:
    """Longitude (to the west) and latitude (to the north) of ICRS directions (3, ...) about the pointing [rad]."""
    at = pointing.icrs
    lon, lat = field_lonlat(directions, tangent_frame(at.ra.rad, at.dec.rad))
    return -lon, lat


def field_rotation(pointing: SkyCoord, seconds: float, location: object) -> float:
    raise NotImplementedError


def rotation_steps(gti: object, pointing: SkyCoord, location: object, step: float) -> list:
    raise NotImplementedError
