"""``skyfold check PATH``: what in a file or a directory of observations deviates from its format."""

import argparse
import json
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("check", help="list all that deviates from the data format", description=__doc__)
    parser.add_argument("path", type=Path, help="file, or directory with index tables")
    parser.add_argument("--json", action="store_true", help="print a list of objects instead of a table")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Exit status 1 if something cannot be used, else 0."""
    from skyfold.io.check import COLUMNS, check_path, findings_dicts, findings_table, has_errors

    findings = check_path(options.path)
    if options.json:
        print(json.dumps(findings_dicts(findings), indent=2))
        return int(has_errors(findings))
    from rich.console import Console
    from rich.table import Table

    table = Table(*COLUMNS, title=f"{len(findings)} findings")
    base = options.path if options.path.is_dir() else options.path.parent
    for row in findings_table(findings, base):
        table.add_row(*row)
    Console().print(table)
    return int(has_errors(findings))
