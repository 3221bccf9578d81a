"""Light that is the same in all directions."""

from typing import ClassVar

import jax.numpy as jnp
from jax import Array

from skyfold.errors import ModelError
from skyfold.model.fields import param
from skyfold.model.spatial.base import Shape
from skyfold.model.tree import static


class _Everywhere(Shape):
    """What has no place: it reaches everywhere and is smooth on any scale."""

    normalised: ClassVar[bool] = False
    moves: ClassVar[bool] = False

    def center(self) -> tuple[Array, Array]:
        return jnp.zeros(()), jnp.zeros(())

    def reach(self) -> Array:
        return jnp.asarray(jnp.inf)

    def grain(self) -> Array:
        return jnp.asarray(jnp.inf)


class Constant(_Everywhere):
    """The same brightness everywhere, not normalised: the spectrum is then per steradian.

    value : brightness; frozen, for it and the amplitude of the spectrum are one number.
    """

    value: Array = param(1.0, "sr-1", frozen=True, domain=(0.0, float("inf")))
    frame: str = static(default="icrs", kw_only=True)

    def __call__(self, lon: Array, lat: Array) -> Array:
        return jnp.broadcast_to(self.value, jnp.shape(lon))


class ConstantFlux(_Everywhere):
    """All of the spectrum in the one region of a dataset, wherever that is: for spectra, of sources without a shape.

    It is no brightness: how bright depends on the size of the region. Its reach is that of a point, for of points all
    light lies in the region of a spectrum.

    Raises
    ------
    ModelError
        When it is asked for a brightness, as a map does; a map takes `Constant`.
    """

    frame: str = static(default="icrs", kw_only=True)

    def __call__(self, lon: Array, lat: Array) -> Array:
        raise ModelError(
            "ConstantFlux has no brightness, only a flux in the region of a spectrum; use Constant on maps"
        )

    def reach(self) -> Array:
        return jnp.zeros(())

    def grain(self) -> Array:
        return jnp.zeros(())
