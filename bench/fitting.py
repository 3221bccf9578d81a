"""Whole fits with errors, of the same data to the same minimum."""

import json
import statistics
import sys
from pathlib import Path
from typing import Any

from measuring import TASKS, Cost, Row, measure

NAN = float("nan")


def rows(gammapy: str, repeat: int, scratch: Path) -> list[Row]:
    folder = scratch / "fits"
    folder.mkdir()
    mine = [sys.executable, TASKS + "skyfold_fit.py"]
    measure([*mine, "prepare", str(folder)])
    result: list[Row] = []
    for name, what, files, times in (
        ("point", "1 point source in a cube", "cube", repeat),
        ("joint", "1 point source in 3 runs", "110380,111140,111159", min(repeat, 3)),
        ("four", "4 point sources in a cube", "four", min(repeat, 3)),
    ):
        begin = json.dumps(starts(name))
        other = [gammapy, "-W", "ignore", TASKS + "gammapy_fit.py", files, str(folder), begin]
        result += compare(what, [*mine, name, str(folder)], other, times, folder / "cache")
    for _ in range(2):  # the first fills the cache
        cost = measure([*mine, "sixteen", str(folder)], {"SKYFOLD_CACHE": str(folder / "cache")})
    found = json.loads(cost.output)
    result.append(Row("16 point sources in a cube, warm: CPU", found["again"], NAN, "s"))
    result.append(Row("16 point sources in a cube: peak memory", found["memory"], NAN, "MiB"))
    return result


def starts(name: str) -> dict[str, Any]:
    """Start values of skyfold's task as numbers, so that the other package has the same."""
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); import skyfold_fit as f;"
        "print(json.dumps({n: dict(lon=float(s.shape.lon_0), lat=float(s.shape.lat_0), index=float(s.spectrum.index),"
        "amplitude=float(s.spectrum.amplitude), **{'lambda': float(s.spectrum.lambda_)})"
        "for n, s in f.start(sys.argv[2], []).items() if hasattr(s, 'lightcurve')}))"
    )
    return json.loads(measure([sys.executable, "-c", code, TASKS, name]).output)


def compare(what: str, mine: list[str], other: list[str], repeat: int, cache: Path) -> list[Row]:
    """Without a cache, with one in a new process, and once more in the same process; the two packages alternate."""
    cold, cached, theirs = [], [], []
    measure(mine, {"SKYFOLD_CACHE": str(cache)})
    for _ in range(repeat):
        cold.append(measure(mine, {"SKYFOLD_CACHE": "off"}))
        theirs.append(measure(other))
        cached.append(measure(mine, {"SKYFOLD_CACHE": str(cache)}))
    minima = {key: json.loads(costs[0].output)["stat"] for key, costs in (("skyfold", cached), ("Gammapy", theirs))}
    print(f"{what}: minimum {minima}", file=sys.stderr)
    fit, memory = _median(theirs, "fit"), statistics.median(cost.memory_mib for cost in theirs)
    return [
        Row(f"{what}, warm: CPU", _median(cached, "again"), fit, "s"),
        Row(f"{what}, new process, compiled before: CPU", _median(cached, "first"), fit, "s"),
        Row(f"{what}, cold: CPU", _median(cold, "first"), fit, "s"),
        Row(f"{what}, likelihood and gradient: CPU", 1e3 * _median(cached, "gradient"), NAN, "ms"),
        Row(f"{what}: peak memory", _median(cached, "memory"), memory, "MiB"),
        Row(f"{what}, cold: peak memory", _median(cold, "memory"), memory, "MiB"),
    ]


def _median(costs: list[Cost], key: str) -> float:
    return statistics.median(json.loads(cost.output)[key] for cost in costs)
