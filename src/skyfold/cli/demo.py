"""skyfold demo: a small survey of a known sky, simulated, analysed, and compared with the truth."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skyfold.workflow.demo_result import Demo

_DEFAULT_SEED = 20250201


def add_parser(commands: Any) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "demo",
        help="simulate a small survey and analyse it; needs no data",
        description=__doc__,
        epilog="The exit status is 1 if the fit is not to be trusted, else 0.",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("demo"), help="folder (default: demo)")
    parser.add_argument(
        "--seed", metavar="N", type=int, default=_DEFAULT_SEED, help="of the simulation (default: %(default)s)"
    )
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="number of processes (default: 1)")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace an earlier result once the new one is complete"
    )
    parser.add_argument("--no-plots", action="store_true", help="draw no pictures")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Run it, and compare with the truth."""
    from skyfold.run.executors import processes
    from skyfold.run.progress import progress_bar
    from skyfold.workflow.demo import demo

    with processes(options.jobs) as executor:
        found = demo(
            options.out,
            seed=options.seed,
            overwrite=options.overwrite,
            executor=executor,
            plots=not options.no_plots,
            watch=progress_bar,
        )
    return show(found, options.out)


def show(found: "Demo", out: Path) -> int:
    """Print what was found, and 0 if the fit is to be trusted."""
    from skyfold.workflow.summary import excess_numbers

    numbers = ", ".join(f"{number} of {name}" for name, number in found.n_events.items())
    print(f"simulated {len(found.observations)} observations, {found.dataset.livetime_s / 3600:.1f} h: {numbers}")
    sky = excess_numbers(found.excess_map, found.exclusion)
    print(
        f"ring background: significance up to {sky.max:.1f}; away from sources mean {sky.off.mean:.2f},"
        f" standard deviation {sky.off.std:.2f}"
    )
    print(f"fit: −2 ln L = {found.fit.stat:.3f} after {found.fit.n_evaluations} evaluations: {found.fit.status}")
    _print_table(found)
    print(f"distance from the truth: χ² = {found.distance:.1f} for {len(found.recovered)} parameters")
    print(f"{sum(found.seconds.values()):.0f} s; results in {out}")
    if not found.fit.ok:
        print(f"skyfold: the fit is not to be trusted: {found.fit.status}", file=sys.stderr)
    return int(not found.fit.ok)


def _print_table(found: "Demo") -> None:
    from rich.console import Console
    from rich.table import Table

    from skyfold.fit.text import rounded

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))  # all of it in 80 columns
    table.add_column("parameter", no_wrap=True)
    for title in ("truth", "start", "fit", "error", "pull"):
        table.add_column(title, justify="right")
    table.add_column("unit")
    for row in found.recovered:
        value, error = rounded(row.value, row.error)
        table.add_row(row.name, f"{row.truth:g}", f"{row.start:g}", value, error, f"{row.pull:+.2f}", row.unit)
    console = Console()
    if not console.is_terminal:
        console = Console(width=120)  # a pipe has no width of its own
    console.print(table)
