"""What the demo looks at: a sky that is known, the observations of it, and where its fit starts."""

from dataclasses import dataclass

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time

from skyfold.errors import ConfigError
from skyfold.events.observation import Observation
from skyfold.fit.parameters import Parameters
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.irf.builtin import builtin_responses
from skyfold.model.background import FovBackground
from skyfold.model.source import Sky, Source
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.cutoff import ExpCutoffPowerLaw
from skyfold.model.spectral.power_law import PowerLaw, PowerLawNorm
from skyfold.simulate.plan import planned

DATASET = "stacked"
CENTER = SkyCoord(150.0, -30.0, unit="deg")
_FIRST_NIGHT = Time("2025-02-01T23:00:00", scale="utc")
# What is true, and where the fit starts: everything that is free, off the truth by many of its errors.
VALUES = {
    "pulsar.spectrum.index": (1.8, 2.0),
    "pulsar.spectrum.amplitude": (1.2e-11, 5e-12),
    "pulsar.spectrum.lambda_": (0.15, 0.02),
    "pulsar.shape.lon_0": (150.0, 150.05),
    "pulsar.shape.lat_0": (-30.0, -30.05),
    "nebula.spectrum.index": (2.3, 2.0),
    "nebula.spectrum.amplitude": (4e-11, 1e-11),
    "nebula.shape.lon_0": (150.85, 151.0),
    "nebula.shape.lat_0": (-29.45, -29.5),
    "nebula.shape.sigma": (0.25, 0.12),
    "background.spectrum.norm": (1.1, 1.0),
    "background.spectrum.tilt": (0.05, 0.0),
}


@dataclass(frozen=True)
class Survey:
    """How much is observed, and in which bins it is fitted.

    Parameters
    ----------
    runs, livetime : number of observations, and the livetime of each.
    width, pixel : of the maps.
    nbins, nbins_true : of reconstructed and true energy.
    """

    runs: int = 12
    livetime: str = "28 min"
    width: str = "4.5 deg"
    pixel: str = "0.025 deg"
    nbins: int = 16
    nbins_true: int = 30

    def __post_init__(self) -> None:
        if self.runs < 1:
            raise ConfigError(f"the demo needs at least one observation, found {self.runs}")

    @property
    def geom(self) -> WcsGeom:
        """Pixels and reconstructed energies; it is centred between the two sources."""
        middle = CENTER.directional_offset_by(53 * u.deg, 0.3 * u.deg)
        return WcsGeom.create(middle, self.width, self.pixel, proj="TAN", axes=[self.energy])

    @property
    def energy(self) -> Axis:
        """From where the effective area is a fifth of its largest value."""
        return Axis.energy("0.5 TeV", "30 TeV", self.nbins)

    @property
    def energy_true(self) -> Axis:
        """Well beyond the reconstructed energies on both sides."""
        return Axis.energy("0.2 TeV", "80 TeV", self.nbins_true, true=True)


def true_sky() -> Sky:
    """A point source with a cut-off, an extended source 0.9 degrees away, and a background that is not the expected.

    Background remains in every observation as its response says, times 1.1 (E / TeV)^−0.05.
    """
    sky = {
        "pulsar": Source(ExpCutoffPowerLaw(), Point(frame="icrs")),
        "nebula": Source(PowerLaw(), Gaussian(frame="icrs")),
        "background": FovBackground(DATASET, PowerLawNorm()),
    }
    table = Parameters.of(sky)
    for name, (truth, _) in VALUES.items():
        table = table.set(name, value=truth)
    return table.apply(sky)


def start_of_fit(sky: Sky) -> Parameters:
    """The parameters of a sky where the fit starts: those in `VALUES` are free, and all others frozen."""
    table = Parameters.of(sky).freeze("*")
    for name, (_, start) in VALUES.items():
        table = table.set(name, value=start, free=True)
    return table


def observations(survey: Survey) -> list[Observation]:
    """Runs 0.7 degrees north, east, south and west of the point source in turn, one a night, not yet made."""
    responses = builtin_responses()
    return [
        planned(
            number + 1,
            CENTER.directional_offset_by(90 * number * u.deg, 0.7 * u.deg),
            responses,
            start=_FIRST_NIGHT + number * u.day,
            livetime=survey.livetime,
            live_fraction=0.94,
            location="hess",
            meta={"OBJECT": "demo", "CREATOR": "skyfold demo"},
        )
        for number in range(survey.runs)
    ]
