"""Where the telescope stood, and where it looked, from the keywords of an event table and a pointing table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import EarthLocation

from skyfold.errors import DataError
from skyfold.events.epoch import mission_offset
from skyfold.events.finding import Finding, Severity
from skyfold.events.observatory import Site, distance_km, sites_of
from skyfold.events.pointing import AltAzPointing, FixedPointing, Pointing, TablePointing
from skyfold.io.bintable import TableHDU
from skyfold.io.dl3_headers import number

# Keywords this far from every site of their telescope are a slip of the pen, not another telescope.
_FAR_KM = 100.0
# No gamma-ray telescope stands lower than this [m], and none higher than this [km]: below it a height is in km.
_LOWEST = 10.0
_MOVING = ("RASTER", "SLEW", "SCAN")


def read_location(header: Mapping[str, Any], path: Path) -> tuple[EarthLocation | None, list[Finding]]:
    """The observatory's place: GEOLON, GEOLAT, ALTITUDE (or GEOALT), else the known site of its telescope."""
    where = f"{path}: EVENTS"
    longitude, latitude = number(header, "GEOLON", where), number(header, "GEOLAT", where)
    altitude = number(header, "ALTITUDE" if "ALTITUDE" in header else "GEOALT", where)
    sites = sites_of(str(header.get("TELESCOP", "")))
    if longitude is None or latitude is None:
        return _known(sites, path)
    findings = []
    height = 0.0 if altitude is None else altitude
    if 0 < height < _LOWEST:
        findings.append(
            _note(
                Severity.INFO,
                path,
                f"ALTITUDE {height:g} is in km",
                "none on the sky: heights shift it by less than 1e-6 deg",
                "read as km",
            )
        )
        height *= 1000
    place = EarthLocation.from_geodetic(longitude * u.deg, latitude * u.deg, height * u.m)
    if sites and min(distance_km(place, site.location) for site in sites) > _FAR_KM:
        site = min(sites, key=lambda s: abs(s.latitude - latitude))
        off = distance_km(place, site.location)
        what = f"GEOLON {longitude:g}, GEOLAT {latitude:g} is {off:.0f} km away from {site.name}"
        consequence = "altitude and azimuth would be wrong; positions on the sky are not touched"
        findings.append(_note(Severity.WARNING, path, what, consequence, f"the known site {site.name} taken"))
        return site.location, findings
    return place, findings


def _known(sites: tuple[Site, ...], path: Path) -> tuple[EarthLocation | None, list[Finding]]:
    if len(sites) == 1:
        note = _note(Severity.INFO, path, "no GEOLON and GEOLAT", "none", f"the known site {sites[0].name} taken")
        return sites[0].location, [note]
    which = f"TELESCOP has {len(sites)} sites" if sites else "TELESCOP is not a known telescope"
    note = _note(
        Severity.WARNING,
        path,
        f"no GEOLON and GEOLAT, and {which}",
        "altitude and azimuth cannot be told",
        "no location",
    )
    return None, [note]


def read_pointing(header: Mapping[str, Any], table: TableHDU | None, path: Path) -> tuple[Pointing, list[Finding]]:
    """The pointing: a fixed altitude and azimuth if OBS_MODE is DRIFT, a table if it moved, else RA_PNT and DEC_PNT.

    Raises
    ------
    DataError
        None of these is there.
    """
    where = f"{path}: EVENTS"
    mode = str(header.get("OBS_MODE", "")).strip().upper()
    ra, dec = number(header, "RA_PNT", where), number(header, "DEC_PNT", where)
    alt, az = number(header, "ALT_PNT", where), number(header, "AZ_PNT", where)
    if mode == "DRIFT":
        return _drift(alt, az, path)
    if table is not None and (mode in _MOVING or ra is None or dec is None):
        return read_pointing_table(table, path), []
    if ra is None or dec is None:
        raise DataError(
            f"{where}: no RA_PNT and DEC_PNT, and no pointing table; the telescope's direction is not known"
        )
    findings = []
    if mode in _MOVING:
        findings.append(
            _note(
                Severity.WARNING,
                path,
                f"OBS_MODE is {mode}, but there is no pointing table",
                "responses are looked up at wrong offsets",
                "RA_PNT and DEC_PNT taken for the whole run",
            )  # fmt: skip
        )
    if alt == 90.0 and az == 0.0:
        findings.append(
            _note(
                Severity.INFO, path, "ALT_PNT 90 and AZ_PNT 0 are dummies", "none", "not used: RA_PNT and DEC_PNT taken"
            )
        )
    return FixedPointing(ra, dec), findings


def _drift(alt: float | None, az: float | None, path: Path) -> tuple[Pointing, list[Finding]]:
    if alt is not None and az is not None:
        return AltAzPointing(alt, az), []
    note = _note(
        Severity.WARNING,
        path,
        "OBS_MODE is DRIFT, without ALT_PNT and AZ_PNT",
        "offsets from the pointing may be wrong",
        "zenith taken",
    )
    return AltAzPointing(90.0, 0.0), [note]


def read_pointing_table(table: TableHDU, path: Path) -> TablePointing:
    """Directions recorded in a POINTING table, sorted by time.

    Raises
    ------
    DataError
        It lacks TIME, RA_PNT or DEC_PNT.
    """
    missing = [name for name in ("TIME", "RA_PNT", "DEC_PNT") if name not in table.columns]
    if missing:
        raise DataError(
            f"{path}: {table.name}: no column {', '.join(missing)}; it has {', '.join(table.columns.names)}"
        )
    seconds = table.data["TIME"].astype(float) + mission_offset(table.header, f"{path}: {table.name}")
    seconds, first = np.unique(seconds, return_index=True)
    return TablePointing(seconds, *(table.data[name].astype(float)[first] for name in ("RA_PNT", "DEC_PNT")))


def _note(severity: Severity, path: Path, what: str, consequence: str, repair: str) -> Finding:
    return Finding(severity, str(path), "EVENTS", what, consequence, repair)
