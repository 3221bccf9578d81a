"""What importing costs, and what our source may not lean on."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
LATE = {"matplotlib", "jax", "iminuit", "dask", "distributed", "scipy.optimize", "rich", "regions", "pydantic"}
# Modules that every command and every worker imports; each must leave the packages of LATE for when they are used.
ALWAYS = ["skyfold", "skyfold.units", "skyfold.cli.main", "skyfold.maps.map", "skyfold.dataset.dataset"]
READING = ["skyfold.io.store", "skyfold.reduce.chain", "skyfold.estimate.excess_map"]


def loaded_by(module: str) -> set[str]:
    """Names of all modules that a fresh interpreter has after importing one."""
    code = f"import sys, {module}; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("module", ALWAYS + READING)
def test_heavy_packages_are_imported_when_used(module):
    assert loaded_by(module) & LATE == set()


def test_a_fit_needs_jax_and_nothing_else_that_is_heavy():
    assert loaded_by("skyfold.fit.fit") & (LATE | {"scipy"}) == {"jax"}


def test_the_package_alone_imports_nothing_heavy():
    assert loaded_by("skyfold") & {"astropy.coordinates", "astropy.table", "astropy.io.fits", "scipy"} == set()


def private(name: str) -> bool:
    """Whether a part of a dotted name is private; ``__version__`` and its like are public."""
    return any(part.startswith("_") and not part.startswith("__") for part in name.split("."))


def foreign(module: str | None) -> bool:
    return module is not None and module.split(".")[0] != "skyfold" and module != "__future__"


def dotted(node: ast.expr) -> str:
    """``a.b.c`` of an attribute access that starts with a plain name, else nothing."""
    if isinstance(node, ast.Attribute) and (start := dotted(node.value)):
        return f"{start}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def private_uses(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of each private name of another package that a source text uses."""
    tree = ast.parse(source)
    bound = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in filter(lambda name: foreign(name.name), node.names):
                bound.add(name.asname or name.name.split(".")[0])
                if private(name.name):
                    yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom) and not node.level and foreign(node.module):
            for name in node.names:
                bound.add(name.asname or name.name)
                if private(f"{node.module}.{name.name}"):
                    yield node.lineno, f"{node.module}.{name.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr):
            name = dotted(node)
            if name.split(".")[0] in bound:
                yield node.lineno, name


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from regions._utils import thing", "regions._utils.thing"),
        ("from regions.core import _thing", "regions.core._thing"),
        ("import scipy._lib.util", "scipy._lib.util"),
        ("import numpy as np\nnp._core.x", "np._core"),
        ("import astropy.units as u\nu.core._parse('m')", "u.core._parse"),
        ("def f():\n    from yaml import _yaml", "yaml._yaml"),
    ],
)
def test_private_names_are_found(source, found):
    assert [name for _, name in private_uses(source)] == [found]


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\nnp.__version__",
        "from skyfold.geom import _x",
        "self._x",
        "from __future__ import annotations",
    ],
)
def test_public_names_and_our_own_are_not(source):
    assert list(private_uses(source)) == []


def test_no_private_names_of_other_packages():
    found = [
        f"{path.relative_to(ROOT)}:{line} {name}" for path in SOURCES for line, name in private_uses(path.read_text())
    ]
    assert len(SOURCES) > 10
    assert found == []


def file_access(source: str) -> list[str]:
    """What a source text imports from ``astropy.io``, but for a FITS header: that is a value and opens nothing."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found += [f"{node.module}.{name.name}" for name in node.names]
    return [name for name in found if f"{name}.".startswith("astropy.io.") and name != "astropy.io.fits.Header"]


def test_only_io_reads_fits():
    rooms = {path: path.relative_to(ROOT / "src" / "skyfold").parts[0] for path in SOURCES}
    found = {room for path, room in rooms.items() if file_access(path.read_text())}
    assert found == {"io"}


@pytest.mark.parametrize("source", ["from astropy.io import fits", "import astropy.io.fits", "from astropy import io"])
def test_file_access_is_found(source):
    assert file_access(source)


# Spelled in pieces, so that this file does not contain what it looks for.
MACHINE = re.compile(r"(?<![\w.$}~])/(?:" + "|".join(["work", "tmp", "home", "root", "Users"]) + r")/[\w.]")
HOST = re.compile(
    "|".join([r"pypi\.", r"files\.python" + "hosted", r"--(?:extra-)?index-" + "url", r"--trusted-" + "host"])
)


def committed() -> list[Path]:
    """Every file of the repository, or of the source distribution where there is no repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    return [path for folder in ("src", "tests", "docs", "examples") for path in (ROOT / folder).rglob("*.*")]


def texts() -> Iterator[tuple[Path, str]]:
    for path in committed():
        try:
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a FITS file


@pytest.mark.parametrize("folder", ["work", "tmp", "home"])
@pytest.mark.parametrize("text", ["see /{}/x", "'/{}/me/a'", "open(/{}/a)"])
def test_machine_paths_are_found(text, folder):
    assert MACHINE.search(text.format(folder))
    assert not MACHINE.search(f"$HERE/{folder}/x or ../{folder}/x")


@pytest.mark.parametrize("pattern", [MACHINE, HOST], ids=["absolute path", "package index"])
def test_files_name_no_machine(pattern):
    found = [
        f"{path}:{number} {line.strip()}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []
