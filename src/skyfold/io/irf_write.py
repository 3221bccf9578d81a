"""Responses to FITS tables (GADF 0.3); `irf` is the way back."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skyfold.errors import DataError
from skyfold.geom.axis import Axis
from skyfold.io.irf import Response
from skyfold.io.raw_table import RawTable
from skyfold.irf.background import Background2D, Background3D
from skyfold.irf.effective_area import EffectiveArea
from skyfold.irf.energy_dispersion import EnergyDispersion
from skyfold.irf.psf import PsfTable
from skyfold.irf.psf_shapes import PsfKing, PsfMultiGauss
from skyfold.irf.rad_max import RadMax

Floats = NDArray[np.float64]

_FORMAT = {
    "HDUDOC": "https://gamma-astro-data-formats.readthedocs.io",
    "HDUVERS": "0.3",
    "HDUCLASS": "GADF",
    "HDUCLAS1": "RESPONSE",
}
_STEMS = {
    "energy": "ENERG", "energy_true": "ENERG", "offset": "THETA", "rad": "RAD", "migra": "MIGRA",
    "fov_lon": "DETX", "fov_lat": "DETY",
}  # fmt: skip
_RATE = 1e-6  # s-1 TeV-1 sr-1 in s-1 MeV-1 sr-1, the unit of the format


def response_to_hdu(value: Response, name: str | None = None) -> RawTable:
    """A response as the one-row table of its class.

    Values are written as float64 and read back the same, but for rounding in the last digit where the format has
    another unit. A background with reversed longitude is turned over: the format knows no such orientation.

    Parameters
    ----------
    name : EXTNAME; the usual one for the class (``AEFF``, ``EDISP``, ``PSF``, ``BKG``, ``RAD_MAX``) unless told.

    Raises
    ------
    DataError
        Not a response, or a sum of more than three Gaussians.
    """
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value, name)
    raise DataError(f"{type(value).__name__} is no response that can be written; wanted one of "
                    + ", ".join(kind.__name__ for kind in _WRITERS))  # fmt: skip


def _hdu(
    value: Any, name: str, classes: tuple[str, str], axes: tuple[Axis, ...], columns: list[tuple[str, Floats, str]]
) -> RawTable:
    """The table: a pair of columns per axis, then the values, whose axes are in the order of `axes`."""
    fields, content = [], {}
    for axis in axes:
        unit = axis.unit.to_string("fits")
        lo, hi = (axis.values, axis.values) if axis.kind == "nodes" else (axis.values[:-1], axis.values[1:])
        for end, numbers in (("LO", lo), ("HI", hi)):
            column = f"{_STEMS[axis.name]}_{end}"
            fields.append(fits.Column(column, f"{axis.nbin}D", unit))
            content[column] = numbers[None, :]
    for column, values, unit in columns:
        # FITS counts the first axis fastest, numpy the last.
        dim = f"({','.join(str(n) for n in values.shape)})"
        fields.append(fits.Column(column, f"{values.size}D", unit, dim=dim))
        content[column] = values.T[None]
    hdu = RawTable.of(fields, content, name)
    point_like = getattr(value, "point_like", False) or value.meta.get("HDUCLAS3") == "POINT-LIKE"
    header = {
        **_FORMAT,
        "HDUCLAS2": classes[0],
        "HDUCLAS3": "POINT-LIKE" if point_like else "FULL-ENCLOSURE",
        "HDUCLAS4": classes[1],
    }
    hdu.header.update({**{k: v for k, v in value.meta.items() if len(k) <= 8}, **header})
    return hdu


def _aeff(value: EffectiveArea, name: str | None) -> RawTable:
    axes = value.energy_true, value.offset
    return _hdu(value, name or "AEFF", ("EFF_AREA", "AEFF_2D"), axes, [("EFFAREA", value.values, "m2")])


def _edisp(value: EnergyDispersion, name: str | None) -> RawTable:
    axes = value.energy_true, value.migra, value.offset
    return _hdu(value, name or "EDISP", ("EDISP", "EDISP_2D"), axes, [("MATRIX", value.values, "")])


def _psf_table(value: PsfTable, name: str | None) -> RawTable:
    axes = value.energy_true, value.offset, value.rad
    return _hdu(value, name or "PSF", ("RPSF", "PSF_TABLE"), axes, [("RPSF", value.values, "sr-1")])


def _psf_gauss(value: PsfMultiGauss, name: str | None) -> RawTable:
    n = len(value.sigma)
    if n > 3:
        raise DataError(f"a PSF of {n} Gaussians cannot be written: the format PSF_3GAUSS has three")
    zero = np.zeros(value.sigma.shape[1:])
    sigma, amplitude = ([*part, *[zero] * (3 - n)] for part in (value.sigma, value.amplitude))
    # The first amplitude is 1 by definition of the format: the scale takes it.
    first = np.where(amplitude[0] != 0, amplitude[0], 1.0)
    norm = 2 * np.pi * sum(a * s**2 for a, s in zip(amplitude, sigma, strict=True))
    scale = np.divide(amplitude[0], norm, out=np.zeros(norm.shape), where=value.valid)
    columns = [("SCALE", scale, "sr-1")]
    columns += [(f"SIGMA_{i + 1}", np.degrees(sigma[i]), "deg") for i in range(3)]
    columns += [(f"AMPL_{i + 1}", amplitude[i] / first, "") for i in (1, 2)]
    return _hdu(value, name or "PSF", ("RPSF", "PSF_3GAUSS"), (value.energy_true, value.offset), columns)


def _psf_king(value: PsfKing, name: str | None) -> RawTable:
    columns = [("GAMMA", value.gamma, ""), ("SIGMA", np.degrees(value.sigma), "deg")]
    return _hdu(value, name or "PSF", ("RPSF", "PSF_KING"), (value.energy_true, value.offset), columns)


def _bkg_2d(value: Background2D, name: str | None) -> RawTable:
    columns = [("BKG", value.values * _RATE, "s-1 MeV-1 sr-1")]
    hdu = _hdu(value, name or "BKG", ("BKG", "BKG_2D"), (value.energy, value.offset), columns)
    hdu.header["FOVALIGN"] = value.alignment
    return hdu


def _bkg_3d(value: Background3D, name: str | None) -> RawTable:
    value = value.unreversed()
    axes = value.energy, value.fov_lon, value.fov_lat
    hdu = _hdu(value, name or "BKG", ("BKG", "BKG_3D"), axes, [("BKG", value.values * _RATE, "s-1 MeV-1 sr-1")])
    hdu.header["FOVALIGN"] = value.alignment
    return hdu


def _rad_max(value: RadMax, name: str | None) -> RawTable:
    columns = [("RAD_MAX", np.degrees(value.values), "deg")]
    hdu = _hdu(value, name or "RAD_MAX", ("RAD_MAX", "RAD_MAX_2D"), (value.energy, value.offset), columns)
    hdu.header["HDUCLAS3"] = "POINT-LIKE"
    return hdu


_WRITERS: Mapping[type, Callable[[Any, str | None], RawTable]] = {
    EffectiveArea: _aeff,
    EnergyDispersion: _edisp,
    PsfTable: _psf_table,
    PsfMultiGauss: _psf_gauss,
    PsfKing: _psf_king,
    Background2D: _bkg_2d,
    Background3D: _bkg_3d,
    RadMax: _rad_max,
}
