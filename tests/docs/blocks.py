"""The code blocks of the documentation, and what running one means."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELLS = {"bash", "sh", "shell", "console"}
DATA = re.compile(r"\b(SKYFOLD|GAMMAPY)_DATA\b")
UNTRIED = {"cd", "git", "export", "source", "."}  # what a reader does to his own machine before the rest


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line on which the text begins."""

    language: str
    text: str
    line: int


def blocks(document: str) -> Iterator[Block]:
    """The fenced blocks of a Markdown text, in order."""
    fence = re.compile(r"^(?P<indent> *)```(?P<language>\w*)[^\n`]*\n(?P<text>.*?)^ *``` *$", re.M | re.S)
    for found in fence.finditer(document):
        text = re.sub(f"^{found['indent']}", "", found["text"], flags=re.M)
        yield Block(found["language"], text, document.count("\n", 0, found.start("text")) + 1)


def commands(block: Block) -> list[str]:
    """The command lines of a shell block; in one that shows prompts, the other lines are output."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if any(line.startswith("$ ") for line in lines):
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    return [line for text in lines if (line := text.strip()) and not line.startswith("#")]


def needs_data(block: Block) -> bool:
    """Whether a block, or a file of ``examples/`` that it names, uses the public data."""
    if block.language not in {"python", *SHELLS}:
        return False
    named = [ROOT / name for name in re.findall(r"examples/[\w./-]+", block.text)]
    return any(DATA.search(text) for text in [block.text, *(path.read_text() for path in named if path.is_file())])


def run_python(block: Block, where: Path, namespace: dict[str, Any]) -> None:
    """Execute a block in this process; an error points to its line in the document."""
    exec(compile("\n" * (block.line - 1) + block.text, where, "exec"), namespace)


def run_line(line: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Run one line of a shell block in a folder; return what it printed.

    A `skyfold` command is run, of `make` and `pip` it is checked that what they are asked for exists.

    Raises
    ------
    AssertionError
        The command failed, or is of a kind that nothing here knows how to try.
    """
    line = re.sub(r"\$\{?(\w+)\}?", lambda name: environment.get(name[1], name[0]), line)
    words = shlex.split(line, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        name, value = words.pop(0).split("=", 1)
        environment = {**environment, name: value}
    if words[0] == "skyfold":
        if set(words) & {"|", ">", "&&", ";"}:
            raise AssertionError(f"{line!r} needs a shell; write one plain command a line")
        call = [sys.executable, "-m", "skyfold.cli.main", *words[1:]]
        done = subprocess.run(call, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise AssertionError(f"{line!r} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout
    if words[0] == "make":
        wanted, known = [word for word in words[1:] if "=" not in word and word[0] != "-"], make_targets()
    elif words[:2] == ["pip", "install"] or words[1:4] == ["-m", "pip", "install"]:
        wanted, known = re.findall(r"[\w-]+", ",".join(re.findall(r"\[([^\]]*)\]", " ".join(words)))), extras()
    elif words[0] in UNTRIED or words[1:3] == ["-m", "venv"]:
        return ""
    else:
        raise AssertionError(f"no test knows how to try {line!r}")
    if unknown := set(wanted) - known:
        raise AssertionError(
            f"{line!r}: there is no {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}"
        )
    return ""


def make_targets() -> set[str]:
    """The targets a person may ask the Makefile for."""
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.M))


def extras() -> set[str]:
    """The extras that pyproject.toml declares."""
    return set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])


def links(document: str) -> list[str]:
    """Targets of the links and pictures of a Markdown text that lie in the repository, without their anchors."""
    found = re.findall(r"\]\(([^)\s#]+)[^)]*\)", re.sub(r"^ *```.*?^ *```", "", document, flags=re.M | re.S))
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def shell_environment() -> dict[str, str]:
    """The environment of shell blocks: this one, with `skyfold` found wherever it was installed for the tests."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
