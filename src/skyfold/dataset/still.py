"""Sources with a shape that does not move: folded once, over the whole map."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skyfold.dataset.at_source import AREA, migration_at, pixel_size, psf_at, quadrant_of
from skyfold.dataset.dataset import Dataset
from skyfold.dataset.window import Folding
from skyfold.errors import ShapeError
from skyfold.geom.pixels import padded, upsampled
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.irf.kernel import mirrored
from skyfold.maps.filter import convolve
from skyfold.maps.map import Map
from skyfold.model.source import Source
from skyfold.model.spatial.base import Shape

Floats = NDArray[np.float64]
# Pixels in the smallest feature of a shape that is taken at the centres of pixels, for their mean.
_SMOOTH = 2.0
# Points in a pixel across of a map of light that is finer than pixels, and points of all pixels together.
_FINEST = 5
_MOST_POINTS = 4_000_000


def stays(dataset: Dataset, source: Source) -> bool:
    """Whether a source has a shape that does not move, on a map: it is `fixed`, and needs no window."""
    return source.shape is not None and not source.shape.moves and not isinstance(dataset.geom, RegionGeom)


def directions(geom: WcsGeom, frame: str) -> tuple[Floats, Floats]:
    """Longitude and latitude [rad] of the pixels in a frame, (ny, nx) each; 0 off the projection."""
    sky = geom.sky.transform_to(frame).spherical
    return np.nan_to_num(sky.lon.rad), np.nan_to_num(sky.lat.rad)


def fixed(dataset: Dataset, source: Source, name: str, folding: Folding) -> tuple[Floats, Floats]:
    """A shape that does not move, folded with the PSF for unit flux.

    The PSF and the dispersion are those at the centre of the dataset. Light comes from beyond the border too, where
    the exposure is that of the border.

    Returns
    -------
    light : (T, ny, nx) [cm2 s], over all pixels of the dataset.
    migration : (T, R)

    Raises
    ------
    ShapeError
        The dataset lacks an exposure, or has a PSF for each of several bins of reconstructed energy.
    """
    if dataset.exposure is None:
        raise ShapeError(f"dataset {dataset.name!r} has no exposure: source {name!r} cannot be folded through it")
    assert source.shape is not None
    at, kernel = dataset.geom.center, np.ones((1, 1, 1))
    density = psf_at(dataset, source, at)
    if density is not None:
        kernel = mirrored(quadrant_of(density, pixel_size(dataset.geom), 1, folding.containment))
        if density[2] and len(kernel) > 1:
            raise ShapeError(
                f"dataset {dataset.name!r} has a PSF of reconstructed energies; the shape of {name!r}, which does not"
                " move, needs one of true energies, or none: irf=('exposure', 'edisp')"
            )
    blur = kernel.shape[-1] // 2
    light = _shining(source.shape, padded(dataset.geom.image, blur), dataset.energy_true.center_in("TeV"))
    seen = light * np.pad(dataset.exposure.data_in(AREA), ((0, 0), (blur, blur), (blur, blur)), mode="edge")
    if density is not None:
        wide = padded(dataset.geom.image, blur).with_axes(dataset.energy_true)
        ny, nx = dataset.geom.image_shape
        seen = convolve(Map(wide, seen), kernel).data[:, blur : blur + ny, blur : blur + nx]
    return seen, migration_at(dataset, source, at)


def _shining(shape: Shape, geom: WcsGeom, energies: Floats) -> Floats:
    """Light of a shape in pixels at energies, (T, ny, nx): at their centres; of finer shapes the mean over them."""
    (ny, nx), pixel = geom.image_shape, min(pixel_size(geom))
    most = min(_FINEST, max(1, int(np.sqrt(_MOST_POINTS / (ny * nx)))))
    finer = min(most, max(1, int(np.ceil(0.999 * pixel / max(float(shape.grain()), pixel / _FINEST)))))
    lon, lat = directions(upsampled(geom, finer), shape.frame)
    brightness: Any = shape

    def light(*energy: float) -> Floats:
        points = np.broadcast_to(np.asarray(brightness(lon, lat, *energy)), lon.shape)
        return points.reshape(ny, finer, nx, finer).mean(axis=(1, 3)) * geom.solid_angle

    if shape.energy_dependent:
        return np.stack([light(energy) for energy in energies])
    return np.broadcast_to(light(), (energies.size, ny, nx))
