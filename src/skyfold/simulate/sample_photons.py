"""Photons of one source that an instrument detects, before it reconstructs them.

Energies, directions and times are drawn as if the area were everywhere the largest that the source meets at that
energy; each photon then stays with the ratio of the area at its own energy, offset and time to that one. So the area
is that at the true position of every photon, wherever the telescope moves.
"""

from typing import NamedTuple

import jax
import numpy as np
from jax import Array

from skyfold.errors import ModelError
from skyfold.events.observation import Observation
from skyfold.irf.effective_area import EffectiveArea
from skyfold.model.source import Source
from skyfold.model.spectral.base import Spectrum
from skyfold.num.sphere import vector_separation
from skyfold.simulate.sample import Floats, poisson_indices, power_law
from skyfold.simulate.sample_sky import Cells
from skyfold.simulate.sample_times import Clock, steady_times
from skyfold.simulate.track import Track

# Bins of true energy; within each the spectrum is a power law, and the flux in each is the model's own integral.
_BINS = 1024
_CM2 = 1e4
# Offsets at which the area is looked up for the largest, besides the table's own.
_OFFSETS = 33


class Photons(NamedTuple):
    """Detected photons: true energies [TeV], directions (ICRS unit vectors (3, n)), times [s] and offsets [rad]."""

    energy: Floats
    directions: Floats
    seconds: Floats
    offset: Floats


def detected_photons(
    rng: np.random.Generator,
    source: Source,
    name: str,
    observation: Observation,
    aeff: EffectiveArea,
    track: Track,
    energies: tuple[float, float],
) -> Photons | None:
    """Detected photons of a source, of true energies between two [TeV]; None if it is outside of the field of view.

    Raises
    ------
    ModelError
        The flux, the brightness or the light curve is negative or not finite somewhere, or the source has no shape.
    """
    # A table of one offset cannot say where the field of view ends.
    reach = float(aeff.offset.edges_in("rad")[-1]) if aeff.offset.nbin > 1 else np.pi
    cells = Cells.of(source, name, track.center, min(reach + track.excursion, np.pi), energies)
    if cells is None:
        return None
    clock = None if source.lightcurve is None else Clock.of(observation.gti, source.lightcurve, name)
    seconds = (observation.ontime_s if clock is None else clock.total_s) * observation.live_fraction
    edges = np.geomspace(*energies, _BINS + 1)
    flux, slope = _spectrum(source.spectrum, edges, name)
    largest = _largest_area(aeff, edges, _offsets_met(cells, track))
    if not largest.any():
        return None
    expected = flux * largest * _CM2 * seconds * cells.total(np.sqrt(edges[:-1] * edges[1:]))
    i = poisson_indices(rng, expected)
    energy = power_law(rng.random(i.size), edges[i], edges[i + 1], slope[i])
    directions = cells.draw(rng, energy)
    times = steady_times(rng, observation.gti, i.size) if clock is None else clock.draw(rng, i.size)
    offset = _offset(directions, track.pointing(times))
    keep = rng.random(i.size) * largest[i] < aeff(energy, offset)
    return Photons(energy[keep], directions[:, keep], times[keep], offset[keep])


def _spectrum(spectrum: Spectrum, edges: Floats, name: str) -> tuple[Floats, Floats]:
    """Flux [s-1 cm-2] and slope of the spectrum in each bin."""
    flux, dnde = (np.asarray(x) for x in _evaluated(spectrum, edges))
    if not np.all(np.isfinite(flux)) or flux.min() < 0:
        worst = int(np.argmin(np.where(np.isfinite(flux), flux, -np.inf)))
        raise ModelError(
            f"the flux of {name!r} is {flux[worst]:.4g} s-1 cm-2 from {edges[worst]:.4g} to {edges[worst + 1]:.4g} TeV:"
            " no photons come from that; change its parameters or the range of true energies"
        )
    positive = (dnde[1:] > 0) & (dnde[:-1] > 0)
    ratio = np.where(positive, dnde[1:], 1.0) / np.where(positive, dnde[:-1], 1.0)
    return flux, np.log(ratio) / np.diff(np.log(edges))


@jax.jit
def _evaluated(spectrum: Spectrum, edges: Array) -> tuple[Array, Array]:
    return spectrum.flux(edges), spectrum.dnde(edges)


def _offsets_met(cells: Cells, track: Track) -> tuple[float, float]:
    """The nearest and the farthest that photons come to and from the pointing [rad]."""
    apart = vector_separation(cells.directions, track.center)
    slack = cells.side + track.excursion
    return max(float(apart.min()) - slack, 0.0), float(apart.max()) + slack


def _largest_area(aeff: EffectiveArea, edges: Floats, offsets: tuple[float, float]) -> Floats:
    """The largest area [m2] in each bin of energy at any offset within a range."""
    nodes = np.concatenate([aeff.offset.center_in("rad"), aeff.offset.edges_in("rad")])
    nodes = nodes[(nodes > offsets[0]) & (nodes < offsets[1])]
    area = aeff.outer(edges, np.concatenate([np.linspace(*offsets, _OFFSETS), nodes])).max(axis=1)
    return np.maximum(area[:-1], area[1:])


def _offset(directions: Floats, pointing: Floats) -> Floats:
    """Angle of each direction (3, n) from the pointing then, (3, n) or (3, 1)."""
    chord = np.sqrt(np.sum((directions - pointing) ** 2, axis=0))
    return 2 * np.arcsin(np.minimum(chord / 2, 1.0))
