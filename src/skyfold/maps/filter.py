"""Kernels on the pixel grid, and convolution with them."""

import numpy as np
from numpy.typing import NDArray

from skyfold.maps.map import Map

Floats = NDArray[np.float64]


def tophat_kernel(radius: float) -> Floats:
    """1 for pixels whose centre is within `radius` pixels of the central one, else 0."""
    half = int(np.floor(radius))
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    return (x**2 + y**2 <= radius**2 * (1 + 1e-9)).astype(float)


def ring_kernel(r_in: float, width: float) -> Floats:
    """1 for pixels whose centre is between `r_in` and `r_in + width` pixels from the central one, else 0."""
    r_out = r_in + width
    half = int(np.floor(r_out * (1 + 1e-9)))
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    r2 = x**2 + y**2
    return ((r2 >= r_in**2 * (1 - 1e-9)) & (r2 <= r_out**2 * (1 + 1e-9))).astype(float)


def convolve(map_: Map, kernel: Floats) -> Map:
    """Each image of a map ⊗ a kernel with odd sides, zero outside the map, same shape; float64.

    Whole numbers stay whole, and what is not negative stays so: the transform's rounding is taken off.
    """
    from scipy.fft import irfft2, next_fast_len, rfft2

    data = np.asarray(map_.data, dtype=float)
    full = [n + k - 1 for n, k in zip(data.shape[-2:], kernel.shape, strict=True)]
    size = [next_fast_len(n, real=True) for n in full]
    product = irfft2(rfft2(data, size) * rfft2(kernel, size), size)
    y, x = ((k - 1) // 2 for k in kernel.shape)
    ny, nx = data.shape[-2:]
    result = product[..., y : y + ny, x : x + nx]
    if _whole(data) and _whole(kernel):
        result = np.rint(result)
    if data.min(initial=0.0) >= 0 and kernel.min() >= 0:
        result = np.maximum(result, 0.0)
    return map_.with_data(result)


def _whole(values: Floats) -> bool:
    return bool(np.all(values == np.rint(values)))
