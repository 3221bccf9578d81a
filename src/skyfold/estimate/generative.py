"""How data come about: parameters drawn from their priors, expected counts by folding, counts by Poisson's law.

The same sky, table and datasets that a fit takes, read the other way round.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.fake import fake
from skyfold.dataset.window import Folding
from skyfold.errors import ModelError
from skyfold.fit.fit import FitResult, fit
from skyfold.fit.parameters import Parameters
from skyfold.fit.rows import Row
from skyfold.fit.sample import Posterior, Seed
from skyfold.model.priors import Prior, UniformPrior
from skyfold.model.source import Sky

# Draws from a prior until one is within the bounds of the parameter.
_TRIES = 10000


class Drawn(NamedTuple):
    """Parameters, and the data that came of them."""

    parameters: Parameters
    datasets: tuple[Dataset, ...]


@dataclass(frozen=True, eq=False)
class Generative:
    """A model of how the counts of some datasets come about.

    datasets : exposure, responses, background and masks; their counts are those that a fit is made to.
    table : every free parameter has a prior, or bounds on both sides: a uniform one. Bounds cut off a prior.
    """

    datasets: tuple[Dataset, ...]
    sky: Sky
    table: Parameters
    folding: Folding = Folding()

    @classmethod
    def of(
        cls,
        datasets: Sequence[Dataset] | Dataset,
        sky: Sky,
        table: Parameters | None = None,
        *,
        folding: Folding = Folding(),
    ) -> Self:
        """A model of datasets, as `fit` takes them.

        Raises
        ------
        ModelError
            A free parameter has neither a prior nor bounds on both sides: there is nothing to draw it from.
        """
        several = (datasets,) if isinstance(datasets, Dataset) else tuple(datasets)
        table = Parameters.of(sky) if table is None else table
        for row in table.free:
            prior_of(row)
        return cls(several, sky, table, folding)

    def draw_prior(self, seed: Seed) -> Parameters:
        """The table with values drawn from the priors."""
        rng = np.random.default_rng(seed)
        return self.table.with_free(np.array([_drawn(row, rng) for row in self.table.free]))

    def simulate(self, seed: Seed, parameters: Parameters | None = None) -> tuple[Dataset, ...]:
        """Datasets with counts drawn for some parameters; those of the table unless told."""
        rng = np.random.default_rng(seed)
        sky = (self.table if parameters is None else parameters).apply(self.sky)
        return tuple(fake(dataset, sky, rng, folding=self.folding) for dataset in self.datasets)

    def prior_predictive(self, n: int, seed: Seed) -> Iterator[Drawn]:
        """n times parameters from the priors, and data for them: what the model holds for possible."""
        rng = np.random.default_rng(seed)
        for _ in range(n):
            parameters = self.draw_prior(rng)
            yield Drawn(parameters, self.simulate(rng, parameters))

    def fit(self, datasets: Sequence[Dataset] | None = None, **options: Any) -> FitResult:
        """The most likely parameters for the counts of the datasets, or of others like them; options as `fit` takes."""
        return fit(
            self.datasets if datasets is None else datasets, self.sky, self.table, folding=self.folding, **options
        )

    def posterior_predictive(self, posterior: Posterior, n: int, seed: Seed) -> Iterator[Drawn]:
        """n times parameters that the data allow, and new data for them: what the next measurement may look like."""
        rng = np.random.default_rng(seed)
        for free in rng.choice(posterior.values, n):
            parameters = self.table.with_free(free)
            yield Drawn(parameters, self.simulate(rng, parameters))

    def joint_density(self) -> str:
        """The joint density of parameters and counts in factors, as text."""
        priors = [f"{row.name} ~ {density(row)}" for row in self.table.free]
        fixed = [f"{row.name} = {row.value:g} {row.unit}".rstrip() for row in self.table.rows if not row.free]
        names = ", ".join(row.name for row in self.table.free)
        laws = [_law(dataset) for dataset in self.datasets]
        factors = [f"p({row.name})" for row in self.table.free]
        factors += [f"∏_k Poisson(N_k | μ_k), k over {int(d.used.sum())} bins of {d.name}" for d in self.datasets]
        lines = [f"p({names}, N) =", *(f"    {'' if i == 0 else '× '}{factor}" for i, factor in enumerate(factors))]
        lines += ["with", *(f"    {text}" for text in priors), *(f"    {text}" for text in laws)]
        return "\n".join(lines + (["fixed", *(f"    {text}" for text in fixed)] if fixed else []))


def prior_of(row: Row) -> Prior:
    """The prior of a free parameter; that of one with bounds on both sides is uniform unless told.

    Raises
    ------
    ModelError
        It has neither.
    """
    if row.prior is not None:
        return row.prior
    if not np.all(np.isfinite(row.bounds)):
        raise ModelError(
            f"{row.name} is free and has no prior, and bounds {row.bounds}: give it a prior, or two finite bounds,"
            f" with table.set({row.name!r}, prior=...)"
        )
    ends: tuple[Any, Any] = row.bounds
    return UniformPrior(*ends)


def density(row: Row) -> str:
    """The prior of a free parameter in words: its distribution, numbers and unit."""
    prior = prior_of(row)
    numbers = ", ".join(f"{getattr(prior, name):.5g}" for name in _numbers(prior))
    low, high = row.bounds
    cut = (
        ""
        if row.prior is None or (low <= prior.support[0] and prior.support[1] <= high)
        else f" in [{low:g}, {high:g}]"
    )
    unit = f" {row.unit}" if row.unit else ""
    return f"{type(prior).__name__.removesuffix('Prior')}({numbers}){unit}{cut}"


def _numbers(prior: Prior) -> list[str]:
    return [name for name in ("mu", "sigma", "eta", "min", "max") if hasattr(prior, name)]


def _drawn(row: Row, rng: np.random.Generator) -> float:
    prior, (low, high) = prior_of(row), row.bounds
    for _ in range(_TRIES):
        value = float(prior.sample(rng))
        if low <= value <= high:
            return value
    raise ModelError(f"{row.name}: none of {_TRIES} draws from its prior is within its bounds [{low:g}, {high:g}]")


def _law(dataset: Dataset) -> str:
    what = "exposure" if dataset.exposure is not None else "no exposure"
    return f"μ_k = counts expected in bin k of {dataset.name}, given its {what}"
