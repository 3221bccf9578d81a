"""`skyfold check`: everything that deviates from the format in a set of files, and what it would do to a result."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from skyfold.errors import DataError, SkyfoldError
from skyfold.events.finding import Finding, Severity
from skyfold.io.bintable import TableHDU, read_tables
from skyfold.io.check_index import index_findings
from skyfold.io.check_observation import observation_findings
from skyfold.io.dl3 import RESPONSES
from skyfold.io.dl3_hdus import classify
from skyfold.io.irf import read_response
from skyfold.io.paths import expand
from skyfold.io.store import find_index, read_store, read_store_from_files

COLUMNS = ("severity", "file", "HDU", "what", "consequence", "repair")


def check_path(path: str | os.PathLike[str]) -> list[Finding]:
    """Every finding about a directory with index tables, an index table, an event file or a response file.

    What cannot be read is a finding of severity ERROR, and the rest is checked nevertheless. Findings about a file that
    several observations share are told once.

    Raises
    ------
    DataError
        There is nothing at this path, or a directory without index.
    """
    place = expand(path)
    index = find_index(place)
    found = _of_directory(index) if index is not None else _of_file(place)
    return list(dict.fromkeys(found))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether something could not be used at all."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def findings_table(findings: Iterable[Finding], base: Path | None = None) -> list[tuple[str, ...]]:
    """Rows of texts in the order of `COLUMNS`, errors first; files relative to `base` where they lie below it."""
    order = {severity: i for i, severity in enumerate((Severity.ERROR, Severity.WARNING, Severity.INFO))}
    return [
        (f.severity.value, _relative(f.file, base), f.hdu, f.what, f.consequence, f.repair)
        for f in sorted(findings, key=lambda f: order[f.severity])
    ]


def findings_dicts(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """The findings as plain dicts, for JSON; keys as in `COLUMNS`, in lower case."""
    return [dict(zip((name.lower() for name in COLUMNS), row, strict=True)) for row in findings_table(findings)]


def _relative(file: str, base: Path | None) -> str:
    path = Path(file)
    return str(path.relative_to(base)) if base is not None and path.is_relative_to(base) else file


def _of_directory(index: Path) -> list[Finding]:
    findings = index_findings(index)
    try:
        store = read_store(index)
    except SkyfoldError as error:
        return [*findings, _error(index, "", error)]
    for ref in store:
        findings += observation_findings(ref)
    return findings


def _of_file(path: Path) -> list[Finding]:
    try:
        tables = read_tables(path)
        kinds = [classify(hdu) for hdu in tables]
        if ("events", "events") in kinds:
            return observation_findings(read_store_from_files([path]).refs[0])
    except DataError as error:
        if not path.exists():
            raise
        return [_error(path, "", error)]
    if not any(kind is not None and kind[0] in RESPONSES for kind in kinds):
        what = "neither events nor responses in this file"
        return [Finding(Severity.ERROR, str(path), "", what, "nothing to check", "ask 'skyfold info' what it is")]
    return _of_responses(path, tables)


def _of_responses(path: Path, tables: Sequence[TableHDU]) -> list[Finding]:
    findings: list[Finding] = []
    for hdu in tables:
        kind = classify(hdu)
        if kind is None or kind[0] not in RESPONSES:
            continue
        try:
            findings += read_response(hdu, path, kind[1])[1]
        except SkyfoldError as error:
            findings.append(_error(path, hdu.name, error))
    return findings


def _error(path: Path, name: str, error: SkyfoldError) -> Finding:
    return Finding(Severity.ERROR, str(path), name, str(error), "cannot be used", "none")
