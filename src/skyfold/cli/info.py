"""skyfold info PATH: what a file is, and its main facts."""

import argparse
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser("info", help="tell what a file is", description=__doc__)
    parser.add_argument("path", metavar="PATH", type=Path, help="any supported file, or a folder of observations")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Print what it is."""
    from skyfold.io.info import describe

    print(describe(options.path))
    return 0
