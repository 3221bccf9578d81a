"""Responses in FITS tables (GADF), as files really spell them, to values; `irf_write` is the way back.

An HDU is anything with ``header``, ``name``, ``columns[name].unit``, ``columns.names`` and ``data[name]``: an astropy
table HDU, or a `skyfold.io.bintable.TableHDU`. Its data are in memory already.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from skyfold.errors import DataError, SkyfoldError
from skyfold.events.finding import Finding, Severity
from skyfold.io.irf_columns import Source
from skyfold.irf.background import ALIGNMENTS, Alignment, Background2D, Background3D
from skyfold.irf.effective_area import EffectiveArea
from skyfold.irf.energy_dispersion import EnergyDispersion
from skyfold.irf.psf import Psf, PsfTable
from skyfold.irf.psf_shapes import PsfKing, PsfMultiGauss
from skyfold.irf.rad_max import RadMax
from skyfold.irf.responses import Responses

Response = EffectiveArea | EnergyDispersion | Psf | Background2D | Background3D | RadMax

# HDUCLAS4 in all its spellings; what CTA's first data challenge left out is in HDUCLAS2.
_BY_HDUCLAS2 = {"EFF_AREA": "aeff", "EDISP": "edisp", "RPSF": "psf", "PSF": "psf", "BKG": "bkg", "RAD_MAX": "rad_max"}


def hdu_class(header: Mapping[str, Any]) -> str | None:
    """The class a header names, e.g. ``"aeff_2d"``; None if it is not that of a response read here."""
    short = str(header.get("HDUCLAS4", "")).strip().lower()
    kind = _BY_HDUCLAS2.get(str(header.get("HDUCLAS2", "")).strip().upper())
    for name in (short, f"{kind}_{short}"):
        if name in _READERS:
            return name
    return None


def read_response(hdu: Any, path: str | Path, kind_hint: str | None = None) -> tuple[Response, list[Finding]]:
    """One response, and what deviates from the format.

    Parameters
    ----------
    hdu : table HDU with its data in memory.
    path : the file, for messages.
    kind_hint : class that an index gives, e.g. ``"psf_3gauss"``; the HDU's own header is asked without it.

    Raises
    ------
    DataError
        No known class; a column is missing; values are not numbers, or have the wrong shape; the message names file,
        HDU and column.
    UnitError
        A unit that cannot be read or converted.
    """
    source = Source(hdu, str(path))
    name = kind_hint if kind_hint in _READERS else hdu_class(hdu.header)
    if name is None:
        raise DataError(
            f"{source.where}: class {kind_hint or hdu.header.get('HDUCLAS4')!r} is no response that is read here;"
            f" those are {', '.join(sorted(_READERS))}"
        )
    try:
        value = _READERS[name](source)
    except SkyfoldError as error:
        if str(error).startswith(source.where):
            raise
        raise DataError(f"{source.where}: {error}") from error
    return value, source.findings


def completed(
    responses: Responses, events_header: Mapping[str, Any], path: str | Path
) -> tuple[Responses, list[Finding]]:
    """Responses with what only headers tell: the cut radius of point-like responses, and old backgrounds' orientation.

    Parameters
    ----------
    responses : as read from their tables.
    events_header : header of the events they belong to.
    """
    findings = []
    if responses.rad_max is None and responses.is_point_like and responses.aeff is not None:
        radius = responses.aeff.meta.get("RAD_MAX")
        if isinstance(radius, int | float):
            responses = replace(responses, rad_max=RadMax.fixed(np.radians(radius)))
            findings.append(
                Finding(
                    Severity.INFO,
                    str(path),
                    "AEFF",
                    f"RAD_MAX = {radius:g} deg is a keyword, there is no table",
                    "none",
                    "one radius at every energy and offset",
                )  # fmt: skip
            )
    if isinstance(responses.bkg, Background3D) and _is_reversed(events_header) and responses.bkg.alignment == "RADEC":
        responses = replace(responses, bkg=responses.bkg.aligned("REVERSE_LON_RADEC"))
        findings.append(
            Finding(
                Severity.WARNING,
                str(path),
                "BKG",
                "its longitude grows to the east although FOVALIGN is RADEC (events by SASH, version 0.2)",
                "gradients across the field would be mirrored",
                "longitude reversed",
            )  # fmt: skip
        )
    return responses, findings


def _is_reversed(header: Mapping[str, Any]) -> bool:
    """H.E.S.S. DL3 DR1 is told by its event lists only: its background HDUs say RADEC."""
    creator = str(header.get("CREATOR", "")).strip()
    return creator == "SASH FITS::EventListWriter" and str(header.get("HDUVERS", "")).strip() == "0.2"


# One reader a class

_CONVENTIONS = {"probability per bin": "probabilities per bin", "unnormalised": "rows of arbitrary sum"}


def _read_aeff(source: Source) -> EffectiveArea:
    energy, offset = source.energy("energy_true"), source.offset()
    values = source.at_least_zero(source.table("EFFAREA", "m2", (offset, energy)).T, "EFFAREA")
    return EffectiveArea(energy, offset, values, source.is_point_like, source.meta)


def _read_edisp(source: Source) -> EnergyDispersion:
    energy, offset = source.energy("energy_true"), source.offset()
    migra = source.axis("migra", ("MIGRA",), "")
    raw = np.moveaxis(source.table("MATRIX", "", (offset, migra, energy)), 0, 2).swapaxes(0, 1)
    raw = source.at_least_zero(raw, "MATRIX")
    value, convention = EnergyDispersion.normalised(
        raw, energy, migra, offset, point_like=source.is_point_like, meta=source.meta
    )
    if convention != "density":
        source.note(
            Severity.WARNING,
            f"MATRIX holds {_CONVENTIONS[convention]}, not a density in MIGRA",
            "counts would be scaled by a wrong factor",
            "each row normalised to 1 over MIGRA",
        )
    else:
        sums = (raw * np.diff(migra.edges_in(""))[:, None]).sum(axis=1)
        source.note_norms(sums[sums > 0], "rows of MATRIX")
    return value


def _read_psf_table(source: Source) -> PsfTable:
    energy, offset = source.energy("energy_true"), source.offset()
    rad = source.axis("rad", ("RAD",), "deg")
    values = source.at_least_zero(source.table("RPSF", "sr-1", (rad, offset, energy)).T, "RPSF")
    value = PsfTable(energy, offset, rad, values, source.meta)
    source.note_norms(value.norms[value.norms > 0], "rows of RPSF")
    return value


def _read_psf_3gauss(source: Source) -> PsfMultiGauss:
    energy, offset = source.energy("energy_true"), source.offset()
    shape = (offset, energy)
    sigma = [source.table(f"SIGMA_{i}", "rad", shape, default="deg").T for i in (1, 2, 3)]
    amplitude = [np.ones(sigma[0].shape), *(source.table(f"AMPL_{i}", "", shape).T for i in (2, 3))]
    # Only where SCALE is 0 matters: the shape is normalised, so its unit does not.
    scale = source.table("SCALE", None, shape).T
    return PsfMultiGauss(energy, offset, np.stack(sigma), np.stack(amplitude), scale, source.meta)


def _read_psf_king(source: Source) -> PsfKing:
    energy, offset = source.energy("energy_true"), source.offset()
    gamma = source.table("GAMMA", "", (offset, energy)).T
    sigma = source.table("SIGMA", "rad", (offset, energy), default="deg").T
    return PsfKing(energy, offset, gamma, sigma, source.meta)


def _read_bkg_2d(source: Source) -> Background2D:
    energy, offset = source.energy("energy"), source.offset()
    column = _bkg_column(source)
    values = source.table(column, "s-1 TeV-1 sr-1", (offset, energy), default="s-1 MeV-1 sr-1").T
    values = source.at_least_zero(values, column)
    _note_zero_planes(source, values)
    return Background2D(energy, offset, values, source.meta, _alignment(source))


def _read_bkg_3d(source: Source) -> Background3D:
    energy = source.energy("energy")
    lon, lat = (source.axis(f"fov_{name}", (stem,), "deg") for name, stem in (("lon", "DETX"), ("lat", "DETY")))
    column = _bkg_column(source)
    values = source.at_least_zero(source.table(column, "s-1 TeV-1 sr-1", None, default="s-1 MeV-1 sr-1"), column)
    n = energy.nbin, lon.nbin, lat.nbin
    # By the format numpy sees (DETY, DETX, ENERG). H.E.S.S. and CTA write ENERG first, and then DETX before DETY: where
    # the two have as many bins only the data can tell, and 69 000 background events of 45 H.E.S.S. runs do.
    if values.shape == n[::-1]:
        values = values.T
    elif values.shape == n or values.shape == (n[0], n[2], n[1]):
        values = values if values.shape == n else values.swapaxes(1, 2)
        source.note(
            Severity.INFO, f"{column} has its axes in another order, energy first", "none", "axes told by their sizes"
        )
    else:
        raise DataError(
            f"{source.where}: column {column} has shape {values.shape}; wanted (DETY, DETX, ENERG) = {n[::-1]}"
        )
    _note_zero_planes(source, values)
    return Background3D(energy, lon, lat, values, _alignment(source), source.meta)


def _read_rad_max(source: Source) -> RadMax:
    energy, offset = source.energy("energy"), source.offset()
    return RadMax(energy, offset, source.table("RAD_MAX", "rad", (offset, energy), default="deg").T, source.meta)


_READERS: Mapping[str, Callable[[Source], Response]] = {
    "aeff_2d": _read_aeff,
    "edisp_2d": _read_edisp,
    "psf_table": _read_psf_table,
    "psf_3gauss": _read_psf_3gauss,
    "psf_king": _read_psf_king,
    "bkg_2d": _read_bkg_2d,
    "bkg_3d": _read_bkg_3d,
    "rad_max_2d": _read_rad_max,
}


def _bkg_column(source: Source) -> str:
    if "BKG" not in source.names and "BGD" in source.names:
        source.note(Severity.INFO, "the column is called BGD", "none", "read as BKG")
        return "BGD"
    return "BKG"


def _alignment(source: Source) -> Alignment:
    found = source.header.get("FOVALIGN")
    text = str(found or "RADEC").strip().upper()
    for alignment in ALIGNMENTS:
        if alignment == text:
            if found is None:
                source.note(
                    Severity.INFO, "no FOVALIGN", "a field that turns with the sky would be smeared", "RADEC taken"
                )
            return alignment
    raise DataError(f"{source.where}: FOVALIGN {found!r} is not one of {', '.join(ALIGNMENTS)}")


def _note_zero_planes(source: Source, values: np.ndarray) -> None:
    empty = int(np.sum(~values.reshape(values.shape[0], -1).any(axis=1)))
    if empty:
        source.note(Severity.INFO, f"{empty} of {values.shape[0]} energy planes are 0", "no background there", "kept 0")
