"""Where models meet data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Self

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.predict import sees
from skyfold.dataset.window import Folding
from skyfold.errors import FitError
from skyfold.fit.parameters import Parameters
from skyfold.fit.part import Mapping
from skyfold.fit.plan import Kept, plan
from skyfold.fit.prior_terms import PriorTerms
from skyfold.fit.survey import StatName
from skyfold.fit.term import Expansion, Term
from skyfold.model.source import Sky, Source
from skyfold.num.double import Floats


@dataclass(frozen=True, eq=False)
class Likelihood:
    """−2 ln L of some datasets together, as a function of the free parameters of a sky, in their own units.

    Sources are folded in windows around where they were when it was made. An expansion tells how far they have drifted;
    up to `margin` pixels it holds, and `around` makes the same likelihood with windows that follow.
    """

    datasets: tuple[Dataset, ...]
    sky: Sky
    table: Parameters
    terms: tuple[Term, ...]
    priors: PriorTerms
    mapping: Mapping
    folding: Folding
    stat: StatName

    @classmethod
    def of(
        cls,
        datasets: Sequence[Dataset],
        sky: Sky,
        table: Parameters | None = None,
        *,
        folding: Folding = Folding(),
        stat: StatName = "auto",
    ) -> Self:
        """The likelihood of datasets and a sky.

        Parameters
        ----------
        table : what is free, linked, bounded and has a prior; what the models declare unless told.
        stat : ``"auto"`` takes that of each dataset.

        Raises
        ------
        FitError
            A dataset or a source contributes nothing; the message names it.
        """
        table = Parameters.of(sky) if table is None else table
        sky = table.apply(sky)
        _require_names(datasets, sky)
        _, matrix, offset = table.linear()
        mapping = Mapping(matrix, offset)
        terms = tuple(plan(dataset, sky, mapping, folding, stat) for dataset in datasets)
        made = cls(tuple(datasets), sky, table, terms, PriorTerms.of(table), mapping, folding, stat)
        made._require_contributions()
        return made

    @property
    def margin(self) -> float:
        """Drift [pixels] up to which an expansion holds."""
        return float(self.folding.margin)

    @property
    def start(self) -> Floats:
        """Values of the free parameters in the table, (f,)."""
        return self.table.free_values

    def expand(self, free: Floats, relief: float = 0.0) -> Expansion:
        """Statistic, gradient and Fisher information; see `Cash` for `relief`."""
        parts = (term.expand(free, self.mapping, relief) for term in self.terms)
        return reduce(Expansion.plus, parts, self.priors.expand(free))

    def __call__(self, free: Floats) -> float:
        """The statistic alone."""
        values = self.mapping(free)
        fixed = Mapping(np.zeros((values.size, 0)), values)
        return sum(term.still.expand(np.zeros(0), fixed).value for term in self.terms) + self.priors(free)

    def gradient(self, free: Floats) -> Floats:
        """First derivatives, (f,)."""
        return self.expand(free).gradient

    def curvature(self, free: Floats) -> Floats:
        """Exact second derivatives, (f, f)."""
        return np.asarray(sum(term.hessian(free, self.mapping) for term in self.terms) + self.priors.hessian(free))

    def per_dataset(self, free: Floats) -> dict[str, float]:
        """Statistic of each dataset, priors left out."""
        return {term.name: term.expand(free, self.mapping).value for term in self.terms}

    def with_values(self, free: Floats) -> tuple[Sky, Parameters]:
        """The sky and the table at values of the free parameters."""
        table = self.table.with_free(free)
        return table.apply(self.sky), table

    def around(self, free: Floats, kept: Sequence[Kept] | None = None) -> Self:
        """The same likelihood with windows around the sources where these parameters put them.

        Parameters
        ----------
        kept : what `kept` gave, of a likelihood of the same datasets; what this one has unless told.
        """
        sky, _ = self.with_values(free)
        kept = self.kept(free) if kept is None else kept
        terms = tuple(
            plan(dataset, sky, self.mapping, self.folding, self.stat, left)
            for dataset, left in zip(self.datasets, kept, strict=True)
        )
        return replace(self, sky=sky, terms=terms)

    def kept(self, free: Floats) -> tuple[Kept, ...]:
        """What of the windows holds where these parameters put the sources, for each dataset."""
        sky, _ = self.with_values(free)
        return tuple(Kept.of(term, dataset, sky) for term, dataset in zip(self.terms, self.datasets, strict=True))

    @property
    def bare(self) -> Self:
        """The same without terms, and so without windows: `around` makes them."""
        return replace(self, terms=())

    def _require_contributions(self) -> None:
        for name, part in self.sky.items():
            if not any(sees(dataset, part) for dataset in self.datasets):
                raise FitError(
                    f"{name!r} is for no dataset of this fit; there are {', '.join(d.name for d in self.datasets)}"
                )
            if isinstance(part, Source) and all(name in term.dark or name not in term.sources for term in self.terms):
                raise FitError(
                    f"source {name!r} contributes nothing: no bin in the statistic near it has any exposure;"
                    " is it inside the map, and is its region masked?"
                )


def _require_names(datasets: Sequence[Dataset], sky: Sky) -> None:
    if not datasets:
        raise FitError("a fit needs a dataset at least")
    if not sky:
        raise FitError("a fit needs a source or a background model at least; the sky is empty")
    names = [dataset.name for dataset in datasets]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FitError(f"two datasets are called {twice[0]!r}; give each a name of its own")
