"""Every error a user can meet, in one tree.

SkyfoldError
├── DataError        a file or table does not say what its format promises
│   └── MissingHDU
├── UnitError        a unit that cannot be read or converted
├── ShapeError       arrays, axes or geometries that cannot be combined
├── RegionError      a region that cannot be read or used
├── ModelError       an unknown parameter, a component outside its domain
├── FitError         a fit ended without a usable minimum
├── ReductionError   an observation that cannot contribute to the result asked for
├── ConfigError      an analysis configuration that cannot be run
└── MissingExtra     an optional package that is not installed
"""


class SkyfoldError(Exception):
    """Base class; catch this to catch everything this package raises on purpose."""


class DataError(SkyfoldError, ValueError):
    """A file or table does not say what its format promises."""


class MissingHDU(DataError):
    """An HDU named by the index is not in the file."""

    def __init__(self, name: str, path: object, found: list[str]):
        super().__init__(name, path, found)  # all three, so that it survives pickling on its way from a worker

    def __str__(self) -> str:
        name, path, found = self.args
        return f"{path}: no HDU {name!r}; this file has {', '.join(found) or 'none'}"


class UnitError(SkyfoldError, ValueError):
    """A unit that cannot be read or converted."""


class ShapeError(SkyfoldError, ValueError):
    """Arrays, axes or geometries that cannot be combined."""


class RegionError(SkyfoldError, ValueError):
    """A region that cannot be read or used."""


class ModelError(SkyfoldError, KeyError):
    """A name that no model component has."""

    def __str__(self) -> str:
        return str(self.args[0])


class FitError(SkyfoldError, RuntimeError):
    """A fit ended without a usable minimum."""


class ReductionError(SkyfoldError, ValueError):
    """An observation that cannot contribute to the result asked for; the message is the reason."""


class ConfigError(SkyfoldError, ValueError):
    """An analysis configuration that cannot be run."""


class MissingExtra(SkyfoldError, ImportError):
    """An optional package that is not installed."""

    def __init__(self, extra: str, why: str):
        super().__init__(extra, why)

    def __str__(self) -> str:
        extra, why = self.args
        return f"{why} needs an optional package: pip install 'skyfold[{extra}]'"
