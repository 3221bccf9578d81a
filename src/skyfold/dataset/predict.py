"""Expected counts in every bin of a dataset: what a sky looks like there.

A likelihood folds sources in the bins it needs; here are all of them, for maps, figures and simulations.
"""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.still import directions, fixed, stays
from skyfold.dataset.window import Folding, place
from skyfold.errors import ModelError, ShapeError
from skyfold.fold.predict import fold
from skyfold.geom.region import RegionGeom
from skyfold.maps.map import Map
from skyfold.model.background import FovBackground, TemplateNpred
from skyfold.model.source import Sky, Source
from skyfold.num.double import Floats
from skyfold.stat.onoff import profiled

BACKGROUND = "background"
_folded = jax.jit(fold)  # else each operation is compiled on its own, in each process anew


def npred(dataset: Dataset, sky: Sky, folding: Folding = Folding()) -> dict[str, Map]:
    """Expected counts of each source and background that a dataset sees, on the geometry of its counts.

    Returns
    -------
    dict by name: sources, then backgrounds. A background without model is called ``"background"``; that of an on-off
    measurement is the one most likely for the other parts, as in its statistic.

    Raises
    ------
    ModelError
        A source has no shape but the dataset is a map, is off its projection, or is called ``"background"`` where that
        has no model; a background model has nothing to scale.
    """
    parts = {
        name: Map(dataset.geom, source_counts(dataset, part, name, folding))
        for name, part in sky.items()
        if isinstance(part, Source) and sees(dataset, part)
    }
    signal = sum((part.data for part in parts.values()), np.zeros(dataset.geom.shape))
    behind = {name: part for name, part in sky.items() if not isinstance(part, Source) and sees(dataset, part)}
    for name, part in behind.items():
        parts[name] = Map(dataset.geom, background_counts(dataset, part, name))
    modelled = any(isinstance(part, FovBackground) for part in behind.values())
    rest = None if modelled else dataset.background
    if dataset.counts_off is not None:
        off, alpha = dataset.counts_off.data, dataset.alpha.data
        rest = Map(dataset.geom, alpha * profiled(dataset.counts.data, off, alpha, signal).mu_off)
    if rest is not None:
        if BACKGROUND in parts:
            raise ModelError(
                f"{BACKGROUND!r} is what the background of dataset {dataset.name!r} is called, which has no model;"
                " give the source of that name another"
            )
        parts[BACKGROUND] = rest
    return parts


def total(dataset: Dataset, parts: dict[str, Map]) -> Map:
    """Sum of the expected counts of all parts; zero without any."""
    return Map(dataset.geom, sum((part.data for part in parts.values()), np.zeros(dataset.geom.shape)))


def sees(dataset: Dataset, component: Any) -> bool:
    """Whether a component of the sky is meant for a dataset."""
    if isinstance(component, FovBackground):
        return component.dataset == dataset.name
    return component.datasets is None or dataset.name in component.datasets


def source_counts(dataset: Dataset, source: Source, name: str, folding: Folding = Folding()) -> Floats:
    """Expected counts of a source in all bins of a dataset."""
    if stays(dataset, source):
        light, migration = fixed(dataset, source, name, folding)
        flux = np.asarray(source.spectrum.flux(jnp.asarray(dataset.energy_true.edges_in("TeV"))))
        if source.lightcurve is not None and dataset.gti is not None:
            flux = flux * float(source.lightcurve.mean(jnp.asarray(dataset.gti.start), jnp.asarray(dataset.gti.stop)))
        return np.einsum("tyx,t,tr->ryx", light, flux, migration, optimize=True)
    placed = place(replace(dataset, mask_safe=None, mask_fit=None), source, name, folding)
    counts = np.asarray(_folded(source, placed.window))
    if isinstance(dataset.geom, RegionGeom):
        return counts
    whole = np.zeros(dataset.geom.shape)
    here, there = zip(*map(_overlap, placed.corner, placed.window.shape, whole.shape[-2:]), strict=True)
    whole[(slice(None), *here)] = counts[(slice(None), *there)]
    return whole


def background_counts(dataset: Dataset, background: FovBackground | TemplateNpred, name: str) -> Floats:
    """Expected counts of a background model in all bins of a dataset."""
    energies = jnp.asarray(dataset.energy.center_in("TeV"))
    factor = np.asarray(background.spectrum.dnde(energies))[:, None, None]
    if isinstance(background, TemplateNpred):
        counts = np.asarray(background.counts, dtype=float)
        if counts.shape != dataset.geom.shape:
            raise ShapeError(
                f"{name!r} has counts of shape {counts.shape}, dataset {dataset.name!r} of {dataset.geom.shape} bins"
            )
        return factor * counts
    if dataset.background is None:
        raise ModelError(f"dataset {dataset.name!r} has no background for {name!r} to scale")
    return factor * across(dataset, background.shape) * dataset.background.data


def across(dataset: Dataset, shape: Any) -> Floats | float:
    """Factor of a background at each pixel, (ny, nx); 1 without a shape."""
    if shape is None:
        return 1.0
    return np.asarray(shape(*directions(dataset.geom, shape.frame)))


def _overlap(corner: int, size: int, whole: int) -> tuple[slice, slice]:
    """Where a window of some size lies in a dataset, and what of the window that is."""
    first, last = max(corner, 0), max(min(corner + size, whole), max(corner, 0))
    return slice(first, last), slice(first - corner, last - corner)
