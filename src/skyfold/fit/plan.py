"""From datasets and a sky to the terms of a likelihood."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

import jax
import numpy as np
from numpy.typing import NDArray

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.predict import sees
from skyfold.dataset.still import directions, fixed, stays
from skyfold.dataset.window import Folding, Placed, place, position, spot_of
from skyfold.errors import FitError
from skyfold.fit.folded import filled
from skyfold.fit.layer import Factor, Known, Layer, Scaled, Shaped
from skyfold.fit.part import Ints, Mapping, Part, padded
from skyfold.fit.statistic import Cash, Chi2, Statistic, WStat
from skyfold.fit.term import Term
from skyfold.fold.window import Window
from skyfold.model.background import FovBackground, TemplateNpred
from skyfold.model.fields import parameter_leaves
from skyfold.model.source import Sky, Source
from skyfold.num.double import Floats

# Pixels that a source may lie from the middle of its window in the end: responses are taken there, and change little.
CENTRED = 0.05
StatName = Literal["auto", "cash", "wstat", "chi2"]


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
    before: Term | None = None,
) -> Term:
    """The term of one dataset, with windows around the sources where they are now.

    Parameters
    ----------
    before : the term of the same dataset for an earlier sky; windows of sources that hardly moved are taken from it.

    Raises
    ------
    FitError
        No bin of the dataset enters the statistic, counts in one that does are no counts, the dataset has no background
        and no off counts, or a parameter is free of a source's shape that is folded only once.
    """
    used = np.asarray(dataset.used, dtype=bool)
    if not used.any():
        raise FitError(
            f"dataset {dataset.name!r}: no bin is both safe and chosen for the fit; look at mask_safe and mask_fit"
        )
    which = dataset.stat if stat == "auto" else stat
    if before is None:
        _require_numbers(dataset, used, which)
    bins = np.nonzero(used & (dataset.counts.data > 0)) if which == "cash" else np.nonzero(used)
    background = None if which == "wstat" else _background(dataset)

    rows, seen = rows_of(sky), {name: part for name, part in sky.items() if sees(dataset, part)}
    sources = {name: part for name, part in seen.items() if isinstance(part, Source)}
    layers = {name: part for name, part in seen.items() if not isinstance(part, Source)}
    still = {name: part for name, part in sources.items() if stays(dataset, part)}
    for name, source in still.items():
        _require_frozen(dataset, name, source, rows[name], mapping)
    kept = {} if before is None else {part.name: part.placed for part in before.parts}
    placed = {
        name: kept[name]
        if name in kept and _stays(kept[name], source, dataset)
        else _put(place(dataset, source, name, folding, used, kept.get(name)))
        for name, source in sources.items()
        if name not in still
    }
    everywhere = (
        which == "chi2"  # its bins do not join where only the background changes
        or bool(still)
        or any(isinstance(part, TemplateNpred) or part.shape is not None for part in layers.values())
    )
    statistic = _statistic(dataset, which, bins, _usual(dataset, background, layers, rows, mapping, bins))
    inside = _covered(bins, placed.values(), everywhere, background)
    listed = tuple(index[inside] for index in bins)
    chosen, constant, extra = _rest(statistic, bins, inside, background, used.shape[0])

    reached = {name: np.flatnonzero(_within(listed[1], listed[2], one)) for name, one in placed.items()}
    lengths = _lengths(placed, reached)
    parts = [
        Part.of(name, sources[name], rows[name], one, listed, reached[name], lengths[name], mapping)
        for name, one in placed.items()
    ]
    for name, source in still.items():
        whole = _put(_still(dataset, source, name, listed, folding))
        parts.append(Part.of(name, source, rows[name], whole, listed, np.arange(listed[0].size), 0, mapping))
    return Term(
        dataset.name,
        chosen,
        tuple(parts),
        tuple(_layers(dataset, layers, background, rows, mapping, listed, extra)),
        constant,
    )


def _put(placed: Placed) -> Placed:
    """With its arrays where JAX computes, so that they travel once and not with every evaluation."""
    return replace(placed, window=jax.device_put(placed.window))


def _require_numbers(dataset: Dataset, used: NDArray[np.bool_], which: StatName) -> None:
    """Raise where a bin of the statistic holds something that would pass as no counts, or make all of it no number."""
    least = -np.inf if which == "chi2" else 0.0
    for name, lowest in (("counts", least), ("counts_off", 0.0), ("background", -np.inf)):
        found = getattr(dataset, name)
        if found is None:
            continue
        bad = used & ~(np.isfinite(found.data) & (found.data >= lowest))
        if bad.any():
            first = tuple(int(i) for i in np.argwhere(bad)[0])
            raise FitError(
                f"dataset {dataset.name!r}: {name} negative or no number in {int(bad.sum())} of the bins in the"
                f" statistic, {found.data[first]:g} in bin {first}; mask these bins, or look at where they come from"
            )


def _stays(placed: Placed, source: Source, dataset: Dataset) -> bool:
    """Whether a source is where its window was made for, and of that size, nearly enough for its responses."""
    if not placed.window.spot.follows:
        return True
    assert source.shape is not None
    x, y = (float(c) for c in dataset.geom.to_pix(position(source.shape)))
    origin, (y0, x0) = np.asarray(placed.window.spot.local.origin), placed.corner
    moved = max(abs(x - x0 - origin[0]), abs(y - y0 - origin[1]))
    return bool(moved <= CENTRED and abs(float(source.shape.reach()) - placed.reach) <= 0.05 * placed.reach)


def _usual(
    dataset: Dataset,
    background: Floats | None,
    layers: dict[str, Any],
    rows: dict[str, Ints],
    mapping: Mapping,
    bins: tuple[Ints, ...],
) -> Floats:
    """Expected counts of a usual size in some bins: those of the background where the models start."""
    if background is None:
        return np.zeros(bins[0].size)
    usual = background[bins]
    for name, part in layers.items():
        if isinstance(part, FovBackground):
            factor = _spectral(part, rows[name], mapping, dataset).start()
            usual = usual * np.abs(factor[bins[0]])
    return usual


def _statistic(dataset: Dataset, name: StatName, bins: tuple[Ints, ...], usual: Floats) -> Statistic:
    """The statistic of some bins."""
    counts = dataset.counts.data[bins].astype(float)
    if name == "cash":
        return Cash(counts, np.maximum(usual, 1e-3 * counts))
    if name == "chi2":
        return Chi2(counts, np.sqrt(np.maximum(counts, 1.0)))
    if dataset.counts_off is None:
        raise FitError(f"dataset {dataset.name!r} has no off counts, so no wstat; fit it with stat='cash'")
    return WStat(counts, dataset.counts_off.data[bins].astype(float), dataset.alpha.data[bins])


def _background(dataset: Dataset) -> Floats:
    if dataset.background is None:
        return np.zeros(dataset.geom.shape)
    return np.asarray(dataset.background.data)


def _covered(
    bins: tuple[Ints, ...], placed: Iterable[Placed], everywhere: bool, background: Floats | None
) -> NDArray[np.bool_]:
    """Which bins a source may reach, or have no background that could stand for them."""
    _, y, x = bins
    if everywhere:
        return np.ones(y.size, dtype=bool)
    covered = np.zeros(y.size, dtype=bool) if background is None else background[bins] <= 0
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


def _rest(
    statistic: Statistic, bins: tuple[Ints, ...], inside: NDArray[np.bool_], background: Floats | None, n_reco: int
) -> tuple[Statistic, float, Ints]:
    """Statistic of the listed bins, the constant of those that no source reaches, and one more bin for each energy.

    Outside of all windows only the factor of the background counts: with μ = f(r) B the bins of one energy join into
    one of all their counts, −2 Σ n ln(f B) = −2 N ln f − 2 Σ n ln B.
    """
    near, far = statistic.of(inside), statistic.of(~inside)
    if not isinstance(near, Cash) or not isinstance(far, Cash):
        return near, float(far(np.zeros(int((~inside).sum()))).value.sum()), np.zeros(0, dtype=np.intp)
    assert background is not None
    away = tuple(index[~inside] for index in bins)
    joined = np.bincount(away[0], far.counts, minlength=n_reco)
    extra = np.flatnonzero(joined)
    constant = -2 * float(far.counts @ np.log(background[away])) if far.counts.size else 0.0
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


def _summed(counts: Floats, used: NDArray[np.bool_]) -> Floats:
    """Counts in the bins of the statistic, by energy; one energy after the other, for cubes are large."""
    return np.array([plane[chosen].sum() for plane, chosen in zip(counts, used, strict=True)])


def _layers(
    dataset: Dataset,
    parts: dict[str, Any],
    background: Floats | None,
    rows: dict[str, Ints],
    mapping: Mapping,
    listed: Any,
    extra: Ints,
) -> list[Layer]:
    """The background of the dataset with its factor, and templates of counts."""
    scaling = {name: part for name, part in parts.items() if isinstance(part, FovBackground)}
    if len(scaling) > 1:
        raise FitError(f"dataset {dataset.name!r} has several background models, {', '.join(scaling)}; keep one")
    if scaling and background is None:
        raise FitError(
            f"dataset {dataset.name!r} is an on-off measurement: {next(iter(scaling))!r} has nothing to scale"
        )
    reco = np.concatenate([listed[0], extra])
    layers: list[Layer] = []
    for name, part in scaling.items():
        assert background is not None
        factor = _spectral(part, rows[name], mapping, dataset)
        if part.shape is None:
            base = np.concatenate([background[listed], np.ones(extra.size)])
            layers.append(Scaled(factor, reco, base, _summed(background, dataset.used)))
        else:
            rest = rows[name][factor.rows.size :]
            layers.append(_shaped(dataset, part.shape, factor, rest, mapping, background, listed))
    if background is not None and not scaling:
        base = np.concatenate([background[listed], np.ones(extra.size)])
        layers.append(Known(base, float(_summed(background, dataset.used).sum())))
    for name, part in parts.items():
        if isinstance(part, TemplateNpred):
            counts = np.asarray(part.counts, dtype=float)
            if counts.shape != dataset.geom.shape:
                raise FitError(
                    f"{name!r} has counts of shape {counts.shape}, dataset {dataset.name!r} of {dataset.geom.shape}"
                )
            factor = _spectral(part, rows[name], mapping, dataset)
            layers.append(Scaled(factor, reco, counts[listed], _summed(counts, dataset.used)))
    return layers


def _spectral(background: FovBackground | TemplateNpred, rows: Ints, mapping: Mapping, dataset: Dataset) -> Factor:
    """The factor of energy of a background; its parameters come before those of a shape, in the order of the fields."""
    first = len(parameter_leaves(background.spectrum))
    return Factor.of(background.spectrum, rows[:first], mapping, dataset.energy.center_in("TeV"))


def _shaped(
    dataset: Dataset, shape: Any, factor: Factor, rows: Ints, mapping: Mapping, background: Floats, listed: Any
) -> Shaped:
    """The background of a dataset with a factor that varies across the field."""
    seen = dataset.used.any(axis=0)
    number = np.cumsum(seen).reshape(seen.shape) - 1
    lon, lat = (angle[seen] for angle in directions(dataset.geom, shape.frame))
    across = Factor.of(shape, rows, mapping, lon, lat)
    totals = np.where(dataset.used, background, 0.0)[:, seen]
    reco, y, x = listed
    return Shaped(factor, across, reco, number[y, x], background[listed], totals)
