"""Kernels on the pixel grid, and convolution with them."""

from typing import Any, Literal

import astropy.units as u
import numpy as np
from numpy.fft import irfft2, rfft2
from numpy.typing import NDArray

from skyfold.errors import ShapeError
from skyfold.maps.map import Map
from skyfold.units import strip

Floats = NDArray[np.float64]
_SMALL = 25  # pixels of a kernel up to which a direct sum costs less than a transform


def tophat_kernel(radius: float) -> Floats:
    """1 for pixels whose centre is within `radius` pixels of the central one, else 0."""
    half = int(np.floor(radius * (1 + 1e-9)))
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    return (x**2 + y**2 <= radius**2 * (1 + 1e-9)).astype(float)


def ring_kernel(r_in: float, width: float) -> Floats:
    """1 for pixels whose centre is between `r_in` and `r_in + width` pixels from the central one, else 0."""
    r_out = r_in + width
    half = int(np.floor(r_out * (1 + 1e-9)))
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    r2 = x**2 + y**2
    return ((r2 >= r_in**2 * (1 - 1e-9)) & (r2 <= r_out**2 * (1 + 1e-9))).astype(float)


def gauss_kernel(sigma: float) -> Floats:
    """A Gaussian sampled at pixel centres out to 5 `sigma` pixels; sums to 1."""
    half = int(np.ceil(5 * sigma))
    with np.errstate(divide="ignore", invalid="ignore"):
        shape = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2) if sigma > 0 else np.ones(1)
    return np.outer(shape, shape) / shape.sum() ** 2


def box_kernel(width: float) -> Floats:
    """A square of `width` pixels, border pixels weighted by their share of it; sums to 1."""
    half = max(int(np.ceil((width - 1) / 2)), 0)
    shape = np.clip(width / 2 + 0.5 - np.abs(np.arange(-half, half + 1)), 0.0, 1.0) if half else np.ones(1)
    return np.outer(shape, shape) / shape.sum() ** 2


def smooth(map_: Map, width: Any, kernel: Literal["gauss", "disk", "box"] = "gauss") -> Map:
    """Smoothed images; a count stays a count, but for those carried over the border of the map.

    Parameters
    ----------
    width : σ of the Gaussian, radius of the disk or full width of the box; an angle, or a bare number of pixels.
    """
    size = width
    if isinstance(width, u.Quantity | str):
        size = strip(width, "deg", "width") / map_.geom.pixel_size[0].to_value("deg")
    if kernel == "gauss":
        weights = gauss_kernel(float(size))
    elif kernel == "disk":
        weights = tophat_kernel(float(size))
        weights = weights / weights.sum()
    elif kernel == "box":
        weights = box_kernel(float(size))
    else:
        raise ShapeError(f"no smoothing kernel {kernel!r}; there are gauss, disk, box")
    return convolve(map_, weights)


def convolve(map_: Map, kernel: Floats) -> Map:
    """Each image of a map ⊗ a kernel with odd sides, zero outside the map, same shape; float64.

    Whole numbers stay whole, and what is not negative stays so: the transform's rounding is taken off. A pixel whose
    kernel touches one that is not finite is nan; others do not notice.

    Parameters
    ----------
    kernel : one for all images, shape (ky, kx), or one for each, shape (..., ky, kx) that broadcasts against the axes.

    Raises
    ------
    ShapeError
        A side of the kernel is even, so that it has no central pixel.
    """
    kernel = np.asarray(kernel, dtype=float)
    if kernel.ndim < 2 or not all(n % 2 for n in kernel.shape[-2:]):
        raise ShapeError(f"a kernel needs an odd number of pixels on each side, found shape {kernel.shape}")
    data = np.asarray(map_.data, dtype=float)
    missing = ~np.isfinite(data)
    if missing.any():
        data = np.where(missing, 0.0, data)
    result = _same(data, kernel)
    if missing.any():
        touched = _same(missing.astype(float), (kernel != 0).astype(float)) > 0.5
        result = np.where(touched, np.nan, result)
    return map_.with_data(result)


def _same(data: Floats, kernel: Floats) -> Floats:
    if kernel.shape[-1] * kernel.shape[-2] <= _SMALL:
        return _direct(data, kernel)
    result = _transformed(data, kernel)
    if _whole(data) and _whole(kernel):
        result = np.rint(result)
    if data.min(initial=0.0) >= 0 and kernel.min() >= 0:
        result = np.maximum(result, 0.0)
    return result


def _transformed(data: Floats, kernel: Floats) -> Floats:
    # numpy's transform, not scipy's: the same speed without 0.2 s of import.
    size = [_fast_length(n + k - 1) for n, k in zip(data.shape[-2:], kernel.shape[-2:], strict=True)]
    product = irfft2(rfft2(data, size) * rfft2(kernel, size), size)
    y, x = ((k - 1) // 2 for k in kernel.shape[-2:])
    ny, nx = data.shape[-2:]
    return np.asarray(product[..., y : y + ny, x : x + nx])


def _fast_length(n: int) -> int:
    """The smallest length from `n` on that has no prime factor above 5."""
    for length in range(n, 2 * n):
        rest = length
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
    return n


def _direct(data: Floats, kernel: Floats) -> Floats:
    ky, kx = kernel.shape[-2:]
    ny, nx = data.shape[-2:]
    margin = [(0, 0)] * (data.ndim - 2) + [(ky // 2, ky // 2), (kx // 2, kx // 2)]
    wide = np.pad(data, margin)
    result = np.zeros(np.broadcast_shapes(data.shape[:-2], kernel.shape[:-2]) + (ny, nx))
    for j in range(ky):
        for i in range(kx):
            weight = kernel[..., ky - 1 - j, kx - 1 - i, None, None]
            if np.any(weight):
                result += weight * wide[..., j : j + ny, i : i + nx]
    return result


def _whole(values: Floats) -> bool:
    return bool(np.all(values == np.rint(values)))
