"""The part of a dataset around a source, ready to be folded."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import NDArray

from skyfold.dataset import whole_pixels
from skyfold.dataset.at_source import AREA, migration_at, pixel_size, psf_at, quadrant_of
from skyfold.dataset.cut_out import Cut, interpolated, local_at, window_size, wrapped
from skyfold.dataset.dataset import Dataset
from skyfold.dataset.fineness import Fineness
from skyfold.errors import ModelError, ShapeError
from skyfold.fold import spline
from skyfold.fold.point import by_phase
from skyfold.fold.window import Local, Spot, Window
from skyfold.geom.region import RegionGeom
from skyfold.irf.kernel import mirrored
from skyfold.model.source import Source
from skyfold.model.spatial.base import Shape

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Folding:
    """How finely sources are folded.

    containment : share of the PSF in its kernel, at the widest energy.
    margin : pixels that a source may move before its window has to follow.
    oversampling : points per pixel, odd, on which the PSF of a point source is a cubic spline, and shapes as small as
        pixels are taken; with 1, what nothing blurs counts as it is in the middle of each pixel, and not by its mean.
    bilinear : share a point among the four pixels next to it, and take PSF, dispersion and exposure as Gammapy does, to
        compare numbers: its expected counts to 1e-5. The likelihood then has kinks, and more than one minimum. Shapes
        that do not move are folded as ever.
    """

    containment: float = 0.999
    margin: int = 4
    oversampling: int = 3
    bilinear: bool = False


@dataclass(frozen=True, eq=False)
class Placed:
    """A window and where it lies: pixel (x, y) of the dataset is (x − corner[1], y − corner[0]) of the window.

    dark : whether none of its bins that enter the statistic is exposed.
    reach : of the source for which it was made [rad].
    how : how finely that is folded; None where there is no choice.
    """

    window: Window
    corner: tuple[int, int]
    dark: bool
    reach: float = 0.0
    how: Fineness | None = None


def place(
    dataset: Dataset,
    source: Source,
    name: str,
    folding: Folding,
    before: Fineness | None = None,
) -> Placed:
    """The window of a dataset around a source.

    Parameters
    ----------
    name : of the source, for messages.
    before : how finely this source was folded so far. The new window is at least as fine: else a search whose source is
        about as large as a pixel would go back and forth between two ways to fold it, and find no minimum.

    Raises
    ------
    ModelError
        The source has no shape but the dataset is a map, or lies off its projection.
    ShapeError
        The dataset lacks an exposure, or has a PSF without density at the source.
    """
    if dataset.exposure is None:
        raise ShapeError(f"dataset {dataset.name!r} has no exposure: source {name!r} cannot be folded through it")
    if isinstance(dataset.geom, RegionGeom):
        return _region(dataset, source)
    if source.shape is None:
        raise ModelError(
            f"source {name!r} has no shape: the map dataset {dataset.name!r} needs one, for instance Point"
        )
    at = position(source.shape)
    x, y = (float(c) for c in dataset.geom.to_pix(at))
    if not np.isfinite([x, y]).all():
        raise ModelError(f"source {name!r} at {at.to_string()} is off the projection of dataset {dataset.name!r}")
    if folding.bilinear:
        return _on_whole_pixels(dataset, source, at, (x, y), folding)
    density = psf_at(dataset, source, at)
    blurred = density is not None
    how = Fineness.of(source.shape, min(pixel_size(dataset.geom)), blurred, folding.oversampling, before)
    quadrant = quadrant_of(density, pixel_size(dataset.geom), how.step, folding.containment)
    points = quadrant.shape[-1]  # from the middle of the PSF to its end
    cut = Cut.of(dataset.geom.image_shape, how, (x, y), points // how.step, folding.margin)
    mask, exposure = cut.contents(dataset)
    migration, middle = migration_at(dataset, source, at), cut.n // 2
    dark, lit = not np.any(mask.any(axis=0) & exposure.any(axis=0)), _lit(migration, mask)
    exposure = exposure[lit]
    reco_psf = density is not None and density[2]
    if blurred and not reco_psf:
        quadrant = quadrant[lit]
    spot = spot_of(
        dataset,
        source,
        migration,
        "point" if how.point else "extended",
        lit,
        exposure=exposure[:, middle, middle],
        local=local_at(dataset.geom, at, (x - cut.corner[1], y - cut.corner[0]), cut.n),
        block=np.array([cut.side, cut.n - cut.side, cut.n - cut.side]),
        room=np.array(cut.n / 2 - (points - 0.5) / how.step - folding.margin - 1),
        oversampling=how.step,
        order=3 if blurred else 1,
        follows=not how.wide,
        reco_psf=reco_psf,
    )
    make = partial(Window, spot, seen=_seen(mask, spot.migration, reco_psf), nodes=how.nodes, blurred=blurred)
    if how.point:
        window = _point(make, how.step, exposure, quadrant, blurred, cut.side, folding.margin + spline.TAPS[3])
        return Placed(window, cut.corner, dark, how=how)
    averaged = not blurred and how.nodes == 0 and folding.oversampling > 1
    window = _extended(partial(make, averaged=averaged), how, exposure, quadrant, blurred, cut.n)
    return Placed(window, cut.corner, dark, float(source.shape.reach()), how)


def spot_of(
    dataset: Dataset, source: Source, migration: Floats, kind: str, lit: slice | None = None, **about: Any
) -> Spot:
    """All of a window but its pixels.

    Parameters
    ----------
    lit : the true energies of which anything is seen; all of them unless told.
    about : the rest of a `Spot`; unless told, that of a source which stays where it is.
    """
    nothing = np.zeros(0)
    still: dict[str, Any] = {
        "exposure": nothing,
        "local": Local(*(nothing,) * 6),
        "block": nothing,
        "room": np.zeros(()),
    }
    lit = slice(0, len(migration)) if lit is None else lit
    # Good times count where a source varies; for others they are to be alike in all datasets.
    gti = None if source.lightcurve is None else dataset.gti
    return Spot(
        edges=dataset.energy_true.edges_in("TeV")[lit.start : lit.stop + 1],
        migration=migration[lit],
        times=np.zeros((2, 0)) if gti is None else np.stack([gti.start, gti.stop]),
        kind=kind,
        **{**still, **about},
    )


def _point(
    make: partial[Window], step: int, exposure: Floats, quadrant: Floats, blurred: bool, side: int, near: int
) -> Window:
    """The window of a source without extent, which sees the exposure up to `near` pixels from its middle."""
    if blurred:
        # Without those beyond the PSF, which are next to nothing: it ends where it ends, and is as smooth.
        wider = np.pad(quadrant, ((0, 0), (0, 6), (0, 6)))
        exposure, quadrant = spline.coefficients(exposure), spline.coefficients(wider)[:, :-6, :-6]
    else:
        quadrant = np.broadcast_to(quadrant, (len(exposure), *quadrant.shape[1:]))
    middle = exposure.shape[-1] // 2
    around = slice(middle - near, middle + near)
    return make(exposure=exposure[:, around, around].copy(), kernel=by_phase(quadrant, step, side))


def _extended(
    make: partial[Window], how: Fineness, exposure: Floats, quadrant: Floats, blurred: bool, n: int
) -> Window:
    """The window of a shape."""
    step = how.step
    if step > 1 and blurred:
        fine = (np.arange(step * n) - (step - 1) / 2) / step
        exposure = interpolated(exposure, fine, fine)
    transform: NDArray[Any] = np.zeros(0)
    if how.nodes or blurred:
        transform = np.fft.rfft2(wrapped(mirrored(quadrant), step * n))
    if how.nodes:
        shared = spline.spectrum(step * n)
        transform /= shared[:, None] * shared[: step * n // 2 + 1]
    return make(exposure=exposure, kernel=transform)


def _on_whole_pixels(
    dataset: Dataset, source: Source, at: SkyCoord, origin: tuple[float, float], folding: Folding
) -> Placed:
    """The window of a source that is folded as Gammapy does, see `skyfold.fold.whole_pixels`."""
    assert dataset.exposure is not None
    assert source.shape is not None
    geom, pixel, reach = dataset.geom, pixel_size(dataset.geom), float(source.shape.reach())
    response = dataset.psf if "psf" in source.irf else None
    kernel = np.ones((1, 1, 1))
    if response is not None:
        density, rad = whole_pixels.density_at(response, at), response.table.geom.axes[1]
        kernel = whole_pixels.kernels(density, rad, pixel, folding.containment)
    blur = kernel.shape[-1] // 2
    half = blur + int(np.ceil(1.1 * reach / min(pixel))) + folding.margin + 1
    n = window_size(2 * half + 1)
    corner = (int(np.floor(origin[1])) - n // 2, int(np.floor(origin[0])) - n // 2)
    mask, exposure = Cut(corner, n, 0).contents(dataset)
    dispersion = dataset.edisp if "edisp" in source.irf else None
    nearest = None if dispersion is None else whole_pixels.migration_at(dispersion, at)
    migration = migration_at(dataset, source, at) if nearest is None else nearest
    reco_psf = response is not None and response.table.geom.axes[0].name == "energy"
    spot = spot_of(
        dataset,
        source,
        migration,
        "whole pixels",
        exposure=exposure[:, n // 2, n // 2],
        local=local_at(geom, at, (origin[0] - corner[1], origin[1] - corner[0]), n),
        room=np.array(n / 2 - blur - folding.margin - 1),
        follows=True,
        reco_psf=reco_psf,
    )
    window = Window(
        spot,
        exposure,
        kernel=np.zeros(0) if response is None else np.fft.rfft2(wrapped(kernel, n)),
        seen=_seen(mask, migration, reco_psf),
        nodes=whole_pixels.parts_of(float(source.shape.grain()), min(pixel)) if reach > 0 else 0,
        blurred=response is not None,
    )
    return Placed(window, corner, not np.any(mask.any(axis=0) & exposure.any(axis=0)), reach)


def _lit(migration: Floats, mask: Floats) -> slice:
    """The true energies of which anything reaches a bin of the statistic; all of them if there is none."""
    reached = np.flatnonzero(migration[:, mask.any(axis=(1, 2))].any(axis=1))
    return slice(int(reached[0]), int(reached[-1]) + 1) if reached.size else slice(0, len(migration))


def _seen(mask: Floats, migration: Floats, reco_psf: bool) -> Floats:
    """Share of the counts of each channel that ends up in a bin of a mask (R, ny, nx), (ny, nx, C)."""
    return np.moveaxis(mask, 0, -1) if reco_psf else np.moveaxis(np.tensordot(migration, mask, 1), 0, -1)


def position(shape: Shape) -> SkyCoord:
    """The centre of a shape."""
    lon, lat = (float(angle) for angle in shape.center())
    return SkyCoord(lon, lat, unit="rad", frame=shape.frame)


def _region(dataset: Dataset, source: Source) -> Placed:
    """A source seen through one region: all of a point, of a shape what lies in the region.

    The PSF plays no part: what it takes out of the region is for the exposure of a spectrum to know.
    """
    assert dataset.exposure is not None
    exposure, used = dataset.exposure.data_in(AREA), dataset.used
    migration = migration_at(dataset, source)
    window = Window(
        spot_of(dataset, source, migration, "region"),
        exposure,
        kernel=_inside(dataset.geom, source.shape),
        seen=_seen(used.astype(float), migration, False),
    )
    dark = not np.any((exposure[:, 0, 0] @ migration) * used[:, 0, 0])
    return Placed(window, (0, 0), dark)


def _inside(geom: RegionGeom, shape: Shape | None) -> Floats:
    """Directions (lon, lat) [rad] in the frame of a shape and solid angles [sr] of the parts of a region, (3, n)."""
    if shape is None or float(shape.reach()) == 0:
        return np.zeros(0)
    grid = geom.covering()
    share = grid.solid_angle * geom.weights(grid, oversampling=3)
    at = grid.sky[share > 0].transform_to(shape.frame).spherical
    return np.stack([at.lon.rad, at.lat.rad, share[share > 0]])
