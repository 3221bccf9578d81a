"""Where the known gamma-ray observatories are."""

from typing import NamedTuple

import astropy.units as u
import numpy as np
from astropy.coordinates import EarthLocation


class Site(NamedTuple):
    """Geodetic longitude (east) and latitude [deg], height [m] of an observatory, and where they are stated."""

    name: str
    telescope: str
    longitude: float
    latitude: float
    height: float
    source: str

    @property
    def location(self) -> EarthLocation:
        return EarthLocation.from_geodetic(self.longitude * u.deg, self.latitude * u.deg, self.height * u.m)


SITES = (
    Site("hess", "HESS", 16.5002222, -23.2717778, 1835.0, "headers of H.E.S.S. DL3 DR1"),
    Site("magic", "MAGIC", -17.89, 28.761944, 2231.28, "headers of the MAGIC DL3 files of the joint-crab project"),
    Site("veritas", "VERITAS", -110.952408, 31.674951, 1277.11, "headers of VERITAS DL3 files"),
    Site("fact", "FACT", -17.8911, 28.7616, 2200.0, "Anderhub et al. 2013, JINST 8 P06008"),
    Site("hawc", "HAWC", -97.3075, 18.9947, 4100.0, "Abeysekara et al. 2017, ApJ 843, 39"),
    Site("cta-south", "CTA", -70.316345, -24.683428, 2147.0, "Cherenkov Telescope Array Observatory, Paranal site"),
    Site("cta-north", "CTA", -17.892005, 28.762164, 2147.0, "Cherenkov Telescope Array Observatory, La Palma site"),
)

# Spellings of TELESCOP that mean one of the above.
_SPELLINGS = {"H.E.S.S.": "HESS", "HESS I": "HESS", "HESS II": "HESS", "CTAO": "CTA", "CTA-N": "CTA", "CTA-S": "CTA"}


def sites_of(telescope: str) -> tuple[Site, ...]:
    """The sites of a telescope by the TELESCOP keyword of its files; empty if it is not known."""
    name = telescope.strip().upper()
    name = _SPELLINGS.get(name, name)
    return tuple(site for site in SITES if site.telescope == name)


def site(name: str) -> Site | None:
    """A site by its own name, e.g. ``"cta-south"``."""
    return next((s for s in SITES if s.name == name.strip().lower()), None)


def distance_km(a: EarthLocation, b: EarthLocation) -> float:
    """Straight-line distance of two places on Earth."""
    steps = [(getattr(a, axis) - getattr(b, axis)).to_value("km") for axis in ("x", "y", "z")]
    return float(np.linalg.norm(steps))
