"""The files of a result: datasets, maps, and the configuration with all its defaults."""

from pathlib import Path

from skyfold.io.datasets import write_datasets
from skyfold.io.maps import write_map
from skyfold.maps.map import Map
from skyfold.workflow.load import to_yaml
from skyfold.workflow.steps import Analysis


def write_products(result: Analysis, folder: Path) -> list[str]:
    """Write everything but pictures and the summary; the names of the files, relative to the folder."""
    (folder / "config.yaml").write_text(to_yaml(result.config), encoding="utf-8")
    parts = [] if result.config.datasets.stack else list(result.datasets)
    write_datasets(folder / "datasets", [*parts, result.stacked], compress=False)
    for name, value in maps_of(result).items():
        write_map(folder / "maps" / f"{name}.fits", value)
    if result.fitted is not None and result.fitted.result is not None:
        from skyfold.workflow.fit_products import write_fit

        write_fit(result, folder)
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def maps_of(result: Analysis) -> dict[str, Map]:
    """Maps by name: those of the excess map, summed over its circle, and the exclusion."""
    maps = {} if result.excess_map is None else result.excess_map.maps
    return maps if result.exclusion is None else {**maps, "exclusion": result.exclusion}
