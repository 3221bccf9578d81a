"""What every test may ask for."""

import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from astropy.utils import iers

# Before anything draws or compiles, in this process and in those that tests start:
os.environ["MPLBACKEND"] = "Agg"
os.environ["JAX_NUMPY_RANK_PROMOTION"] = "raise"  # no silent broadcasting of (n,) against (m, n)
os.environ.setdefault("SKYFOLD_CACHE", str(Path(__file__).parents[1] / ".jax_cache"))  # shared by workers and runs

_ENOUGH = 2_000_000  # kB

iers.conf.auto_download = False  # a test reaches no network: the tables that astropy brings cover its dates

# Reproducible on a build server, searching new examples at a developer's desk; no example database, so that a run
# leaves nothing in the working tree.
hypothesis.settings.register_profile("desk", deadline=None, database=None)
hypothesis.settings.register_profile("ci", deadline=None, database=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "desk")


@pytest.fixture(autouse=True, scope="module")
def _compiled() -> Iterator[None]:
    """Forget compiled functions once they fill 2 GB: each is on disk, and two workers share a small machine."""
    yield
    if "jax" in sys.modules and resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > _ENOUGH:
        sys.modules["jax"].clear_caches()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of public data, ``$SKYFOLD_DATA``.

    A test that asks for it is skipped where there is none, and fails if SKYFOLD_REQUIRE_DATA is 1.
    """
    text = os.environ.get("SKYFOLD_DATA", "")
    if text and Path(text).is_dir():
        return Path(text)
    reason = f"public data not found: SKYFOLD_DATA is {text!r}; point it to the folder with hess-dl3-dr1"
    if os.environ.get("SKYFOLD_REQUIRE_DATA") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def field(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a few small simulated runs, laid out like the public data."""
    from tests.analyses import write_field

    return write_field(tmp_path_factory.mktemp("data"))


@pytest.fixture
def data(field: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, where the variable of it points."""
    monkeypatch.setenv("SKYFOLD_DATA", str(field))
    monkeypatch.delenv("GAMMAPY_DATA", raising=False)
    return field
