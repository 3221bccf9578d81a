"""Where the responses are known well enough to be used: bins of reconstructed energy, and pixels.

Thresholds of effective area and dispersion are known in true energy; following the field's tools they are applied to
reconstructed energy, where data are cut. A bin is safe if it lies wholly inside the range.
"""

import numpy as np
from numpy.typing import NDArray

from skyfold.dataset.dataset import Dataset
from skyfold.errors import ReductionError
from skyfold.events.observation import Observation
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.irf.migration import Migration
from skyfold.maps.map import Map
from skyfold.reduce.recipe import SafeRange
from skyfold.units import strip

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
# Where the effective area is searched for its maximum: finer than any response table.
_FINE_PER_DECADE = 40


def safe_mask(safe: SafeRange, dataset: Dataset, observation: Observation) -> Map:
    """Bins of the counts that every method of `safe` accepts.

    Raises
    ------
    ReductionError
        A method needs a response that the observation does not have.
    """
    geom = dataset.geom
    keep = np.ones(geom.shape, dtype=bool)
    energy = geom.axis("energy")
    for method in safe.methods:
        match method:
            case "aeff-default":
                keep &= _bins(energy, *_default_range(observation))[:, None, None]
            case "aeff-max":
                keep &= _bins(energy, _aeff_threshold(safe, dataset, observation))[:, None, None]
            case "edisp-bias":
                keep &= _bins(energy, _bias_threshold(safe, dataset, observation))[:, None, None]
            case "bkg-peak":
                keep &= _bins(energy, _background_peak(dataset))[:, None, None]
            case "offset-max":
                separation = geom.separation(observation.pointing_icrs).to_value("rad")
                keep &= separation < strip(safe.offset_max, "rad", "offset_max")
    return Map(geom, keep)


def _bins(energy: Axis, lo: float, hi: float = np.inf) -> Mask:
    """Bins wholly inside [lo, hi] TeV; an edge may miss a limit by rounding."""
    edges = energy.edges_in("TeV")
    return (edges[:-1] >= lo * (1 - 1e-6)) & (edges[1:] <= hi * (1 + 1e-6))


def _default_range(observation: Observation) -> tuple[float, float]:
    aeff = observation.responses.aeff
    if aeff is None:
        raise ReductionError("the safe range aeff-default needs an effective area")
    # A file that states no thresholds states no limit.
    return aeff.safe_range_tev or (0.0, np.inf)


def _offset(safe: SafeRange, dataset: Dataset, observation: Observation) -> float:
    """Offset from the pointing at which thresholds are evaluated [rad]."""
    if safe.fixed_offset is not None:
        return float(strip(safe.fixed_offset, "rad", "fixed_offset"))
    position = dataset.geom.center if safe.position is None else safe.position
    return float(observation.pointing_icrs.separation(position.icrs).rad)


def _aeff_threshold(safe: SafeRange, dataset: Dataset, observation: Observation) -> float:
    """Lowest energy at which the effective area reaches its wanted share of the maximum [TeV].

    The area is that of the dataset: with a containment correction, what is left of it within the region.
    """
    energies, area = _area(safe, dataset, observation)
    wanted = area.max() * safe.aeff_percent / 100
    if not area.max() > 0:
        raise ReductionError("the effective area is 0 at every true energy: the position lies outside the response")
    first = int(np.argmax(area >= wanted))
    if first == 0:
        return float(energies[0])
    # Straight in log energy between the two energies that enclose the threshold.
    share = (wanted - area[first - 1]) / (area[first] - area[first - 1])
    return float(np.exp(np.log(energies[first - 1]) * (1 - share) + np.log(energies[first]) * share))


def _area(safe: SafeRange, dataset: Dataset, observation: Observation) -> tuple[Floats, Floats]:
    """True energies [TeV] and effective areas, up to a factor: at a pixel of the exposure, or from the response."""
    if safe.fixed_offset is None and dataset.exposure is not None:
        energies = dataset.energy_true.center_in("TeV")
        if isinstance(dataset.geom, RegionGeom):
            return energies, dataset.exposure.data[:, 0, 0]
        x, y = dataset.geom.to_idx(dataset.geom.center if safe.position is None else safe.position)
        if x >= 0:
            return energies, dataset.exposure.data[:, y, x]
    aeff = observation.responses.aeff
    if aeff is None:
        raise ReductionError("the safe range aeff-max needs an effective area")
    lo, hi = dataset.energy_true.edges_in("TeV")[[0, -1]]
    energies = np.geomspace(lo, hi, max(int(np.log10(hi / lo) * _FINE_PER_DECADE), 2) + 1)
    return energies, aeff(energies, _offset(safe, dataset, observation))


def _bias_threshold(safe: SafeRange, dataset: Dataset, observation: Observation) -> float:
    """Reconstructed energy above which the relative bias stays below its limit [TeV]."""
    edisp = observation.responses.edisp
    if edisp is None:
        raise ReductionError("the safe range edisp-bias needs an energy dispersion")
    offset = np.array(_offset(safe, dataset, observation))
    true, energy = dataset.energy_true, dataset.energy
    return Migration(true, energy, edisp.migration(true, energy, offset)).bias_energy(safe.bias_percent / 100)


def _background_peak(dataset: Dataset) -> float:
    """Lower edge of the bin of the counts in which most background is expected [TeV]."""
    if dataset.background is None:
        raise ReductionError("the safe range bkg-peak needs a background response")
    spectrum = dataset.background.data.sum(axis=(1, 2))
    return float(dataset.energy.edges_in("TeV")[int(np.argmax(spectrum))])
