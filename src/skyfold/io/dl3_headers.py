"""What the keywords of an event table say, and where they depart from the format."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skyfold.errors import DataError
from skyfold.events.finding import Finding, Severity

_MODES = ("POINTING", "RASTER", "SLEW", "SCAN", "DRIFT")
_DATES = ("DATE_OBS", "TIME_OBS", "DATE_END", "TIME_END")


def number(header: Mapping[str, Any], key: str, where: str) -> float | None:
    """A keyword as a number; None if it is absent or blank.

    Raises
    ------
    DataError
        It is there, but is no number.
    """
    value = header.get(key)
    if value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise DataError(f"{where}: keyword {key} is {value!r}; wanted a number") from None


def live_fraction(header: Mapping[str, Any], path: Path, name: str) -> tuple[float, list[Finding]]:
    """Livetime per ontime: DEADC, or LIVETIME / ONTIME where it is missing.

    Raises
    ------
    DataError
        Livetime is not positive, or longer than the ontime by more than 0.1 %.
    """
    where = f"{path}: {name}"
    deadc, live, on = (number(header, key, where) for key in ("DEADC", "LIVETIME", "ONTIME"))
    for key, value in (("DEADC", deadc), ("LIVETIME", live), ("ONTIME", on)):
        if value is not None and not value > 0:
            raise DataError(f"{where}: keyword {key} is {value:g}; livetime must be positive; correct the header")
    ratio = None if live is None or on is None else live / on
    if deadc is None and ratio is None:
        note = _note(
            Severity.WARNING, path, name, "neither DEADC nor LIVETIME and ONTIME", "fluxes are low by the dead time",
            "no dead time assumed",
        )  # fmt: skip
        return 1.0, [note]
    findings = []
    if deadc is None:
        findings.append(_note(Severity.INFO, path, name, "no DEADC", "none", "LIVETIME / ONTIME taken"))
    elif ratio is not None and abs(ratio / deadc - 1) > 1e-3:
        findings.append(
            _note(
                Severity.WARNING,
                path,
                name,
                f"LIVETIME / ONTIME is {ratio:.6g}, DEADC {deadc:.6g}",
                f"fluxes differ by {100 * abs(ratio / deadc - 1):.2g} % between the two",
                "DEADC taken",
            )  # fmt: skip
        )
    fraction = ratio if deadc is None else deadc
    if fraction is None or fraction > 1 + 1e-3:
        raise DataError(
            f"{where}: livetime is {fraction} of the ontime; wanted at most 1; correct DEADC or LIVETIME and ONTIME"
        )
    return min(fraction, 1.0), findings


def header_findings(header: Mapping[str, Any], path: Path, name: str) -> list[Finding]:
    """Departures of the event keywords from GADF that change nothing, or that are repaired in reading."""
    notes = [*_frame(header), *_mode(header), *_times(header)]
    return [_note(severity, path, name, what, consequence, repair) for severity, what, consequence, repair in notes]


Note = tuple[Severity, str, str, str]


def _frame(header: Mapping[str, Any]) -> list[Note]:
    notes: list[Note] = []
    frame = str(header.get("RADESYS", header.get("RADECSYS", ""))).strip().upper()
    if "RADECSYS" in header:
        notes.append((Severity.INFO, "RADECSYS instead of RADESYS", "none", f"read as RADESYS = {frame}"))
    elif "RADESYS" not in header:
        notes.append((Severity.INFO, "no RADESYS", "none if directions are ICRS", "taken as ICRS"))
    if frame == "FK5":
        notes.append(
            (Severity.INFO, "directions are FK5", "they differ from ICRS by 0.03 arcsec at most", "taken as ICRS")
        )
    elif frame not in ("", "ICRS"):
        notes.append(
            (Severity.WARNING, f"RADESYS is {frame!r}", "directions could be off by minutes of arc", "taken as ICRS")
        )
    return notes


def _mode(header: Mapping[str, Any]) -> list[Note]:
    mode = str(header.get("OBS_MODE", "")).strip().upper()
    if not mode:
        return [(Severity.INFO, "no OBS_MODE", "none if the telescope tracked one point", "taken as POINTING")]
    if mode not in _MODES:
        return [(Severity.INFO, f"OBS_MODE {mode!r} is none of {', '.join(_MODES)}", "none", "taken as POINTING")]
    return []


def _times(header: Mapping[str, Any]) -> list[Note]:
    notes: list[Note] = []
    scale = str(header.get("TIMESYS", "")).strip()
    if not scale:
        notes.append((Severity.WARNING, "no TIMESYS", "times could be off by a minute", "taken as TT"))
    elif scale != scale.upper():
        notes.append((Severity.INFO, f"TIMESYS is {scale!r}, in lower case", "none", f"read as {scale.upper()}"))
    if scale.upper() not in ("", "TT"):
        notes.append(
            (
                Severity.INFO,
                f"TIMESYS is {scale.upper()}",
                "plain MJD arithmetic is seconds off: leap seconds fall between reference and data",
                "converted to TT with leap seconds",
            )
        )
    if isinstance(header.get("MJDREFI"), float):
        notes.append((Severity.INFO, "MJDREFI is a float", "none", "read as a number"))
    if isinstance(header.get("TIMEUNIT"), str) and header["TIMEUNIT"].strip() not in ("", "s"):
        notes.append((Severity.WARNING, f"TIMEUNIT is {header['TIMEUNIT']!r}", "times could be off", "seconds taken"))
    found = [key for key in _DATES if key in header]
    if found:
        notes.append((Severity.INFO, f"{', '.join(found)} with an underscore instead of a hyphen", "none", "not used"))
    return notes


def _note(severity: Severity, path: Path, name: str, what: str, consequence: str, repair: str) -> Finding:
    return Finding(severity, str(path), name, what, consequence, repair)
