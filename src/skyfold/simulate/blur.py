"""Point spread functions as photons feel them: a random step from where they came from.

Lengths are plain numbers of pixels, or angles, which the pixel size of the picture turns into pixels. Steps are taken
in the plane of the picture: its pixels should be of one size, as they are in a tangential projection of a few degrees.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import astropy.units as u
import numpy as np
from numpy.typing import ArrayLike, NDArray

from skyfold.errors import DataError
from skyfold.geom.wcs import WcsGeom
from skyfold.irf.psf import Psf
from skyfold.units import strip

Floats = NDArray[np.float64]
_REACH = 0.999  # of the photons; the tail of a King profile never ends
_DEEPEST, _PER_DEPTH = 36, 512


class Blur(ABC):
    """A circular point spread function. Its lengths are in pixels, or in rad if it is `angular`."""

    angular: bool

    @abstractmethod
    def square(self, depth: Floats) -> Floats:
        """Squared radius that all but exp(−depth) of the photons are within."""

    def radius(self, fraction: ArrayLike) -> Floats:
        """Radius that holds a fraction of the photons."""
        return np.sqrt(self.square(-np.log1p(-np.asarray(fraction, dtype=float))))

    @property
    def reach(self) -> float:
        """Radius of 99.9 % of the photons."""
        return float(self.radius(_REACH))

    def steps(self, rng: np.random.Generator, number: int) -> tuple[Floats, Floats]:
        """Random steps (dx, dy) of so many photons.

        Two normal numbers have an even direction, and beside it half the sum of their squares has the law e^−depth: one
        pair gives the direction and the depth from which any profile makes a radius, without sines and logarithms.
        """
        dx, dy = rng.standard_normal((2, number))
        double = dx * dx + dy * dy
        stretch = np.sqrt(self.square(double / 2) / double)
        return stretch * dx, stretch * dy

    def per_pixel(self, geom: WcsGeom) -> tuple[float, float]:
        """What one unit of its lengths is in pixels (x, y)."""
        if not self.angular:
            return 1.0, 1.0
        size_x, size_y = geom.pixel_size.to_value("rad")
        return 1 / size_x, 1 / size_y


@dataclass(frozen=True)
class GaussianBlur(Blur):
    """p(r) = exp(−r² / 2σ²) / 2πσ².

    Parameters
    ----------
    sigma : width in pixels, or an angle; 39.3 % of the photons are within it.
    """

    sigma: Any
    angular: bool = False

    def __post_init__(self) -> None:
        _set_length(self, "sigma")

    def square(self, depth: Floats) -> Floats:
        return 2 * self.sigma**2 * depth

    def steps(self, rng: np.random.Generator, number: int) -> tuple[Floats, Floats]:
        dx, dy = rng.standard_normal((2, number))
        return self.sigma * dx, self.sigma * dy


@dataclass(frozen=True)
class KingBlur(Blur):
    """p(r) = (1 − 1/γ) (1 + r² / 2γσ²)^−γ / 2πσ² (King 1962; as GADF's PSF_KING), whose tail is a power law.

    Parameters
    ----------
    sigma : width in pixels, or an angle.
    gamma : slope of the tail, above 1; a Gaussian is the limit of large values.
    """

    sigma: Any
    gamma: float
    angular: bool = False

    def __post_init__(self) -> None:
        _set_length(self, "sigma")
        if not (np.isfinite(self.gamma) and self.gamma > 1):
            raise DataError(f"King profile: gamma {self.gamma}; wanted a number above 1, else it has no integral")

    def square(self, depth: Floats) -> Floats:
        return 2 * self.gamma * self.sigma**2 * np.expm1(depth / (self.gamma - 1))


@dataclass(frozen=True, eq=False)
class TabulatedBlur(Blur):
    """A profile given by the fraction of photons within radii, of even density between one radius and the next.

    It is drawn from a finer table of 512 cells for each factor e of the photons still outside: features narrower than
    0.2 % of them are smeared, and the farthest e^−36 are not told apart.

    Parameters
    ----------
    rad : radii, ascending from 0, in pixels or an angle.
    enclosed : fraction within each, from 0 upwards; divided by the last.
    """

    rad: Any
    enclosed: Floats
    angular: bool = False

    def __post_init__(self) -> None:
        rad, angular = _length(self.rad, "rad", self.angular)
        enclosed = np.asarray(self.enclosed, dtype=float)
        if rad.ndim != 1 or rad.shape != enclosed.shape or rad.size < 2:
            raise DataError(f"tabulated profile: {rad.size} radii, {enclosed.size} values; wanted one each, at least 2")
        if not (np.isfinite(rad).all() and rad[0] == 0 and np.all(np.diff(rad) > 0)):
            raise DataError("tabulated profile: wanted radii that ascend from 0")
        if not (np.isfinite(enclosed).all() and np.all(np.diff(enclosed) >= 0) and enclosed[-1] > enclosed[0] >= 0):
            raise DataError("tabulated profile: wanted densities that are not negative, with a positive integral")
        object.__setattr__(self, "rad", rad)
        object.__setattr__(self, "enclosed", enclosed / enclosed[-1])
        object.__setattr__(self, "angular", angular)

    @classmethod
    def of_density(cls, rad: Any, density: ArrayLike) -> Self:
        """From photons per area at radii (pixels, or an angle): straight lines in r², the first value holds inside."""
        radii, angular = _length(rad, "rad", False)
        values = np.asarray(density, dtype=float)
        if radii.ndim != 1 or radii.shape != values.shape or radii.size < 2 or not np.all(np.diff(radii) > 0):
            raise DataError(f"tabulated profile: {radii.size} radii, {values.size} densities; wanted ascending radii")
        fine = np.union1d(np.linspace(0, radii[-1], 2049), radii)
        line = np.interp(fine**2, radii**2, values)
        rings = np.diff(fine**2) * (line[1:] + line[:-1]) / 2
        return cls(fine, np.concatenate([[0.0], np.cumsum(rings)]), angular)

    @classmethod
    def of_response(cls, psf: Psf, energy: Any, offset: Any = 0.0) -> Self:
        """That of an instrument at an energy and an offset [TeV, rad], cut off at its `reach`."""
        at = float(strip(energy, "TeV", "energy")), float(strip(offset, "rad", "offset"))
        fine = np.linspace(0, psf.reach, 4097)
        return cls(fine, psf.containment(*at, fine), True)

    @cached_property
    def _squares(self) -> Floats:
        """Squared radii at even depths: drawing from it costs a quarter of looking each photon up in the profile."""
        fraction = -np.expm1(-np.arange(_DEEPEST * _PER_DEPTH + 2) / _PER_DEPTH)
        return np.interp(fraction, self.enclosed, self.rad**2)

    def square(self, depth: Floats) -> Floats:
        place = np.minimum(depth, _DEEPEST) * _PER_DEPTH
        cell = place.astype(np.int64)
        low = self._squares[cell]
        return low + (place - cell) * (self._squares[cell + 1] - low)


def as_blur(psf: Any) -> Blur | None:
    """A point spread function as it is, or a Gaussian of that width in pixels or as an angle; None for none or 0."""
    if psf is None or isinstance(psf, Blur):
        return psf
    if not isinstance(psf, str | u.Quantity) and psf == 0:
        return None
    return GaussianBlur(psf)


def _length(value: Any, name: str, angular: bool) -> tuple[Floats, bool]:
    """Numbers in pixels, or in rad if they are angles, and which of the two."""
    if isinstance(value, str | u.Quantity):
        return strip(value, "rad", name), True
    return np.asarray(value, dtype=float), angular


def _set_length(blur: Any, name: str) -> None:
    value, angular = _length(getattr(blur, name), name, blur.angular)
    if not (value.ndim == 0 and np.isfinite(value) and value > 0):
        raise DataError(f"point spread function: {name} {getattr(blur, name)}; wanted a positive length")
    object.__setattr__(blur, name, float(value))
    object.__setattr__(blur, "angular", angular)
