"""Errors to expect, without data and without a fit."""

from collections.abc import Sequence

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.fake import asimov
from skyfold.dataset.window import Folding
from skyfold.errors import FitError
from skyfold.fit.diagnosis import diagnose
from skyfold.fit.fit import FitResult
from skyfold.fit.likelihood import Likelihood
from skyfold.fit.minimum import Minimum, Status
from skyfold.fit.parameters import Parameters
from skyfold.fit.survey import StatName
from skyfold.model.source import Sky


def expected_errors(
    datasets: Sequence[Dataset] | Dataset,
    sky: Sky,
    parameters: Parameters | None = None,
    *,
    folding: Folding = Folding(),
    stat: StatName = "auto",
) -> FitResult:
    """What a fit to data of this sky gives on average: the sky itself, with twice the inverse Fisher information.

    The counts of the datasets are not looked at: they are replaced by the expected ones (the Asimov dataset, Cowan et
    al. 2011, EPJC 71, 1554), at which the Fisher information is the curvature of −2 ln L. Of an on-off measurement, the
    background is what its off counts tell. Profiles and limits of the result are the expected ones.

    Returns
    -------
    FitResult whose `problems` name what such data cannot tell.

    Raises
    ------
    FitError
        Nothing is free, or a dataset or source contributes nothing.
    ModelError
        Expected counts are negative or not finite.
    """
    datasets = [datasets] if isinstance(datasets, Dataset) else list(datasets)
    table = Parameters.of(sky) if parameters is None else parameters
    if not table.free:
        raise FitError("all parameters are frozen: there are no errors to expect")
    sky = table.apply(sky)
    likelihood = Likelihood.of(
        [asimov(d, sky, folding=folding) for d in datasets], sky, table, folding=folding, stat=stat
    )
    free = likelihood.start
    found = likelihood.expand(free)
    here = Minimum(free, found.value, Status.CONVERGED, 1, likelihood)
    bounds = np.array([row.bounds for row in table.free], dtype=float)
    names = [row.name for row in table.free]
    # Priors may pull elsewhere: the errors here are asked for, not where the best fit would be.
    covariance, problems = diagnose(here, names, bounds, found._replace(gradient=np.zeros(free.size)), found.fisher)
    errors = dict(zip(names, np.sqrt(covariance.diagonal()).tolist(), strict=True))
    per_dataset = likelihood.per_dataset(free)
    return FitResult(table.with_errors(errors), covariance, found.value, per_dataset, 1, problems, sky, likelihood)
