"""What a telescope would see of a picture: brightness, backgrounds, exposure and blur, before any photon is drawn.

    photons of the picture    Poisson(rate · brightness / Σ brightness · exposure), then blurred
    sky background            Poisson(sky · exposure), then blurred
    instrumental background   Poisson(instrument · livetime) where the view sees anything, not blurred

with exposure = livetime · efficiency for each view. The sky does not end at the border of a picture: a uniform sky
background is drawn over a margin around it too, as wide as the blur reaches.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skyfold.errors import ConfigError, DataError
from skyfold.geom.pixels import padded
from skyfold.geom.wcs import WcsGeom
from skyfold.simulate.blur import Blur, as_blur
from skyfold.simulate.picture import as_picture, like
from skyfold.simulate.views import View
from skyfold.units import strip

Floats = NDArray[np.float64]
Placement = Literal["nearest", "bilinear"]
LABELS = ("picture", "sky", "instrument")


@dataclass(frozen=True, eq=False)
class Scene:
    """A picture as telescopes see it.

    Parameters
    ----------
    picture : map of the sky or array (`as_picture` tells which); only the ratios of its pixels matter.
    psf : point spread function, or the width of a Gaussian in pixels or as an angle; None for a perfect telescope.
    sky : background from the sky [s-1 per pixel at full efficiency], a number, or an array or map like the picture.
    instrument : background that arises in the instrument [s-1 per pixel], likewise. It knows no vignetting.
    views : observations; one of 1 s that sees everything alike unless told.
    exposure : efficiency at each pixel, array or map like the picture, that multiplies that of every view.
    placement : ``"nearest"``: a pixel shines evenly; ``"bilinear"``: brightness is linear between pixel centres and
        even beyond the outermost.

    Raises
    ------
    DataError
        A pixel is negative or not finite, the picture is dark, or a view sees nothing of it.
    ShapeError
        A background or the exposure has not the pixels of the picture.
    """

    picture: Any
    psf: Any = None
    sky: Any = 0.0
    instrument: Any = 0.0
    views: Sequence[View] = field(default_factory=lambda: (View(),))
    exposure: Any = 1.0
    placement: Placement = "nearest"

    def __post_init__(self) -> None:
        picture = as_picture(self.picture)
        if self.placement not in ("nearest", "bilinear"):
            raise ConfigError(f"placement {self.placement!r} is not one of nearest, bilinear")
        if not self.views:
            raise ConfigError("a scene needs at least one view")
        values: dict[str, Any] = {"picture": picture, "psf": as_blur(self.psf), "views": tuple(self.views)}
        values |= {name: like(getattr(self, name), picture.geom, name) for name in ("sky", "instrument", "exposure")}
        for name, value in values.items():
            object.__setattr__(self, name, value)
        for number, view in enumerate(self.views):
            if not self.efficiency(view, picture.geom).any():
                raise DataError(f"view {number}: {_say(view)} sees nothing of the picture, {picture.geom}")

    @property
    def geom(self) -> WcsGeom:
        return self.picture.geom

    @property
    def blur(self) -> Blur | None:
        return self.psf

    @property
    def margin(self) -> int:
        """Pixels around the picture from which a uniform sky still reaches it: 99.9 % of the blur, at most its size."""
        if self.blur is None or self.sky.ndim or not self.sky:
            return 0
        reach = self.blur.reach * max(self.blur.per_pixel(self.geom))
        return int(min(np.ceil(reach), max(self.geom.image_shape)))

    def efficiency(self, view: View, geom: WcsGeom, margin: int = 0) -> Floats:
        """Share of the photons that a view records at each pixel of a geometry `margin` wider than the picture."""
        own = np.pad(np.broadcast_to(self.exposure, self.geom.image_shape), margin, mode="edge")
        return own * view.exposure(geom) / view.livetime

    def expected(self, view: View) -> tuple[Floats, Floats, Floats]:
        """Expected photons at their true places, before the blur.

        Returns
        -------
        picture : for a rate of one photon per second, shape (ny, nx).
        sky : with the `margin` on each side, shape (ny + 2 margin, nx + 2 margin).
        instrument : shape (ny, nx).
        """
        efficiency = self.efficiency(view, self.geom)
        brightness = self.picture.data / self.picture.data.sum()
        margin = self.margin
        around = self.efficiency(view, padded(self.geom, margin), margin) if margin else efficiency
        return (
            brightness * efficiency * view.livetime,
            self.sky * around * view.livetime,
            np.where(efficiency > 0, self.instrument, 0.0) * view.livetime,
        )

    @property
    def seen(self) -> Floats:
        """Time for which each view would have to look at full efficiency for its photons of the picture [s]."""
        return np.array([self.expected(view)[0].sum() for view in self.views])

    def rate(self, photons: float | None, rate: Any = None) -> float:
        """Photons per second of the whole picture at full efficiency, from one of the two ways to say it.

        Parameters
        ----------
        photons : that all views together are expected to record.
        rate : itself [s-1].

        Raises
        ------
        ConfigError
            Not exactly one is given, or it is not a positive number.
        """
        if (photons is None) == (rate is None):
            raise ConfigError("how many photons: give either their number or their rate")
        name, value = ("rate", float(strip(rate, "s-1", "rate"))) if photons is None else ("photons", float(photons))
        if not (np.isfinite(value) and value > 0):
            raise ConfigError(f"{name}: {value:g}; wanted a positive number")
        if name == "rate":
            return value
        seen = self.seen.sum()
        if seen == 0:
            raise DataError("no view sees a pixel of the picture that shines; move one, or widen its radius")
        return value / float(seen)


def _say(view: View) -> str:
    if view.center is None:
        return "with this exposure it"
    where = view.center.icrs
    radius = "" if view.vignetting is None else f" within {np.degrees(view.vignetting.radius):g}°"
    return f"the pointing at RA {where.ra.deg:.4f}°, Dec {where.dec.deg:.4f}°{radius}"
