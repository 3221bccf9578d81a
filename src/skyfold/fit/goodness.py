"""Whether a model describes data at all: its deviance among those of simulated data."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.fake import fake
from skyfold.dataset.predict import BACKGROUND, npred
from skyfold.errors import ConfigError
from skyfold.fit.fit import FitResult, fit
from skyfold.fit.minimum import Minimiser
from skyfold.fit.newton import Newton
from skyfold.fit.profile import usable
from skyfold.maps.map import Map
from skyfold.num.double import Floats
from skyfold.stat.poisson import cash

# Share of simulated fits that may fail before the p-value is not worth much.
_FAILED = 0.05


@dataclass(frozen=True, eq=False)
class Goodness:
    """Where the deviance of a fit lies among those of fits to data simulated from it.

    deviance : −2 ln L less that of a model equal to the counts, all datasets together, priors left out.
    simulated : (n,) the same of simulated data; nan where the fit failed.
    p_value : (1 + number of simulated ones at least as large) / (1 + their number): never 0.
    error : statistical error of the p-value.
    """

    deviance: float
    simulated: Floats
    p_value: float
    error: float
    problems: tuple[str, ...] = ()
    sided: str = "one-sided"
    method: str = "deviance of simulated datasets"

    @property
    def ok(self) -> bool:
        return not self.problems

    def __str__(self) -> str:
        text = f"deviance {self.deviance:.2f}: p = {self.p_value:.3g} ± {self.error:.1g}"
        return "; ".join([f"{text} ({self.sided}, {self.simulated.size} simulated datasets)", *self.problems])


def goodness(
    result: FitResult, n: int = 200, seed: int = 0, *, executor: Executor | None = None, minimiser: Minimiser = Newton()
) -> Goodness:
    """How often data drawn from a fitted sky, and fitted again, are described worse than these.

    The likelihood alone tells nothing of this (Heinrich 2003, PHYSTAT); its ratio to that of a model equal to the
    counts does. Off counts are drawn from the background most likely with the fit. Priors stay where they are.

    Parameters
    ----------
    n : simulated datasets; each has a seed of its own, so that what is drawn does not depend on who draws it.
    executor : any of ``concurrent.futures``, or one like it; this process unless given.

    Raises
    ------
    ConfigError
        No simulated datasets, or a statistic without a Poisson law behind it.
    FitError
        The fit cannot be trusted.
    """
    if n < 1:
        raise ConfigError(f"goodness of fit from {n} simulated datasets: ask for one at least")
    usable(result)
    likelihood = result.likelihood
    if likelihood.stat == "chi2":
        raise ConfigError("goodness of fit draws Poisson counts, but the fit minimised χ²: fit with stat='auto'")
    behind = [_background(dataset, result) for dataset in likelihood.datasets]
    toy = partial(_toy, result, behind, minimiser)
    seeds = np.random.SeedSequence(seed).spawn(n)
    simulated = np.array(list(map(toy, seeds) if executor is None else executor.map(toy, seeds)))
    deviance = _deviance(result)
    done = simulated[np.isfinite(simulated)]
    p = (1 + int(np.sum(done >= deviance))) / (1 + done.size)
    problems: tuple[str, ...] = ()
    if done.size < (1 - _FAILED) * n:
        problems = (f"{n - done.size} of {n} fits to simulated data failed: they are left out",)
    return Goodness(deviance, simulated, p, float(np.sqrt(p * (1 - p) / (1 + done.size))), problems)


def _toy(result: FitResult, behind: Sequence[Map | None], minimiser: Minimiser, seed: np.random.SeedSequence) -> float:
    """Deviance of a fit to one set of simulated data; nan if it fails."""
    rng, was = np.random.default_rng(seed), result.likelihood
    drawn = [
        fake(dataset, result.sky, rng, background, was.folding)
        for dataset, background in zip(was.datasets, behind, strict=True)
    ]
    found = fit(drawn, result.sky, result.parameters, minimiser=minimiser, folding=was.folding, stat=was.stat)
    trusted = all(problem.fault == "bound" for problem in found.problems)
    return _deviance(found) if trusted else np.nan


def _deviance(result: FitResult) -> float:
    return sum(result.per_dataset.values()) - sum(_saturated(dataset) for dataset in result.likelihood.datasets)


def _saturated(dataset: Dataset) -> float:
    """Statistic of a model equal to the counts; that of an on-off measurement is counted from there."""
    if dataset.stat == "wstat":
        return 0.0
    counts = dataset.counts.data[dataset.used]
    return float(np.sum(cash(counts, counts)))


def _background(dataset: Dataset, result: FitResult) -> Map | None:
    """Background of an on region as the fit has it; None where it is a model."""
    if dataset.stat == "cash":
        return None
    found = npred(dataset, result.sky, result.likelihood.folding)[BACKGROUND]
    return found.with_data(np.nan_to_num(found.data), "")
