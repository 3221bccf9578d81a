"""Many datasets as one.

Counts, off counts and backgrounds are summed over safe bins; exposures are summed where a pixel is safe at any energy;
responses are averaged with the exposure as weight. The dispersion carries the safe bins of each part with it, so that
the stack predicts the sum of what its parts predict in their safe bins.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skyfold.dataset.coarse import served
from skyfold.dataset.dataset import Dataset, SkyResponse
from skyfold.dataset.off import expected_in_on, joint_acceptance_off
from skyfold.errors import ShapeError
from skyfold.events.good_times import GoodTimes, union
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Slices = tuple[slice, slice]

_SUMMED = ("counts", "background", "counts_off", "acceptance", "acceptance_off")
_CARRIED = (*_SUMMED, "exposure", "psf", "edisp")


def stack(parts: Iterable[Dataset], name: str = "stacked", geom: Any = None) -> Dataset:
    """Add datasets up.

    Parameters
    ----------
    parts : may be a generator: memory holds the sum and one part. They carry the same maps, with the same axes; their
        pixels are cut-outs of `geom`. A part without any safe bin adds nothing.
    geom : of the result; that of the first part if None. A part that reaches beyond it is cut.

    Returns
    -------
    Dataset
        Off acceptance is such that α × counts_off is the sum of the parts' backgrounds. Where no part has exposure the
        responses are 0. Responses cover the pixels that those of the parts cover together. `meta` keeps the parts'
        ``obs_ids``, and what all parts agree on.

    Raises
    ------
    ShapeError
        No parts; pixels that are not aligned with `geom`, other axes, maps that only some of the parts have, an on-off
        measurement among parts without one, or, without `geom`, a part that reaches beyond the first.
    """
    total: _Sum | None = None
    for part in parts:
        if total is None:
            total = _Sum(part, part.geom if geom is None else geom, cuts=geom is not None)
        total.add(part)
    if total is None:
        raise ShapeError("nothing to stack: no dataset was given")
    return total.dataset(name)


class _Sum:
    """A sum under way: arrays of its own that grow by one part after the other."""

    def __init__(self, first: Dataset, geom: Any, cuts: bool) -> None:
        self.first, self.geom, self.cuts = first, geom, cuts
        self.maps = {name: np.zeros(geom.shape) for name in _SUMMED if getattr(first, name) is not None}
        self.alpha_off = np.zeros(geom.shape) if first.stat == "wstat" else None
        self.safe = np.zeros(geom.shape, dtype=bool)
        self.fit = np.zeros(geom.shape, dtype=bool)
        self.has_fit = False
        self.exposure: Map | None = None
        if first.exposure is not None:
            self.exposure = Map.filled(geom.with_axes(*first.exposure.geom.axes), 0.0, first.exposure.unit)
        self.responses = {name: _Average(r) for name in ("psf", "edisp") if (r := getattr(first, name)) is not None}
        self.gti: list[GoodTimes] = []
        self.livetime_s = 0.0
        self.obs_ids: list[Any] = []
        self.meta = dict(first.meta)

    def add(self, part: Dataset) -> None:
        self._check(part)
        placed = self._placed(part)
        if placed is None:
            return
        part, (rows, columns) = placed
        safe = part.safe
        for name, total in self.maps.items():
            _add(total[..., rows, columns], getattr(part, name).data, safe)
        if self.alpha_off is not None:
            _add(self.alpha_off[..., rows, columns], _alpha_off(part), safe)
        self.safe[..., rows, columns] |= safe
        self.fit[..., rows, columns] |= part.used
        self.has_fit |= part.mask_fit is not None
        if self.exposure is not None and part.exposure is not None:
            exposure = part.exposure.data_in(self.exposure.unit)
            _add(self.exposure.data[..., rows, columns], exposure, _image(safe))
        for name, average in self.responses.items():
            average.add(getattr(part, name), part)
        self.gti += [] if part.gti is None else [part.gti]
        self.livetime_s += part.livetime_s
        self.obs_ids += part.meta.get("obs_ids", ())
        self.meta = {key: value for key, value in self.meta.items() if key in part.meta and part.meta[key] == value}

    def dataset(self, name: str) -> Dataset:
        maps: dict[str, Any] = {key: Map(self.geom, total) for key, total in self.maps.items()}
        maps |= {key: average.response() for key, average in self.responses.items()}
        if self.alpha_off is not None:
            off = joint_acceptance_off(
                self.maps["counts_off"], self.maps["acceptance"], self.maps["acceptance_off"], self.alpha_off
            )
            maps["acceptance_off"] = Map(self.geom, off)
        obs_ids = {"obs_ids": tuple(self.obs_ids)} if self.obs_ids else {}
        return Dataset(
            name=name,
            exposure=self.exposure,
            mask_safe=Map(self.geom, self.safe),
            mask_fit=Map(self.geom, self.fit) if self.has_fit else None,
            gti=union(self.gti) if self.gti else None,
            livetime_s=self.livetime_s,
            meta={**self.meta, **obs_ids},
            **maps,
        )

    def _check(self, part: Dataset) -> None:
        if part.stat != self.first.stat:
            raise ShapeError(
                f"datasets {self.first.name!r} ({self.first.stat}) and {part.name!r} ({part.stat}) cannot be stacked:"
                " one has an off measurement and the other none; fit them jointly instead"
            )
        for name in _CARRIED:
            if (getattr(part, name) is None) != (getattr(self.first, name) is None):
                having, missing = (self.first, part) if getattr(part, name) is None else (part, self.first)
                raise ShapeError(
                    f"dataset {having.name!r} has {name} and {missing.name!r} has none; all parts need the same maps"
                )
        if part.geom.axes != self.geom.axes:
            raise ShapeError(
                f"dataset {part.name!r} has {_say(part.geom)}, the stack {_say(self.geom)}; rebin it first"
            )
        if (
            part.exposure is not None
            and self.exposure is not None
            and part.exposure.geom.axes != self.exposure.geom.axes
        ):
            raise ShapeError(
                f"dataset {part.name!r} has other true energies than the stack: {_say(part.exposure.geom)}"
            )

    def _placed(self, part: Dataset) -> tuple[Dataset, Slices] | None:
        """The piece of a part that lies in the whole, and where; None if nothing there is safe."""
        spans = _spans(part.geom, self.geom, part.name, "counts")
        inside = [slice(max(s.start, 0), min(s.stop, n)) for s, n in zip(spans, self.geom.image_shape, strict=True)]
        if any(a != b for a, b in zip(spans, inside, strict=True)):
            if not self.cuts:
                raise ShapeError(
                    f"dataset {part.name!r} reaches beyond {self.first.name!r}: give stack the geometry of the whole"
                )
            if any(s.stop <= s.start for s in inside):
                return None
            rows, columns = (slice(i.start - s.start, i.stop - s.start) for i, s in zip(inside, spans, strict=True))
            part = part.cut(rows, columns)
        return (part, (inside[0], inside[1])) if part.safe.any() else None


class _Average:
    """A response averaged with its exposure as weight, on pixels that grow to hold every part."""

    def __init__(self, first: SkyResponse) -> None:
        self.unit, self.exposure_unit = first.table.unit, first.exposure.unit
        self.geom = first.table.geom
        self.table = np.zeros(self.geom.shape)
        self.exposure = np.zeros(first.exposure.geom.shape)

    def add(self, response: SkyResponse, part: Dataset) -> None:
        geom = response.table.geom
        if geom.axes != self.geom.axes:
            raise ShapeError(f"dataset {part.name!r} has a response with {_say(geom)}, the stack {_say(self.geom)}")
        rows, columns = self._make_room(geom, part.name)
        is_dispersion = self.geom.axes[1] == part.energy
        weight = served(part.safe if is_dispersion else _image(part.safe), part.geom, geom)
        exposure = np.where(_image(weight), response.exposure.data_in(self.exposure_unit), 0.0)
        table = response.table.data_in(self.unit) * exposure[:, None]
        if is_dispersion:
            table *= weight  # what falls into unsafe bins is lost
        self.table[..., rows, columns] += table
        self.exposure[..., rows, columns] += exposure

    def response(self) -> SkyResponse:
        weight = self.exposure[:, None]
        table = np.divide(self.table, weight, out=np.zeros_like(self.table), where=weight > 0)
        exposure_geom = self.geom.with_axes(self.geom.axes[0])
        return SkyResponse(Map(self.geom, table, self.unit), Map(exposure_geom, self.exposure, self.exposure_unit))

    def _make_room(self, geom: Any, name: str) -> Slices:
        """Grow to hold the pixels of `geom`; where they are then."""
        spans = _spans(geom, self.geom, name, "a response")
        before = tuple(max(-s.start, 0) for s in spans)
        after = tuple(max(s.stop - n, 0) for s, n in zip(spans, self.geom.image_shape, strict=True))
        if any(before) or any(after):
            margin = tuple(zip(before, after, strict=True))
            self.geom = _grown(self.geom, margin)
            self.table = np.pad(self.table, ((0, 0), (0, 0), *margin))
            self.exposure = np.pad(self.exposure, ((0, 0), *margin))
        rows, columns = (slice(s.start + b, s.stop + b) for s, b in zip(spans, before, strict=True))
        return rows, columns


def _grown(geom: WcsGeom, margin: tuple[tuple[int, int], ...]) -> WcsGeom:
    (bottom, top), (left, right) = margin
    wcs = geom.wcs.deepcopy()
    wcs.wcs.crpix += (left, bottom)
    ny, nx = geom.image_shape
    return replace(geom, wcs=wcs, image_shape=(ny + bottom + top, nx + left + right))


def _spans(geom: Any, whole: Any, name: str, what: str) -> Slices:
    """Slices (y, x) of the pixels of one geometry in another; they may stick out of it."""
    if isinstance(geom, WcsGeom) and isinstance(whole, WcsGeom):
        spans = geom.offset_in(whole)
        if spans is None:
            raise ShapeError(
                f"dataset {name!r}: the pixels of {what} ({_say(geom)}) are not aligned with those of the stack"
                f" ({_say(whole)}); make it on a cut-out of the same geometry, or reproject it"
            )
        return spans
    if geom.image != whole.image:
        raise ShapeError(
            f"dataset {name!r}: {what} on {_say(geom)} cannot be added to {_say(whole)}: not the same region"
        )
    ny, nx = whole.image_shape
    return slice(0, ny), slice(0, nx)


def _add(total: Floats, values: Floats, where: Mask) -> None:
    """Add in place where it is safe; what is not safe may be nan."""
    if where.all():  # a sum without condition takes a fifth of the time
        total += values
    else:
        np.add(total, values, out=total, where=where)


def _alpha_off(part: Dataset) -> Floats:
    if part.counts_off is None or part.acceptance is None or part.acceptance_off is None:
        raise ShapeError(f"dataset {part.name!r} has off counts but lacks an acceptance")
    return expected_in_on(part.counts_off.data, part.acceptance.data, part.acceptance_off.data)


def _image(mask: Mask) -> Mask:
    return np.logical_or.reduce(mask, axis=tuple(range(mask.ndim - 2)))


def _say(geom: Any) -> str:
    return " ".join(str(geom).split())
