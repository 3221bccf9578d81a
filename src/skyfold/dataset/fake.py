"""Datasets whose counts come from a sky: what is expected (Asimov), or drawn around it (fake)."""

from dataclasses import replace

import numpy as np

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.predict import BACKGROUND, npred, total
from skyfold.dataset.window import Folding
from skyfold.errors import ModelError, ShapeError
from skyfold.maps.map import Map
from skyfold.model.source import Sky

Seed = int | np.random.SeedSequence | np.random.Generator


def asimov(dataset: Dataset, sky: Sky, background: Map | None = None, folding: Folding = Folding()) -> Dataset:
    """The dataset that a sky leads to on average: its counts are the expected ones (Cowan et al. 2011, EPJC 71, 1554).

    A fit to it finds the sky, and its errors are those to expect.

    Parameters
    ----------
    background : of an on-off measurement, what is expected in the on region; else what its off counts tell, α × N_off.

    Raises
    ------
    ModelError
        Expected counts are negative or not finite.
    ShapeError
        A background was given for a dataset without off counts, or on other bins.
    """
    on, off = _expected(dataset, sky, background, folding)
    return _with_counts(dataset, on, off)


def fake(
    dataset: Dataset, sky: Sky, seed: Seed, background: Map | None = None, folding: Folding = Folding()
) -> Dataset:
    """The dataset with counts drawn from a sky: in each bin, on and off, a Poisson number of the expected mean.

    The same seed gives the same counts. See `asimov` for the parameters and for what is raised.
    """
    rng = np.random.default_rng(seed)
    on, off = _expected(dataset, sky, background, folding)
    drawn = rng.poisson(on.data).astype(float)
    drawn_off = None if off is None else off.with_data(rng.poisson(off.data).astype(float))
    return _with_counts(dataset, on.with_data(drawn), drawn_off)


def _expected(dataset: Dataset, sky: Sky, background: Map | None, folding: Folding) -> tuple[Map, Map | None]:
    """Expected counts, of the on region and of the off region."""
    if background is not None and (dataset.counts_off is None or background.geom != dataset.geom):
        why = "has no off measurement" if dataset.counts_off is None else f"has its counts on {dataset.geom}"
        raise ShapeError(
            f"the background of an on region was given on {background.geom}; dataset {dataset.name!r} {why}"
        )
    parts = npred(dataset, sky, folding)
    off = None
    if dataset.counts_off is not None:
        # Not the one most likely for the counts there are, as they shall be replaced.
        parts[BACKGROUND] = dataset.expected_background if background is None else background
        off = _off(dataset, parts[BACKGROUND])
    return _countable(dataset, total(dataset, parts), "counts"), off


def _off(dataset: Dataset, background: Map) -> Map:
    """Expected off counts: B / α; none where there is no off acceptance."""
    alpha = dataset.alpha.data
    off = np.divide(background.data, alpha, out=np.zeros(alpha.shape), where=alpha > 0)
    return _countable(dataset, background.with_data(off), "off counts")


def _countable(dataset: Dataset, expected: Map, what: str) -> Map:
    bad = ~(np.isfinite(expected.data) & (expected.data >= 0))
    if bad.any():
        first = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
        raise ModelError(
            f"dataset {dataset.name!r}: expected {what} are negative or not finite in {int(bad.sum())} of {bad.size}"
            f" bins, {expected.data[first]:.4g} in bin {first}; a mean of counts is neither: correct the sky"
        )
    return expected


def _with_counts(dataset: Dataset, on: Map, off: Map | None) -> Dataset:
    return replace(dataset, counts=on, counts_off=off)
