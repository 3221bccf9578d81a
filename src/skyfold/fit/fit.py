"""Fit a sky to data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.window import Folding
from skyfold.errors import FitError, ModelError
from skyfold.fit.diagnosis import Problem, diagnose
from skyfold.fit.likelihood import Likelihood
from skyfold.fit.minimum import Bounds, Minimum
from skyfold.fit.newton import Newton
from skyfold.fit.parameters import Parameters
from skyfold.fit.plan import StatName
from skyfold.model.source import Sky
from skyfold.num.double import Floats

# Expected counts are proportional to a parameter of one of these names; all other parameters shape them.
FACTORS = ("amplitude", "norm", "const", "value")


class Minimiser(Protocol):
    """Searches for the minimum of a likelihood from a start, within bounds (f, 2)."""

    def __call__(self, fn: Any, start: Floats, bounds: Bounds, linear: np.ndarray | None = None) -> Minimum: ...


@dataclass(frozen=True, eq=False)
class FitResult:
    """The outcome of a fit. Nothing that went in was changed.

    Parameters
    ----------
    sky, parameters : at the minimum; the table knows the errors.
    covariance : (f, f) of the free parameters, in their order and units; nan for one that has none.
    stat : −2 ln L, priors included; `per_dataset` without them.
    problems : every reason not to trust the result; none if all is well.
    likelihood : at the minimum, for profiles, maps and predictions.
    """

    sky: Sky
    parameters: Parameters
    covariance: Floats
    stat: float
    per_dataset: dict[str, float]
    n_evaluations: int
    problems: tuple[Problem, ...]
    likelihood: Likelihood

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
        return np.array([row.value for row in self.parameters.free])

    @property
    def correlation(self) -> Floats:
        """(f, f); nan for a parameter without error."""
        errors = np.sqrt(self.covariance.diagonal())
        return self.covariance / np.outer(errors, errors)

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

    def __str__(self) -> str:
        head = f"−2 ln L = {self.stat:.3f} after {self.n_evaluations} evaluations: {self.status}"
        return f"{head}\n{self.parameters}"


def fit(
    datasets: Sequence[Dataset] | Dataset,
    sky: Sky,
    parameters: Parameters | None = None,
    *,
    minimiser: Minimiser = Newton(),
    folding: Folding = Folding(),
    stat: StatName = "auto",
) -> FitResult:
    """Maximise the joint likelihood of datasets over the free parameters of a sky.

    Parameters
    ----------
    datasets : of any instruments; each with its own statistic.
    parameters : what is free, bounded, linked, has a prior; what the models declare unless told. Its values are the
        start.
    minimiser : `Newton`, `Migrad`, `Scipy`, or anything called like them.

    Raises
    ------
    FitError
        Nothing is free, a start value is not a number, or a dataset or source contributes nothing. A search that fails
        is no error but a result with `problems`.
    """
    datasets = [datasets] if isinstance(datasets, Dataset) else list(datasets)
    table = Parameters.of(sky) if parameters is None else parameters
    if not table.free:
        raise FitError("all parameters are frozen: there is nothing to fit")
    for row in table.rows:
        if not np.isfinite(row.value):
            raise FitError(f"{row.name} starts at {row.value}: give it a finite value")
    likelihood = Likelihood.of(datasets, sky, table, folding=folding, stat=stat)
    bounds = np.array([row.limits for row in table.free], dtype=float)
    linear = np.array([row.name.rsplit(".", 1)[-1] in FACTORS for row in table.free])
    return _result(minimiser(likelihood, likelihood.start, bounds, linear), bounds)


def _result(minimum: Minimum, bounds: Bounds) -> FitResult:
    likelihood: Likelihood = minimum.fn
    names = [row.name for row in likelihood.table.free]
    found = likelihood.expand(minimum.free)
    covariance, problems = diagnose(minimum, names, bounds, found, likelihood.curvature(minimum.free))
    sky, table = likelihood.with_values(minimum.free)
    errors = np.sqrt(covariance.diagonal())
    table = table.with_errors(dict(zip(names, errors.tolist(), strict=True)))
    per_dataset = likelihood.per_dataset(minimum.free)
    return FitResult(sky, table, covariance, found.value, per_dataset, minimum.n_evaluations, problems, likelihood)
