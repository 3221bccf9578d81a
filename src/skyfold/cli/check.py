"""skyfold check PATH: everything in files of observations that deviates from their format."""

import argparse
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "check",
        help="list what in files of observations deviates from their format",
        description=__doc__,
        epilog="The exit status is 1 if something cannot be used at all, else 0.",
    )
    parser.add_argument("path", metavar="PATH", type=Path, help="folder with index tables, event file or response file")
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of a table")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Print the findings; 1 if something cannot be used at all."""
    from skyfold.io.check import COLUMNS, check_path, findings_dicts, findings_table, has_errors

    findings = check_path(options.path)
    if options.json:
        import json

        print(json.dumps(findings_dicts(findings), indent=2, ensure_ascii=False))
    elif findings:
        from skyfold.io.paths import expand

        base = expand(options.path)
        _print_table(COLUMNS, findings_table(findings, base if base.is_dir() else base.parent))
    else:
        print(f"{options.path}: nothing to report")
    return int(has_errors(findings))


def _print_table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"error": "bold red", "warning": "yellow"}
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row), style=colours.get(row[0]))  # Text: brackets in a message are no markup
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)  # a pipe has no width of its own
    console.print(table)
