"""Point spread functions on pixels: kernels to convolve maps with."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis
from skyfold.irf.psf import Psf
from skyfold.irf.radial import Profiles
from skyfold.irf.table import Floats

# Rings per pixel and per median radius: in a ring events are spread evenly, an error of second order in its width.
_RINGS = 12
_RINGS_IN_CORE = 16
# More would take memory and time for a core so much smaller than a pixel that its shape no longer matters.
_RINGS_AT_MOST = 2048
# Rings worked on together; their shares of all pixels are in memory at once.
_BLOCK = 64


@dataclass(frozen=True, eq=False)
class Kernel:
    """Share of the events of a point source in the centre of the middle pixel that falls into each pixel.

    values : shape (n_energy, n, n), n odd, rows along latitude; sums to 1 per energy, or is 0 where there is no shape.
    cut : share of all events outside the kernel before it was normalised, (n_energy,); nan where there is no shape.
    """

    values: Floats
    cut: Floats


def psf_kernel(
    psf: Psf,
    energy: ArrayLike,
    offset: float,
    pixel: float | tuple[float, float],
    *,
    containment: float = 0.999,
    radius_max: float = np.inf,
) -> Kernel:
    """Kernel of a point spread function at one offset.

    Parameters
    ----------
    energy : true energies [TeV], shape (k,).
    offset : from the pointing [rad].
    pixel : size of a pixel [rad], or its width and height.
    containment : the kernel reaches to the radius that holds this share at the widest of the energies ...
    radius_max : ... but not beyond this [rad].

    Raises
    ------
    ShapeError
        No energy has a shape at this offset.
    """
    energy = np.atleast_1d(np.asarray(energy, dtype=float))
    reach = psf.containment_radius(energy, offset, containment)
    total = np.where(np.isfinite(reach), 1.0, 0.0)

    def enclosed(radius: Floats) -> Floats:
        return psf.containment(energy[:, None], offset, radius)

    core = np.nanmin(psf.containment_radius(energy, offset, 0.5), initial=np.inf)
    return _kernel(enclosed, total, reach, float(core), pixel, radius_max)


def table_kernel(
    density: ArrayLike,
    rad: Axis,
    pixel: float | tuple[float, float],
    *,
    containment: float = 0.999,
    radius_max: float = np.inf,
) -> Kernel:
    """Kernel of densities (k, n_rad) [sr-1] at the centres of a radius axis; see `psf_kernel`."""
    profiles = Profiles.of(rad, np.atleast_2d(np.asarray(density, dtype=float)), means=False)
    total = profiles.total
    share = np.divide(
        profiles.enclosed, total[:, None], out=np.zeros(profiles.enclosed.shape), where=total[:, None] > 0
    )
    radii = np.sqrt(profiles.squares)
    reach = np.where(total > 0, radii[np.argmax(share >= containment, axis=1)], np.nan)
    core = np.min(radii[np.argmax(share >= 0.5, axis=1)], where=total > 0, initial=np.inf)
    return _kernel(profiles.enclosed_at, total, reach, float(core), pixel, radius_max)


def _kernel(
    enclosed: Callable[[Floats], Floats],
    total: Floats,
    reach: Floats,
    core: float,
    pixel: float | tuple[float, float],
    radius_max: float,
) -> Kernel:
    """Pixel sums of what `enclosed` (radii → (k, radii)) tells of each ring."""
    if not np.any(np.isfinite(reach)):
        raise ShapeError(
            "a kernel needs a point spread function at one energy at least; is the offset within the response?"
        )
    width, height = pixel if isinstance(pixel, tuple) else (pixel, pixel)
    radius, fine = min(float(np.nanmax(reach)), radius_max), min(width, height)
    half = max(int(np.ceil(radius / fine - 0.5)), 0)
    corner = np.hypot((half + 0.5) * width, (half + 0.5) * height)
    edges = np.linspace(
        0.0, corner, min(int(np.ceil(corner * max(_RINGS / fine, _RINGS_IN_CORE / core))), _RINGS_AT_MOST) + 1
    )
    rings = np.diff(enclosed(edges), axis=-1)
    quadrant = np.zeros((len(rings), (half + 1) ** 2))
    for start in range(0, edges.size - 1, _BLOCK):
        block = slice(start, start + _BLOCK)
        quadrant += rings[:, block] @ _shares(edges[start : start + _BLOCK + 1], half, width, height)
    values = mirrored(quadrant.reshape(-1, half + 1, half + 1))
    sums = values.sum(axis=(1, 2))
    good = (sums > 0) & (total > 0)
    values = np.divide(values, sums[:, None, None], out=np.zeros(values.shape), where=good[:, None, None])
    cut = np.divide(total - sums, total, out=np.full(sums.shape, np.nan), where=good)
    return Kernel(values, np.maximum(cut, 0.0))


def _shares(radii: Floats, half: int, width: float, height: float) -> Floats:
    """Share of each ring's area in each pixel of the quadrant x, y ≥ 0, shape (radii − 1, pixels, y slow)."""
    edge = np.arange(half + 2) - 0.5
    r = np.maximum(radii, 1e-12 * width)[:, None]
    corner = _disc_below((edge * width / r)[:, None, :], (edge * height / r)[:, :, None]) * (r**2)[..., None]
    pixels = np.diff(np.diff(np.diff(corner, axis=0), axis=1), axis=2)
    return np.asarray(pixels.reshape(radii.size - 1, -1) / (np.pi * np.diff(r**2, axis=0)))


def _disc_below(x: Floats, y: Floats) -> Floats:
    """Area of the part X ≤ x, Y ≤ y of the unit disc."""
    x, y = np.clip(x, -1.0, 1.0), np.clip(y, -1.0, 1.0)
    across = np.sqrt(1 - y**2)  # where the line Y = y leaves the disc
    lens_x, lens_y = np.arcsin(x) + x * np.sqrt(1 - x**2), np.arcsin(y) + y * across
    # The line X = x cuts off π/2 + lens_x; two cuts that do not meet in the disc leave both, or one, or nothing.
    apart = np.where(
        x < 0, np.where(y < 0, 0.0, np.pi / 2 + lens_x), np.where(y < 0, np.pi / 2 + lens_y, lens_x + lens_y)
    )
    # Two that do: columns from −across to x reach from the circle up to y; left of them, all or nothing.
    start = -np.arcsin(across) - across * np.abs(y)
    meeting = y * (x + across) + (lens_x - start) / 2 + np.where(y < 0, 0.0, np.pi / 2 + start)
    return np.where(x**2 + y**2 < 1, meeting, apart)


def mirrored(quadrant: Floats) -> Floats:
    """All four quadrants of (k, y, x) around its first row and column: (k, 2 y − 1, 2 x − 1)."""
    right = np.concatenate([quadrant[:, :, :0:-1], quadrant], axis=2)
    return np.concatenate([right[:, :0:-1], right], axis=1)
