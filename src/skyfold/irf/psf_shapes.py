"""Point spread functions given by a formula whose parameters are tabulated."""

from abc import abstractmethod
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skyfold.geom.axis import Axis
from skyfold.irf.psf import Psf, check_fraction
from skyfold.irf.table import Floats, Meta, Ruler, checked, corners, fill_rows, floats, share_of


@dataclass(frozen=True, eq=False)
class PsfShape(Psf):
    """A formula of parameters that are linear in log energy and in offset.

    Where a table has no valid parameters (no events), the nearest valid ones stand in, so that what lies between such a
    node and a good one has the shape of the good one; where there is no good node around, there is no shape.
    """

    energy_true: Axis
    offset: Axis
    _energy: Ruler = field(init=False, repr=False)
    _offset: Ruler = field(init=False, repr=False)
    valid: NDArray[np.bool_] = field(init=False, repr=False)  # where the table has a shape, (n_energy_true, n_offset)
    _parameters: tuple[Floats, ...] = field(init=False, repr=False)

    def _prepare(self, valid: NDArray[np.bool_], parameters: tuple[Floats, ...]) -> None:
        object.__setattr__(self, "_energy", Ruler.of(self.energy_true, "TeV"))
        object.__setattr__(self, "_offset", Ruler.of(self.offset, "rad"))
        object.__setattr__(self, "valid", valid)
        # Where nothing is valid any harmless number will do: it is never looked at, but must not divide by 0.
        filled = (fill_rows(p, valid) if valid.any() else np.full(valid.shape, 2.0) for p in parameters)
        object.__setattr__(self, "_parameters", tuple(filled))

    @abstractmethod
    def _density(self, rad: Floats, *parameters: Floats) -> Floats:
        """The formula, normalised."""

    @abstractmethod
    def _containment(self, rad: Floats, *parameters: Floats) -> Floats:
        """Its integral over 2π r dr."""

    def __call__(self, energy: ArrayLike, offset: ArrayLike, rad: ArrayLike) -> Floats:
        energy, offset, rad = floats(energy, offset, rad)
        known, parameters = self._look(energy, offset)
        return np.where(known, self._density(rad, *parameters), 0.0)

    def containment(self, energy: ArrayLike, offset: ArrayLike, rad: ArrayLike) -> Floats:
        energy, offset, rad = floats(energy, offset, rad)
        known, parameters = self._look(energy, offset)
        return np.where(known, self._containment(rad, *parameters), 0.0)

    def known(self, energy: ArrayLike, offset: ArrayLike) -> NDArray[np.bool_]:
        return self._look(*floats(energy, offset))[0]

    def parameters(self, energy: ArrayLike, offset: ArrayLike) -> list[Floats]:
        """Those of the formula at coordinates that broadcast, in its order; nan where there is no shape."""
        known, parameters = self._look(*floats(energy, offset))
        return [np.where(known, parameter, np.nan) for parameter in parameters]

    def density_table(self, energy: ArrayLike, rad: ArrayLike, offset: ArrayLike) -> Floats:
        energy, rad = np.atleast_1d(np.asarray(energy, dtype=float)), np.atleast_1d(np.asarray(rad, dtype=float))
        known, parameters = self._look(*floats(energy, np.asarray(offset, dtype=float)[..., None]))
        return np.where(known[..., None], self._density(rad, *(p[..., None] for p in parameters)), 0.0)

    def _look(self, energy: Floats, offset: Floats) -> tuple[NDArray[np.bool_], list[Floats]]:
        """Whether there is a shape, and the parameters, at coordinates of one shape."""
        at = corners(self._energy, self._offset, energy, offset)
        known = (share_of(self.valid, at) > 0) & self._offset.below_last(offset)
        return known, [np.asarray(sum(weight * p[e, o] for e, o, weight in at)) for p in self._parameters]


@dataclass(frozen=True, eq=False)
class PsfMultiGauss(PsfShape):
    """A sum of Gaussians (GADF PSF_3GAUSS): p(r) ∝ e^(−r²/2σ₁²) + A₂ e^(−r²/2σ₂²) + A₃ e^(−r²/2σ₃²), normalised.

    Parameters
    ----------
    energy_true, offset : axes.
    sigma : widths [rad], shape (n_gauss, n_energy_true, n_offset); 0 marks an absent component.
    amplitude : relative to the first, same shape; the first is 1 where there is a shape.
    scale : density at the centre as the file has it [sr-1], or None; only which bins are 0 is used, as p is normalised.

    Raises
    ------
    DataError
        A component has an amplitude but is not finite, or the sum has no positive integral although its scale is set.
    """

    sigma: Floats
    amplitude: Floats
    scale: Floats | None = None
    meta: Meta = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = (self.energy_true, self.offset)
        sigma = np.stack([checked(f"PSF SIGMA_{i + 1}", s, *shape) for i, s in enumerate(self.sigma)])
        amplitude = np.stack([checked(f"PSF AMPL_{i + 1}", a, *shape) for i, a in enumerate(self.amplitude)])
        amplitude = np.where(sigma > 0, amplitude, 0.0)
        valid = (amplitude * sigma**2).sum(axis=0) > 0
        if self.scale is not None:
            scale = checked("PSF SCALE", self.scale, *shape)
            valid &= scale > 0
            object.__setattr__(self, "scale", scale)
        object.__setattr__(self, "sigma", sigma)
        object.__setattr__(self, "amplitude", amplitude)
        # A width without amplitude says nothing: that of the nearest bin with one stands in.
        used = [i for i in range(len(sigma)) if np.any(amplitude[i][valid] != 0)] or [0]
        widths = tuple(fill_rows(sigma[i], valid & (amplitude[i] != 0)) for i in used)
        self._prepare(valid, (*widths, *(amplitude[i] for i in used)))

    @property
    def reach(self) -> float:
        # e^(−50) of the widest component lies beyond ten widths.
        return 10 * float(self.sigma.max(initial=0.0))

    def _density(self, rad: Floats, *parameters: Floats) -> Floats:
        sigmas, amplitudes = parameters[: len(parameters) // 2], parameters[len(parameters) // 2 :]
        norm = 2 * np.pi * sum(a * s**2 for a, s in zip(amplitudes, sigmas, strict=True))
        return np.asarray(
            sum(a * np.exp(-0.5 * (rad / s) ** 2) for a, s in zip(amplitudes, sigmas, strict=True)) / norm
        )

    def _containment(self, rad: Floats, *parameters: Floats) -> Floats:
        sigmas, amplitudes = parameters[: len(parameters) // 2], parameters[len(parameters) // 2 :]
        norm = sum(a * s**2 for a, s in zip(amplitudes, sigmas, strict=True))
        within = sum(a * s**2 * -np.expm1(-0.5 * (rad / s) ** 2) for a, s in zip(amplitudes, sigmas, strict=True))
        return np.asarray(within / norm)


@dataclass(frozen=True, eq=False)
class PsfKing(PsfShape):
    """The King profile (GADF PSF_KING): p(r) = (1 − 1/γ) (1 + r²/2γσ²)^−γ / 2πσ².

    Parameters
    ----------
    energy_true, offset : axes.
    gamma, sigma : shape (n_energy_true, n_offset), `sigma` in rad. No shape where γ ≤ 1 or σ ≤ 0.
    """

    gamma: Floats
    sigma: Floats
    meta: Meta = field(default_factory=dict)

    def __post_init__(self) -> None:
        gamma = checked("PSF GAMMA", self.gamma, self.energy_true, self.offset)
        sigma = checked("PSF SIGMA", self.sigma, self.energy_true, self.offset)
        object.__setattr__(self, "gamma", gamma)
        object.__setattr__(self, "sigma", sigma)
        self._prepare((gamma > 1) & (sigma > 0), (gamma, sigma))

    @property
    def reach(self) -> float:
        """Radius [rad] of 99.9 % containment at its largest: the tail is a power law and never ends."""
        gamma, sigma = (p[self.valid] for p in self._parameters)
        return float(_king_radius(0.999, gamma, sigma).max(initial=0.0))

    def containment_radius(self, energy: ArrayLike, offset: ArrayLike, fraction: ArrayLike) -> Floats:
        energy, offset, fraction = floats(energy, offset, fraction)
        check_fraction(fraction)
        known, (gamma, sigma) = self._look(energy, offset)
        return np.where(known, _king_radius(fraction, gamma, sigma), np.nan)

    def _density(self, rad: Floats, *parameters: Floats) -> Floats:
        gamma, sigma = parameters
        return (1 - 1 / gamma) / (2 * np.pi * sigma**2) * (1 + rad**2 / (2 * gamma * sigma**2)) ** -gamma

    def _containment(self, rad: Floats, *parameters: Floats) -> Floats:
        gamma, sigma = parameters
        return -np.expm1((1 - gamma) * np.log1p(rad**2 / (2 * gamma * sigma**2)))


def _king_radius(fraction: float | Floats, gamma: Floats, sigma: Floats) -> Floats:
    return sigma * np.sqrt(2 * gamma * np.expm1(np.log1p(-np.asarray(fraction)) / (1 - gamma)))
