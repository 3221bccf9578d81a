"""From datasets and a sky to the terms of a likelihood."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

import jax
import numpy as np
from numpy.typing import NDArray

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.fineness import Fineness
from skyfold.dataset.predict import sees
from skyfold.dataset.still import fixed, stays
from skyfold.dataset.window import Folding, Placed, place, position, spot_of
from skyfold.errors import FitError
from skyfold.fit.backgrounds import Backgrounds
from skyfold.fit.folded import filled
from skyfold.fit.part import Ints, Mapping, Part, padded
from skyfold.fit.statistic import Cash, Statistic
from skyfold.fit.survey import StatName, Survey
from skyfold.fit.term import Term
from skyfold.fold.window import Window
from skyfold.model.fields import parameter_leaves
from skyfold.model.source import Sky, Source
from skyfold.num.double import Floats

# Pixels that a source may lie from the middle of its window in the end: responses are taken there, and change little.
CENTRED = 0.05


@dataclass(frozen=True, eq=False)
class Kept:
    """What an earlier plan of a dataset leaves to a later one.

    placed : windows of the sources that hardly moved.
    how : how finely sources were folded, where there is a choice.
    """

    placed: dict[str, Placed]
    how: dict[str, Fineness]

    @classmethod
    def of(cls, term: Term, dataset: Dataset, sky: Sky) -> Self:
        """What of a term holds where the sources are now."""
        placed = {part.name: part.placed for part in term.parts if part.placed.window.spot.kind != "fixed"}
        resting = {name: one for name, one in placed.items() if _stays(one, sky[name], dataset)}
        return cls(resting, {name: one.how for name, one in placed.items() if one.how is not None})


def rows_of(sky: Sky) -> dict[str, Ints]:
    """Where the parameters of each component are among all parameters of the sky, in the order of its tree."""
    rows: dict[str, list[int]] = {}
    counted = 0
    for name in sorted(sky):
        n = len(parameter_leaves(sky[name]))
        rows[name] = list(range(counted, counted + n))
        counted += n
    return {name: np.array(numbers, dtype=np.intp) for name, numbers in rows.items()}


def plan(
    dataset: Dataset,
    sky: Sky,
    mapping: Mapping,
    folding: Folding,
    stat: StatName = "auto",
    kept: Kept | None = None,
) -> Term:
    """The term of one dataset, with windows around the sources where they are now.

    Parameters
    ----------
    kept : of a plan of this dataset for an earlier sky.

    Raises
    ------
    FitError
        No bin of the dataset enters the statistic, counts in one that does are no counts, the dataset has no background
        and no off counts, or a parameter is free of a source's shape that is folded only once.
    """
    survey = Survey.of(dataset, stat, new=kept is None)
    kept = Kept({}, {}) if kept is None else kept

    rows, seen = rows_of(sky), {name: part for name, part in sky.items() if sees(dataset, part)}
    sources = {name: part for name, part in seen.items() if isinstance(part, Source)}
    behind = Backgrounds.of(survey, {name: seen[name] for name in seen if name not in sources}, rows, mapping)
    still = {name: part for name, part in sources.items() if stays(dataset, part)}
    for name, source in still.items():
        _require_frozen(dataset, name, source, rows[name], mapping)
    placed = {
        name: kept.placed[name]
        if name in kept.placed
        else _put(place(dataset, source, name, folding, kept.how.get(name)))
        for name, source in sources.items()
        if name not in still
    }
    # The bins of χ² do not join where only the background changes.
    everywhere = survey.stat == "chi2" or bool(still) or behind.everywhere
    inside = _covered(survey, placed.values(), everywhere)
    listed = tuple(index[inside] for index in survey.bins)
    chosen, constant, extra = _rest(survey, behind.usual(), inside)

    reached = {name: np.flatnonzero(_within(listed[1], listed[2], one)) for name, one in placed.items()}
    lengths = _lengths(placed, reached)
    parts = [
        Part.of(name, sources[name], rows[name], one, listed, reached[name], lengths[name], mapping)
        for name, one in placed.items()
    ]
    for name, source in still.items():
        whole = _put(_still(dataset, source, name, listed, folding))
        parts.append(Part.of(name, source, rows[name], whole, listed, np.arange(listed[0].size), 0, mapping))
    return Term(dataset.name, chosen, tuple(parts), behind.layers(listed, extra), constant)


def _put(placed: Placed) -> Placed:
    """With its arrays where JAX computes, so that they travel once and not with every evaluation."""
    return replace(placed, window=jax.device_put(placed.window))


def _stays(placed: Placed, source: Source, dataset: Dataset) -> bool:
    """Whether a source is where its window was made for, and of that size, nearly enough for its responses."""
    if not placed.window.spot.follows:
        return True
    assert source.shape is not None
    x, y = (float(c) for c in dataset.geom.to_pix(position(source.shape)))
    origin, (y0, x0) = np.asarray(placed.window.spot.local.origin), placed.corner
    moved = max(abs(x - x0 - origin[0]), abs(y - y0 - origin[1]))
    return bool(moved <= CENTRED and abs(float(source.shape.reach()) - placed.reach) <= 0.05 * placed.reach)


def _covered(survey: Survey, placed: Iterable[Placed], everywhere: bool) -> NDArray[np.bool_]:
    """Which bins a source may reach, or have no background that could stand for them."""
    (_, y, x), background = survey.bins, survey.background
    if everywhere:
        return np.ones(y.size, dtype=bool)
    covered = np.zeros(y.size, dtype=bool) if background is None else background[survey.bins] <= 0
    for one in placed:
        covered |= _within(y, x, one)
    return covered


def _within(y: Ints, x: Ints, placed: Placed) -> NDArray[np.bool_]:
    (y0, x0), (ny, nx) = placed.corner, placed.window.shape
    return (y >= y0) & (y < y0 + ny) & (x >= x0) & (x < x0 + nx)


def _lengths(placed: dict[str, Placed], reached: dict[str, Ints]) -> dict[str, int]:
    """How long the lists of bins that sources reach are to be: the same where windows are, so that they share code."""
    longest: dict[tuple[int, int], int] = {}
    for name, one in placed.items():
        longest[one.window.shape] = max(longest.get(one.window.shape, 0), reached[name].size)
    return {name: padded(longest[one.window.shape]) for name, one in placed.items()}


def _rest(survey: Survey, usual: Floats, inside: NDArray[np.bool_]) -> tuple[Statistic, float, Ints]:
    """Statistic of the listed bins, the constant of those that no source reaches, and one more bin for each energy.

    Outside of all windows only the factor of the background counts: with μ = f(r) B the bins of one energy join into
    one of all their counts, −2 Σ n ln(f B) = −2 N ln f − 2 Σ n ln B.
    """
    statistic = survey.statistic(usual)
    near, far = statistic.of(inside), statistic.of(~inside)
    if not isinstance(near, Cash) or not isinstance(far, Cash):
        return near, float(far(np.zeros(int((~inside).sum()))).value.sum()), np.zeros(0, dtype=np.intp)
    assert survey.background is not None
    away = tuple(index[~inside] for index in survey.bins)
    joined = np.bincount(away[0], far.counts)
    extra = np.flatnonzero(joined)
    constant = -2 * float(far.counts @ np.log(survey.background[away])) if far.counts.size else 0.0
    joint = replace(
        near, counts=np.append(near.counts, joined[extra]), scale=np.append(near.scale, np.ones(extra.size))
    )
    return joint, constant, extra


def _still(dataset: Dataset, source: Source, name: str, listed: Any, folding: Folding) -> Placed:
    """A source with a shape that does not move: all that its pixels see is known but for the spectrum."""
    light, migration = fixed(dataset, source, name, folding)
    total = np.einsum("tyx,ryx->tr", light, dataset.used.astype(float))
    near = (light[:, listed[1], listed[2]] * migration[:, listed[0]]).T
    spot = spot_of(dataset, source, migration, "fixed")
    window = Window(
        spot,
        exposure=np.sum(total * migration, axis=1),
        kernel=filled(near, padded(len(near))),
        seen=np.zeros((0, 0, len(light))),
    )
    return Placed(window, (0, 0), dark=not total.any())


def _require_frozen(dataset: Dataset, name: str, source: Source, rows: Ints, mapping: Mapping) -> None:
    """Raise where a fit would change a shape that does not move."""
    for leaf, row in zip(parameter_leaves(source), rows, strict=True):
        if leaf.name.startswith("shape.") and mapping.matrix[row].any():
            raise FitError(
                f"{name}.{leaf.name} is free, but a {type(source.shape).__name__} is folded only once with the map of"
                f" dataset {dataset.name!r}: freeze it, and fit the spectrum"
            )
