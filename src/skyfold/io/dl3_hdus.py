"""Which table is what in a DL3 file, by index, by header or by name."""

from collections.abc import Iterable
from typing import Any

from skyfold.errors import MissingHDU
from skyfold.io.bintable import TableHDU

# (kind, class) by HDUCLAS2 and HDUCLAS4; older files leave the kind out of HDUCLAS4 ("2D" for "AEFF_2D").
_KINDS = {"EFF_AREA": "aeff", "EDISP": "edisp", "RPSF": "psf", "PSF": "psf", "BKG": "bkg", "RAD_MAX": "rad_max"}
_NAMES = {
    "EFFECTIVE AREA": "aeff",
    "AEFF": "aeff",
    "ENERGY DISPERSION": "edisp",
    "EDISP": "edisp",
    "POINT SPREAD FUNCTION": "psf",
    "PSF": "psf",
    "BACKGROUND": "bkg",
    "BKG": "bkg",
    "RAD_MAX": "rad_max",
}
_DEFAULT_CLASS = {"aeff": "aeff_2d", "edisp": "edisp_2d", "psf": "psf_table", "bkg": "bkg_3d", "rad_max": "rad_max_2d"}
RECORDS = ("events", "gti", "pointing")


def classify(hdu: Any) -> tuple[str, str] | None:
    """(kind, class) as a HDU index would call a table: ``("psf", "psf_3gauss")``; None if it is none of DL3."""
    first = str(hdu.header.get("HDUCLAS1", "")).strip().upper()
    for kind in RECORDS:
        if first == kind.upper() or hdu.name == kind.upper():
            return kind, kind
    found = _KINDS.get(str(hdu.header.get("HDUCLAS2", "")).strip().upper()) or _NAMES.get(hdu.name)
    if found is None:
        return None
    text = str(hdu.header.get("HDUCLAS4", "")).strip().lower()
    if not text:
        return found, _DEFAULT_CLASS[found]
    return found, text if text.startswith(found) else f"{found}_{text}"


def find(hdus: Iterable[TableHDU], name: str, path: object) -> TableHDU:
    """The table with a name, whatever its case.

    Raises
    ------
    MissingHDU
        The file has no such table.
    """
    hdus = tuple(hdus)
    for hdu in hdus:
        if hdu.name == name.strip().upper():
            return hdu
    raise MissingHDU(name, path, [hdu.name for hdu in hdus])
