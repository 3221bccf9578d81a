"""The Poisson law of counts: pixel values against it, its rate, and thinning."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from skyfold.errors import ConfigError, DataError
from skyfold.maps.map import Map
from skyfold.simulate.photons import Photons

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_ENOUGH = 5.0  # expected pixels in a bin of a χ² test


def poisson_law(k: ArrayLike, rate: ArrayLike) -> Floats:
    """λ^k e^−λ / k!, continued between whole k by the gamma function; broadcasts."""
    k, rate = np.asarray(k, dtype=float), np.asarray(rate, dtype=float)
    return np.exp(special.xlogy(k, rate) - rate - special.gammaln(k + 1))


class Agreement(NamedTuple):
    """A χ² test: its value, its degrees of freedom, and the probability of one as large or larger."""

    chi2: float
    ndof: int
    p_value: float


@dataclass(frozen=True, eq=False)
class PixelValues:
    """How many pixels of a counts image hold how many photons.

    number : pixels that hold 0, 1, 2, ... photons, shape (largest + 1,).
    """

    number: Ints

    @property
    def k(self) -> Ints:
        return np.arange(self.number.size)

    @property
    def pixels(self) -> int:
        return int(self.number.sum())

    @property
    def frequency(self) -> Floats:
        """Share of the pixels at each value."""
        return self.number / self.pixels

    @property
    def rate(self) -> float:
        """The most likely λ: photons per pixel."""
        return float(self.number @ self.k / self.pixels)

    @property
    def rate_error(self) -> float:
        """Its standard error, √(λ / pixels)."""
        return float(np.sqrt(self.rate / self.pixels))

    @property
    def dispersion(self) -> float:
        """Variance over mean: 1 for a Poisson law, more where pixels are not of one λ; nan without photons."""
        if self.rate == 0 or self.pixels < 2:
            return float("nan")
        return float(self.number @ (self.k - self.rate) ** 2 / (self.pixels - 1) / self.rate)

    @property
    def law(self) -> Floats:
        """Share of the pixels that the Poisson law of this rate expects at each value."""
        return poisson_law(self.k, self.rate)

    def agreement(self) -> Agreement:
        """Whether the values follow the Poisson law of their own rate (Pearson's χ², Fisher's one degree for λ).

        Values where fewer than five pixels are expected are joined with the next one towards the middle.

        Raises
        ------
        DataError
            Fewer than three bins are left: too few pixels, or hardly a photon.
        """
        expected = self.pixels * self.law
        expected[-1] += self.pixels - expected.sum()  # all larger values
        middle = int(self.rate)
        enough = np.flatnonzero(expected >= _ENOUGH)
        low, high = (int(enough[0]), int(enough[-1])) if enough.size else (middle, middle)
        starts = np.r_[0, low + 1 : high + 1] if high > low else np.zeros(1, dtype=int)
        found, wanted = (np.add.reduceat(values, starts) for values in (self.number.astype(float), expected))
        if starts.size < 3:
            raise DataError(f"{self.pixels} pixels with {self.rate:.3g} photons each fill too few bins for a χ² test")
        chi2, ndof = float(((found - wanted) ** 2 / wanted).sum()), int(starts.size - 2)
        return Agreement(chi2, ndof, float(special.gammaincc(ndof / 2, chi2 / 2)))


def pixel_values(counts: Map | ArrayLike, mask: Map | ArrayLike | None = None) -> PixelValues:
    """Sort the pixels of a counts image by what they hold.

    Parameters
    ----------
    mask : True for pixels to look at; all of them unless told.

    Raises
    ------
    DataError
        A value is no whole number from 0, or no pixel is left.
    """
    values = np.asarray(counts.data if isinstance(counts, Map) else counts)
    if mask is not None:
        values = values[np.asarray(mask.data if isinstance(mask, Map) else mask, dtype=bool)]
    if values.size == 0:
        raise DataError("no pixel to look at")
    return PixelValues(np.bincount(_whole(values).ravel()))


def thin(recorded: Any, share: float, rng: np.random.Generator) -> Any:
    """Keep each photon with a probability, independently: what was Poisson stays Poisson, of a rate `share` times it.

    Parameters
    ----------
    recorded : `Photons`, a counts `Map` or an array of counts; the same kind is returned.
    share : from 0 to 1.

    Raises
    ------
    ConfigError
        The share is not a probability.
    DataError
        An array or map does not hold counts.
    """
    if not 0 <= share <= 1:
        raise ConfigError(f"thinning keeps a share of {share}; wanted a probability from 0 to 1")
    if isinstance(recorded, Photons):
        return recorded.select(rng.random(len(recorded)) < share)
    if isinstance(recorded, Map):
        return recorded.with_data(thin(recorded.data, share, rng))
    return rng.binomial(_whole(np.asarray(recorded)), share)


def _whole(values: NDArray[Any]) -> Ints:
    """Insist on counts."""
    if not np.all((values >= 0) & (values == np.floor(values)) & np.isfinite(values)):
        raise DataError("wanted counts, whole numbers from 0; is this a rate, or a background?")
    return values.astype(np.int64)
