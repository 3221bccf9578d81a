"""A built-in response, by formula: an array of four imaging Cherenkov telescopes of the size of H.E.S.S.

With E the true energy in TeV and θ the offset in degrees:

    area         A = 2e5 m² E^−0.0891 e^(−0.5/E) e^(−θ²/2w²),  w = 1.5° E^0.1
    dispersion   ln μ normal around ln(1 + 0.2 e^(−E/0.2)), width (0.08 ⊕ 0.05 E^−0.4) (1 + (θ/5°)²)
    PSF          King profile, γ = 2.5, 68 % within (0.05° ⊕ 0.04° E^−0.5) (1 + (θ/4°)²)
    background   300 s⁻¹ TeV⁻¹ sr⁻¹ E^−2.7 e^(−0.5/E) e^(−θ²/2w²),  w = 1.3° E^0.1 (E reconstructed)

The form of the area and its numbers on the axis are those published for H.E.S.S. (Abramowski et al. 2010, MNRAS 402,
1342, appendix B: g1 E^−g2 e^(−g3/E)). The King profile is that of the GADF format (King 1962, AJ 67, 471). The other
forms are the plainest with the right behaviour, their numbers rounded ones near the responses of the public H.E.S.S.
test data (H.E.S.S. Collaboration 2018, arXiv:1810.04516): an instrument to try things with, none that exists.
"""

import numpy as np
from scipy.special import ndtr

from skyfold.geom.axis import Axis
from skyfold.irf.background import Background2D
from skyfold.irf.effective_area import EffectiveArea
from skyfold.irf.energy_dispersion import EnergyDispersion
from skyfold.irf.psf_shapes import PsfKing
from skyfold.irf.responses import Responses
from skyfold.irf.table import Floats

_THRESHOLD = 0.5  # TeV, in e^(−0.5/E)
_GAMMA = 2.5
# Radius of 68 % of a King profile in units of its σ.
_R68 = np.sqrt(2 * _GAMMA * (0.32 ** (1 / (1 - _GAMMA)) - 1))


def builtin_responses() -> Responses:
    """Effective area, dispersion, PSF and background of the built-in instrument, tabulated as files are.

    From 0.05 to 100 TeV and to 3 degrees from the pointing; the area's ``LO_THRES`` is 0.2 TeV.
    """
    true = Axis.even("energy_true", 0.05, 100.0, 66, unit="TeV", scale="log")
    reco = Axis.even("energy", 0.05, 100.0, 33, unit="TeV", scale="log")
    offset = Axis.even("offset", 0.0, 3.0, 12, unit="deg")
    migra = Axis.even("migra", 0.2, 2.6, 240)
    e, theta = true.center_in("TeV")[:, None], offset.center_in("deg")[None, :]
    sigma = np.radians(psf_radius(e, theta) / _R68)
    return Responses(
        aeff=EffectiveArea(true, offset, area(e, theta), meta={"LO_THRES": 0.2, "HI_THRES": 100.0}),
        edisp=_dispersion(true, migra, offset),
        psf=PsfKing(true, offset, np.full(sigma.shape, _GAMMA), sigma),
        bkg=Background2D(reco, offset, background_rate(reco.center_in("TeV")[:, None], theta)),
    )


def area(energy: Floats, offset: Floats) -> Floats:
    """Effective area [m2] at true energies [TeV] and offsets [deg] that broadcast."""
    on_axis = 6.85e5 * (energy * 1e6) ** -0.0891 * np.exp(-_THRESHOLD / energy)
    return on_axis * np.exp(-(offset**2) / (2 * (1.5 * energy**0.1) ** 2))


def resolution(energy: Floats, offset: Floats) -> Floats:
    """Width of ln μ at true energies [TeV] and offsets [deg] that broadcast."""
    return np.hypot(0.08, 0.05 * energy**-0.4) * (1 + (offset / 5) ** 2)


def bias(energy: Floats) -> Floats:
    """Median of μ − 1 at true energies [TeV]: near the threshold those triggers remain that look brighter."""
    return 0.2 * np.exp(-energy / 0.2)


def psf_radius(energy: Floats, offset: Floats) -> Floats:
    """Radius [deg] of 68 % containment at true energies [TeV] and offsets [deg] that broadcast."""
    return np.hypot(0.05, 0.04 * energy**-0.5) * (1 + (offset / 4) ** 2)


def background_rate(energy: Floats, offset: Floats) -> Floats:
    """Background [s-1 TeV-1 sr-1] at reconstructed energies [TeV] and offsets [deg] that broadcast."""
    on_axis = 300 * energy**-2.7 * np.exp(-_THRESHOLD / energy)
    return on_axis * np.exp(-(offset**2) / (2 * (1.3 * energy**0.1) ** 2))


def _dispersion(energy_true: Axis, migra: Axis, offset: Axis) -> EnergyDispersion:
    """Mean density in each bin of μ, from the integral of the normal distribution."""
    e, theta = energy_true.center_in("TeV")[:, None, None], offset.center_in("deg")[None, None, :]
    edges = migra.edges_in("")[None, :, None]
    below = ndtr(np.log(edges / (1 + bias(e))) / resolution(e, theta))
    density = np.diff(below, axis=1) / np.diff(edges, axis=1)
    return EnergyDispersion.normalised(density, energy_true, migra, offset)[0]
