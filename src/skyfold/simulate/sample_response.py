"""What the instrument makes of single photons: a reconstructed direction and energy.

A table that is linear between its rows is a mixture of them: one of the four rows around an energy and offset is drawn
with its weight, then a value from that row, exactly as the row is tabulated. A formula is drawn from with its
parameters at that energy and offset. Where a response has no shape, a photon is lost, as it is in folding.
"""

import numpy as np
from numpy.typing import NDArray

from skyfold.geom.axis import Axis
from skyfold.irf.energy_dispersion import EnergyDispersion
from skyfold.irf.psf import Psf, PsfTable
from skyfold.irf.psf_shapes import PsfKing, PsfMultiGauss
from skyfold.irf.radial import Profiles
from skyfold.irf.table import Ruler, corners
from skyfold.simulate.sample import Floats, Indices, Rows, straight_line

Random = np.random.Generator


def migrated(rng: Random, edisp: EnergyDispersion, energy: Floats, offset: Floats) -> Floats:
    """Reconstructed energies of photons of true energies [TeV] at offsets [rad]; nan for those that are lost."""
    edges = edisp.migra.edges_in("")
    width = np.diff(edges)
    filled = edisp.values.sum(axis=1) > 0
    row, known = _rows(rng, (edisp.energy_true, edisp.offset), filled, energy, offset)
    used, row = _renumbered(row, filled.size)
    e, o = np.divmod(used, edisp.offset.nbin)
    at, share = Rows.of(edisp.values[e, :, o] * width).draw(rng, row)
    return np.where(known, energy * (edges[at] + share * width[at]), np.nan)


def scatter(rng: Random, psf: Psf, energy: Floats, offset: Floats) -> Floats:
    """Angles [rad] between true and reconstructed direction; nan for photons that are lost."""
    match psf:
        case PsfKing():
            gamma, sigma = psf.parameters(energy, offset)
            tail = np.log1p(-rng.random(energy.size)) / (1 - gamma)
            radius = sigma * np.sqrt(2 * gamma * np.expm1(tail))
        case PsfMultiGauss() if psf.amplitude.min() >= 0:
            radius = _of_gaussians(rng, psf.parameters(energy, offset))
        case PsfTable():
            radius = _of_table(rng, psf, energy, offset)
        case _:
            radius = psf.containment_radius(energy, offset, rng.random(energy.size))
    return np.minimum(radius, np.pi)


def turned(rng: Random, directions: Floats, angle: Floats) -> Floats:
    """Unit vectors (3, n) at angles from others, in a random direction each."""
    x, y, z = directions
    across = np.maximum(np.hypot(x, y), 1e-300)  # at a pole any direction is east
    east = np.stack([np.where(across > 1e-300, -y / across, 0.0), np.where(across > 1e-300, x / across, 1.0)])
    north = np.stack([-z * east[1], z * east[0], x * east[1] - y * east[0]])
    towards = 2 * np.pi * rng.random(angle.size)
    sine = np.sin(angle)
    result = directions * np.cos(angle) + north * (sine * np.cos(towards))
    result[:2] += east * (sine * np.sin(towards))
    return result


def _of_gaussians(rng: Random, parameters: list[Floats]) -> Floats:
    """A Gaussian of the sum with the share of its integral, then a radius of that one."""
    half = len(parameters) // 2
    sigma, amplitude = np.stack(parameters[:half]), np.stack(parameters[half:])
    share = np.cumsum(amplitude * sigma**2, axis=0)
    which = np.sum(rng.random(sigma.shape[1]) * share[-1] >= share, axis=0).clip(max=half - 1)
    return np.take_along_axis(sigma, which[None], axis=0)[0] * np.sqrt(-2 * np.log1p(-rng.random(which.size)))


def _of_table(rng: Random, psf: PsfTable, energy: Floats, offset: Floats) -> Floats:
    """A ring of the row, then a radius within it, where the density is a straight line in r²."""
    row, known = _rows(rng, (psf.energy_true, psf.offset), psf.norms > 0, energy, offset)
    used, row = _renumbered(row, psf.norms.size)
    profiles = Profiles.of(psf.rad, psf.values.reshape(-1, psf.rad.nbin)[used], means=True)
    at, share = Rows.of(np.diff(profiles.enclosed, axis=-1)).draw(rng, row)
    known &= profiles.density[row, at] + profiles.density[row, at + 1] > 0
    ends = (np.where(known, profiles.density[row, i], 1.0) for i in (at, at + 1))
    square = profiles.squares[at] + straight_line(share, *ends) * np.diff(profiles.squares)[at]
    return np.where(known, np.sqrt(square), np.nan)


def _rows(
    rng: Random, axes: tuple[Axis, Axis], filled: NDArray[np.bool_], energy: Floats, offset: Floats
) -> tuple[Indices, NDArray[np.bool_]]:
    """One of the rows around each energy and offset, with its weight as probability, and whether there is one.

    Rows count through (energy, offset); those that are not `filled` have no weight.
    """
    rulers = Ruler.of(axes[0], "TeV"), Ruler.of(axes[1], "rad")
    indices = []
    for ruler, x in zip(rulers, (energy, offset), strict=True):
        place = ruler.place(x)
        indices.append(place.below + (rng.random(x.size) < place.weight))
    row = indices[0] * filled.shape[1] + indices[1]
    known = rulers[1].below_last(offset)
    # A row without content was drawn: draw again among those that have some.
    again = np.flatnonzero(~filled.ravel()[row])
    if again.size:
        around = corners(*rulers, energy[again], offset[again])
        weights = np.cumsum([weight * filled[e, o] for e, o, weight in around], axis=0)
        which = np.sum(rng.random(again.size) * weights[-1] >= weights, axis=0).clip(max=3)
        candidates = np.stack([e * filled.shape[1] + o for e, o, _ in around])
        row[again] = np.take_along_axis(candidates, which[None], axis=0)[0]
        known[again] &= weights[-1] > 0
    return row, known


def _renumbered(row: Indices, n: int) -> tuple[Indices, Indices]:
    """Which of `n` rows occur, and where among those each is."""
    used = np.flatnonzero(np.bincount(row, minlength=n))
    number = np.zeros(n, dtype=np.intp)
    number[used] = np.arange(used.size)
    return used, number[row]
