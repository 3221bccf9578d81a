"""What deviates from the format in the index tables of a directory."""

from pathlib import Path

import numpy as np

from skyfold.errors import SkyfoldError, UnitError
from skyfold.events.finding import Finding, Severity
from skyfold.io.bintable import TableHDU
from skyfold.io.store import index_file, only_table, read_hdu_index, read_obs_index
from skyfold.units import unit

_OBS_COLUMNS = ("OBS_ID", "RA_PNT", "DEC_PNT", "TSTART", "TSTOP")


def index_findings(index: Path) -> list[Finding]:
    """Findings about a HDU index and the observation index beside it."""
    about = index_file(index.parent, "obs-index")
    findings: list[Finding] = []
    try:
        findings += _class_findings(only_table(index), index, "HDU")
        if about is None:
            what = "no obs-index beside the hdu-index"
            findings.append(
                _note(Severity.INFO, index, "", what, "selections need every event file", "event headers read")
            )
            return findings
        table = only_table(about)
        findings += _class_findings(table, about, "OBS")
        findings += _column_findings(table, about)
        findings += _id_findings(index, about)
    except SkyfoldError as error:  # told once more, with its consequence, by who reads the store
        findings.append(_note(Severity.ERROR, index, "", str(error), "the observations cannot be listed", "none"))
    return findings


def _class_findings(table: TableHDU, path: Path, kind: str) -> list[Finding]:
    first, second = (str(table.header.get(f"HDUCLAS{i}", "")).strip().upper() for i in (1, 2))
    if (first, second) == ("INDEX", kind) and table.name == f"{kind}_INDEX":
        return []
    what = (
        f"HDUCLAS1 {first!r}, HDUCLAS2 {second!r}, EXTNAME {table.name!r}; the format says INDEX, {kind}, {kind}_INDEX"
    )
    return [_note(Severity.INFO, path, table.name, what, "none: told by the file's name", f"read as {kind} index")]


def _column_findings(table: TableHDU, path: Path) -> list[Finding]:
    findings = []
    missing = [name for name in _OBS_COLUMNS if name not in table.columns]
    if missing:
        what = f"no column {', '.join(missing)}"
        findings.append(_note(Severity.WARNING, path, table.name, what, "no selection by it", "none"))
    times = [name for name in ("TSTART", "TSTOP") if name in table.columns]
    if times and "MJDREFI" not in table.header and "MJDREF" not in table.header:
        what = f"{' and '.join(times)} without MJDREFI: its times have no reference"
        repair = "times of the event headers taken"
        findings.append(_note(Severity.INFO, path, table.name, what, "no selection by time", repair))
    elif any(table.columns[name].code == "E" for name in times):
        step = float(np.max(np.spacing(table.data[times[0]])))
        what = f"{' and '.join(times)} are float32: good to {step:g} s"
        consequence = f"a selection by time is off by up to {step:g} s"
        findings.append(_note(Severity.INFO, path, table.name, what, consequence, "none"))
    for name in table.columns:
        try:
            unit(table.columns[name].unit or "", name)
        except UnitError:
            what = f"column {name}: {table.columns[name].unit!r} is not a unit"
            findings.append(_note(Severity.INFO, path, table.name, what, "none", "read without unit"))
    return findings


def _id_findings(index: Path, about: Path) -> list[Finding]:
    listed, (ids, _) = read_hdu_index(index), read_obs_index(about)
    findings = []
    unknown = sorted(set(listed) - set(ids.tolist()))
    if unknown:
        what = f"{len(unknown)} observations of the hdu-index are not in the obs-index: {_some(unknown)}"
        findings.append(_note(Severity.WARNING, about, "", what, "they cannot be selected", "left out"))
    empty = sorted(set(ids.tolist()) - set(listed))
    if empty:
        what = f"{len(empty)} observations of the obs-index have no row in the hdu-index: {_some(empty)}"
        findings.append(_note(Severity.ERROR, index, "", what, "they cannot be opened", "none"))
    return findings


def _some(ids: list[int]) -> str:
    return ", ".join(map(str, ids[:10])) + (", ..." if len(ids) > 10 else "")


def _note(severity: Severity, path: Path, hdu: str, what: str, consequence: str, repair: str) -> Finding:
    return Finding(severity, str(path), hdu, what, consequence, repair)
