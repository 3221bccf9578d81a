"""Read one observation: events, good times, pointing, responses, from files that are each opened once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skyfold.errors import DataError, UnitError
from skyfold.events.epoch import mission_offset
from skyfold.events.event_list import EventList
from skyfold.events.finding import Finding, Severity
from skyfold.events.good_times import GoodTimes, union
from skyfold.events.observation import GTI_SLACK_S, HduRef, Observation, ObsRef
from skyfold.io.bintable import TableHDU, read_tables
from skyfold.io.dl3_hdus import find
from skyfold.io.dl3_headers import header_findings, live_fraction
from skyfold.io.dl3_pointing import read_location, read_pointing
from skyfold.io.irf import completed, read_response
from skyfold.irf.responses import Responses
from skyfold.units import unit

Floats = NDArray[np.float64]
RESPONSES = ("aeff", "edisp", "psf", "bkg", "rad_max")
# Keywords of the events that are worth keeping: who took them, of what, how.
_META = (
    "OBS_ID", "TELESCOP", "INSTRUME", "ORIGIN", "CREATOR", "OBJECT", "RA_OBJ", "DEC_OBJ", "OBS_MODE", "N_TELS",
    "TELLIST", "EV_CLASS", "ALT_PNT", "AZ_PNT", "MUONEFF", "TRGRATE", "NSBLEVEL", "CALDB", "IRF",
)  # fmt: skip


@dataclass(frozen=True)
class _Files:
    """The tables of the files an observation refers to, each read when first needed and then kept while it is built."""

    obs_id: int
    read: dict[Path, tuple[TableHDU, ...]] = field(default_factory=dict)

    def table(self, ref: HduRef) -> TableHDU:
        if ref.path not in self.read:
            if not ref.path.exists():
                raise DataError(
                    f"observation {self.obs_id}: the index lists HDU {ref.hdu!r} ({ref.kind}) in {ref.path}: no such"
                    " file; get it, or remove the row from the index"
                )
            self.read[ref.path] = read_tables(ref.path)
        return find(self.read[ref.path], ref.hdu, ref.path)


def open_observation(ref: ObsRef) -> Observation:
    """Read an observation into memory.

    Raises
    ------
    DataError
        A file is missing or damaged, there are no events or no good times, or their content cannot be used.
    MissingHDU
        An HDU that the index lists is not in its file.
    """
    files = _Files(ref.obs_id)
    events_ref, gti_ref = _first(ref, "events"), _first(ref, "gti")
    events_hdu = files.table(events_ref)
    header, where = events_hdu.header, f"{events_ref.path}: {events_hdu.name}"
    fraction, findings = live_fraction(header, events_ref.path, events_hdu.name)
    findings += header_findings(header, events_ref.path, events_hdu.name)
    offset = mission_offset(header, where)
    gti, notes = read_good_times(files.table(gti_ref), gti_ref.path, header)
    findings += notes
    events, notes = read_events(events_hdu, events_ref.path, offset)
    findings += notes
    events, notes = _within(events, gti, events_ref.path)
    findings += notes
    location, notes = read_location(header, events_ref.path)
    findings += notes
    pointing_ref = next((hdu for hdu in ref.hdus if hdu.kind == "pointing"), None)
    table = None if pointing_ref is None else files.table(pointing_ref)
    pointing, notes = read_pointing(header, table, events_ref.path)
    findings += notes
    responses, notes = _read_responses(ref, files)
    findings += notes
    responses, notes = completed(responses, header, events_ref.path)
    findings += notes
    return Observation(
        obs_id=ref.obs_id,
        events=events,
        gti=gti,
        pointing=pointing,
        responses=responses,
        live_fraction=fraction,
        location=location,
        meta={key: header[key] for key in (*_META, *_labels(header)) if header.get(key) is not None},
        findings=tuple(findings),
    )


def _labels(header: Mapping[str, Any]) -> list[str]:
    """Keywords that say what each MC_ID of simulated events is."""
    return [key for key in header if re.fullmatch(r"NMCIDS|M(ID|MN)\d{5}", key)]


def _first(ref: ObsRef, kind: str) -> HduRef:
    for hdu in ref.hdus:
        if hdu.kind == kind:
            return hdu
    what = {"events": "events", "gti": "good time intervals (GTI)"}[kind]
    files = ", ".join(sorted({str(hdu.path) for hdu in ref.hdus})) or "the index"
    raise DataError(
        f"observation {ref.obs_id}: {files}: no {what}; an observation needs a table of events and one of good times"
    )


# Events


def read_events(hdu: TableHDU, path: Path, offset: float) -> tuple[EventList, list[Finding]]:
    """Events of a table; `offset` is what `mission_offset` says of its header.

    Raises
    ------
    DataError
        One of TIME, ENERGY, RA, DEC is missing.
    UnitError
        A unit is not one.
    """
    seconds = _in_unit(hdu, "TIME", "s", path) + offset
    core = {name: _in_unit(hdu, name, to, path) for name, to in (("ENERGY", "TeV"), ("RA", "deg"), ("DEC", "deg"))}
    used = {_spelled(hdu, name) for name in ("TIME", *core)}
    others = {
        name: _other(hdu, name, path) for name in hdu.columns if name not in used and hdu.columns[name].code not in "PQ"
    }
    events = EventList(seconds, core["ENERGY"], core["RA"], core["DEC"], others)
    good = np.isfinite(seconds + core["ENERGY"] + core["RA"] + core["DEC"])
    if good.all():
        return events, []
    note = Finding(
        Severity.WARNING, str(path), hdu.name,
        f"{int(np.sum(~good))} of {good.size} events have a time, energy or direction that is not a number",
        "they lie nowhere on the sky or in energy", "left out",
    )  # fmt: skip
    return events.where(good), [note]


def _spelled(hdu: TableHDU, name: str) -> str:
    return hdu.columns[name].name


def _in_unit(hdu: TableHDU, name: str, to: str, path: Path) -> Floats:
    """A column as float64 in a unit; a column without unit is taken to be in it (see `check`)."""
    if name not in hdu.columns:
        raise DataError(f"{path}: {hdu.name}: no column {name}; it has {', '.join(hdu.columns.names)}")
    values, text = hdu.data[name].astype(float, copy=False), hdu.columns[name].unit
    if text in (None, to):
        return values
    where = f"{path}: {hdu.name}: column {name}"
    found = unit(text, where)
    if not found.is_equivalent(to):
        raise UnitError(f"{where}: unit {text!r} is not one of {to}; correct the keyword TUNIT")
    return values * found.to(to)


def _other(hdu: TableHDU, name: str, path: Path) -> Any:
    values, text = hdu.data[name], hdu.columns[name].unit
    if text is None or values.dtype.kind not in "fiu":
        return values
    return values << unit(text, f"{path}: {hdu.name}: column {name}")


def _within(events: EventList, gti: GoodTimes, path: Path) -> tuple[EventList, list[Finding]]:
    """Leave out events outside the good times, but keep those within the second to which files round the intervals.

    Other tools count them all; the public H.E.S.S. runs have up to 11 within the second after the last interval.
    """
    inside = gti.contains(events.seconds)
    if inside.all():
        return events, []
    near = gti.contains(gti.snapped(events.seconds, GTI_SLACK_S))
    close, far = int(np.sum(near & ~inside)), int(np.sum(~near))
    findings = []
    if close:
        what = f"{close} of {len(events)} events lie less than {GTI_SLACK_S:g} s outside the good times"
        consequence = "good times were cut to whole seconds: a relative error of the rate below 1e-3"
        findings.append(Finding(Severity.INFO, str(path), "EVENTS", what, consequence, "kept"))
    if far:
        what = f"{far} of {len(events)} events lie {GTI_SLACK_S:g} s or more outside the good times"
        consequence = "the livetime does not cover them; they would be excess counts"
        findings.append(Finding(Severity.WARNING, str(path), "EVENTS", what, consequence, "left out"))
    return events.where(near), findings


# Good times


def read_good_times(hdu: TableHDU, path: Path, events_header: Mapping[str, Any]) -> tuple[GoodTimes, list[Finding]]:
    """Good times of a table; intervals that overlap or are out of order are merged.

    Raises
    ------
    DataError
        An interval has a negative length, or the table has no START or STOP.
    """
    header, findings = hdu.header, []
    if "MJDREFI" not in header and "MJDREF" not in header:
        header = events_header
        findings.append(
            Finding(
                Severity.WARNING,
                str(path),
                hdu.name,
                "no MJDREFI: its times have no reference",
                "good times could lie anywhere",
                "the reference of the events taken",
            )  # fmt: skip
        )
    offset = mission_offset(header, f"{path}: {hdu.name}")
    if any(name in hdu.columns and hdu.columns[name].unit is None for name in ("START", "STOP")):
        findings.append(
            Finding(Severity.INFO, str(path), hdu.name, "START and STOP have no unit", "none", "taken as seconds")
        )
    start, stop = (_in_unit(hdu, name, "s", path) + offset for name in ("START", "STOP"))
    if np.any(stop < start):
        i = int(np.argmax(stop < start))
        raise DataError(
            f"{path}: {hdu.name}: interval {i} has a negative length of {stop[i] - start[i]:g} s, so its livetime would"
            " be negative; are START and STOP swapped?"
        )
    if np.any(start[1:] < stop[:-1]):
        findings.append(
            Finding(
                Severity.WARNING,
                str(path),
                hdu.name,
                "good times overlap or are out of order",
                "a plain sum would count time twice",
                "merged",
            )  # fmt: skip
        )
        return union(GoodTimes(start[i : i + 1], stop[i : i + 1]) for i in range(start.size)), findings
    return GoodTimes(start, stop), findings


# Responses


def _read_responses(ref: ObsRef, files: _Files) -> tuple[Responses, list[Finding]]:
    """Of several tables of one kind the first in the index counts."""
    values: dict[str, Any] = {}
    findings: list[Finding] = []
    for hdu in ref.hdus:
        if hdu.kind in RESPONSES and hdu.kind not in values:
            values[hdu.kind], notes = read_response(files.table(hdu), hdu.path, hdu.hdu_class)
            findings.extend(notes)
    return Responses(**values), findings
