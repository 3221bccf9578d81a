"""``skyfold config``: the keys of a configuration file, with their defaults or as a JSON schema."""

import argparse
import json
from typing import Any


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("config", help="print the defaults or the schema of a configuration", description=__doc__)
    parser.add_argument("--schema", action="store_true", help="print the JSON schema instead of the defaults")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> int:
    from skyfold.workflow.config import Config
    from skyfold.workflow.read import to_yaml

    print(json.dumps(Config.model_json_schema(), indent=2) if options.schema else to_yaml(Config()), end="\n")
    return 0
