"""``skyfold run FILE``: an analysis from a configuration file."""

import argparse
import os
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("run", help="carry out an analysis from a configuration file", description=__doc__)
    parser.add_argument("file", type=Path, help="configuration (YAML)")
    parser.add_argument("--out", type=Path, help="directory for the results; default: general.outdir, else FILE without .yaml")
    parser.add_argument("--set", action="append", default=[], metavar="a.b=c", help="override a key; may be repeated")
    parser.add_argument("--jobs", type=int, help="number of processes; default: general.n_jobs")
    parser.add_argument("--data", type=Path, help="folder that $SKYFOLD_DATA and $GAMMAPY_DATA stand for")
    parser.add_argument("--overwrite", action="store_true", help="replace existing results")
    parser.add_argument("--strict", action="store_true", help="stop at the first observation that fails")
    parser.add_argument("--no-plots", action="store_true", help="draw no pictures")
    parser.add_argument("--print-config", action="store_true", help="print the configuration with all defaults, and stop")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    from skyfold.workflow.read import read_config, to_yaml

    config = read_config(options.file, options.set)
    if options.print_config:
        print(to_yaml(config), end="")
        return 0
    if options.data is not None:
        # Workers are processes of their own: the environment reaches them, an argument would not.
        os.environ["SKYFOLD_DATA"] = os.environ["GAMMAPY_DATA"] = str(options.data.absolute())
    from skyfold.run.executors import processes
    from skyfold.run.progress import progress_bar
    from skyfold.workflow.analysis import run

    out = options.out or _default_out(config.general.outdir, options.file)
    with processes(options.jobs or config.general.n_jobs) as executor, progress_bar("observations") as progress:
        outcome = run(
            config,
            out,
            overwrite=options.overwrite,
            plots=not options.no_plots,
            executor=executor,
            strict=options.strict,
            progress=progress,
        )
    print(report(outcome.summary, out))
    return 0


def _default_out(outdir: str, file: Path) -> Path:
    return Path(file.stem) if outdir == "." else Path(outdir)


def report(summary: dict[str, Any], out: Path) -> str:
    """A few lines on what was done and found."""
    observations = summary["observations"]
    lines = [f"{observations['number']} observations, {summary['livetime_s'] / 3600:.2f} h of livetime"]
    lines += [f"skipped {s['obs_id']}: {s['reason']}" for s in summary["skipped"]]
    for name, d in summary["datasets"].items():
        excess = "" if d["excess"] is None else f", background {d['background']:.2f}, excess {d['excess']:.2f}"
        lines.append(f"{name}: counts {d['counts']:.0f}{excess}")
    found = summary["excess_map"]
    if found is not None and found["max"] is not None:
        lon, lat = found["max_position_deg"]
        off = found["off"]
        lines.append(f"significance: max {found['max']:.2f} at {found['frame']} ({lon:.3f}°, {lat:.3f}°), min {found['min']:.2f}")
        if off["mean"] is not None:
            lines.append(f"outside the exclusion: mean {off['mean']:.3f}, standard deviation {off['std']:.3f}")
    lines += [f"note: {note}" for note in summary["notes"]]
    return "\n".join([*lines, f"results in {out}"])
