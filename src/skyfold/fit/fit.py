"""Fit a sky to data."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.window import Folding
from skyfold.errors import FitError
from skyfold.fit.diagnosis import diagnose
from skyfold.fit.likelihood import Likelihood
from skyfold.fit.minimum import Bounds, Minimiser, Minimum, settled
from skyfold.fit.newton import Newton
from skyfold.fit.parameters import Parameters
from skyfold.fit.summary import FitSummary
from skyfold.fit.survey import StatName
from skyfold.model.source import Sky

# Expected counts are proportional to a parameter of one of these names; all other parameters shape them.
FACTORS = ("amplitude", "norm", "const", "value")


@dataclass(frozen=True, eq=False)
class FitResult(FitSummary):
    """The outcome of a fit: its numbers, and what they are of. Nothing that went in was changed.

    Parameters
    ----------
    sky : at the minimum.
    likelihood : at the minimum, for profiles, maps and predictions.
    """

    sky: Sky
    likelihood: Likelihood


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
    bounds = np.array([row.limits for row in table.free], dtype=float)
    linear = np.array([row.name.rsplit(".", 1)[-1] in FACTORS for row in table.free])
    # Nothing here keeps the likelihood, so that its windows may go.
    end = settled(
        minimiser, Likelihood.of(datasets, sky, table, folding=folding, stat=stat), table.free_values, bounds, linear
    )
    return _result(end, bounds)


def _result(minimum: Minimum, bounds: Bounds) -> FitResult:
    likelihood: Likelihood = minimum.fn
    names = [row.name for row in likelihood.table.free]
    found = likelihood.expand(minimum.free)
    covariance, problems = diagnose(minimum, names, bounds, found, likelihood.curvature(minimum.free))
    sky, table = likelihood.with_values(minimum.free)
    errors = np.sqrt(covariance.diagonal())
    table = table.with_errors(dict(zip(names, errors.tolist(), strict=True)))
    per_dataset = likelihood.per_dataset(minimum.free)
    return FitResult(table, covariance, found.value, per_dataset, minimum.n_evaluations, problems, sky, likelihood)
