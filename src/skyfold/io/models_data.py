"""What models have in files beside parameters: tables, names of tables, frames."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
from astropy.coordinates import SkyCoord

from skyfold.io.ebl import TABLES, read_ebl
from skyfold.io.maps import read_map
from skyfold.io.models_curves import read_light_curve, read_phase_curve, write_light_curve, write_phase_curve
from skyfold.io.template_shapes import template_shape, write_template_shape
from skyfold.io.yaml_node import Node
from skyfold.model.ebl import EBLAbsorption
from skyfold.model.spatial.template import BRIGHTNESS, EnergyTemplate, Template
from skyfold.num.double import Floats
from skyfold.units import dress, strip

_UNMOVED = 1e-3  # deg
_EBL = "$GAMMAPY_DATA/ebl/"


class Beside(NamedTuple):
    """What goes into a file beside the one of the models, which says its name in this place.

    write : called with the path, the value, and whether it may be overwritten.
    """

    write: Callable[..., None]
    value: Any


class Data(NamedTuple):
    """What a model has in a file beside parameters.

    keys : of its mapping.
    read : arguments of the class from the mapping.
    write : entries of the mapping, from the model; those that are `Beside` become names of files.
    """

    keys: tuple[str, ...]
    read: Callable[[Node], dict[str, Any]]
    write: Callable[[Any], dict[str, Any]]


def numbers(values: Any, unit: str | None = None) -> Any:
    """An array as lists, beside its unit if it has one."""
    data = np.asarray(values, dtype=float).tolist()
    return data if unit is None else {"data": data, "unit": unit}


def _read_piecewise(node: Node) -> dict[str, Any]:
    if node.text("interp", "log") != "log":
        raise node.error(f"interp is {node.text('interp')!r}; norms are joined by power laws only, which is 'log'")
    return {"energy": node.quantity("energy")}


def _write_nodes_on_sky(model: Any) -> dict[str, Any]:
    """Between norms others' tools know straight lines only."""
    nodes = {"lon": numbers(model.lon, "deg"), "lat": numbers(model.lat, "deg")}
    return nodes if model.interp == "lin" else nodes | {"interp": model.interp}


def _read_ebl(node: Node) -> dict[str, Any]:
    """A table by the name of its file, or itself."""
    if "filename" not in node:
        depths = -np.log(np.clip(strip(node.quantity("values"), "", node.where), np.finfo(np.float32).tiny, 1.0))
        energies = strip(node.quantity("energy"), "TeV", node.where)
        return _ebl(energies, strip(node.quantity("param"), "", node.where), depths, "")
    file = node.text("filename")
    known = {f"{_EBL}{name}": table for table, name in TABLES.items()}
    if file not in known:
        table = read_ebl(node.path("filename"))
        return _ebl(table.energies, table.redshifts, table.depth, file)
    table = read_ebl(known[file])
    return _ebl(table.energies, table.redshifts, table.depth, table.origin)


def _ebl(energies: Floats, redshifts: Floats, depth: Floats, origin: str) -> dict[str, Any]:
    return {"energies": energies, "redshifts": redshifts, "depth": depth, "origin": origin}


def _write_ebl(model: EBLAbsorption) -> dict[str, Any]:
    if model.origin:
        return {"filename": f"{_EBL}{TABLES[model.origin]}" if model.origin in TABLES else model.origin}
    return {
        "energy": numbers(model.energies, "TeV"),
        "param": numbers(model.redshifts, ""),
        "values": numbers(np.exp(-np.asarray(model.depth)), ""),
    }


def _read_light_curve(node: Node) -> dict[str, Any]:
    if node.text("format", "table") != "table":
        raise node.error(f"format is {node.text('format')!r}; light curves are read from tables only, which is 'table'")
    curve = read_light_curve(node.path("filename"))
    return {"times": curve.times, "norms": curve.norms}


def _read_phase_curve(node: Node) -> dict[str, Any]:
    curve = read_phase_curve(node.path("filename"), node.get("normalize", bool, True))
    return {"phase": curve.phase, "norms": curve.norms}


def _write_phase_curve(model: Any) -> dict[str, Any]:
    """Dates are in UTC: of phase curves Gammapy does not read the scale."""
    return {"filename": Beside(write_phase_curve, model), "normalize": False, "scale": "utc"}


def _read_template_shape(node: Node) -> dict[str, Any]:
    file = node.path("filename")
    map_ = read_map(file, unit=node.text("unit", "") or None)
    shape = template_shape(map_, node.get("normalize", bool, True), where=str(file))
    _require_unmoved(node, map_.geom.center, str(file))
    return {field.name: getattr(shape, field.name) for field in fields(shape)}


def _require_unmoved(node: Node, center: SkyCoord, file: str) -> None:
    """Others move templates by the position of their centre; here they stay where their map is."""
    wanted = {"lon_0": center.spherical.lon.deg, "lat_0": center.spherical.lat.deg}
    for parameter in node.children("parameters"):
        name = parameter.text("name")
        if name in wanted and "value" in parameter:
            found = strip(dress(parameter.number("value"), parameter.text("unit", "deg")), "deg", parameter.where)
            if abs((found - wanted[name] + 180) % 360 - 180) > _UNMOVED:
                raise parameter.error(
                    f"{name} is {found:g} deg, the centre of {file} is at {wanted[name]:g} deg; templates are not"
                    " moved: move the map in the file"
                )


def _write_template_shape(model: Template | EnergyTemplate) -> dict[str, Any]:
    unit = model.unit if isinstance(model, EnergyTemplate) else BRIGHTNESS
    return {"filename": Beside(write_template_shape, model), "normalize": False, "unit": unit}


def _write_template(model: Any) -> dict[str, Any]:
    return {"energy": numbers(model.energy, "TeV"), "values": numbers(model.values, model.unit)}


NOTHING = Data((), lambda node: {}, lambda model: {})
FRAME = Data(("frame",), lambda node: {"frame": node.text("frame", "icrs")}, lambda model: {"frame": model.frame})
SCALE = Data(("scale",), lambda node: {}, lambda model: {"scale": "tt"})
TABLE = Data(
    ("energy", "values"),
    lambda node: {"energy": node.quantity("energy"), "values": node.quantity("values")},
    _write_template,
)
NODES = Data(
    ("energy", "interp"),
    _read_piecewise,
    lambda model: {"energy": numbers(model.energy, "TeV"), "interp": "log"},
)
EBL = Data(("filename", "energy", "param", "values"), _read_ebl, _write_ebl)
LIGHT_CURVE = Data(
    ("filename", "format", "unit"),
    _read_light_curve,
    lambda model: {"filename": Beside(write_light_curve, model), "format": "table"},
)
PHASE_CURVE = Data(
    ("filename", "normalize"),
    _read_phase_curve,
    _write_phase_curve,
)
MAP = Data(("filename", "normalize", "unit"), _read_template_shape, _write_template_shape)
NODES_ON_SKY = Data(
    ("lon", "lat", "interp"),
    lambda node: {"lon": node.quantity("lon"), "lat": node.quantity("lat"), "interp": node.text("interp", "lin")},
    _write_nodes_on_sky,
)
