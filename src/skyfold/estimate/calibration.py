"""Does an inference mean what it says? Simulation-based calibration.

Parameters are drawn from the priors, data for them, and parameters from the posterior of those data. If everything is
right, the rank of the truth among the latter is uniform, for every parameter (Talts et al. 2018, arXiv:1804.06788).
"""

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from skyfold.errors import FitError
from skyfold.estimate.generative import Generative
from skyfold.fit.sample import posterior
from skyfold.num.double import Floats


@dataclass(frozen=True, eq=False)
class Calibration:
    """Ranks of true values among draws of their posteriors.

    names : of the f free parameters.
    ranks : (n, f) from 0 to `draws`, of the simulations whose fit was good.
    failures : why the others have none, by number of the simulation.
    """

    names: tuple[str, ...]
    ranks: NDArray[np.intp]
    draws: int
    failures: dict[int, str]

    def counts(self, name: str, bins: int = 10) -> Floats:
        """Simulations in each of some bins of equal width in rank, (bins,)."""
        column = self.ranks[:, self.names.index(name)]
        return np.histogram(column, np.linspace(-0.5, self.draws + 0.5, bins + 1))[0].astype(float)

    def p_values(self, bins: int = 10) -> dict[str, float]:
        """Probability of ranks less uniform than these if all is right, by χ² over bins, for each parameter."""
        from scipy.special import chdtrc

        expected = len(self.ranks) / bins
        chi2 = {name: float(np.sum((self.counts(name, bins) - expected) ** 2) / expected) for name in self.names}
        return {name: float(chdtrc(bins - 1, value)) for name, value in chi2.items()}


def calibrate(
    model: Generative, n: int, seed: int, *, draws: int = 99, tried: int = 500, executor: Executor | None = None
) -> Calibration:
    """Ranks of n simulations of a model.

    Parameters
    ----------
    draws : from each posterior; with 99 there are 100 possible ranks.
    tried : see `skyfold.fit.sample.posterior`.
    executor : runs simulations side by side; the result does not depend on it.

    Raises
    ------
    FitError
        No fit of any simulation was good; the message has the reason of the first.
    """
    seeds = np.random.SeedSequence(seed).spawn(n)
    one = partial(_ranked, model, draws, tried)
    found = list(map(one, seeds) if executor is None else executor.map(one, seeds))
    failures = {i: ranks for i, ranks in enumerate(found) if isinstance(ranks, str)}
    if len(failures) == n:
        raise FitError(f"none of {n} simulations could be fitted; the first: {failures[0]}")
    kept = np.array([ranks for ranks in found if not isinstance(ranks, str)], dtype=np.intp)
    return Calibration(tuple(row.name for row in model.table.free), kept, draws, failures)


def _ranked(model: Generative, draws: int, tried: int, seed: np.random.SeedSequence) -> NDArray[np.intp] | str:
    """Ranks (f,) of the truth of one simulation, or why there are none."""
    rng = np.random.default_rng(seed)
    truth = model.draw_prior(rng)
    try:
        found = posterior(model.fit(model.simulate(rng, truth)), draws, rng, tried).check()
    except FitError as error:
        return str(error)
    true = truth.free_values
    return np.sum(found.values < true, axis=0)
