"""The names that the package itself offers."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skyfold

SOURCE = Path(skyfold.__file__).read_text()


@pytest.mark.parametrize("name", skyfold.__all__)
def test_every_name_is_there(name):
    assert getattr(skyfold, name) is not None
    assert name in dir(skyfold)


def test_type_checkers_see_the_same_names():
    seen = {
        f"{node.module}.{alias.name}": alias.asname
        for node in ast.walk(ast.parse(SOURCE))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("skyfold.")
        for alias in node.names
    }
    offered = {f"skyfold.{room}.{name}": name for name, room in skyfold._ROOMS.items()}
    assert seen == offered


def test_no_name_is_that_of_a_room():
    rooms = {path.name for path in Path(skyfold.__file__).parent.iterdir() if path.is_dir()}
    assert rooms & set(skyfold.__all__) == set()


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'skyfold' has no attribute 'fold_the_sky'"):
        _ = skyfold.fold_the_sky


def test_the_package_alone_loads_nothing():
    code = "import sys, skyfold; print(*[name for name in sys.modules if name.startswith('skyfold')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["skyfold"]
