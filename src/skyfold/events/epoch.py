"""Times inside: seconds of TT since 2000-01-01T00:00:00 TT, float64 (good to 0.1 µs until 2060).

One reference for all files makes the algebra of intervals plain arithmetic. Leap seconds and other scales live at the
two doors below, in two-part astropy times.
"""

from typing import Any

import numpy as np
from astropy.time import Time, TimeDelta
from numpy.typing import ArrayLike, NDArray

from skyfold.errors import DataError

REFERENCE_MJD = 51544.0  # 2000-01-01T00:00:00, in TT
_DAY = 86400.0


def to_seconds(time: Time | str) -> NDArray[np.float64]:
    """Seconds since the reference of any astropy time; a text without scale is UTC."""
    tt = Time(time, scale="utc").tt if isinstance(time, str) else time.tt
    return (tt.jd1 - 2400000.5 - REFERENCE_MJD) * _DAY + tt.jd2 * _DAY


def to_time(seconds: ArrayLike) -> Time:
    """The astropy time (TT, two-part) of seconds since the reference."""
    return Time(REFERENCE_MJD, format="mjd", scale="tt") + TimeDelta(np.asarray(seconds, dtype=float), format="sec")


def mission_offset(header: Any, where: str) -> float:
    """Seconds to add to mission elapsed times so that they count from our reference.

    Elapsed times count SI seconds from ``MJDREFI + MJDREFF`` (or ``MJDREF``) in the scale ``TIMESYS``, plus
    ``TIMEZERO``.

    Raises
    ------
    DataError
        The reference is missing, or the scale is not one astronomers use.
    """
    if "MJDREFI" in header:
        whole, part = float(header["MJDREFI"]), float(header.get("MJDREFF", 0.0))
    elif "MJDREF" in header:
        whole, part = float(header["MJDREF"]), 0.0
    else:
        raise DataError(f"{where}: no MJDREFI or MJDREF: times have no reference; add the keyword")
    scale = str(header.get("TIMESYS", "TT")).strip().lower()
    if scale not in Time.SCALES or scale == "local":
        raise DataError(f"{where}: TIMESYS {scale!r} is not a time scale; wanted one of TT, UTC, TAI, TDB")
    reference = Time(whole, part, format="mjd", scale=scale)
    return float(to_seconds(reference)) + float(header.get("TIMEZERO", 0.0))
