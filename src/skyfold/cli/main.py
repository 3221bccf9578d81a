"""The ``skyfold`` command. Each sub-command imports what it needs when it is called, so that help is quick."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from skyfold.cli import check, config, info, run
from skyfold.errors import SkyfoldError


def parser() -> argparse.ArgumentParser:
    """The command line as argparse sees it."""
    top = argparse.ArgumentParser(
        prog="skyfold", description="Gamma-ray and X-ray analysis, from event lists to what is in the sky."
    )
    top.add_argument("--version", action="version", version=f"skyfold {version('skyfold')}")
    top.add_argument("--debug", action="store_true", help="show where an error came from")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (run, check, info, config):
        command.add_parser(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 if all went well, 1 for findings of errors, 2 for an error."""
    options = parser().parse_args(argv)
    try:
        return int(options.command(options))
    except SkyfoldError as error:
        if options.debug:
            raise
        print(f"skyfold: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("skyfold: interrupted; nothing was written", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has left
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    sys.exit(main())
