"""Run the same work with skyfold and with Gammapy and print the ratios of CPU time and peak memory.

    python bench/run.py --gammapy PYTHON [--repeat 5] [--record]

PYTHON is the interpreter of an environment that has Gammapy; `make bench` makes one. Each job is a process of its own,
pinned to one core where the system can do that; the two packages alternate, and medians are compared. With ``--record``
the table is appended to bench/RESULTS.md.
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
ROOT = HERE.parent
PACKAGES = ("skyfold", "numpy", "astropy", "scipy")


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


def measure(command: list[str]) -> Cost:
    """Run one command to its end; its standard error is shown only if it fails."""
    pin = ["taskset", "-c", "0"] if shutil.which("taskset") else []
    env = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "GAMMAPY_DATA": os.environ["SKYFOLD_DATA"],
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


def rows(gammapy: str, repeat: int, scratch: Path) -> list[Row]:
    me, task = sys.executable, str(HERE / "tasks") + "/"
    run = [
        me,
        "-m",
        "skyfold.cli.main",
        "run",
        "examples/msh1552_ring.yaml",
        "--overwrite",
        "--out",
        str(scratch / "mine"),
    ]
    (scratch / "other").mkdir()
    theirs = [gammapy, task + "gammapy_msh.py", str(scratch / "other")]
    result = whole("import", [me, "-c", "import skyfold"], [gammapy, "-c", "import gammapy.datasets"], repeat)
    result += whole("MSH 15-52, import to written maps", [*run, "--no-plots"], theirs, repeat)
    result += [
        inside(
            "one run, files already read",
            [me, task + "skyfold_reduce.py", "40"],
            [gammapy, task + "gammapy_reduce.py", "8"],
            repeat,
        )
    ]
    plots = statistics.median(measure(run).cpu_s for _ in range(repeat))
    result.append(Row("MSH 15-52 with all plots: CPU", plots, float("nan"), "s"))
    for number in (5, 15, 30, 45):
        seconds, memory = (float(x) for x in measure([me, task + "skyfold_scaling.py", str(number)]).output.split())
        result.append(
            Row(f"{number} runs read, reduced, ringed, stacked: CPU a run", seconds / number, float("nan"), "s")
        )
        result.append(Row(f"{number} runs: peak memory", memory, float("nan"), "MiB"))
    return result


def exchange(gammapy: str, scratch: Path) -> list[str]:
    """Files both ways: the sums of what one wrote, as the other reads them; the largest relative difference."""
    folder, task = scratch / "exchange", str(HERE / "tasks") + "/"
    folder.mkdir()
    mine = json.loads(measure([sys.executable, task + "skyfold_exchange.py", "write", str(folder)]).output)
    theirs = json.loads(measure([gammapy, "-W", "ignore", task + "gammapy_exchange.py", str(folder)]).output)
    back = json.loads(
        measure([sys.executable, task + "skyfold_exchange.py", "read", str(folder / "theirs.fits")]).output
    )
    lines = ["| written | opened by | sums compared | largest relative difference |", "| --- | --- | --- | --- |"]
    for writer, reader, a, b in (("skyfold", "Gammapy", mine, theirs), ("Gammapy", "skyfold", theirs, back)):
        worst = max(abs(a[name] / b[name] - 1) for name in mine)
        lines.append(f"| on-off dataset by {writer} | {reader} | {', '.join(mine)} | {worst:.1e} |")
    lines.append(
        f"| 2 DL3 runs by skyfold | Gammapy | {theirs['events']} events, {theirs['livetime_s']:.3f} s livetime | |"
    )
    return lines


def versions(python: str, *packages: str) -> str:
    code = "import json,sys;from importlib.metadata import version as v;print(json.dumps([v(p) for p in sys.argv[1:]]))"
    found = json.loads(
        subprocess.run([python, "-c", code, *packages], check=True, capture_output=True, text=True).stdout
    )
    return ", ".join(f"{p} {v}" for p, v in zip(packages, found, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gammapy", required=True, help="interpreter of an environment with Gammapy")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--record", action="store_true", help="append the table to bench/RESULTS.md")
    options = parser.parse_args()
    if "SKYFOLD_DATA" not in os.environ:
        sys.exit("set SKYFOLD_DATA to the folder with hess-dl3-dr1")
    with tempfile.TemporaryDirectory() as scratch:
        table = rows(options.gammapy, options.repeat, Path(scratch))
        files = exchange(options.gammapy, Path(scratch))
    text = "\n".join(
        [
            f"## {datetime.date.today()}",
            "",
            f"skyfold: Python {platform.python_version()}, {versions(sys.executable, *PACKAGES)}  ",
            f"Gammapy: {versions(options.gammapy, 'gammapy', 'numpy', 'astropy', 'regions')}  ",
            f"{platform.processor() or platform.machine()}, one core; medians of {options.repeat}; `make bench`",
            "",
            "| work | skyfold | Gammapy | ratio |",
            "| --- | --- | --- | --- |",
            *(row.text for row in table),
            "",
            *files,
            "",
        ]
    )
    print(text)
    if options.record:
        path = HERE / "RESULTS.md"
        with path.open("a") as file:
            file.write("\n" + text)


if __name__ == "__main__":
    main()
