"""The fit of an analysis: models matched with datasets, energies chosen, and expected counts of what is found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.predict import npred, sees
from skyfold.errors import ConfigError, SkyfoldError
from skyfold.fit.fit import FitResult, fit
from skyfold.fit.parameters import Parameters
from skyfold.geom.wcs import WcsGeom
from skyfold.io.models import read_models
from skyfold.maps.map import Map
from skyfold.model.background import FovBackground
from skyfold.model.source import Sky
from skyfold.workflow.config import AnalysisConfig
from skyfold.workflow.fields import EnergyRange


class Models(NamedTuple):
    """A sky and the table of its parameters."""

    sky: Sky
    table: Parameters


@dataclass(frozen=True, eq=False)
class Fitted:
    """What became of the fit.

    Parameters
    ----------
    result : None if it could not start, and `failure` says why.
    expected : counts at the end, of each source and background by name, of each dataset by name.
    notes : what was added to the models, or taken from them.
    """

    result: FitResult | None
    failure: str
    expected: Mapping[str, Mapping[str, Map]]
    notes: tuple[str, ...]


def models_of(config: AnalysisConfig, datasets: Iterable[str]) -> Models:
    """The models of a configuration, from their file or from the configuration itself.

    Parameters
    ----------
    datasets : names of the datasets there will be.

    Raises
    ------
    ConfigError
        A model is for a dataset that there will not be.
    SkyfoldError
        They cannot be read; see `skyfold.io.models.read_models`.
    """
    source = config.general.models_file if config.models is None else config.models
    if source is None:
        raise ConfigError("no models to fit: give general.models_file, or components in models")
    models = Models(*read_models(source))
    known = set(datasets)
    for name, part in models.sky.items():
        unknown = sorted(set(_meant(part)) - known)
        if unknown:
            raise ConfigError(
                f"models: {name!r} is for dataset {unknown[0]!r}, which there is not;"
                f" with datasets.stack {str(config.datasets.stack).lower()} there are {', '.join(sorted(known))}"
            )
    return models


def in_fit_range(dataset: Dataset, wanted: EnergyRange) -> Dataset:
    """The dataset with the bins of reconstructed energy that lie wholly in a range as those to fit.

    Raises
    ------
    ConfigError
        There is no such bin.
    """
    if not wanted.given:
        return dataset
    inside = dataset.energy.within(wanted.min, wanted.max)
    if not inside.any():
        raise ConfigError(
            f"fit.fit_range: no bin of dataset {dataset.name!r} lies in {wanted.min or 'the lowest energy'} to"
            f" {wanted.max or 'the highest'}; its bins are {dataset.energy}"
        )
    chosen = np.broadcast_to(inside[:, None, None], dataset.geom.shape)
    if dataset.mask_fit is not None:
        chosen = chosen & dataset.mask_fit.data
    return replace(dataset, mask_fit=Map(dataset.geom, chosen))


def fit_models(models: Models, datasets: Sequence[Dataset]) -> Fitted:
    """Fit models to datasets. What cannot be fitted is a `failure`, not an error: all else would be lost."""
    models, notes = _matched(models, datasets)
    try:
        result = fit(datasets, models.sky, models.table)
        expected = {dataset.name: npred(dataset, result.sky) for dataset in datasets}
    except SkyfoldError as error:
        return Fitted(None, str(error), {}, tuple(notes))
    return Fitted(result, "", expected, tuple(notes))


def _matched(models: Models, datasets: Sequence[Dataset]) -> tuple[Models, list[str]]:
    """The models without those of datasets that there are not, and with a background for every map that has none."""
    names = {dataset.name for dataset in datasets}
    lost = [name for name, part in models.sky.items() if (meant := _meant(part)) and not names & set(meant)]
    notes = [f"models: {name!r} is left out with its dataset" for name in lost]
    sky = {name: part for name, part in models.sky.items() if name not in lost}
    for dataset in datasets:
        if _lacks_background(sky, dataset):
            name = f"{dataset.name}-bkg"
            if name in sky:
                raise ConfigError(f"models: {name!r} is not the background of dataset {dataset.name!r}; rename it")
            sky[name] = FovBackground(dataset.name)
            notes.append(f"models: no background for dataset {dataset.name!r}; {name!r} is added, its norm free")
    return Models(sky, _table(sky, models.table)), notes


def _table(sky: Sky, table: Parameters) -> Parameters:
    """The table of another sky, with all that is known of parameters that both have."""
    new = Parameters.of(sky)
    kept = [row for row in table.rows if row.name in new]
    orphans = [row.name for row in kept if row.link is not None and row.link.to not in new]
    rows = {row.name: replace(row, link=None) if row.name in orphans else row for row in kept}
    penalties = tuple(penalty for penalty in table.penalties if all(name in new for name in penalty.names))
    return replace(new.with_rows(rows), penalties=penalties)


def _meant(part: object) -> tuple[str, ...]:
    """Names of the datasets that a component is for; none for all."""
    if isinstance(part, FovBackground):
        return (part.dataset,)
    return tuple(getattr(part, "datasets", None) or ())


def _lacks_background(sky: Sky, dataset: Dataset) -> bool:
    modelled = any(isinstance(part, FovBackground) and sees(dataset, part) for part in sky.values())
    has_one = dataset.background is not None and dataset.counts_off is None
    return isinstance(dataset.geom, WcsGeom) and has_one and not modelled
