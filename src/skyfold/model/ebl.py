"""Gamma rays lost on their way to pairs with the extragalactic background light."""

import jax.numpy as jnp
import numpy as np
from jax import Array

from skyfold.errors import ModelError
from skyfold.model.fields import param, positive
from skyfold.model.spectral.base import Spectrum
from skyfold.model.tree import static
from skyfold.num.double import Floats


class EBLAbsorption(Spectrum):
    """exp(−alpha_norm τ(E, redshift)), a pure number: what is left of a spectrum from a distance.

    The optical depth τ is linear in ln E between the energies of its table and keeps its value beyond them; it is a
    cubic in redshift with continuous slope (Catmull and Rom 1974), so that a fit may move the redshift.

    energies : (m,), TeV, rising.
    redshifts : (n,), rising.
    depth : (n, m), τ.
    origin : which table this is, for whoever writes the model to a file.

    Raises
    ------
    ModelError
        The redshift is beyond the table.
    """

    energies: Floats
    redshifts: Floats
    depth: Floats
    redshift: Array = positive(0.1, frozen=True)
    alpha_norm: Array = param(1.0, frozen=True)
    origin: str = static(default="")

    def __check_init__(self) -> None:
        if isinstance(self.redshift, np.float64) and self.redshift > self.redshifts[-1]:
            raise ModelError(
                f"EBLAbsorption.redshift = {self.redshift:g} is beyond the table {self.origin}, which ends at"
                f" {self.redshifts[-1]:g}; use one that reaches as far"
            )

    def dnde(self, energy: Array) -> Array:
        return jnp.exp(-self.alpha_norm * self.tau(energy))

    def tau(self, energy: Array) -> Array:
        """Optical depth at `energy` [TeV], any shape."""
        row = _cubic(self.redshift, jnp.asarray(self.redshifts), jnp.asarray(self.depth))
        return jnp.interp(jnp.log(energy), jnp.log(self.energies), jnp.maximum(row, 0.0))


def _cubic(x: Array, nodes: Array, rows: Array) -> Array:
    """The row at `x`, between rows that belong to `nodes`: a cubic whose slope at a node is that of its neighbours."""
    last = len(nodes) - 1
    i = jnp.clip(jnp.searchsorted(nodes, x, side="right") - 1, 0, last - 1)
    before, after = jnp.maximum(i - 1, 0), jnp.minimum(i + 2, last)
    width = nodes[i + 1] - nodes[i]
    t = jnp.clip((x - nodes[i]) / width, 0.0, 1.0)
    slope0 = width * (rows[i + 1] - rows[before]) / (nodes[i + 1] - nodes[before])
    slope1 = width * (rows[after] - rows[i]) / (nodes[after] - nodes[i])
    step = rows[i + 1] - rows[i]
    return rows[i] + t * (slope0 + t * (3 * step - 2 * slope0 - slope1 + t * (slope0 + slope1 - 2 * step)))
