"""How finely a shape is folded: on which points, and from which nodes."""

from dataclasses import dataclass
from typing import Self

from skyfold.model.spatial.base import Shape

# Nodes across a shape: no further apart than this part of a point of the window.
_SPACING = 0.7
# Nor than this part of its smallest feature, if it has no edge: sums over an even grid miss e^(−2π / 0.8) of a core.
_RESOLVED = 0.8
# Pixels in the smallest feature of a shape that may be taken once in each; and is, if that needs more nodes than this.
_SMOOTH = 2.0
_MOST_BESIDE_PIXELS = 384
_NODES = (32, 48, 64, 96, 128, 192, 256, 384, 512, 768)


@dataclass(frozen=True)
class Fineness:
    """How finely a shape is folded.

    step : points per pixel.
    point : whether it has no extent; `reach` is that in pixels.
    wide : whether it may lie anywhere in the map.
    nodes : across the grid on which it is evaluated; 0 if that are the points themselves.
    """

    step: int
    point: bool
    reach: float
    wide: bool
    nodes: int

    @classmethod
    def of(cls, shape: Shape, pixel: float, blurred: bool, oversampling: int, old: Self | None) -> Self:
        """That of a shape on pixels of some width [rad], at least as fine as an `old` one.

        Parameters
        ----------
        oversampling : points per pixel where shapes and PSFs are as small as pixels.
        """
        reach, grain = float(shape.reach()) / pixel, float(shape.grain()) / pixel
        step = _step(grain, blurred, reach == 0, oversampling)
        was_coarse = old is not None and old.wide and old.step == 1
        coarse = grain >= (1.0 if was_coarse else _SMOOTH)
        features = 2 * reach / (_RESOLVED * grain) if shape.smooth and reach > 0 else 0.0
        if coarse:
            wide = 2 * reach / _SPACING > _MOST_BESIDE_PIXELS
        else:
            # Of nodes at twice their distance a PSF leaves no pattern; but at twice that of a core light is missing.
            needed = max(reach * step / _SPACING, features)
            wide = needed > _NODES[-1] and grain * oversampling >= 1
        if wide:
            step = 1 if coarse else oversampling
        elif old is not None:
            step = max(step, old.step)
        so_far = 0 if old is None else old.nodes
        at_points = not blurred and shape.smooth and grain * step >= 1 and so_far == 0
        if reach == 0 or wide or at_points:
            return cls(step, reach == 0, reach, wide, 0)
        return cls(step, False, reach, False, max(_nodes(max(2 * reach * step / _SPACING, features)), so_far))


def _step(grain: float, blurred: bool, point: bool, oversampling: int) -> int:
    """Points per pixel: one where a source is smooth on the scale of pixels, or where nothing blurs a point."""
    if point and not blurred:
        return 1
    if point or not blurred:
        return oversampling
    return 1 if grain > 1 else 3


def _nodes(least: float) -> int:
    return next((size for size in _NODES if size >= least), _NODES[-1])
