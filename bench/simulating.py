"""Simulations: event lists of an observation, drawn and written, and photons of a picture.

Of an observation the two packages draw about as many events, but not the same.
"""

import json
import statistics
import sys
from pathlib import Path

from measuring import TASKS, Cost, Row, measure

NAN = float("nan")
CASES = {"point": "CTA south, 5 h, a point source", "diffuse": "CTA south, 5 h, diffuse emission from a template"}


def rows(gammapy: str, repeat: int, scratch: Path) -> list[Row]:
    folder = scratch / "simulating"
    folder.mkdir()
    events = [row for name, what in CASES.items() for row in compare(name, what, gammapy, repeat, folder)]
    return [*events, *photons()]


def photons() -> list[Row]:
    found = json.loads(measure([sys.executable, TASKS + "skyfold_photons.py"]).output)
    return [Row(f"10 million photons of a picture, {psf}: CPU", taken, NAN, "s") for psf, taken in found.items()]


def compare(name: str, what: str, gammapy: str, repeat: int, folder: Path) -> list[Row]:
    """In a new process whose functions were compiled before, and in one where they were not; the packages alternate."""
    mine = [sys.executable, TASKS + "skyfold_simulate.py", name, str(folder / "mine.fits")]
    other = [gammapy, "-W", "ignore", TASKS + "gammapy_simulate.py", name, str(folder / "other.fits")]
    kept = {"SKYFOLD_CACHE": str(folder / "cache")}
    measure(mine, kept)
    new, cold, theirs = [], [], []
    for _ in range(repeat):
        new.append(measure(mine, kept))
        theirs.append(measure(other))
        cold.append(measure(mine, {"SKYFOLD_CACHE": "off"}))
    their_work = ("dataset", "draw", "write")
    their_whole, their_drawn = _median(theirs, *their_work), _median(theirs, "dataset", "draw")
    each = _each(theirs, *their_work)
    return [
        Row(f"{what}: events", _median(new, "events"), _median(theirs, "events"), ""),
        Row(f"{what}, events drawn and written: CPU", _median(new, "draw", "write"), their_whole, "s"),
        Row(f"{what}, the same, cold: CPU", _median(cold, "draw", "write"), their_whole, "s"),
        Row(f"{what}, events drawn once more: CPU", _median(new, "again"), their_drawn, "s"),
        Row(f"{what}, events written: CPU", _median(new, "write"), _median(theirs, "write"), "s"),
        Row(f"{what}: CPU per event", _each(new, "draw", "write"), each, "μs"),
        Row(f"{what}, cold: CPU per event", _each(cold, "draw", "write"), each, "μs"),
        Row(f"{what}, imports and reading included: CPU per event", _each(new), _each(theirs), "μs"),
        Row(
            f"{what}: peak memory", *(statistics.median(c.memory_mib for c in costs) for costs in (new, theirs)), "MiB"
        ),
    ]


def _median(costs: list[Cost], *keys: str) -> float:
    return statistics.median(sum(json.loads(cost.output)[key] for key in keys) for cost in costs)


def _each(costs: list[Cost], *keys: str) -> float:
    """Microseconds per event of some of the work, or of the whole process: the ratio is that of events per second."""
    return statistics.median(
        1e6 * (_median([cost], *keys) if keys else cost.cpu_s) / json.loads(cost.output)["events"] for cost in costs
    )
