"""Run the same work with skyfold and with Gammapy and print the ratios of CPU time and peak memory.

    python bench/run.py --gammapy PYTHON [--repeat 5] [--jobs reduction fits simulations] [--record]

PYTHON is the interpreter of an environment that has Gammapy; `make bench` makes one. Each job is a process of its own,
pinned to one core where the system can do that; the two packages alternate, and medians are compared. With ``--record``
the table is appended to bench/RESULTS.md.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import fitting
import simulating
from measuring import ROOT, TASKS, Row, inside, measure, whole

PACKAGES = ("skyfold", "numpy", "astropy", "scipy", "jax")
JOBS = ("reduction", "fits", "simulations")


def rows(gammapy: str, repeat: int, scratch: Path) -> list[Row]:
    me, task = sys.executable, TASKS
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
    folder, task = scratch / "exchange", TASKS
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
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=JOBS, help="what to run; all unless told")
    parser.add_argument("--record", action="store_true", help="append the table to bench/RESULTS.md")
    options = parser.parse_args()
    if "SKYFOLD_DATA" not in os.environ:
        sys.exit("set SKYFOLD_DATA to the folder with hess-dl3-dr1")
    with tempfile.TemporaryDirectory() as scratch:
        table, files = [], []
        if "reduction" in options.jobs:
            table += rows(options.gammapy, options.repeat, Path(scratch))
            files += exchange(options.gammapy, Path(scratch))
        if "fits" in options.jobs:
            table += fitting.rows(options.gammapy, options.repeat, Path(scratch))
        if "simulations" in options.jobs:
            table += simulating.rows(options.gammapy, options.repeat, Path(scratch))
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
        path = ROOT / "bench" / "RESULTS.md"
        with path.open("a") as file:
            file.write("\n" + text)


if __name__ == "__main__":
    main()
