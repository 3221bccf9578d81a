"""The numbers of a fit in a YAML file: values, errors, covariance, status, statistic, and what made them.

Models are in files of their own (`skyfold.io.models`); priors and penalties are said there.
"""

import os
from collections.abc import Mapping
from typing import get_args

import numpy as np
import yaml

from skyfold.errors import DataError, ModelError
from skyfold.fit.diagnosis import Fault, Problem
from skyfold.fit.parameters import Parameters
from skyfold.fit.rows import Link, Row
from skyfold.fit.summary import FitSummary
from skyfold.io.atomic import write_bytes
from skyfold.io.fits import read_bytes
from skyfold.io.paths import expand
from skyfold.io.yaml_node import Node

_ROW = ("name", "value", "error", "unit", "free", "bounds", "domain", "link")
_TOP = ("fit", "parameters", "covariance", "versions")
_FIT = ("ok", "status", "stat", "n_evaluations", "per_dataset", "problems")


def write_fit(result: FitSummary, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write the numbers of a fit; every number is read back as it was.

    Raises
    ------
    DataError
        The file exists and may not be overwritten, or its directory cannot be written to.
    """
    write_bytes(result.to_yaml().encode(), path, overwrite=overwrite)


def read_fit(path: str | os.PathLike[str]) -> FitSummary:
    """The numbers of a fit from a file of `write_fit`.

    Raises
    ------
    DataError
        The file is missing, is no YAML, or lacks something; the message names it and what.
    """
    try:
        content = yaml.safe_load(read_bytes(expand(path)))
    except yaml.YAMLError as error:
        raise DataError(f"{path}: is no YAML file: {error}") from error
    if not isinstance(content, Mapping):
        raise DataError(f"{path}: no result of a fit; wanted the keys {', '.join(_TOP)}")
    try:
        return _summary(Node(content, str(path)).only(*_TOP))
    except ModelError as error:
        raise DataError(str(error)) from error


def _summary(top: Node) -> FitSummary:
    head, covariance = top.child("fit").only(*_FIT), top.child("covariance").only("names", "matrix")
    parameters = Parameters(tuple(_row(node.only(*_ROW)) for node in top.children("parameters")))
    names = [row.name for row in parameters.free]
    matrix = covariance.array("matrix").reshape(-1, len(names)) if names else np.empty((0, 0))
    if matrix.shape != (len(names),) * 2 or list(covariance.get("names", list)) != names:
        raise covariance.error(f"wanted a row and a column for each of {', '.join(names)}")
    per_dataset = {str(name): float(value) for name, value in head.get("per_dataset", dict).items()}
    problems = tuple(_problem(node) for node in head.children("problems", "fault"))
    made_by = {str(name): str(value) for name, value in top.get("versions", dict, {}).items()}
    found = FitSummary(
        parameters, matrix, head.number("stat"), per_dataset, head.get("n_evaluations", int), problems, versions=made_by
    )
    if head.get("ok", bool) != found.ok:
        raise head.error(f"ok is {not found.ok}, but there are {len(problems)} problems")
    return found


def _row(node: Node) -> Row:
    link = None
    if "link" in node:
        given = node.child("link").only("to", "factor")
        link = Link(given.text("to"), given.number("factor", 1.0))
    return Row(
        node.text("name"),
        node.number("value"),
        node.text("unit"),
        node.get("free", bool),
        _ends(node, "bounds"),
        error=node.number("error"),
        link=link,
        domain=_ends(node, "domain"),
    )


def _ends(node: Node, key: str) -> tuple[float, float]:
    pair = node.array(key)
    if pair.shape != (2,):
        raise node.error(f"{key} are {pair.tolist()}, wanted a lower and an upper one")
    return float(pair[0]), float(pair[1])


def _problem(node: Node) -> Problem:
    fault = node.only("fault", "parameters", "text").text("fault")
    if fault not in get_args(Fault):
        raise node.error(f"fault is {fault!r}, wanted one of {', '.join(get_args(Fault))}")
    return Problem(fault, node.names("parameters") or (), node.text("text"))  # type: ignore[arg-type]
