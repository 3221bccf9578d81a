"""What is worth keeping of a fit: numbers and names, without data or models."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from importlib.metadata import version
from typing import Any, Self

import numpy as np
import yaml

from skyfold.errors import FitError, ModelError
from skyfold.fit.diagnosis import Problem
from skyfold.fit.parameters import Parameters
from skyfold.fit.rows import Row
from skyfold.num.double import Floats

_PACKAGES = ("skyfold", "numpy", "scipy", "jax", "astropy")


@dataclass(frozen=True, eq=False)
class FitSummary:
    """The outcome of a fit in numbers.

    Parameters
    ----------
    parameters : at the minimum; the table knows the errors.
    covariance : (f, f) of the free parameters, in their order and units; nan for one that has none.
    stat : −2 ln L, priors included; `per_dataset` without them.
    problems : every reason not to trust the result; none if all is well.
    versions : of the packages that made it, where it was read from a file.
    """

    parameters: Parameters
    covariance: Floats
    stat: float
    per_dataset: dict[str, float]
    n_evaluations: int
    problems: tuple[Problem, ...]
    versions: Mapping[str, str] = field(default_factory=dict, kw_only=True)

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def status(self) -> str:
        """In one line: ``"converged"``, or what is wrong."""
        return "; ".join(problem.text for problem in self.problems) or "converged"

    @property
    def names(self) -> list[str]:
        """The free parameters, in the order of the covariance."""
        return [row.name for row in self.parameters.free]

    @property
    def free(self) -> Floats:
        """Values of the free parameters, (f,)."""
        return self.parameters.free_values

    @property
    def correlation(self) -> Floats:
        """(f, f); nan for a parameter without error."""
        errors = np.sqrt(self.covariance.diagonal())
        return np.asarray(self.covariance / np.outer(errors, errors), dtype=float)

    def correlation_table(self) -> str:
        """The correlation as text, a line for each free parameter."""
        width = max((len(name) for name in self.names), default=0)
        lines = [f"{'':<{width}}  " + " ".join(f"{i:>6}" for i in range(len(self.names)))]
        for name, row in zip(self.names, self.correlation, strict=True):
            lines.append(f"{name:<{width}}  " + " ".join(f"{value:>6.3f}" for value in row))
        return "\n".join(lines)

    def error(self, name: str) -> float:
        """One-sigma error of a free parameter.

        Raises
        ------
        ModelError
            It was not free.
        """
        if name not in self.names:
            self.parameters[name]  # an unknown name has a message of its own
            raise ModelError(f"{name!r} was not free in this fit; free were {', '.join(self.names)}")
        return float(np.sqrt(self.covariance[(self.names.index(name),) * 2]))

    def check(self) -> Self:
        """Return self, or raise FitError with every reason not to trust the result."""
        if not self.ok:
            raise FitError(f"{self.status} (−2 ln L = {self.stat:.3f})")
        return self

    def to_yaml(self) -> str:
        """Everything as YAML; `skyfold.io.fit_results` reads and writes files of it."""
        content = {
            "fit": {
                "ok": self.ok,
                "status": self.status,
                "stat": float(self.stat),
                "n_evaluations": int(self.n_evaluations),
                "per_dataset": {name: float(value) for name, value in self.per_dataset.items()},
                "problems": [
                    {"fault": p.fault, "parameters": list(p.parameters), "text": p.text} for p in self.problems
                ],
            },
            "parameters": [_entry(row) for row in self.parameters.rows],
            "covariance": {"names": self.names, "matrix": np.asarray(self.covariance, dtype=float).tolist()},
            "versions": dict(self.versions) or versions(),
        }
        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)

    def __str__(self) -> str:
        return f"{self._head()}\n{self.parameters}"

    def _repr_html_(self) -> str:
        """As a notebook shows it."""
        return (
            f"<p>{escape(self._head())}</p><pre>{escape(str(self.parameters))}</pre>"
            f"<details><summary>correlation</summary><pre>{escape(self.correlation_table())}</pre></details>"
        )

    def _head(self) -> str:
        return f"−2 ln L = {self.stat:.3f} after {self.n_evaluations} evaluations: {self.status}"


def versions() -> dict[str, str]:
    """Of Python and of the packages that make numbers."""
    return {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}


def _entry(row: Row) -> dict[str, Any]:
    link = {} if row.link is None else {"link": {"to": row.link.to, "factor": float(row.link.factor)}}
    return {
        "name": row.name,
        "value": float(row.value),
        "error": float(row.error),
        "unit": row.unit,
        "free": bool(row.free),
        "bounds": [float(end) for end in row.bounds],
        "domain": [float(end) for end in row.domain],
    } | link
