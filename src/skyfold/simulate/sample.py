"""Random numbers from densities given by numbers: bins, power laws, straight lines, rows of a table.

Everything is exact for the interpolation it names: what is drawn has that density, not one on a finer grid.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# Exponents beyond which a power law within a bin is all at its end anyway.
_STEEPEST = 600.0
_TINY = float(np.finfo(float).tiny)


def poisson_indices(rng: np.random.Generator, expected: Floats) -> Indices:
    """The number of each bin, as often as a Poisson number of its expected mean says; rising."""
    return np.repeat(np.arange(expected.size), rng.poisson(expected))


def choose(rng: np.random.Generator, weights: Floats, n: int) -> Indices:
    """`n` bins with probabilities in proportion to weights, in random order."""
    if n < weights.size:
        cumulative = np.cumsum(weights)
        return np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right").clip(max=weights.size - 1)
    # Many from few: how often each bin comes up, then a shuffle, costs a tenth of a search for each.
    chosen = np.repeat(np.arange(weights.size), rng.multinomial(n, weights / weights.sum()))
    rng.shuffle(chosen)
    return chosen


def power_law(u: Floats, low: Floats, high: Floats, slope: Floats) -> Floats:
    """Where a power law x^slope between `low` and `high` has gathered the share `u` of its integral."""
    width = np.log(high / low)
    z = np.clip((slope + 1) * width, -_STEEPEST, _STEEPEST)
    z = np.where(np.abs(z) < 1e-9, 1e-9, z)  # there the density hardly differs from 1 / x
    return low * np.exp(width / z * np.log1p(u * np.expm1(z)))


def straight_line(u: Floats, first: Floats, last: Floats) -> Floats:
    """Where, from 0 to 1, a density that is a straight line has gathered the share `u` of its integral.

    first, last : its values at 0 and at 1, not negative and not both 0.
    """
    risen = np.sqrt(first**2 + u * (last**2 - first**2)) + first  # 0 where nothing is gathered yet
    return u * (first + last) / np.maximum(risen, _TINY)


@dataclass(frozen=True, eq=False)
class Rows:
    """Many histograms side by side, to draw from any of them.

    cumulative : shape (n_rows, n + 1), from 0 to 1 (0 throughout for a row without content).
    keys : all of them one after the other, each a whole number above the one before, to be searched at once.
    """

    cumulative: Floats
    keys: Floats

    @classmethod
    def of(cls, content: Floats) -> Self:
        """From what each bin holds, shape (n_rows, n), not negative."""
        cumulative = np.concatenate([np.zeros((len(content), 1)), np.cumsum(content, axis=1)], axis=1)
        total = cumulative[:, -1:]
        cumulative = np.divide(cumulative, total, out=np.zeros_like(cumulative), where=total > 0)
        return cls(cumulative, (cumulative[:, 1:] + np.arange(len(content))[:, None]).ravel())

    def draw(self, rng: np.random.Generator, row: Indices) -> tuple[Indices, Floats]:
        """A bin of each row, and how far into its content it is, from 0 to 1."""
        n = self.cumulative.shape[1] - 1
        u = rng.random(row.size)
        at = np.clip(np.searchsorted(self.keys, row + u, side="right") - row * n, 0, n - 1)
        below, above = self.cumulative[row, at], self.cumulative[row, at + 1]
        share = np.divide(u - below, above - below, out=np.zeros(row.size), where=above > below)
        return at, np.clip(share, 0.0, 1.0)
