"""From the backgrounds of a sky to those of one dataset in a likelihood."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from skyfold.dataset.still import directions
from skyfold.errors import FitError
from skyfold.fit.layer import Factor, Known, Layer, Scaled, Shaped
from skyfold.fit.part import Ints, Mapping
from skyfold.fit.survey import Survey
from skyfold.model.background import FovBackground, TemplateNpred
from skyfold.model.fields import parameter_leaves
from skyfold.num.double import Floats

Background = FovBackground | TemplateNpred


@dataclass(frozen=True, eq=False)
class Backgrounds:
    """Models of what is behind the sources in a dataset.

    scaling : which of them is of the background of the dataset; None if that is taken as it is.
    rows : where the parameters of each are among those of the sky.
    factors : of energy, of each.
    """

    survey: Survey
    models: dict[str, Background]
    scaling: str | None
    rows: dict[str, Ints]
    mapping: Mapping
    factors: dict[str, Factor]

    @classmethod
    def of(cls, survey: Survey, models: dict[str, Background], rows: dict[str, Ints], mapping: Mapping) -> Self:
        """Of a dataset that was looked at.

        Raises
        ------
        FitError
            Several models are of the background of the dataset, or one of a dataset that has none.
        """
        scaling = [name for name, model in models.items() if isinstance(model, FovBackground)]
        name = survey.dataset.name
        if len(scaling) > 1:
            raise FitError(f"dataset {name!r} has several background models, {', '.join(scaling)}; keep one")
        if scaling and survey.background is None:
            raise FitError(f"dataset {name!r} is an on-off measurement: {scaling[0]!r} has nothing to scale")
        energies = survey.dataset.energy.center_in("TeV")
        factors = {}
        for key, model in models.items():
            # Parameters of a spectrum come before those of a shape, in the order of the fields.
            first = len(parameter_leaves(model.spectrum))
            factors[key] = Factor.of(model.spectrum, rows[key][:first], mapping, energies)
        return cls(survey, models, scaling[0] if scaling else None, rows, mapping, factors)

    @property
    def everywhere(self) -> bool:
        """Whether bins far from all sources differ by more than a factor of their energy."""
        return any(isinstance(model, TemplateNpred) or model.shape is not None for model in self.models.values())

    def usual(self) -> Floats:
        """Expected counts of a usual size in the bins of the statistic: of the background where its model starts."""
        if self.survey.background is None:
            return np.zeros(self.survey.bins[0].size)
        usual = self.survey.background[self.survey.bins]
        if self.scaling is None:
            return usual
        return usual * np.abs(self.factors[self.scaling].start()[self.survey.bins[0]])

    def layers(self, listed: tuple[Ints, ...], extra: Ints) -> tuple[Layer, ...]:
        """The background of the dataset with its factor, and templates of counts.

        Parameters
        ----------
        listed : bins (reco, y, x); after them come bins of the energies `extra` that join many others.
        """
        found: list[Layer] = []
        if self.survey.background is not None:
            found.append(self._behind(self.survey.background, listed, extra))
        for name, model in self.models.items():
            if isinstance(model, TemplateNpred):
                found.append(self._template(name, model, listed))
        return tuple(found)

    def _behind(self, background: Floats, listed: tuple[Ints, ...], extra: Ints) -> Layer:
        """The background of the dataset, as it is or scaled."""
        base = np.concatenate([background[listed], np.ones(extra.size)])
        if self.scaling is None:
            return Known(base, float(self.survey.behind.sum()))
        model = self.models[self.scaling]
        assert isinstance(model, FovBackground)
        if model.shape is not None:
            return self._shaped(self.scaling, model.shape, background, listed)
        return Scaled(self.factors[self.scaling], np.concatenate([listed[0], extra]), base, self.survey.behind)

    def _shaped(self, name: str, shape: Any, background: Floats, listed: tuple[Ints, ...]) -> Shaped:
        """The background of the dataset with a factor that varies across the field."""
        dataset, factor = self.survey.dataset, self.factors[name]
        used = dataset.used
        seen = used.any(axis=0)
        number = np.cumsum(seen).reshape(seen.shape) - 1
        lon, lat = (angle[seen] for angle in directions(dataset.geom, shape.frame))
        across = Factor.of(shape, self.rows[name][factor.rows.size :], self.mapping, lon, lat)
        totals = np.where(used, background, 0.0)[:, seen]
        reco, y, x = listed
        return Shaped(factor, across, reco, number[y, x], background[listed], totals)

    def _template(self, name: str, model: TemplateNpred, listed: tuple[Ints, ...]) -> Scaled:
        dataset, counts = self.survey.dataset, np.asarray(model.counts, dtype=float)
        if counts.shape != dataset.geom.shape:
            raise FitError(
                f"{name!r} has counts of shape {counts.shape}, dataset {dataset.name!r} of {dataset.geom.shape}"
            )
        return Scaled(self.factors[name], listed[0], counts[listed], self.survey.summed(counts))
