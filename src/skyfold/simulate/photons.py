"""Photons recorded from a picture, and the account of those that were not."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.errors import ModelError, ShapeError
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tally:
    """How many photons were drawn and how many fell on the image, by view and source.

    drawn, kept : shape (n_view, n_label).
    """

    labels: tuple[str, ...]
    drawn: Ints
    kept: Ints

    @property
    def lost(self) -> Ints:
        """Photons that the blur carried over the border, shape (n_view, n_label).

        Of a uniform sky many of them were drawn in the margin around the image and never reached it.
        """
        return self.drawn - self.kept

    def __str__(self) -> str:
        rows = [f"{'':<12}{'drawn':>12}{'kept':>12}{'lost':>12}"]
        for i, label in enumerate((*self.labels, "all")):
            column = slice(None) if label == "all" else i
            rows.append(
                f"{label:<12}" + "".join(f"{n[:, column].sum():>12}" for n in (self.drawn, self.kept, self.lost))
            )
        return "\n".join(rows)


@dataclass(frozen=True, eq=False)
class Counts:
    """A counts image, and the account of its photons."""

    image: Map
    tally: Tally


@dataclass(frozen=True, eq=False)
class Photons:
    """A photon list.

    Photons come by view, source and pixel of origin: take a random part with `skyfold.simulate.poisson.thin`, or
    `shuffled`, not the first ones.

    geom : pixels of the image they were recorded in.
    x, y : pixel coordinates, 0 at the centre of the first pixel, shape (n,).
    source : number of the label in ``tally.labels``, shape (n,).
    view : number of the observation, shape (n,).
    """

    geom: WcsGeom
    x: Floats
    y: Floats
    source: NDArray[np.uint8]
    view: NDArray[np.int32]
    tally: Tally

    def __len__(self) -> int:
        return self.x.size

    @property
    def labels(self) -> NDArray[np.str_]:
        """The source of each photon by name, shape (n,)."""
        return np.array(self.tally.labels)[self.source]

    @property
    def lonlat(self) -> tuple[Floats, Floats]:
        """Longitude and latitude [deg] in the frame of the picture."""
        return self.geom.pix_to_lonlat(self.x, self.y)

    @property
    def sky(self) -> SkyCoord:
        """Where they seem to come from."""
        return self.geom.from_pix(self.x, self.y)

    def counts(self, geom: WcsGeom | None = None) -> Map:
        """Counts image, on the pixels of the picture or on any others."""
        target = (geom or self.geom).image
        x, y = (self.x, self.y) if geom is None or geom == self.geom else target.to_pix(self.sky)
        return Map(target, bin_pixels(x, y, target.image_shape))

    def select(self, keep: NDArray[np.bool_]) -> Self:
        """The photons where `keep` is true; the tally stays, as the account of what was drawn."""
        return replace(self, **{name: getattr(self, name)[keep] for name in ("x", "y", "source", "view")})

    def of(self, label: str) -> Self:
        """The photons of one source.

        Raises
        ------
        ModelError
            There is no source of that name.
        """
        if label not in self.tally.labels:
            raise ModelError(f"no source {label!r}; there are {', '.join(self.tally.labels)}")
        return self.select(self.source == self.tally.labels.index(label))

    def of_view(self, number: int) -> Self:
        """The photons of one observation."""
        return self.select(self.view == number)

    def shuffled(self, rng: np.random.Generator) -> Self:
        """The same photons in random order."""
        order = rng.permutation(len(self))
        return replace(self, **{name: getattr(self, name)[order] for name in ("x", "y", "source", "view")})


def pile(lists: list[Photons]) -> Photons:
    """Photon lists of the same picture as one; views are numbered on.

    Raises
    ------
    ShapeError
        None is given, or they are not of the same pixels and sources.
    """
    if not lists:
        raise ShapeError("no photon lists to pile up")
    first = lists[0]
    for other in lists[1:]:
        if other.geom != first.geom or other.tally.labels != first.tally.labels:
            raise ShapeError(f"photon lists of different pictures: {first.geom} and {other.geom}; bin them instead")
    before = np.cumsum([0, *(len(part.tally.drawn) for part in lists)])
    view = np.concatenate([part.view + n for part, n in zip(lists, before[:-1], strict=True)])
    tally = Tally(
        first.tally.labels,
        np.concatenate([part.tally.drawn for part in lists]),
        np.concatenate([part.tally.kept for part in lists]),
    )
    x, y, source = (np.concatenate([getattr(part, name) for part in lists]) for name in ("x", "y", "source"))
    return Photons(first.geom, x, y, source, view.astype(np.int32), tally)


def bin_pixels(x: Floats, y: Floats, shape: tuple[int, int]) -> Ints:
    """Photons in each pixel, shape (ny, nx): those outside, and nan, fall on none."""
    ny, nx = shape
    u, v = x + 0.5, y + 0.5
    inside = (u >= 0) & (u < nx) & (v >= 0) & (v < ny)
    pixel = v[inside].astype(np.int64) * nx + u[inside].astype(np.int64)  # positive: cutting off is the floor
    return np.bincount(pixel, minlength=ny * nx).reshape(ny, nx)
