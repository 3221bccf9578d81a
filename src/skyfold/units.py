"""The units used inside the package, and the two doors in and out of them."""

from typing import Any

import astropy.units as u
import numpy as np

from skyfold.errors import UnitError

# Inside, numbers are plain float64 in these units; a bare number at a door is taken to be in them already.
ENERGY, ANGLE, TIME, AREA = "TeV", "rad", "s", "cm2"
EXPOSURE = "m2 s"  # of maps and files: the unit every user of this field has on disk
RATE = "s-1 TeV-1 sr-1"  # background
DENSITY = "sr-1"  # point spread function

# Spellings found in public files that no unit parser accepts.
_SPELLINGS = {"sr^(-1)": "sr-1", "ph": "", "counts": "", "count": ""}


def unit(text: "str | u.UnitBase", where: str = "") -> u.UnitBase:
    """Read a unit as files spell it.

    Raises
    ------
    UnitError
        The text is not a unit; `where` says which file, HDU and column it came from.
    """
    if isinstance(text, u.UnitBase):
        return text
    spelled = _SPELLINGS.get(text.strip().lower(), text.strip())
    if spelled.count("/") > 1 and "(" not in spelled:  # "1/s/MeV/sr": divided by each in turn
        head, *divisors = spelled.split("/")
        spelled = f"{head} / ({' '.join(divisors)})"
    try:
        return u.Unit(spelled)
    except ValueError as error:
        prefix = f"{where}: " if where else ""
        raise UnitError(f"{prefix}{text!r} is not a unit; wanted one such as 'TeV', 'deg', 'm2 s'") from error


def strip(value: Any, to: str | u.UnitBase, name: str = "value") -> Any:
    """Return `value` as plain float64 numbers in `to`; bare numbers are taken to be in it already.

    Raises
    ------
    UnitError
        The value has a unit that does not convert to `to`, or is a text that is no quantity.
    """
    if isinstance(value, str):
        try:
            value = u.Quantity(value)
        except TypeError as error:
            raise UnitError(f"{name}: {value!r} is not a number with a unit such as '1 {to}'") from error
    if isinstance(value, u.Quantity):
        try:
            return np.asarray(value.to_value(to), dtype=float)
        except u.UnitConversionError as error:
            wanted = u.Unit(to).to_string() or "a pure number"
            raise UnitError(f"{name}: {value} cannot be converted to {wanted}") from error
    return np.asarray(value, dtype=float)


def dress(value: Any, to: str | u.UnitBase) -> u.Quantity:
    """Return plain numbers as a Quantity."""
    return u.Quantity(np.asarray(value), to)
