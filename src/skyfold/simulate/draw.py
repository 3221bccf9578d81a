"""Photons drawn from a scene: numbers per pixel first, then places within pixels, then the step of the blur.

Numbers are one multinomial (a fixed total) or Poisson draws per pixel, which costs nothing beside the photons: per
photon there remain two uniform and two normal numbers. Every view and source has a random stream of its own, so that
the photons of a view do not depend on who draws it, or beside what.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skyfold.errors import ConfigError
from skyfold.maps.map import Map
from skyfold.simulate.blur import Blur
from skyfold.simulate.photons import Counts, Photons, Tally
from skyfold.simulate.scene import LABELS, Placement, Scene

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Seed = int | np.random.SeedSequence
_MOST = 1e12  # expected photons: a day and more
_CHUNK = 1 << 15  # photons at a time: their arrays stay in the cache of a core, and counting needs no more memory


class _Part(NamedTuple):
    """Some photons of one view and source that fell on the image, and how many were drawn for them.

    Places are measured from the corner of the image: pixel i covers i ≤ u < i + 1.
    """

    view: int
    source: int
    drawn: int
    u: Floats
    v: Floats


def draw_photons(
    scene: Scene, photons: float | None = None, *, rate: Any = None, fixed: bool = False, seed: Seed
) -> Photons:
    """Photons that the views of a scene record.

    Parameters
    ----------
    photons : number of photons of the picture in all views together, before the blur carries some over the border:
        the expected one, of a Poisson law, or with `fixed` the number itself.
    rate : instead, photons per second of livetime of the whole picture at full efficiency [s-1].
    fixed : the total of the picture is exactly `photons`; backgrounds keep their Poisson law.
    seed : the same seed gives the same photons.

    Raises
    ------
    ConfigError
        The number or rate is not positive or beyond 10¹², both or none are given, a fixed number is not
        whole, or the seed is negative.
    DataError
        No view sees a shining pixel.
    """
    parts = list(_parts(scene, photons, rate, fixed, seed))
    n = np.array([part.u.size for part in parts], dtype=int)
    return Photons(
        scene.geom,
        np.concatenate([np.empty(0), *(part.u for part in parts)]) - 0.5,
        np.concatenate([np.empty(0), *(part.v for part in parts)]) - 0.5,
        np.repeat(np.array([part.source for part in parts], dtype=np.uint8), n),
        np.repeat(np.array([part.view for part in parts], dtype=np.int32), n),
        _tally(scene, [(part.view, part.source, part.drawn, part.u.size) for part in parts]),
    )


def draw_counts(
    scene: Scene, photons: float | None = None, *, rate: Any = None, fixed: bool = False, seed: Seed
) -> Counts:
    """The counts image of the photons that `draw_photons` draws from the same seed, without keeping them.

    Parameters and errors are those of `draw_photons`.
    """
    ny, nx = scene.geom.image_shape
    image = np.zeros(ny * nx, dtype=np.int64)
    account = []
    for part in _parts(scene, photons, rate, fixed, seed):
        account.append((part.view, part.source, part.drawn, part.u.size))
        np.add.at(image, part.v.astype(np.int64) * nx + part.u.astype(np.int64), 1)
    return Counts(Map(scene.geom, image.reshape(ny, nx)), _tally(scene, account))


def _tally(scene: Scene, account: list[tuple[int, int, int, int]]) -> Tally:
    """Numbers drawn and kept, from (view, source, drawn, kept) of each part."""
    drawn = np.zeros((len(scene.views), len(LABELS)), dtype=np.int64)
    kept = np.zeros_like(drawn)
    for view, source, number, left in account:
        drawn[view, source] += number
        kept[view, source] += left
    return Tally(LABELS, drawn, kept)


def _parts(scene: Scene, photons: float | None, rate: Any, fixed: bool, seed: Seed) -> Iterator[_Part]:
    """The photons of each view and source in turn, some thousands at a time."""
    per_second = scene.rate(photons, rate)
    if fixed and (photons is None or photons != int(photons)):
        raise ConfigError(f"a fixed number of photons must be whole, found {photons}")
    if isinstance(seed, int) and seed < 0:
        raise ConfigError(f"seed {seed}; wanted a whole number from 0")
    totals: list[int | None] = [None] * len(scene.views)
    if fixed:
        seen = scene.seen
        totals = list(_stream(seed, 0).multinomial(int(photons or 0), seen / seen.sum()))
    margin = scene.margin
    even_sky = "nearest" if scene.sky.ndim == 0 else scene.placement
    for number, view in enumerate(scene.views):
        picture, sky, instrument = scene.expected(view)
        most = float(per_second * picture.sum() + sky.sum() + instrument.sum())
        if most > _MOST:
            raise ConfigError(
                f"view {number}: {most:.3g} photons expected; wanted less than {_MOST:g}, are the units right?"
            )
        sources: list[tuple[Floats, int | None, int, Placement, Blur | None]] = [
            (per_second * picture, totals[number], 0, scene.placement, scene.blur),
            (sky, None, margin, even_sky, scene.blur),
            (instrument, None, 0, "nearest", None),
        ]
        for source, (expected, total, border, placement, blur) in enumerate(sources):
            rng = _stream(seed, 1 + number, source)
            counts = _numbers(rng, expected, total)
            for drawn, u, v in _places(rng, counts, placement):
                yield _Part(number, source, drawn, *_recorded(rng, scene, blur, u - border, v - border))


def _stream(seed: Seed, *key: int) -> np.random.Generator:
    """A random stream of its own for each key, whoever asks and in whatever order."""
    root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    own = np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, *key))
    return np.random.Generator(np.random.SFC64(own))


def _numbers(rng: np.random.Generator, expected: Floats, total: int | None) -> Ints:
    """Photons of each pixel: Poisson, or one multinomial of a fixed total."""
    if total is None:
        return rng.poisson(expected)
    counts = np.zeros(expected.shape, dtype=np.int64)
    # Pixels that are dark are left out: what rounding leaves over goes to the last one.
    shining = expected > 0
    if total:
        counts[shining] = rng.multinomial(total, expected[shining] / expected[shining].sum())
    return counts


def _places(rng: np.random.Generator, counts: Ints, placement: Placement) -> Iterator[tuple[int, Floats, Floats]]:
    """Where photons come from, in groups of whole pixels, measured from the corner of the image."""
    ny, nx = counts.shape
    rows, columns = np.nonzero(counts)
    number = counts[rows, columns]
    before = np.cumsum(number)
    cuts = np.searchsorted(before, np.arange(_CHUNK, number.sum(), _CHUNK))
    for start, stop in pairwise(np.unique([0, *cuts, number.size])):
        group = slice(start, stop)
        u, v = (np.repeat(index[group].astype(float), number[group]) for index in (columns, rows))
        for place, size in ((u, nx), (v, ny)):
            place += rng.random(place.size)
            if placement == "bilinear":
                # The sum of two even numbers has the triangular law of linear interpolation. What leaves the image is
                # turned back, as if its outermost pixels were continued beyond it.
                place += rng.random(place.size) - 0.5
                np.abs(place, out=place)
                np.copyto(place, 2 * size - place, where=place >= size)
        yield u.size, u, v


def _recorded(rng: np.random.Generator, scene: Scene, blur: Blur | None, u: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Photons moved by the blur, those that fall on the image."""
    ny, nx = scene.geom.image_shape
    if blur is not None:
        scale_x, scale_y = blur.per_pixel(scene.geom)
        dx, dy = blur.steps(rng, u.size)
        u, v = u + scale_x * dx, v + scale_y * dy
    inside = (u >= 0) & (u < nx) & (v >= 0) & (v < ny)
    return (u, v) if inside.all() else (u[inside], v[inside])
