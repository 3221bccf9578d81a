"""What every shape can do."""

from typing import ClassVar, Literal

import numpy as np
from jax import Array

from skyfold.errors import ModelError
from skyfold.model.fields import Model, param
from skyfold.model.tree import static

_DEGREE = np.pi / 180  # `jnp.radians` of a number would be compiled
Frame = Literal["icrs", "galactic"]
FRAMES = ("icrs", "galactic")


class Shape(Model):
    """Surface brightness on the sky, as a function of direction.

    Called with longitudes and latitudes [rad] in its `frame` it gives the brightness [sr-1]; one whose
    `energy_dependent` is true takes an energy [TeV] as well. A shape of one's own gives `__call__`, `center`, `reach`
    and `grain`.

    normalised : the brightness integrates to 1 over the sky.
    smooth : without an edge, so that a sum over points a grain apart is its integral, to a few parts in a thousand.
    moves : its parameters may be fitted on a map. Shapes that do not move are folded once, over the whole map: a free
        parameter of theirs is an error, but not where they are a factor of a background.
    """

    energy_dependent: ClassVar[bool] = False
    normalised: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    moves: ClassVar[bool] = True

    frame: str = static(default="", kw_only=True)

    def __check_init__(self) -> None:
        if self.frame not in FRAMES:
            raise ModelError(
                f"{type(self).__name__}: frame {self.frame!r} is not one of {', '.join(map(repr, FRAMES))};"
                " say in which the position is given"
            )

    def __call__(self, lon: Array, lat: Array) -> Array:
        raise NotImplementedError

    def center(self) -> tuple[Array, Array]:
        """Longitude and latitude [rad]."""
        raise NotImplementedError

    def reach(self) -> Array:
        """Radius [rad] around the centre beyond which there is (next to) nothing; 0 for a point, inf for all-sky."""
        raise NotImplementedError

    def grain(self) -> Array:
        """Size [rad] of the smallest feature."""
        raise NotImplementedError


class Centred(Shape):
    """A shape around a position."""

    lon_0: Array = param(0.0, "deg")
    lat_0: Array = param(0.0, "deg", domain=(-90.0, 90.0))

    def center(self) -> tuple[Array, Array]:
        return self.lon_0 * _DEGREE, self.lat_0 * _DEGREE
