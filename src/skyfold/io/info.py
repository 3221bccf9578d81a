"""`skyfold info`: what a file is, and its main facts."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skyfold.errors import DataError
from skyfold.io.info_fits import describe_fits
from skyfold.io.paths import expand
from skyfold.io.store import find_index, read_store

SUPPORTED = (
    "a directory with GADF index tables",
    "event files and responses (GADF)",
    "maps and datasets (GADF), FITS images",
    "OGIP spectra (PHA, ARF, RMF)",
    "region files (DS9, FITS)",
    "configurations, models and datasets in YAML",
)
_REGION_SUFFIXES, _YAML_SUFFIXES = (".reg",), (".yaml", ".yml")
_CONFIG_KEYS = {"general", "observations", "datasets", "fit", "flux_points", "excess_map", "light_curve", "log"}


@dataclass(frozen=True)
class Description:
    """What a file is, and what is worth knowing of it."""

    path: str
    kind: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        width = max((len(name) for name in self.facts), default=0)
        lines = [f"  {name:<{width}}  {value}" for name, value in self.facts.items()]
        return "\n".join([f"{self.path}: {self.kind}", *lines])


def describe(path: str | os.PathLike[str]) -> Description:
    """What a file or directory is.

    Raises
    ------
    DataError
        There is nothing at the path, it is damaged, or it is nothing this package reads; the message lists what is.
    """
    place = expand(path)
    if not place.exists():
        raise DataError(f"{place}: no such file or directory")
    if place.is_dir() or place.name.startswith("hdu-index"):
        return Description(str(place), "observations with index tables", _store_facts(place))
    if place.suffix.lower() in _REGION_SUFFIXES:
        return Description(str(place), "regions", _region_facts(place))
    if place.suffix.lower() in _YAML_SUFFIXES:
        return _describe_yaml(place)
    found = describe_fits(place) if _is_fits(place) else None
    if found is None:
        raise DataError(f"{place}: this is nothing that is read here; supported are {'; '.join(SUPPORTED)}")
    return Description(str(place), *found)


def _is_fits(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(9)
    return start.startswith((b"\x1f\x8b", b"SIMPLE  ="))


def _store_facts(place: Path) -> dict[str, Any]:
    store = read_store(find_index(place) or place)
    facts: dict[str, Any] = {"observations": len(store)}
    if not len(store):
        return facts
    names = set(store.columns)
    if {"RA_PNT", "DEC_PNT"} <= names:
        facts["pointings"] = store.describe().partition(" at ")[2]
    if {"TSTART", "TSTOP"} <= names:
        facts["time"] = f"{store.start.min().utc.iso[:19]} to {store.stop.max().utc.iso[:19]} UTC"
    if "LIVETIME" in names:
        facts["livetime"] = f"{float(sum(store.column('LIVETIME').value)) / 3600:.2f} h"
    if "OBJECT" in names:
        facts["objects"] = ", ".join(sorted({str(name).strip() for name in store.column("OBJECT")})[:10])
    facts["tables"] = ", ".join(sorted({hdu.hdu_class for ref in store for hdu in ref.hdus}))
    return facts


def _region_facts(path: Path) -> dict[str, Any]:
    from regions import Regions

    try:
        found = Regions.read(str(path), format="ds9")
    except Exception as error:  # its parser raises whatever its text provokes
        raise DataError(f"{path}: not a DS9 region file: {error}") from error
    shapes = [type(region).__name__.removesuffix("SkyRegion").removesuffix("PixelRegion").lower() for region in found]
    counted = ", ".join(f"{shapes.count(shape)} {shape}" for shape in dict.fromkeys(shapes))
    return {"regions": len(found), "shapes": counted or "none"}


def _describe_yaml(path: Path) -> Description:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not YAML: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: YAML without sections; supported are {SUPPORTED[-1]}")
    keys = set(content)
    if "components" in keys:
        return Description(str(path), "sky models", {"models": _names(content["components"], path)})
    if isinstance(content.get("datasets"), list):
        return Description(str(path), "list of datasets", {"datasets": _names(content["datasets"], path)})
    if keys and keys <= _CONFIG_KEYS:
        return Description(str(path), "analysis configuration", {"sections": ", ".join(content)})
    raise DataError(f"{path}: YAML with the sections {', '.join(map(str, content))}; supported are {SUPPORTED[-1]}")


def _names(items: Any, path: Path) -> str:
    try:
        return ", ".join(str(item["name"]) for item in items)
    except (TypeError, KeyError):
        raise DataError(f"{path}: an entry without 'name'; each component or dataset needs one") from None
