"""Point spread functions on pixels much smaller than they are."""

import numpy as np
from numpy.typing import ArrayLike

from skyfold.geom.axis import Axis
from skyfold.irf.kernel import table_kernel
from skyfold.irf.radial import Profiles
from skyfold.irf.table import Floats

# Gauss-Legendre nodes along each side of a pixel. Where half of the light lies within at least one pixel the sums are
# right to 1e-3 of the largest; a smaller core is left to the exact areas of rings in pixels, thirty times as slow.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(2)
_CORE = 1.0
_ROWS = 8  # of pixels at once: what is between stays small


def fine_quadrant(density: ArrayLike, rad: Axis, pixel: tuple[float, float], *, containment: float = 0.999) -> Floats:
    """The pixels x, y ≥ 0 of the kernel of densities (k, n_rad) [sr-1], see `skyfold.irf.kernel.table_kernel`.

    Parameters
    ----------
    pixel : width and height [rad], well below the size of the PSF.

    Returns
    -------
    (k, n, n), the middle pixel first, which `skyfold.irf.kernel.mirrored` makes whole: the sum of that is 1 per energy,
    or 0 where there is no shape.
    """
    profiles = Profiles.of(rad, np.atleast_2d(np.asarray(density, dtype=float)), means=False)
    lit = profiles.total > 0
    share = profiles.enclosed[lit] / profiles.total[lit, None]
    radii = np.sqrt(profiles.squares)
    if not lit.any() or radii[np.argmax(share >= 0.5, axis=1)].min() < _CORE * max(pixel):
        whole = table_kernel(density, rad, pixel, containment=containment).values
        middle = whole.shape[-1] // 2
        return whole[:, middle:, middle:]
    reach = radii[np.argmax(share >= containment, axis=1)].max()
    half = max(int(np.ceil(reach / min(pixel) - 0.5)), 0)
    sums = _sums(profiles, half, pixel)
    times = np.where(np.arange(half + 1) > 0, 2.0, 1.0)  # that a row or column is in the whole
    total = np.einsum("kyx,y,x->k", sums, times, times)[:, None, None]
    return np.divide(sums, total, out=np.zeros(sums.shape), where=lit[:, None, None])


def _sums(profiles: Profiles, half: int, pixel: tuple[float, float]) -> Floats:
    """Integrals over the pixels x, y ≥ 0, shape (k, half + 1, half + 1)."""
    n = half + 1
    x, y = ((np.arange(n)[:, None] + _NODES / 2).ravel() * size for size in pixel)
    weights = np.outer(_WEIGHTS, _WEIGHTS) / 4 * pixel[0] * pixel[1]
    sums = np.empty((len(profiles.total), n, n))
    for first in range(0, n, _ROWS):
        rows = slice(first * _NODES.size, (first + _ROWS) * _NODES.size)
        values = profiles.density_at(np.hypot(x[None, :], y[rows, None]))
        parts = values.reshape(len(sums), -1, _NODES.size, n, _NODES.size)
        np.einsum("kyixj,ij->kyx", parts, weights, out=sums[:, first : first + _ROWS])
    return sums
