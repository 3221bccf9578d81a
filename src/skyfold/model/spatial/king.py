"""Shapes with a core and power laws as wings, of which no radius holds all the light."""

from typing import ClassVar

import jax.numpy as jnp
from jax import Array

from skyfold.model.fields import param, positive
from skyfold.model.spatial.base import Centred
from skyfold.model.spatial.ellipse import MOST_ELONGATED, elongated, minor, size
from skyfold.num.jsphere import separation2


class King(Centred):
    """(slope − 1) / (π core²) · (1 + θ² / core²)^−slope: the King profile of X-ray telescopes.

    The whole plane holds the light 1, of which (1 + x²)^(1 − slope) lies beyond x cores: for a slope of 1.45 still 5
    percent beyond 30. The flux of such a source is that of all its light, whatever part of it an image shows; so it is
    not scaled to 1 where it is drawn.

    core : core radius.
    extent : core radii up to which it is drawn. More make folding slower; where the image is no larger than a window
        they change nothing.
    """

    normalised: ClassVar[bool] = False

    core: Array = positive(0.1, "deg")
    slope: Array = param(1.5, domain=(1.001, 100.0))
    extent: Array = param(30.0, frozen=True, domain=(1.0, 1e4))

    def __call__(self, lon: Array, lat: Array) -> Array:
        core2 = size(self.core) ** 2
        theta2 = separation2(lon, lat, *self.center())
        return (self.slope - 1) / (jnp.pi * core2) * jnp.exp(-self.slope * jnp.log1p(theta2 / core2))

    def reach(self) -> Array:
        return self.extent * size(self.core)

    def grain(self) -> Array:
        return size(self.core)


class Beta(Centred):
    """(1 + θ² / core²)^(½ − 3β): the surface brightness of an isothermal cluster of galaxies, 1 sr-1 at its centre.

    It has no total for β ≤ 1/2, and near there one that is mostly outside of any image, so that a total and β could
    not be told apart. The peak can: the amplitude of the spectrum is then the brightness at the centre, per steradian
    (times the solid angle of a pixel, per pixel). Cavaliere and Fusco-Femiano, A&A 49 (1976) 137.

    core : core radius, along the major axis.
    extent : core radii up to which it is drawn. More make folding slower; a cluster that is wide and smooth on the
        scale of pixels is drawn over the whole image anyhow.
    """

    normalised: ClassVar[bool] = False

    core: Array = positive(0.1, "deg")
    beta: Array = param(2 / 3, domain=(0.0, 10.0))
    e: Array = param(0.0, frozen=True, domain=(0.0, MOST_ELONGATED))
    phi: Array = param(0.0, "deg", frozen=True)
    extent: Array = param(100.0, frozen=True, domain=(1.0, 1e4))

    def __call__(self, lon: Array, lat: Array) -> Array:
        theta2, _ = elongated(self, lon, lat, self.e, self.phi)
        return jnp.exp((0.5 - 3 * self.beta) * jnp.log1p(theta2 / size(self.core) ** 2))

    def reach(self) -> Array:
        return self.extent * size(self.core)

    def grain(self) -> Array:
        return size(self.core) * minor(self.e)
