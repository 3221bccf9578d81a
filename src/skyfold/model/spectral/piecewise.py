"""A free-form correction to a spectrum."""

import jax.numpy as jnp
from jax import Array

from skyfold.errors import ModelError
from skyfold.model.fields import params
from skyfold.model.spectral.base import Spectrum
from skyfold.model.spectral.template import nodes
from skyfold.num.double import Floats
from skyfold.num.loglog import interpolate


class PiecewiseNorm(Spectrum):
    """Norms at some energies, power laws between them, and the first and last norm beyond; a pure number.

    energy : (n,), rising; a Quantity, or numbers in TeV.
    norms : n of them; in tables they are called ``norms.0``, ``norms.1``, ...

    Raises
    ------
    ModelError
        The energies do not rise, or there is not one norm for each of two or more energies.
    """

    energy: Floats
    norms: tuple[Array, ...] = params(domain=(0.0, float("inf")))

    def __post_init__(self) -> None:
        object.__setattr__(self, "norms", tuple(self.norms))  # of an array too
        super().__post_init__()
        object.__setattr__(self, "energy", nodes("PiecewiseNorm", self.energy))

    def __check_init__(self) -> None:
        if len(self.norms) != len(self.energy):
            raise ModelError(
                f"PiecewiseNorm: found {len(self.norms)} norms for {len(self.energy)} energies; give one for each"
            )

    def dnde(self, energy: Array) -> Array:
        inside = jnp.clip(energy, self.energy[0], self.energy[-1])
        return interpolate(inside, self.energy, jnp.stack(self.norms))
