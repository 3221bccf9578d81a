"""What a reader noticed in a file that does not follow its format to the letter."""

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How much a finding matters for the result."""

    INFO = "info"  # harmless; the file just spells it differently
    WARNING = "warning"  # repaired, and the repair is a choice someone may question
    ERROR = "error"  # cannot be used


@dataclass(frozen=True)
class Finding:
    """One deviation: where it is, what it is, what it would do to a result, and what was done about it."""

    severity: Severity
    file: str
    hdu: str
    what: str
    consequence: str = ""
    repair: str = ""
