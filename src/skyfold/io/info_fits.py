"""What a FITS file is, told by its headers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from skyfold.events.epoch import mission_offset, to_time
from skyfold.io.dl3_hdus import classify
from skyfold.io.fits import open_fits

Hdus = Sequence[Any]
Facts = dict[str, Any]
_DATASET = ("EXPOSURE", "BACKGROUND", "PSF", "EDISP", "MASK_SAFE", "COUNTS_OFF", "ACCEPTANCE")


def describe_fits(path: Path) -> tuple[str, Facts] | None:
    """Kind and facts; None if it is FITS, but of no kind that is read here.

    Raises
    ------
    DataError
        The file is damaged.
    """
    hdus = list(open_fits(path))
    return next((answer for answer in (test(hdus) for test in _TESTS) if answer is not None), None)


def _events(hdus: Hdus) -> tuple[str, Facts] | None:
    table = _named(hdus, "EVENTS")
    if table is None:
        return None
    header = table.header
    facts: Facts = {"events": header["NAXIS2"]}
    for name, keys in {
        "observation": ("OBS_ID",),
        "object": ("OBJECT",),
        "telescope": ("TELESCOP", "INSTRUME"),
    }.items():
        values = [str(header[key]).strip() for key in keys if header.get(key) not in (None, "")]
        if values:
            facts[name] = ", ".join(values)
    if "RA_PNT" in header and "DEC_PNT" in header:
        facts["pointing"] = f"RA {float(header['RA_PNT']):.4f} deg, Dec {float(header['DEC_PNT']):.4f} deg"
    if "TSTART" in header and ("MJDREFI" in header or "MJDREF" in header):
        start = to_time(float(header["TSTART"]) + mission_offset(header, "EVENTS"))
        facts["start"] = f"{start.utc.iso[:19]} UTC"
    if "LIVETIME" in header:
        facts["livetime"] = f"{float(header['LIVETIME']):.1f} s"
    facts["columns"] = ", ".join(table.columns.names)
    facts["tables"] = ", ".join(hdu.name for hdu in hdus[1:])
    return "event list", facts


def _index(hdus: Hdus) -> tuple[str, Facts] | None:
    for hdu in hdus[1:]:
        if str(hdu.header.get("HDUCLAS1", "")).strip().upper() == "INDEX":
            what = "HDU index" if "HDU_TYPE" in hdu.columns.names else "observation index"
            return what, {"rows": hdu.header["NAXIS2"], "columns": ", ".join(hdu.columns.names)}
    return None


def _spectrum(hdus: Hdus) -> tuple[str, Facts] | None:
    """OGIP files: HDUCLAS1 SPECTRUM is a PHA; of responses, SPECRESP alone is an ARF and MATRIX an RMF."""
    for name, kind in (("SPECTRUM", "OGIP spectrum (PHA)"), ("SPECRESP", "OGIP effective area (ARF)")):
        table = _named(hdus, name)
        if table is not None:
            return kind, _table_facts(table, ("EXPOSURE", "BACKFILE", "RESPFILE", "ANCRFILE"))
    table = _named(hdus, "MATRIX") or _named(hdus, "SPECRESP MATRIX")
    return None if table is None else ("OGIP energy redistribution (RMF)", _table_facts(table, ()))


def _responses(hdus: Hdus) -> tuple[str, Facts] | None:
    found = [hdu for hdu in hdus[1:] if classify(hdu) is not None and classify(hdu) != ("gti", "gti")]
    if not found:
        return None
    facts: Facts = {hdu.name: _response_class(hdu.header) for hdu in found}
    telescope = next((hdu.header["TELESCOP"] for hdu in found if hdu.header.get("TELESCOP")), None)
    return "instrument response", ({} if telescope is None else {"telescope": telescope}) | facts


def _response_class(header: Any) -> str:
    keys = ("HDUCLAS2", "HDUCLAS3", "HDUCLAS4")
    return ", ".join(str(header[key]).strip() for key in keys if header.get(key))


def _regions(hdus: Hdus) -> tuple[str, Facts] | None:
    for hdu in hdus[1:]:
        if str(hdu.header.get("HDUCLAS1", "")).strip().upper() == "REGION" and len(hdus) == 2:
            return "regions (FITS)", {"regions": hdu.header["NAXIS2"]}
    return None


def _dataset(hdus: Hdus) -> tuple[str, Facts] | None:
    names = {hdu.name for hdu in hdus}
    stems = {name.split("_EXPOSURE")[0] for name in names} | names
    if "COUNTS" not in names or not stems & set(_DATASET):
        return None
    parts = [name for name in ("COUNTS", *_DATASET) if name in names]
    counts = _named(hdus, "COUNTS")
    shape = {} if counts is None or not counts.is_image else {"shape of the counts": _shape(counts)}
    return "binned dataset", {
        "maps": ", ".join(parts),
        **shape,
        "tables": ", ".join(n for n in names if "GTI" in n) or "none",
    }


def _map(hdus: Hdus) -> tuple[str, Facts] | None:
    bands = [hdu for hdu in hdus[1:] if hdu.name.endswith("BANDS") or hdu.name in ("ENERGIES", "EBOUNDS")]
    images = [hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS", 0) >= 2]
    if "ORDERING" in {key for hdu in hdus for key in hdu.header}:
        return "HEALPix map", {"tables": ", ".join(hdu.name for hdu in hdus[1:])}
    if not images:
        return None
    kind = "map with further axes" if bands or images[0].header["NAXIS"] > 2 else "image"
    header = images[0].header
    facts: Facts = {"shape": _shape(images[0])}
    if "CTYPE1" in header:
        facts["projection"] = f"{header['CTYPE1']}, {header.get('CTYPE2', '')}"
    if header.get("BUNIT"):
        facts["unit"] = header["BUNIT"]
    if len(images) > 1:
        facts["images"] = ", ".join(hdu.name for hdu in images)
    return kind, facts


_TESTS: tuple[Callable[[Hdus], tuple[str, Facts] | None], ...] = (
    _events, _index, _spectrum, _dataset, _responses, _map, _regions,
)  # fmt: skip


def _named(hdus: Hdus, name: str) -> Any:
    return next((hdu for hdu in hdus if hdu.name == name), None)


def _table_facts(table: Any, keys: tuple[str, ...]) -> Facts:
    facts: Facts = {"rows": table.header["NAXIS2"], "columns": ", ".join(table.columns.names)}
    return facts | {key.lower(): table.header[key] for key in keys if table.header.get(key) not in (None, "")}


def _shape(hdu: Any) -> str:
    return " x ".join(str(hdu.header[f"NAXIS{i}"]) for i in range(1, hdu.header["NAXIS"] + 1))
