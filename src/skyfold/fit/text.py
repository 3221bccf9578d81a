"""Parameters as text: values rounded to their errors."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from skyfold.fit.rows import Row


def table(rows: Sequence["Row"]) -> str:
    """A line for each parameter: name, value ± error, unit, what holds it."""
    lines = [("name", "value", "error", "unit", "")]
    lines += [(row.name, *rounded(row.value, row.error), row.unit, _state(row)) for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(5)]
    return "\n".join(
        f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}  {d:<{widths[3]}}  {e}".rstrip()
        for a, b, c, d, e in lines
    )


def rounded(value: float, error: float) -> tuple[str, str]:
    """A value to as many digits as its error has, which gets two; six digits without an error."""
    if not np.isfinite(error) or error <= 0 or not np.isfinite(value):
        return f"{value:.6g}", ""
    digits = int(np.floor(np.log10(max(abs(value), error)))) - int(np.floor(np.log10(error))) + 2
    return f"{value:#.{max(digits, 2)}g}".rstrip("."), f"{error:.2g}"


def _state(row: "Row") -> str:
    if row.link is not None:
        return f"follows {row.link.to}" + (f" × {row.link.factor:g}" if row.link.factor != 1 else "")
    if not row.free:
        return "frozen"
    return "at its bound" if row.value in row.limits else ""
