"""skyfold config: the keys of a configuration file, as a file with all defaults or as a JSON schema."""

import argparse
from typing import Any


def add_parser(commands: Any) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser("config", help="print defaults or schema of configuration files", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--defaults", action="store_true", help="print a file with all defaults (this is the default)")
    what.add_argument("--schema", action="store_true", help="print the JSON schema")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    """Print one of them."""
    from skyfold.workflow.config import AnalysisConfig
    from skyfold.workflow.load import json_schema, to_yaml

    print((json_schema() if options.schema else to_yaml(AnalysisConfig())).rstrip("\n"))
    return 0
