"""The ``skyfold`` command. Each sub-command imports what it needs when it is called, so that help is quick."""

import argparse
import os
import sys
from collections.abc import Sequence

from skyfold.cli import check, config, demo, info, run, simulate
from skyfold.errors import SkyfoldError


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from skyfold import __version__

        print(f"skyfold {__version__}")
        parser.exit()


def make_parser() -> argparse.ArgumentParser:
    """The command line as argparse sees it."""
    parser = argparse.ArgumentParser(
        prog="skyfold", description="Gamma-ray and X-ray analysis, from event lists to what is in the sky."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    parser.add_argument("--debug", action="store_true", help="show where in the program an error came from")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (demo, run, check, info, config, simulate):
        command.add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 if all went well, 1 for unusable files or a fit not to be trusted, 2 for an error."""
    options = make_parser().parse_args(argv)
    try:
        status = int(options.command(options))
        sys.stdout.flush()  # so that a reader that has left is noticed here
    except SkyfoldError as error:
        if options.debug:
            raise
        print(f"skyfold: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("skyfold: interrupted; nothing was written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains at its end
        return 141
    return status


if __name__ == "__main__":
    sys.exit(main())
