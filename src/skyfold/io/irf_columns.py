"""Columns of a response table, with everything a message needs to name them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skyfold.errors import DataError, ShapeError, UnitError
from skyfold.events.finding import Finding, Severity
from skyfold.geom.axis import Axis
from skyfold.irf.table import Meta
from skyfold.units import unit as read_unit

Floats = NDArray[np.float64]

# What of a header stays with a response.
_KEPT = ("LO_THRES", "HI_THRES", "RAD_MAX", "HDUCLAS3", "TELESCOP", "INSTRUME", "ORIGIN")
# Bins whose edges miss each other by more than this share of a bin are not adjacent.
_GAP = 1e-2
# Norms farther from 1 than this are worth a word.
_OFF_NORM = 1e-2


@dataclass(frozen=True)
class Source:
    """A table with one row that holds a response; the findings about it gather here."""

    hdu: Any
    path: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def where(self) -> str:
        return f"{self.path}: HDU {self.hdu.name!r}"

    @property
    def header(self) -> Mapping[str, Any]:
        return self.hdu.header

    @property
    def names(self) -> list[str]:
        return list(self.hdu.columns.names)

    @property
    def is_point_like(self) -> bool:
        return str(self.header.get("HDUCLAS3", "")).strip().upper() == "POINT-LIKE"

    @property
    def meta(self) -> Meta:
        return {key: self.header[key] for key in _KEPT if self.header.get(key) is not None}

    def note(self, severity: Severity, what: str, consequence: str = "", repair: str = "") -> None:
        self.findings.append(Finding(severity, self.path, self.hdu.name, what, consequence, repair))

    def note_norms(self, norms: Floats, what: str) -> None:
        """Say how far rows that should integrate to 1 are from it."""
        off = np.abs(norms - 1) > _OFF_NORM
        if off.any():
            self.note(
                Severity.INFO,
                f"{off.sum()} of {norms.size} {what} integrate to {norms.min():.4g} to {norms.max():.4g}, not 1",
                "counts would be scaled by that",
                "normalised",
            )

    def at_least_zero(self, values: Floats, name: str) -> Floats:
        """A column whose values cannot be below 0; interpolation in zenith angle left some there in public files."""
        low = int(np.sum(values < 0))
        if low == 0:
            return values
        self.note(
            Severity.WARNING, f"{low} of {values.size} values of {name} are negative, down to {values.min():.4g}",
            "no area, density or rate is below 0", "taken as 0",
        )  # fmt: skip
        return np.maximum(values, 0.0)

    def table(self, name: str, to: str | None, axes: tuple[Axis, ...] | None, default: str | None = None) -> Floats:
        """The first row of a column as float64 in the unit `to`; as it is if that is None.

        Parameters
        ----------
        axes : in numpy's order; None leaves the shape alone.
        default : unit of a column without one; `to` unless told.
        """
        if name not in self.hdu.columns.names:
            raise DataError(
                f"{self.where}: no column {name!r}, wanted for this response; it has {', '.join(self.names)}"
            )
        rows = self.hdu.data[name]
        if len(rows) != 1:
            raise DataError(f"{self.where}: {len(rows)} rows; a response has all its values in one")
        values = np.asarray(rows[0]).astype(float)
        if axes is not None:
            shape = tuple(axis.nbin for axis in axes)
            if values.size != int(np.prod(shape)):
                wanted = " x ".join(f"{axis.name} ({axis.nbin})" for axis in axes)
                raise DataError(
                    f"{self.where}: column {name!r} has shape {values.shape}; wanted {wanted} (in numpy's order)"
                )
            values = values.reshape(shape)
        return values if to is None else values * self._factor(name, to, default)

    def _factor(self, name: str, to: str, default: str | None) -> float:
        text = self.hdu.columns[name].unit
        if not text:
            if read_unit(default or to) != read_unit(""):
                self.note(
                    Severity.WARNING,
                    f"column {name} has no unit",
                    "values could be in any",
                    f"taken as {default or to}",
                )
            text = default or to
        if text == to:
            return 1.0
        where = f"{self.where}: column {name!r}"
        found, wanted = read_unit(text, where), read_unit(to)
        if not found.is_equivalent(wanted):
            raise UnitError(f"{where}: unit {text!r} cannot be converted to {to or 'a pure number'}")
        return float(found.to(wanted))

    def energy(self, name: Literal["energy", "energy_true"]) -> Axis:
        return self.axis(name, ("ENERG", "ETRUE"), "TeV", "log")

    def offset(self) -> Axis:
        axis = self.axis("offset", ("THETA",), "deg")
        if axis.nbin == 1:
            lo, hi = axis.edges.value[[0, -1]]
            self.note(
                Severity.INFO, f"one offset, {lo:.4g} to {hi:.4g} {axis.unit}",
                "nothing is known of other offsets", "used at every offset",
            )  # fmt: skip
        return axis

    def axis(self, name: str, stems: tuple[str, ...], unit: str, scale: Literal["lin", "log"] = "lin") -> Axis:
        """Bins from the columns ``<stem>_LO`` and ``<stem>_HI``, or nodes where both hold the same."""
        stem = next((s for s in stems if f"{s}_LO" in self.hdu.columns.names), stems[0])
        if stem != stems[0]:
            self.note(Severity.INFO, f"the energy columns are called {stem}_*", "none", f"read as {stems[0]}_*")
        lo, hi = (np.atleast_1d(self.table(f"{stem}_{end}", None, None)) for end in ("LO", "HI"))
        self._factor(f"{stem}_LO", unit, None)  # it must be readable, and of the right kind
        own = read_unit(self.hdu.columns[f"{stem}_LO"].unit or unit)
        where = f"{self.where}: columns {stem}_LO, {stem}_HI"
        if lo.shape != hi.shape or lo.ndim != 1:
            raise DataError(f"{where}: shapes {lo.shape} and {hi.shape}; wanted two equal lists")
        hi = hi * self._factor(f"{stem}_HI", str(own), None)
        try:
            if np.array_equal(lo, hi):
                if name != "offset" or lo.size > 1:
                    self.note(Severity.INFO, f"{stem}_LO equals {stem}_HI", "none", "read as nodes")
                return Axis(name, lo, own, scale, "nodes")
            axis = Axis(name, np.append(lo, hi[-1]), own, scale)
        except ShapeError as error:
            raise DataError(f"{where}: {error}") from error
        if np.any(np.abs(lo[1:] - hi[:-1]) > _GAP * (hi - lo)[1:]):
            raise DataError(f"{where}: bins are not adjacent: each must begin where the one before it ends")
        return axis
