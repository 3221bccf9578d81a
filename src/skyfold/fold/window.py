"""The part of a dataset around one source, as plain arrays: all that folding needs."""

from dataclasses import dataclass, field
from typing import Any

from jax.tree_util import register_dataclass

Numbers = Any
"""An array: NumPy's where it is made, JAX's where it is folded."""

# What compiled code depends on besides the sizes of arrays.
_STATIC = {"static": True}


@register_dataclass
@dataclass(frozen=True, eq=False)
class Local:
    """How the sky is laid out on pixels near a point, as polynomials of its tangent plane.

    The tangent plane touches the sky in (lon, lat) [rad] of the model's frame; (ξ, η) point to its east and north.
    Polynomials hold for any projection and frame, and cost nothing beside the exact formulas, which they replace to
    1e-6 of a pixel. Pixels are counted from the corner of the window.

    pole : (lon, lat) of the point [rad]
    origin : its pixel (x, y) in the window
    scale : [rad] and [pixels] in which the polynomials are of order one
    to_pixel : (2, n, n) coefficients of x and y − origin, by powers of ξ and of η over scale[0]
    to_plane : (2, n, n) of ξ and η [rad], by powers of x and of y − origin over scale[1]
    per_rad : (2,) width and height [pixels] of a circle of 1 rad diameter, were the sky flat
    """

    pole: Numbers
    origin: Numbers
    scale: Numbers
    to_pixel: Numbers
    to_plane: Numbers
    per_rad: Numbers


@register_dataclass
@dataclass(frozen=True, eq=False)
class Spot:
    """What of a window does not go by its pixels: few numbers, of the same sizes in all datasets of one binning.

    edges : (T + 1,) true energy [TeV]
    migration : (T, R) probability of the bin `reco` given the bin `true`, at the source
    exposure : (T,) at the middle [cm2 s]
    local : how the sky lies on the pixels
    block : for a point: pixels along a side of the block in which its PSF is made, even, and how many pixels that block
        may move along x and along y
    times : (2, G) starts and stops of the good times [s], see `skyfold.model.temporal`
    room : radius [pixels] up to which a source may grow in this window
    kind : what the source is here, see `Window`
    oversampling : points per pixel of the grid on which the PSF is given, odd
    order : of the spline between these points
    follows : whether the window is to follow the source, as it has room for the source and the PSF only
    reco_psf : whether the PSF is given in reconstructed energy
    """

    edges: Numbers
    migration: Numbers
    exposure: Numbers
    local: Local
    block: Numbers
    times: Numbers
    room: Numbers
    kind: str = field(metadata=_STATIC)
    oversampling: int = field(metadata=_STATIC, default=1)
    order: int = field(metadata=_STATIC, default=3)
    follows: bool = field(metadata=_STATIC, default=False)
    reco_psf: bool = field(metadata=_STATIC, default=False)

    @property
    def channels(self) -> int:
        """Of an image: the bins of true energy, or with a PSF in reconstructed energy of that."""
        return int(self.migration.shape[1 if self.reco_psf else 0])


@register_dataclass
@dataclass(frozen=True, eq=False)
class Window:
    """A cut-out of a dataset that follows a source; sizes come from a few buckets, positions are arguments.

    spot : all but the pixels
    exposure : (T, ny, nx) [cm2 s], see `kind`
    kernel : the PSF at the source, see `kind`
    seen : (ny, nx, C) share of the counts of each channel of `skyfold.fold.predict.image` in bins that enter the
        statistic
    nodes : across the grid of an extended source; 0 for one so smooth that it is evaluated at the points themselves
    blurred : whether there is a PSF
    averaged : whether a shape that nothing blurs is to be the mean over each point's cell, not its value in the middle

    The kind of its spot says what the source is here, and with it what `kernel` and `exposure` hold:

    ``"region"`` : one region; directions (lon, lat) [rad] and solid angles [sr] of its parts (3, n), or (0,) for
        a source without extent
    ``"point"`` : spline coefficients of the pixel-integrated PSF on the grid, see `skyfold.fold.point.by_phase`, and
        those of the exposure on the pixels around the middle that the point may come near
    ``"extended"`` : its Fourier transform (T, N, N / 2 + 1) over N = ny × oversampling points, divided by that of the
        spline that spreads the source over the grid, and the exposure at the points, in pixels without a PSF; a kernel
        of shape (0,) for a smooth source that nothing blurs
    ``"whole pixels"`` : its Fourier transform (T, ny, nx / 2 + 1) on pixels, and the exposure there, see
        `skyfold.fold.whole_pixels`; `nodes` are parts across a pixel, 0 for a point
    ``"fixed"`` : the source itself, folded with the PSF and the migration for unit flux: (bins, T) [cm2 s], and its
        sums over all bins that enter the statistic (T,)
    """

    spot: Spot
    exposure: Numbers
    kernel: Numbers
    seen: Numbers
    nodes: int = field(metadata=_STATIC, default=0)
    blurred: bool = field(metadata=_STATIC, default=True)
    averaged: bool = field(metadata=_STATIC, default=False)

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx)"""
        return self.seen.shape[:2]
