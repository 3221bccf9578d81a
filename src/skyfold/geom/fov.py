"""Field-of-view coordinates: where a direction lies about the pointing.

The field's files use two frames. In both, latitude grows towards the frame's pole and longitude *against* the frame's
own: ``RADEC`` has latitude to the north and longitude to decreasing right ascension, ``ALTAZ`` latitude to the zenith
and longitude to decreasing azimuth.
"""

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.num.sphere import field_lonlat, tangent_frame

Floats = NDArray[np.float64]


def field_coordinates(directions: Floats, pointing: SkyCoord) -> tuple[Floats, Floats]:
    """RADEC longitude and latitude [rad] of ICRS unit vectors (3, ...) about the pointing."""
    at = pointing.icrs
    lon, lat = field_lonlat(directions, tangent_frame(at.ra.rad, at.dec.rad))
    return -lon, lat


def to_altaz(lon: Floats, lat: Floats, zenith: float | Floats) -> tuple[Floats, Floats]:
    """ALTAZ longitude and latitude [rad] of RADEC field coordinates.

    Parameters
    ----------
    zenith : position angle of the zenith at the pointing, from north through east [rad].

    The field is turned as a sphere, so offsets stay exactly what they are. Aberration and refraction across a field of
    view are below 0.001 degrees and left out.
    """
    ahead = np.cos(lat) * np.cos(lon)
    west, north = np.cos(lat) * np.sin(lon), np.sin(lat)
    # With the zenith up, azimuth grows to the right of it: the direction 90 degrees from the zenith through west.
    azimuth = np.cos(zenith) * west + np.sin(zenith) * north
    up = np.cos(zenith) * north - np.sin(zenith) * west
    return np.arctan2(-azimuth, ahead), np.arcsin(np.clip(up, -1.0, 1.0))
