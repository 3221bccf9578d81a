"""What is known of parameters before the data: densities of one parameter, and penalties on several."""

import abc
from collections.abc import Sequence
from dataclasses import KW_ONLY
from typing import Any, Self

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import gammaln
from numpy.typing import ArrayLike

from skyfold.errors import ModelError
from skyfold.model.fields import Model, param, positive
from skyfold.model.tree import Tree, static
from skyfold.num.double import Floats

Share = float | Floats


class Prior(Model):
    """A density of one parameter, in the unit that the parameter has.

    Called with a value it gives −2 weight ln density, the density normalised to 1: what to add to −2 ln L. Outside its
    support that is inf.
    """

    _: KW_ONLY
    weight: Array = positive(1.0)

    @abc.abstractmethod
    def __call__(self, value: Array) -> Array:
        """−2 weight ln density at `value`; any shape."""

    @abc.abstractmethod
    def ppf(self, u: Share) -> Floats:
        """The value below which a share `u` of the density lies; any shape. The weight plays no part."""

    @property
    def support(self) -> tuple[float, float]:
        """Where the density is not zero."""
        return -np.inf, np.inf

    def sample(self, rng: np.random.Generator, size: int | tuple[int, ...] = ()) -> Floats:
        """Values drawn from the density; the weight plays no part."""
        return self.ppf(rng.random(size))


class GaussianPrior(Prior):
    """Normal distribution of mean mu and standard deviation sigma."""

    mu: Array = param(0.0)
    sigma: Array = positive(1.0)

    def __check_init__(self) -> None:
        _wide(self, "sigma")

    def __call__(self, value: Array) -> Array:
        pull = (value - self.mu) / self.sigma
        return self.weight * (pull**2 + 2 * jnp.log(self.sigma) + np.log(2 * np.pi))

    def ppf(self, u: Share) -> Floats:
        return np.asarray(self.mu + self.sigma * _pulls(u))


class GeneralizedGaussianPrior(Prior):
    """Density ∝ exp(−|(value − mu) / (√2 sigma)|^(1/eta)).

    eta 0.5 is a normal distribution, 1 a double exponential; small ones are flat with steep sides.
    """

    mu: Array = param(0.0)
    sigma: Array = positive(1.0)
    eta: Array = positive(0.5)

    def __check_init__(self) -> None:
        _wide(self, "sigma", "eta")

    def __call__(self, value: Array) -> Array:
        scale = np.sqrt(2) * self.sigma
        # A power of the square, and that not quite zero: derivatives at mu are those of a normal distribution for
        # eta 0.5, and finite where there are none.
        square = ((value - self.mu) / scale) ** 2 + 1e-24
        norm = jnp.log(2 * self.eta * scale) + gammaln(self.eta)
        return 2 * self.weight * (square ** (0.5 / self.eta) + norm)

    def ppf(self, u: Share) -> Floats:
        from scipy.special import gammaincinv

        side = 2 * np.asarray(u) - 1
        away = gammaincinv(self.eta, np.abs(side)) ** self.eta
        return np.asarray(self.mu + np.sqrt(2) * self.sigma * np.sign(side) * away)


class LogNormalPrior(Prior):
    """ln value has a normal distribution of mean mu and standard deviation sigma."""

    mu: Array = param(0.0)
    sigma: Array = positive(1.0)

    def __check_init__(self) -> None:
        _wide(self, "sigma")

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, np.inf

    def __call__(self, value: Array) -> Array:
        inside = value > 0
        log = jnp.log(jnp.where(inside, value, 1.0))
        pull = (log - self.mu) / self.sigma
        minus_2_ln = pull**2 + 2 * log + 2 * jnp.log(self.sigma) + np.log(2 * np.pi)
        return jnp.where(inside, self.weight * minus_2_ln, jnp.inf)

    def ppf(self, u: Share) -> Floats:
        return np.exp(self.mu + self.sigma * _pulls(u))


class UniformPrior(Prior):
    """The same density everywhere from min to max."""

    min: Array = param(0.0)
    max: Array = param(1.0)

    def __check_init__(self) -> None:
        _ordered(self)

    @property
    def support(self) -> tuple[float, float]:
        return float(self.min), float(self.max)

    def __call__(self, value: Array) -> Array:
        inside = (self.min <= value) & (value <= self.max)
        return jnp.where(inside, 2 * self.weight * jnp.log(self.max - self.min), jnp.inf)

    def ppf(self, u: Share) -> Floats:
        return np.asarray(self.min + (self.max - self.min) * np.asarray(u))


class LogUniformPrior(Prior):
    """ln value has the same density everywhere from ln min to ln max."""

    min: Array = positive(1e-14)
    max: Array = positive(1e-10)

    def __check_init__(self) -> None:
        _wide(self, "min")
        _ordered(self)

    @property
    def support(self) -> tuple[float, float]:
        return float(self.min), float(self.max)

    def __call__(self, value: Array) -> Array:
        inside = (self.min <= value) & (value <= self.max)
        minus_ln = jnp.log(jnp.where(inside, value, 1.0)) + jnp.log(jnp.log(self.max / self.min))
        return jnp.where(inside, 2 * self.weight * minus_ln, jnp.inf)

    def ppf(self, u: Share) -> Floats:
        return np.asarray(self.min * (self.max / self.min) ** np.asarray(u))


class LinearPenalty(Tree):
    """(v − mean)ᵀ precision (v − mean) over several parameters v, to add to −2 ln L: Tikhonov's regularisation.

    names : of k parameters in the table of the fit.
    precision : (k, k), symmetric, with no negative eigenvalue; in the inverse units of the parameters.
    mean : (k,); zeros by default.

    Raises
    ------
    ModelError
        A name occurs twice, shapes differ, or the precision is no precision.
    """

    names: tuple[str, ...] = static()
    precision: Floats
    mean: Floats

    def __init__(self, names: Sequence[str], precision: ArrayLike, mean: ArrayLike = 0.0):
        values = np.asarray(precision, dtype=float)
        means = np.broadcast_to(np.asarray(mean, dtype=float), (len(names),)).copy()
        for name, value in {"names": tuple(names), "precision": values, "mean": means}.items():
            object.__setattr__(self, name, value)
        _check_precision(self.names, self.precision)

    @classmethod
    def from_diagonal(cls, names: Sequence[str], sigma: ArrayLike, mean: ArrayLike = 0.0) -> Self:
        """Keep each parameter within about its `sigma`, (k,) or one for all, of its mean (ridge regression)."""
        widths = np.broadcast_to(np.asarray(sigma, dtype=float), (len(names),))
        return cls(names, np.diag(widths**-2.0), mean)

    @classmethod
    def smoothness(cls, names: Sequence[str], sigma: float, mean: ArrayLike = 0.0) -> Self:
        """Keep each parameter within about `sigma` of its neighbours: 2 on the diagonal, −1 beside it, over sigma².

        That is the sum of squared steps from each to the next, the mean taken for what lies before the first and after
        the last.
        """
        k = len(names)
        return cls(names, (2 * np.eye(k) - np.eye(k, k=1) - np.eye(k, k=-1)) / sigma**2, mean)

    def __call__(self, values: Array) -> Array:
        """The penalty of `values`, (k,), in the order of the names."""
        away = values - self.mean
        return away @ self.precision @ away


def _pulls(u: Share) -> Floats:
    """Standard deviations below which a share of a normal distribution lies."""
    from scipy.special import ndtri  # here, for its 5 MiB would be in every fit, and few have to invert a prior

    return np.asarray(ndtri(u))


def _wide(prior: Prior, *names: str) -> None:
    """Widths are more than zero."""
    for name in names:
        value = getattr(prior, name)
        if isinstance(value, np.float64) and not value > 0:
            raise ModelError(f"{type(prior).__name__}.{name} = {value:g}; wanted a number above zero")


def _ordered(prior: Any) -> None:
    low, high = prior.min, prior.max
    if isinstance(low, np.float64) and isinstance(high, np.float64) and not low < high:
        raise ModelError(f"{type(prior).__name__}: min = {low:g} is not below max = {high:g}")


def _check_precision(names: tuple[str, ...], precision: Floats) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ModelError(f"LinearPenalty: {', '.join(twice)} occurs more than once among the names")
    if precision.shape != (len(names), len(names)):
        raise ModelError(f"LinearPenalty: found a precision of shape {precision.shape} for {len(names)} parameters")
    scale = np.abs(precision).max(initial=0.0)
    if not np.allclose(precision, precision.T, rtol=0, atol=1e-12 * scale):
        raise ModelError("LinearPenalty: the precision is not symmetric; give (P + Pᵀ) / 2")
    lowest = np.linalg.eigvalsh(precision).min(initial=0.0)
    if lowest < -1e-12 * scale * len(names):
        raise ModelError(f"LinearPenalty: the precision has the eigenvalue {lowest:g}: a penalty without a bottom")
