"""CPU time and peak memory of commands, one process each, and pairs of them compared."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
TASKS = str(Path(__file__).parent / "tasks") + "/"


class Cost(NamedTuple):
    """CPU seconds (user and system, children included), and peak memory [MiB], of one process."""

    cpu_s: float
    memory_mib: float
    output: str


class Row(NamedTuple):
    """One line of the table; Gammapy's part is nan where only skyfold is measured."""

    work: str
    skyfold: float
    gammapy: float
    unit: str

    @property
    def text(self) -> str:
        ratio = self.gammapy / self.skyfold
        other, times = (f"{self.gammapy:.3g} {self.unit}", f"{ratio:.1f}") if ratio == ratio else ("", "")
        return f"| {self.work} | {self.skyfold:.3g} {self.unit} | {other} | {times} |"


def measure(command: list[str], extra: Mapping[str, str] = {}) -> Cost:
    """Run one command to its end, with `extra` variables; its standard error is shown only if it fails."""
    pin = ["taskset", "-c", "0"] if shutil.which("taskset") else []
    env = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "GAMMAPY_DATA": os.environ["SKYFOLD_DATA"],
        **extra,
    }
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen([*pin, *command], stdout=out, stderr=err, env=env, cwd=ROOT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{err.read().decode()}")
        return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read().decode())


def alternate(mine: Callable[[], Cost], other: Callable[[], Cost], repeat: int) -> tuple[list[Cost], list[Cost]]:
    """Costs of both, one after the other, after one unmeasured run each that fills the file cache."""
    mine(), other()
    pairs = [(mine(), other()) for _ in range(repeat)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def whole(work: str, mine: list[str], other: list[str], repeat: int) -> list[Row]:
    """Compare two commands as whole processes."""
    a, b = alternate(lambda: measure(mine), lambda: measure(other), repeat)
    return [
        Row(f"{work}: CPU", statistics.median(c.cpu_s for c in a), statistics.median(c.cpu_s for c in b), "s"),
        Row(
            f"{work}: peak memory",
            statistics.median(c.memory_mib for c in a),
            statistics.median(c.memory_mib for c in b),
            "MiB",
        ),
    ]


def inside(work: str, mine: list[str], other: list[str], repeat: int) -> Row:
    """Compare the CPU seconds that two scripts print."""
    a, b = alternate(lambda: measure(mine), lambda: measure(other), repeat)
    return Row(work, statistics.median(float(c.output) for c in a), statistics.median(float(c.output) for c in b), "s")
