"""What deviates from the format in the files of one observation."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from astropy.time import Time

from skyfold.errors import SkyfoldError
from skyfold.events.epoch import mission_offset, to_seconds
from skyfold.events.finding import Finding, Severity
from skyfold.events.observation import HduRef, Observation, ObsRef
from skyfold.io.bintable import TableHDU, read_tables
from skyfold.io.check_responses import response_findings
from skyfold.io.dl3 import RESPONSES
from skyfold.io.dl3_hdus import find
from skyfold.io.irf import read_response

_KEYWORDS = (
    "HDUCLASS", "HDUDOC", "HDUVERS", "HDUCLAS1", "OBS_ID", "TSTART", "TSTOP", "ONTIME", "LIVETIME", "DEADC", "EQUINOX",
    "ORIGIN", "TELESCOP", "INSTRUME", "CREATOR", "MJDREFF", "TIMEUNIT", "TIMEREF", "RA_PNT", "DEC_PNT",
    "ALT_PNT", "AZ_PNT", "GEOLON", "GEOLAT", "ALTITUDE",
)  # fmt: skip
_UNITS = {"TIME": "s", "RA": "deg", "DEC": "deg", "ENERGY": "TeV"}
# Times and pointings that differ by less are the same.
_SAME_S, _SAME_SHARE, _SAME_DEG = 1.0, 1e-3, 0.01


def observation_findings(ref: ObsRef) -> list[Finding]:
    """What the readers noticed in an observation, and what they need not care about."""
    missing = [_missing(ref, hdu) for hdu in ref.hdus if not hdu.path.exists()]
    if missing:
        return missing
    try:
        obs = ref.open()
    except SkyfoldError as error:
        return _broken(ref, error)
    findings = list(obs.findings)
    findings += _pointing_findings(ref, obs)
    findings += _name_findings(ref)
    events, gti = (next(hdu for hdu in ref.hdus if hdu.kind == kind) for kind in ("events", "gti"))
    table = _table(events)
    findings += event_findings(table, events.path)
    findings += _gti_findings(obs, table, gti)
    return findings + response_findings(obs.responses, ref)


def event_findings(hdu: TableHDU, path: Path) -> list[Finding]:
    """Findings about a table of events that change nothing in reading it."""
    notes = [*_keyword_notes(hdu), *_column_notes(hdu), *_time_notes(hdu), *_date_notes(hdu)]
    return [
        Finding(severity, str(path), hdu.name, what, consequence, repair)
        for severity, what, consequence, repair in notes
    ]


Note = tuple[Severity, str, str, str]


def _keyword_notes(hdu: TableHDU) -> Iterator[Note]:
    missing = [key for key in _KEYWORDS if hdu.header.get(key) in (None, "")]
    if missing:
        yield Severity.INFO, f"no keyword {', '.join(missing)}", "the format wants them; none is needed here", "none"


def _column_notes(hdu: TableHDU) -> Iterator[Note]:
    names = hdu.columns.names
    if "EVENT_ID" not in names:
        yield Severity.INFO, "no column EVENT_ID", "events cannot be told apart", "none"
    elif (same := len(hdu.data) - np.unique(hdu.data["EVENT_ID"]).size) > 0:
        yield Severity.INFO, f"EVENT_ID is not unique: {same} repeated", "events cannot be told apart by it", "none"
    for name, unit in _UNITS.items():
        if hdu.columns[name].unit is None:
            yield Severity.INFO, f"column {name} has no unit", "none if it is the usual one", f"taken as {unit}"
    folded = [name.upper() for name in names]
    twice = [name for name in names if folded.count(name.upper()) > 1]
    if twice:
        what = f"columns that differ in upper and lower case only: {', '.join(twice)}"
        yield Severity.INFO, what, "some tools read the wrong one", "the exact name taken"
    if (low := int(np.sum(hdu.data["ENERGY"] <= 0))) > 0:
        yield Severity.WARNING, f"{low} events with an energy of 0 or less", "they are in no energy bin", "kept"


def _time_notes(hdu: TableHDU) -> Iterator[Note]:
    header, time = hdu.header, hdu.data["TIME"]
    if np.any(np.diff(time) < 0):
        yield Severity.INFO, "events are not in order of time", "none", "none needed"
    if not {"TSTART", "TSTOP"} <= set(header):
        return
    start, stop = float(header["TSTART"]), float(header["TSTOP"])
    outside = int(np.sum((time < start) | (time > stop)))
    if outside:
        what = f"{outside} of {time.size} events lie outside TSTART and TSTOP"
        yield Severity.INFO, what, "none: good times decide", "none needed"
    ontime = header.get("ONTIME")
    if ontime is not None and abs((stop - start) - float(ontime)) > _SAME_SHARE * float(ontime):
        if stop - start > float(ontime):
            yield (
                Severity.INFO,
                f"TSTOP - TSTART is {stop - start:g} s, ONTIME {float(ontime):g} s",
                "none: it had breaks",
                "",
            )
        else:
            what = f"TSTOP - TSTART is {stop - start:g} s, less than ONTIME {float(ontime):g} s"
            yield Severity.WARNING, what, "one of them is wrong", "good times taken"


def _date_notes(hdu: TableHDU) -> Iterator[Note]:
    header = hdu.header
    date, time = str(header.get("DATE-OBS", "")).strip(), str(header.get("TIME-OBS", "")).strip()
    if not date or "TSTART" not in header or (not time and "T" not in date):
        return
    try:
        stated = Time(date if "T" in date else f"{date}T{time}", scale="utc")
    except ValueError:
        yield Severity.INFO, f"DATE-OBS {date!r}, TIME-OBS {time!r} is not a date", "none", "not used"
        return
    start = float(header["TSTART"]) + mission_offset(header, hdu.name)
    late = start - float(to_seconds(stated))
    in_tt = start - float(to_seconds(Time(stated.jd1, stated.jd2, format="jd", scale="tt")))
    if abs(late) <= _SAME_S:
        return
    if abs(in_tt) <= _SAME_S:
        yield Severity.INFO, "DATE-OBS and TIME-OBS are in TT; the format wants UTC", "none", "not used: TSTART counts"
    else:
        yield Severity.INFO, f"DATE-OBS is {late:.1f} s before TSTART", "none", "not used: TSTART counts"


def _gti_findings(obs: Observation, events: TableHDU, ref: HduRef) -> list[Finding]:
    header, total = events.header, obs.ontime_s
    findings = []
    ontime = header.get("ONTIME")
    if ontime is not None and abs(total - float(ontime)) > _SAME_SHARE * float(ontime):
        what = f"good times sum to {total:g} s, ONTIME is {float(ontime):g} s"
        findings.append(_note(Severity.WARNING, ref, what, "fluxes differ by the ratio", "good times taken"))
    if {"TSTART", "TSTOP"} <= set(header) and obs.gti.start.size:
        offset = mission_offset(header, str(ref.path))
        early = float(header["TSTART"]) + offset - obs.gti.start[0]
        late = obs.gti.stop[-1] - float(header["TSTOP"]) - offset
        if max(early, late) > _SAME_S:
            what = f"good times reach {max(early, late):g} s beyond TSTART and TSTOP of the events"
            findings.append(_note(Severity.INFO, ref, what, "none", "good times taken"))
    return findings


def _pointing_findings(ref: ObsRef, obs: Observation) -> list[Finding]:
    if not {"RA_PNT", "DEC_PNT"} <= set(ref.row) or obs.gti.start.size == 0:
        return []
    ra, dec = (float(ref.row[key]) for key in ("RA_PNT", "DEC_PNT"))
    at = obs.pointing_icrs
    apart = np.hypot((ra - at.ra.deg + 180) % 360 - 180, dec - at.dec.deg)
    if apart < _SAME_DEG:
        return []
    events = next(hdu for hdu in ref.hdus if hdu.kind == "events")
    what = f"the index points {apart:.3g} deg away from the file"
    return [_note(Severity.WARNING, events, what, "selections use one, reduction the other", "none")]


def _name_findings(ref: ObsRef) -> Iterator[Finding]:
    for path in dict.fromkeys(hdu.path for hdu in ref.hdus):
        mine = [hdu for hdu in ref.hdus if hdu.path == path]
        found = {hdu: str(_table(hdu).header.get("EXTNAME", "")).strip() for hdu in mine}
        other = [f"{hdu.hdu} (for {name})" for hdu, name in found.items() if hdu.hdu != name]
        if other:
            what = f"the index names HDUs in another case: {', '.join(other)}"
            yield Finding(Severity.INFO, str(path), "", what, "some tools do not find them", "matched in any case")


def _missing(ref: ObsRef, hdu: HduRef) -> Finding:
    what = f"observation {ref.obs_id}: the index lists HDU {hdu.hdu!r} ({hdu.kind}) in this file, which does not exist"
    return _note(Severity.ERROR, hdu, what, "the observation cannot be used", "none")


def _broken(ref: ObsRef, error: SkyfoldError) -> list[Finding]:
    """What stopped the reader: files that cannot be read at all, else all broken responses, else its own error."""
    unread = [found for path in dict.fromkeys(hdu.path for hdu in ref.hdus) for found in _unreadable(path)]
    if unread:
        return unread
    found = []
    for hdu in ref.hdus:
        try:
            table = _table(hdu)
            if hdu.kind in RESPONSES:
                read_response(table, hdu.path, hdu.hdu_class)
        except SkyfoldError as other:
            found.append(_note(Severity.ERROR, hdu, str(other), "the observation cannot be used", "none"))
    if any(finding.what == str(error) for finding in found):
        return found
    at = next((hdu for hdu in ref.hdus if hdu.kind == "events"), HduRef("events", "events", Path(), ""))
    return [_note(Severity.ERROR, at, str(error), "the observation cannot be used", "none"), *found]


def _unreadable(path: Path) -> list[Finding]:
    try:
        read_tables(path)
    except SkyfoldError as error:
        return [Finding(Severity.ERROR, str(path), "", str(error), "the observation cannot be used", "none")]
    return []


def _table(hdu: HduRef) -> TableHDU:
    return find(read_tables(hdu.path), hdu.hdu, hdu.path)


def _note(severity: Severity, hdu: HduRef, what: str, consequence: str, repair: str) -> Finding:
    return Finding(severity, str(hdu.path), hdu.hdu.upper(), what, consequence, repair)
