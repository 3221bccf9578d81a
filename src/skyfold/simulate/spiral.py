"""A picture to play with, drawn by a formula: a spiral galaxy among stars."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ARM, _OLD = np.array([0.55, 0.75, 1.0]), np.array([1.0, 0.8, 0.55])  # colours of young stars and of old ones


def spiral_galaxy(height: int = 333, width: int = 500, *, seed: int = 8) -> Floats:
    """Colours of a spiral galaxy and some stars, from 0 to 1, shape (height, width, 3), its bottom row first.

    A bulge, a disk exp(−r), two arms along r ∝ exp(0.3 φ) with knots, seen from 50° above its plane.
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    scale = min(height, width) / 333
    dx, dy = (x - 0.48 * width) / scale, (y - 0.5 * height) / scale
    turn = np.radians(25)
    along, across = (
        dx * np.cos(turn) + dy * np.sin(turn),
        (dy * np.cos(turn) - dx * np.sin(turn)) / np.sin(np.radians(50)),
    )
    r, phi = np.hypot(along, across), np.arctan2(across, along)
    wave = np.cos(2 * (phi - np.log(np.maximum(r, 8) / 8) / 0.42))  # two arms, and the lanes between them
    disk = np.exp(-r / 60)
    arms = disk * np.exp(3 * (wave - 1)) * (1 - np.exp(-((r / 25) ** 2)))
    bulge = np.exp(-((r / 14) ** 1.2))
    knots = _stars(rng, arms, 140, scale * 1.6, dx.shape)
    stars = _stars(rng, np.ones_like(arms), 90, scale * 0.9, dx.shape)
    light = (0.9 * arms + 0.5 * knots)[..., None] * _ARM + (0.12 * disk + bulge)[..., None] * _OLD + stars[..., None]
    return np.clip(light, 0, 1)


def _stars(rng: np.random.Generator, where: Floats, number: int, width: float, shape: tuple[int, ...]) -> Floats:
    """Small Gaussians at random places of a distribution, faint ones more often than bright ones."""
    image = np.zeros(shape)
    places = rng.choice(where.size, number, p=where.ravel() / where.sum())
    reach = max(int(5 * width), 2)
    for place, brightness in zip(places, rng.pareto(1.2, number) * 0.08 + 0.05, strict=True):
        row, column = divmod(int(place), shape[1])
        rows, columns = (
            np.arange(max(at - reach, 0), min(at + reach + 1, n)) for at, n in zip((row, column), shape, strict=True)
        )
        square = (rows[:, None] - row) ** 2 + (columns[None, :] - column) ** 2
        image[np.ix_(rows, columns)] += min(brightness, 1.0) * np.exp(-0.5 * square / width**2)
    return image
