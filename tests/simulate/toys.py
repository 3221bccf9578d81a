"""Observations to be made with the built-in response, and what to expect of them by integrals of other kinds."""

from dataclasses import replace

import numpy as np
from astropy.coordinates import SkyCoord

from skyfold.irf.builtin import builtin_responses
from skyfold.model.source import Source
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.power_law import PowerLaw
from skyfold.simulate.plan import planned

RESPONSES = builtin_responses()
POINTING = SkyCoord(83.6, 22.5, unit="deg")
START = "2025-01-01T20:00:00"
LIVE = 0.9
SPECTRUM = PowerLaw(index=2.4, amplitude="1e-10 cm-2 s-1 TeV-1")
HERE = {"lon_0": 83.63, "lat_0": 22.01, "frame": "icrs"}
CRAB = Source(SPECTRUM, Point(**HERE))
OFFSET = float(POINTING.separation(SkyCoord(83.63, 22.01, unit="deg")).rad)


def run(obs_id=1, livetime="1 h", responses=RESPONSES, pointing=POINTING, **options):
    where = {} if "gti" in options else {"start": START, "livetime": livetime}
    return planned(obs_id, pointing, responses, live_fraction=LIVE, location="hess", **where, **options)


def flat(responses=RESPONSES):
    """The same with an area that does not depend on the offset."""
    values = np.repeat(responses.aeff.values[:, :1], responses.aeff.offset.nbin, axis=1)
    return replace(responses, aeff=replace(responses.aeff, values=values))


def rate(spectrum=SPECTRUM, offset=OFFSET, responses=RESPONSES, n=20_000):
    """Edges [TeV] of fine bins of true energy, and the rate [s-1] of detected photons in each, by the midpoint rule."""
    edges = np.geomspace(0.05, 100, n + 1)
    middle = np.sqrt(edges[:-1] * edges[1:])
    density = np.asarray(spectrum.dnde(middle)) * 1e4 * responses.aeff(middle, offset)
    return edges, density * middle * np.log(edges[1] / edges[0])
