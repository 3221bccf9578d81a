"""Spectra given by a table."""

from typing import Any

import jax
import numpy as np
from jax import Array

from skyfold.errors import ModelError, UnitError
from skyfold.model.spectral.base import FLUX_DENSITY, Spectrum
from skyfold.model.tree import static
from skyfold.num.double import Floats
from skyfold.num.loglog import integrate, interpolate
from skyfold.units import strip


class Template(Spectrum):
    """A table of dN/dE, or of a pure number; power laws between its nodes and beyond its ends. It has no parameters.

    energy : (n,), n > 1, rising; with a unit.
    values : (n,), not negative; with a unit: of a flux density, or dimensionless to scale another spectrum.
    unit : for numbers that come without: the energies are then in TeV and the values in this unit.

    Raises
    ------
    UnitError
        Energies or values are without a unit, or the values are no flux density.
    ModelError
        The energies do not rise, values are negative or nan, or the two differ in length.
    """

    energy: Floats
    values: Floats
    unit: str | None = static(default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        unit = _unit_of(self.energy, self.values) if self.unit is None else self.unit
        object.__setattr__(self, "energy", nodes("Template", self.energy))
        object.__setattr__(self, "values", _values(self.values, unit, len(self.energy)))
        object.__setattr__(self, "unit", unit)

    def dnde(self, energy: Array) -> Array:
        return interpolate(energy, self.energy, self.values)

    def flux(self, edges: Array) -> Array:
        return integrate(edges, self.energy, self.values)

    def energy_flux(self, edges: Array) -> Array:
        return integrate(edges, self.energy, self.values, power=1)


def nodes(model: str, energy: Any) -> Floats:
    """The energies of a table in TeV, checked: two or more, positive and rising."""
    if isinstance(energy, jax.core.Tracer):
        return energy  # type: ignore[return-value]  # was checked before it was traced
    found = strip(energy, "TeV", f"{model}.energy")
    if found.ndim != 1 or len(found) < 2 or not found[0] > 0 or not np.all(np.diff(found) > 0):
        raise ModelError(f"{model}.energy: wanted two or more positive energies that rise, found {found} TeV")
    return found


def _unit_of(energy: Any, values: Any) -> str:
    """Flux density or pure number, as the values say; internal numbers have to name theirs."""
    for name, given in (("energy", energy), ("values", values)):
        if not hasattr(given, "unit"):
            raise UnitError(
                f"Template.{name} has no unit; give a Quantity, or name the unit of the values"
                f" (unit='{FLUX_DENSITY}', or '' for a pure number) where the energies are in TeV"
            )
    return "" if values.unit.is_equivalent("") else FLUX_DENSITY


def _values(given: Any, unit: str, n: int) -> Floats:
    if isinstance(given, jax.core.Tracer):
        return given  # type: ignore[return-value]
    values = strip(given, unit, "Template.values")
    if values.shape != (n,):
        raise ModelError(f"Template: found values of shape {values.shape} for {n} energies; give one for each")
    if not np.all(values >= 0):
        bad = int(np.argmin(values >= 0))
        raise ModelError(f"Template.values[{bad}] = {values[bad]:g}; wanted none below zero and no nan")
    return values
