"""The backgrounds of one dataset: expected counts that are known but for a factor."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, Self

import jax
import numpy as np

from skyfold.fit.kinds import Kind, scaled, scaled_bent, taken_apart
from skyfold.fit.part import Ints, Mapping
from skyfold.num.double import Floats


class Filled(NamedTuple):
    """Expected counts of a background: in the listed bins `mu` (N,), and `total` over the bins of the statistic.

    d_mu, d_total : derivatives (k, N) and (k,) by the free parameters `columns` (k,).
    """

    mu: Floats
    total: float
    d_mu: Floats
    d_total: Floats
    columns: Ints


class Bent(NamedTuple):
    """Second derivatives (k, k) by the free parameters `columns` (k,)."""

    block: Floats
    columns: Ints


class Layer(Protocol):
    """A background."""

    def fill(self, values: Floats) -> Filled: ...

    def bent(self, values: Floats, linear: float, slopes: Floats) -> Bent:
        """Second derivatives of linear × total + Σ slopes (N,) × mu."""
        ...

    @property
    def still(self) -> "Layer":
        """The same without derivatives."""
        ...


_NONE = np.zeros(0, dtype=np.intp)


@dataclass(frozen=True, eq=False)
class Known:
    """A background that is taken as it is: counts in the listed bins, and over those of the statistic."""

    base: Floats
    total: float

    def fill(self, values: Floats) -> Filled:
        return Filled(self.base, self.total, np.zeros((0, self.base.size)), np.zeros(0), _NONE)

    def bent(self, values: Floats, linear: float, slopes: Floats) -> Bent:
        return Bent(np.zeros((0, 0)), _NONE)

    @property
    def still(self) -> Self:
        return self


@dataclass(frozen=True, eq=False)
class Factor:
    """A norm model and where it is wanted: (energies,) in TeV, or (lon, lat) in rad; n of them.

    values : of its parameters where the model was made, (P,).
    rows : (P,) where they are among those of the sky.
    along, columns : along which the free parameters change them (k, P), and which free parameters they are (k,).
    """

    kind: Kind
    values: Floats
    rows: Ints
    data: list[Any]
    at: tuple[Floats, ...]
    along: Floats
    columns: Ints

    @classmethod
    def of(cls, model: Any, rows: Ints, mapping: Mapping, *at: Floats) -> Self:
        kind, values, data = taken_apart(model)
        along, columns = mapping.along(rows)
        data, at, along = jax.device_put((data, at, along))
        return cls(kind, values, rows, data, at, along, columns)

    @property
    def still(self) -> Self:
        """The same without derivatives."""
        return replace(self, along=np.zeros((0, self.rows.size)), columns=_NONE)

    def start(self) -> Floats:
        """Factors (n,) where the model was made."""
        return np.asarray(scaled(self.kind, self.values, self.data, self.at, self.along)[0])

    def fill(self, values: Floats) -> tuple[Floats, Floats]:
        """Factors (n,), and derivatives by the free parameters `columns` (k, n)."""
        factor, slopes = scaled(self.kind, values[self.rows], self.data, self.at, self.along)
        return np.asarray(factor), np.asarray(slopes)

    def bent(self, values: Floats, weights: Floats) -> Floats:
        """Second derivatives (k, k) of Σ weights (n,) × factors."""
        return np.asarray(scaled_bent(self.kind, values[self.rows], self.data, self.at, self.along, weights))


@dataclass(frozen=True, eq=False)
class Scaled:
    """Known counts times a factor of energy: μ = f(r) B.

    reco : (N,) bin of energy of the listed bins.
    base : (N,) counts B in the listed bins.
    totals : (R,) counts summed over the bins of the statistic.
    """

    factor: Factor
    reco: Ints
    base: Floats
    totals: Floats

    def fill(self, values: Floats) -> Filled:
        f, df = self.factor.fill(values)
        d_mu = df[:, self.reco] * self.base
        return Filled(f[self.reco] * self.base, float(f @ self.totals), d_mu, df @ self.totals, self.factor.columns)

    def bent(self, values: Floats, linear: float, slopes: Floats) -> Bent:
        weights = linear * self.totals + np.bincount(self.reco, slopes * self.base, minlength=self.totals.size)
        return Bent(self.factor.bent(values, weights), self.factor.columns)

    @property
    def still(self) -> Self:
        return replace(self, factor=self.factor.still)


@dataclass(frozen=True, eq=False)
class Shaped:
    """Known counts times a factor of energy and one of direction: μ = f(r) s(p) B.

    pixels : (N,) in which of the P pixels of `shape` the listed bins are.
    totals : (R, P) counts in the bins of the statistic, 0 in others.
    """

    factor: Factor
    shape: Factor
    reco: Ints
    pixels: Ints
    base: Floats
    totals: Floats

    def fill(self, values: Floats) -> Filled:
        (f, df), (s, ds) = self.factor.fill(values), self.shape.fill(values)
        with_f, with_s = f[self.reco] * self.base, s[self.pixels] * self.base
        d_mu = np.concatenate([df[:, self.reco] * with_s, ds[:, self.pixels] * with_f])
        summed = self.totals @ s
        d_total = np.concatenate([df @ summed, ds @ (f @ self.totals)])
        columns, same = self._joined()
        return Filled(f[self.reco] * with_s, float(f @ summed), same @ d_mu, same @ d_total, columns)

    def bent(self, values: Floats, linear: float, slopes: Floats) -> Bent:
        (f, df), (s, ds) = self.factor.fill(values), self.shape.fill(values)
        weights = linear * self.totals
        np.add.at(weights, (self.reco, self.pixels), slopes * self.base)
        cross = df @ weights @ ds.T
        of_f, of_s = (factor.bent(values, w) for factor, w in ((self.factor, weights @ s), (self.shape, f @ weights)))
        columns, same = self._joined()
        return Bent(same @ np.block([[of_f, cross], [cross.T, of_s]]) @ same.T, columns)

    def _joined(self) -> tuple[Ints, Floats]:
        """The free parameters of both factors (k,), and which they are of those of the one and the other (k, n)."""
        both = np.concatenate([self.factor.columns, self.shape.columns])
        columns, where = np.unique(both, return_inverse=True)
        # A link may make one parameter change both factors.
        return columns, (where == np.arange(columns.size)[:, None]).astype(float)

    @property
    def still(self) -> Self:
        return replace(self, factor=self.factor.still, shape=self.shape.still)
