"""skyfold run FILE: an analysis from a configuration file."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skyfold.workflow.summary import FitNumbers, Summary

_DATA = ("SKYFOLD_DATA", "GAMMAPY_DATA")


def add_parser(commands: Any) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser("run", help="run an analysis from a configuration file", description=__doc__)
    parser.add_argument("file", metavar="FILE", type=Path, help="configuration (YAML)")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="folder of the results (default: the name of FILE, in general.outdir)"
    )
    parser.add_argument(
        "--set",
        metavar="A.B=C",
        action="append",
        default=[],
        help="replace a key, e.g. datasets.stack=false; repeatable",
    )
    parser.add_argument("--jobs", metavar="N", type=int, help="number of processes (default: general.n_jobs)")
    parser.add_argument("--data", metavar="PATH", type=Path, help="folder that $SKYFOLD_DATA and $GAMMAPY_DATA mean")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace an earlier result once the new one is complete"
    )
    parser.add_argument("--strict", action="store_true", help="stop at the first observation that cannot be used")
    parser.add_argument("--no-plots", action="store_true", help="draw no pictures")
    parser.add_argument(
        "--print-config", action="store_true", help="print the configuration with all defaults, and stop"
    )
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run it, and say in a few lines what was found."""
    from skyfold.workflow.load import read_config, to_yaml

    config = read_config(options.file, options.set)
    if options.print_config:
        print(to_yaml(config), end="")
        return 0
    from skyfold.run.executors import processes
    from skyfold.run.progress import progress_bar
    from skyfold.workflow.analysis import run

    out = options.out or Path(config.general.outdir) / options.file.stem
    jobs = config.general.n_jobs if options.jobs is None else options.jobs
    with data_folder(options.data), processes(jobs) as executor, progress_bar("observations") as progress:
        summary = run(
            config,
            out,
            overwrite=options.overwrite,
            executor=executor,
            strict=options.strict,
            plots=not options.no_plots,
            progress=progress,
        )
    print(report(summary))
    print(f"results in {out}")
    if summary.fit is not None and not summary.fit.ok:
        print(f"skyfold: the fit is not to be trusted: {summary.fit.status}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def data_folder(path: Path | None) -> Iterator[None]:
    """Both variables of the data path mean a folder, in worker processes too; as before at the end."""
    before = {name: os.environ.get(name) for name in _DATA}
    if path is not None:
        os.environ.update(dict.fromkeys(_DATA, str(path.absolute())))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def _fit_lines(fit: "FitNumbers | None") -> list[str]:
    """How the fit ended, and the free parameters with their errors."""
    if fit is None or fit.stat is None:
        return []
    from skyfold.fit.text import rounded

    lines = [f"fit: −2 ln L = {fit.stat:.3f} after {fit.n_evaluations} evaluations"]
    for row in fit.parameters:
        if row.free:
            value, error = rounded(row.value, row.error)
            lines.append(f"  {row.name} = {value}{f' ± {error}' if error else ''} {row.unit}".rstrip())
    return lines


def report(summary: "Summary") -> str:
    """The main numbers, what was left out, and what was not done."""
    number, hours = len(summary.observations), summary.livetime_s / 3600
    lines = [f"{number} observation{'s' * (number != 1)}, {hours:.2f} h of livetime"]
    lines += [f"skipped {obs_id}: {reason}" for obs_id, reason in summary.skipped]
    stacked = summary.datasets["stacked"]
    sums = f"counts {stacked.counts:.0f}"
    if stacked.background is not None:
        sums += f", background {stacked.background:.2f}, excess {stacked.excess:.2f}"
    lines.append(sums)
    found = summary.excess_map
    if found is not None:
        lon, lat = found.max_position_deg
        lines.append(
            f"significance {found.max:.2f} at {found.frame} ({lon:.3f}, {lat:.3f}) deg, lowest {found.min:.2f}"
        )
        where = "outside the exclusion" if "maps/exclusion.fits" in summary.files else "all pixels"
        lines.append(f"{where}: mean {found.off.mean:.3f}, standard deviation {found.off.std:.3f}")
    lines += _fit_lines(summary.fit)
    serious = sum(entry["number"] for entry in summary.findings if entry["severity"] != "info")
    if serious:
        lines.append(f"{serious} findings in the files, repaired as told in summary.json; 'skyfold check' lists them")
    return "\n".join([*lines, *(f"note: {note}" for note in summary.notes)])
