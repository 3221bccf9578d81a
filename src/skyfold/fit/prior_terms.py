"""Priors and penalties of a table of parameters, as terms of −2 ln L."""

from dataclasses import dataclass
from typing import Any, Self

import jax
import numpy as np

from skyfold.fit.parameters import Parameters
from skyfold.fit.term import Expansion
from skyfold.num.compiling import quickly
from skyfold.num.double import Floats


@quickly
def _expanded(prior: Any, value: Any) -> tuple[Any, Any, Any]:
    """A prior's −2 ln density at a value, and its first two derivatives."""
    return prior(value), jax.grad(prior)(value), jax.grad(jax.grad(prior))(value)


@dataclass(frozen=True, eq=False)
class PriorTerms:
    """What is known of the free parameters before the data.

    single : (number of the free parameter, its prior).
    joint : (numbers, precision (k, k), means (k,)) of terms (θ − m)ᵀ P (θ − m) over several parameters.
    """

    n_free: int
    single: tuple[tuple[int, Any], ...]
    joint: tuple[tuple[np.ndarray, Floats, Floats], ...]

    @classmethod
    def of(cls, table: Parameters) -> Self:
        names = [row.name for row in table.free]
        single = tuple((i, row.prior) for i, row in enumerate(table.free) if row.prior is not None)
        joint = []
        for penalty in table.penalties:
            at = np.array([names.index(name) for name in penalty.names if name in names], dtype=np.intp)
            kept = np.array([name in names for name in penalty.names])
            joint.append((at, penalty.precision[np.ix_(kept, kept)], penalty.mean[kept]))
        return cls(len(names), single, tuple(joint))

    def expand(self, free: Floats) -> Expansion:
        value, gradient, curvature = 0.0, np.zeros(self.n_free), np.zeros((self.n_free, self.n_free))
        for i, prior in self.single:
            terms = [float(part) for part in _expanded(prior, free[i])]
            value, gradient[i], curvature[i, i] = value + terms[0], gradient[i] + terms[1], curvature[i, i] + terms[2]
        for at, precision, mean in self.joint:
            away = free[at] - mean
            value += float(away @ precision @ away)
            gradient[at] += 2 * precision @ away
            curvature[np.ix_(at, at)] += 2 * precision
        return Expansion(value, gradient, curvature, 0.0)

    def __call__(self, free: Floats) -> float:
        """−2 ln density of all."""
        alone = sum(float(prior(free[i])) for i, prior in self.single)
        return alone + sum(
            float((free[at] - mean) @ precision @ (free[at] - mean)) for at, precision, mean in self.joint
        )

    def hessian(self, free: Floats) -> Floats:
        return self.expand(free).fisher
