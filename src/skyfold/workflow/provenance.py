"""What a result was made from: versions of the software, checksums of the files."""

import hashlib
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from skyfold.events.observation import ObsRef
from skyfold.io.paths import expand
from skyfold.io.store import find_index, index_file
from skyfold.workflow.config import AnalysisConfig
from skyfold.workflow.exclusion import is_file

_PACKAGES = ("skyfold", "numpy", "scipy", "astropy", "regions")
_FITS = ("jax", "jaxlib")


def versions(*, fitted: bool = False) -> dict[str, str]:
    """Versions of Python, of this package, and of those that numbers depend on, a fit's if there is one."""
    found = {"python": platform.python_version()}
    for name in (*_PACKAGES, *(_FITS if fitted else ())):
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a source tree that was never installed
            found[name] = "unknown"
    return found


def checksums(config: AnalysisConfig, refs: Iterable[ObsRef]) -> dict[str, str]:
    """SHA-256 of every file that was read, by its path, relative to the store for what lies in it."""
    store = expand(config.observations.datastore)
    index = find_index(store)
    base = store if store.is_dir() else store.parent
    files = {hdu.path for ref in refs for hdu in ref.hdus}
    if index is not None:
        observations = index_file(index.parent, "obs-index")
        files |= {index, *([observations] if observations else [])}
    extras = [text for text in config.datasets.background.exclusions if is_file(text)]
    if config.observations.obs_file is not None:
        extras.append(config.observations.obs_file)
    if config.general.models_file is not None:
        extras.append(config.general.models_file)
    files |= {expand(text) for text in extras}
    return {_name(path, base): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}


def _name(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)
