"""Every code block of README, CONTRIBUTING and docs/ runs, document by document, in a folder of its own."""

import shutil
from pathlib import Path

import pytest

from tests.docs.blocks import (
    DOCUMENTS,
    ROOT,
    SHELLS,
    Block,
    blocks,
    commands,
    extras,
    links,
    make_targets,
    needs_data,
    run_line,
    run_python,
    shell_environment,
)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_blocks_run(path, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    if (ROOT / "examples").is_dir():
        shutil.copytree(ROOT / "examples", tmp_path / "examples")
    namespace = {"__name__": "__main__"}
    environment = shell_environment()
    for block in blocks(path.read_text(encoding="utf-8")):
        if needs_data(block):
            environment["SKYFOLD_DATA"] = str(request.getfixturevalue("data_dir"))
        if block.language == "python":
            run_python(block, path, namespace)
        elif block.language in SHELLS:
            for line in commands(block):
                run_line(line, tmp_path, environment)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path):
    assert [target for target in links(path.read_text(encoding="utf-8")) if not (path.parent / target).exists()] == []


DOCUMENT = """\
# Title

```python
x = 1
```

* in a list:
  ```bash
  $ skyfold info \\
      a.fits
  an event list
  ```

```
plain
```
"""


def test_blocks_are_found():
    python, shell, plain = blocks(DOCUMENT)
    assert python == Block("python", "x = 1\n", 4)
    assert (shell.language, shell.line) == ("bash", 9)
    assert [line.split() for line in commands(shell)] == [["skyfold", "info", "a.fits"]]
    assert plain.language == ""


def test_an_error_names_the_line_of_the_document(tmp_path):
    block = Block("python", "x = 1\nraise KeyError(x)\n", 40)
    with pytest.raises(KeyError) as caught:
        run_python(block, tmp_path / "page.md", {})
    last = caught.traceback[-1]
    assert (Path(last.path).name, last.lineno + 1) == ("page.md", 41)


def test_blocks_of_a_document_share_their_names(tmp_path):
    namespace: dict = {}
    run_python(Block("python", "a = 2\n", 1), tmp_path, namespace)
    run_python(Block("python", "b = a + 1\n", 5), tmp_path, namespace)
    assert namespace["b"] == 3


@pytest.mark.parametrize(
    ("language", "text", "needed"),
    [
        ("bash", "skyfold check $SKYFOLD_DATA/hess-dl3-dr1", True),
        ("bash", "skyfold run examples/msh1552_ring.yaml", True),
        ("python", "import os; os.environ['SKYFOLD_DATA']", True),
        ("python", "from skyfold.geom.axis import Axis", False),
        ("yaml", "datastore: $SKYFOLD_DATA/hess-dl3-dr1", False),
    ],
)
def test_blocks_that_need_data(language, text, needed):
    assert needs_data(Block(language, text, 1)) is needed


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("make no-such-target", "there is no no-such-target; there are bench, "),
        ("pip install 'skyfold[nothing]'", "there is no nothing; there are dask, "),
        ("skyfold info nowhere.fits", "ended with 2"),
        ("skyfold --version | cat", "needs a shell"),
        ("curl somewhere", "no test knows how to try"),
    ],
)
def test_lines_that_cannot_work(tmp_path, line, text):
    with pytest.raises(AssertionError, match=text):
        run_line(line, tmp_path, shell_environment())


@pytest.mark.parametrize(
    "line", ["make test PYTHON=python3.12", "pip install -e '.[dev,dask]'", "cd skyfold", "python3 -m venv .venv"]
)
def test_lines_of_a_set_up(tmp_path, line):
    assert run_line(line, tmp_path, {}) == ""


def test_a_command_is_run_where_it_is_told(tmp_path):
    (tmp_path / "x.txt").write_text("nothing we read")
    printed = run_line("skyfold --version", tmp_path, shell_environment())
    assert printed.startswith("skyfold 0.")


def test_what_is_declared():
    assert {"test", "lint", "bench"} <= make_targets()
    assert {"dask", "dev"} <= extras()


def test_links_are_found():
    text = "[a](docs/a.md#top) ![b](b.png 'c') [web](https://x.y) [here](#there)\n```\n[no](no.md)\n```\n"
    assert links(text) == ["docs/a.md", "b.png"]
