"""Altitude and azimuth: the sky as it turns over a telescope.

Directions are those outside the atmosphere (no refraction). UT1 is taken to be UTC: that is wrong by at most 0.9 s,
which turns the sky by less than 0.004 degrees, and saves every user the download of Earth orientation tables.
"""

import warnings

import erfa
import numpy as np
from astropy.coordinates import EarthLocation
from numpy.typing import ArrayLike, NDArray

from skyfold.events.epoch import to_time

Floats = NDArray[np.float64]


def to_horizon(ra: ArrayLike, dec: ArrayLike, seconds: ArrayLike, location: EarthLocation) -> tuple[Floats, Floats]:
    """Altitude and azimuth (from north through east) of ICRS directions; degrees, broadcast against the times."""
    azimuth, zenith, *_ = erfa.atco13(
        np.radians(ra),
        np.radians(dec),
        0.0,
        0.0,
        0.0,
        0.0,
        *_utc(seconds),
        0.0,
        *_site(location),
        0.0,
        0.0,
        0.0,
        0.0,
        0.0,
        1.0,
    )
    return 90.0 - np.degrees(zenith), np.degrees(azimuth) % 360.0


def from_horizon(alt: ArrayLike, az: ArrayLike, seconds: ArrayLike, location: EarthLocation) -> tuple[Floats, Floats]:
    """ICRS right ascension and declination of directions in the horizon; degrees. The inverse of `to_horizon`."""
    zenith = np.radians(90.0 - np.asarray(alt, dtype=float))
    ra, dec = erfa.atoc13(
        "A", np.radians(az), zenith, *_utc(seconds), 0.0, *_site(location), 0.0, 0.0, 0.0, 0.0, 0.0, 1.0
    )
    return np.degrees(ra) % 360.0, np.degrees(dec)


def zenith_direction(ra: ArrayLike, dec: ArrayLike, seconds: ArrayLike, location: EarthLocation) -> Floats:
    """Position angle of the zenith seen from ICRS directions, from north through east, degrees in (-180, 180].

    It is the angle by which a field of view aligned with the horizon is rotated against one aligned with right
    ascension and declination. Found from a step of 0.01 degrees to the north, so that precession of the pole is in it.
    """
    step = 0.01
    dec = np.asarray(dec, dtype=float)
    north = np.where(dec > 89.0, -1.0, 1.0)  # near the pole look south, and turn around below
    alt, az = to_horizon(ra, dec, seconds, location)
    alt_north, az_north = to_horizon(ra, dec + north * step, seconds, location)
    up = (alt_north - alt) * north
    across = ((az_north - az + 180.0) % 360.0 - 180.0) * np.cos(np.radians(alt)) * north
    # (across, up) is north seen with the zenith up and azimuth to the right; turned around it is the zenith seen with
    # north up and east to the left, by the same angle.
    return np.asarray(np.degrees(np.arctan2(across, up)))


def _utc(seconds: ArrayLike) -> tuple[Floats, Floats]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", erfa.ErfaWarning)  # future leap seconds are unknown: the best guess is none
        utc = to_time(seconds).utc
    return utc.jd1, utc.jd2


def _site(location: EarthLocation) -> tuple[float, float, float]:
    longitude, latitude, height = location.to_geodetic("WGS84")
    return float(longitude.rad), float(latitude.rad), float(height.to_value("m"))
