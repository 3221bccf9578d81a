"""CPU seconds of drawing ten million photons of a picture of 333 × 500 pixels, for each PSF; prints JSON."""

import json
import time

import numpy as np

from skyfold.simulate.blur import GaussianBlur, KingBlur
from skyfold.simulate.draw import draw_counts
from skyfold.simulate.scene import Scene

PICTURE = np.random.default_rng(1).gamma(2.0, size=(333, 500))
PSFS = {"no PSF": None, "a Gaussian PSF": GaussianBlur(6.0), "a King PSF": KingBlur(6.0, 2.5)}


def seconds(scene: Scene) -> float:
    """The least of three runs."""
    taken = []
    for seed in range(3):
        before = time.process_time()
        draw_counts(scene, 1e7, seed=seed)
        taken.append(time.process_time() - before)
    return min(taken)


if __name__ == "__main__":
    print(json.dumps({name: seconds(Scene(PICTURE, psf=psf)) for name, psf in PSFS.items()}))
