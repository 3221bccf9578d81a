"""Counts images, as X-ray observatories give them, as datasets of one energy bin."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from skyfold.dataset.dataset import Dataset, SkyResponse
from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.units import EXPOSURE


def from_image(
    name: str,
    counts: Map,
    exposure: Map,
    band: tuple[Any, Any],
    *,
    background: Map | None = None,
    psf: tuple[Axis, ArrayLike] | None = None,
) -> Dataset:
    """A dataset of a counts image.

    Pixels without exposure were not observed: they are not safe. No dispersion: photons stay in the band.

    Parameters
    ----------
    counts : image, without further axes.
    exposure : on the same pixels; effective area × time, or a time, as that of an area of 1 cm2: a flux [s-1 cm-2] in
        the band is then a rate of counts [s-1].
    band : lower and upper energy.
    background : expected counts; the exposure itself unless told, so that the norm of a background model is a rate of
        counts [s-1] in each pixel (times 1 cm2 if the exposure is no time).
    psf : radius axis and density [sr-1] of a PSF that is the same everywhere.

    Raises
    ------
    ShapeError
        The images are on different pixels, or the exposure is neither a time nor an area × time.
    """
    for what, image in (("exposure", exposure), ("background", background)):
        if image is not None and image.geom.image != counts.geom.image:
            raise ShapeError(f"dataset {name!r}: its {what} is on {image.geom}, its counts on {counts.geom}")
    if exposure.unit.is_equivalent("s"):
        seen = exposure.data_in("s") * 1e-4
    elif exposure.unit.is_equivalent(EXPOSURE):
        seen = exposure.data_in(EXPOSURE)
    else:
        raise ShapeError(f"dataset {name!r}: its exposure is in {exposure.unit}; wanted a time, or an area × time")
    seen = np.nan_to_num(seen).reshape(counts.geom.image_shape)
    energy, true = Axis.energy(*band, 1), Axis.energy(*band, 1, true=True)
    geom = counts.geom.with_axes(energy)
    expected = 1e4 * seen if background is None else np.asarray(background.data, dtype=float)
    return Dataset(
        name,
        counts=Map(geom, np.asarray(counts.data, dtype=float).reshape(geom.shape)),
        background=Map(geom, expected.reshape(geom.shape)),
        exposure=Map(counts.geom.with_axes(true), seen[None], EXPOSURE),
        psf=None if psf is None else _everywhere(counts, true, *psf),
        mask_safe=Map(geom, (seen > 0)[None]),
    )


def _everywhere(counts: Map, true: Axis, rad: Axis, density: ArrayLike) -> SkyResponse:
    """One PSF for the whole map, on a pixel as large as it."""
    geom = counts.geom
    pixel = WcsGeom.create(geom.center, npix=1, pixel=tuple(geom.width), proj=geom.proj, frame=geom.frame)
    table = np.asarray(density, dtype=float).reshape(1, rad.nbin, 1, 1)
    return SkyResponse(
        Map(pixel.with_axes(true, rad), table, "sr-1"), Map(pixel.with_axes(true), np.ones((1, 1, 1)), EXPOSURE)
    )
