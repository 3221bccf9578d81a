"""JAX as this package uses it: in double precision, with what it compiled kept for the next process.

Sums over millions of bins lose 3e-3 of a statistic in single precision, more than a fit may lose. Both switches are for
the whole process and have to be set before the first array is made: rooms that compile import `jax` after this module.

Compiling takes ten times as long as a fit. What was compiled is kept in ``$SKYFOLD_CACHE`` (``off`` for nowhere), or
else in the folder for caches of the user; it is safe to delete at any time.
"""

import os
import sys
from pathlib import Path

import jax
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def cache_folder() -> Path | None:
    """Where compiled functions are kept; None if they are not."""
    chosen = os.environ.get("SKYFOLD_CACHE", "")
    if chosen.lower() in ("off", "0", "no"):
        return None
    if chosen:
        return Path(chosen).expanduser()
    usual = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or usual).expanduser() / "skyfold"


def _set_up() -> None:
    jax.config.update("jax_enable_x64", True)
    folder = cache_folder()
    if folder is not None and not jax.config.values.get("jax_compilation_cache_dir"):  # a user's own choice stands
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


_set_up()
