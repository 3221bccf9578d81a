"""A small field of three runs with a bright source, and configurations that analyse it in a second."""

import copy
from pathlib import Path
from typing import Any

import yaml

from tests.dl3_files import make_observation, write_files

SOURCE = (83.63, 22.01)
RING: dict[str, Any] = {
    "observations": {"datastore": "$SKYFOLD_DATA/field"},
    "datasets": {
        "type": "3d",
        "geom": {
            "wcs": {
                "skydir": {"frame": "icrs", "lon": "83.63 deg", "lat": "22.01 deg"},
                "width": {"width": "3 deg", "height": "2.4 deg"},
                "binsize": "0.1 deg",
            },
            "axes": {
                "energy": {"min": "1 TeV", "max": "10 TeV", "nbins": 2},
                "energy_true": {"min": "0.5 TeV", "max": "20 TeV", "nbins": 6},
            },
        },
        "background": {
            "method": "ring",
            "exclusion": "icrs;circle(83.63, 22.01, 0.3)",
            "parameters": {"r_in": "0.5 deg", "width": "0.4 deg"},
        },
    },
    "excess_map": {"correlation_radius": "0.15 deg"},
}
SPECTRUM: dict[str, Any] = {
    "observations": {"datastore": "$SKYFOLD_DATA/field"},
    "datasets": {
        "type": "1d",
        "on_region": {"frame": "icrs", "lon": "83.63 deg", "lat": "22.01 deg", "radius": "0.15 deg"},
        "background": {"method": "reflected", "exclusion": "icrs;circle(83.63, 22.01, 0.2)"},
        "geom": {"axes": {"energy": {"min": "1 TeV", "max": "10 TeV", "nbins": 4}}},
    },
}


def write_field(data: Path) -> Path:
    """A data folder with the store ``field``: runs 1 to 3 of half an hour, one a day."""
    runs = [
        make_observation(
            i + 1, 83.63, 22.01 + shift, start=f"2020-01-0{i + 1}T00:00:00", source=(*SOURCE, 1e-10), seed=7
        )
        for i, shift in enumerate((0.5, -0.5, 0.5))
    ]
    write_files(data / "field", runs)
    return data


def changed(config: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one key, given by its dotted path, set."""
    new = copy.deepcopy(config)
    *sections, key = path.split(".")
    section = new
    for name in sections:
        section = section.setdefault(name, {})
    section[key] = value
    return new


def write_yaml(config: dict[str, Any], path: Path) -> Path:
    """A configuration file."""
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path
