"""The events of one observation: photons of every source, and background."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import astropy.units as u
import jax.numpy as jnp
import numpy as np

from skyfold.errors import DataError, ModelError
from skyfold.events.event_list import EventList
from skyfold.events.observation import Observation
from skyfold.irf.background import Alignment, Background3D
from skyfold.model.background import FovBackground
from skyfold.model.source import Sky, Source
from skyfold.num.sphere import lonlat
from skyfold.simulate.sample import Floats
from skyfold.simulate.sample_background import Factor, background_events
from skyfold.simulate.sample_photons import detected_photons
from skyfold.simulate.sample_response import migrated, scatter, turned
from skyfold.simulate.sample_times import steady_times
from skyfold.simulate.track import Track

Range = tuple[float, float]
BACKGROUND = "background"


class Part(NamedTuple):
    """Events of one component: what was reconstructed, and what is true (nan for background); each (n,).

    Energies in TeV, times in s, angles in rad; right ascensions and declinations, and field-of-view coordinates.
    """

    seconds: Floats
    energy: Floats
    ra: Floats
    dec: Floats
    fov_lon: Floats
    fov_lat: Floats
    true_energy: Floats
    true_ra: Floats
    true_dec: Floats


def source_part(
    rng: np.random.Generator, source: Source, name: str, observation: Observation, track: Track, energies: Range | None
) -> Part | None:
    """What is seen of a source; None if it lies outside of the field of view.

    Raises
    ------
    DataError
        A response is missing, or is that after a direction cut.
    ModelError
        See `detected_photons`; or the exposure is to be left out.
    """
    aeff, edisp, psf = _responses(source, name, observation)
    low, high = aeff.energy_true.edges_in("TeV")[[0, -1]]
    wanted = (low, high) if energies is None else (max(low, energies[0]), min(high, energies[1]))
    if not wanted[0] < wanted[1]:
        raise DataError(
            f"observation {observation.obs_id}: no true energy between {energies} TeV is in its effective area, which"
            f" reaches from {low:.4g} to {high:.4g} TeV"
        )
    photons = detected_photons(rng, source, name, observation, aeff, track, wanted)
    if photons is None:
        return None
    true, sky, seconds, offset = photons
    energy = true if edisp is None else migrated(rng, edisp, true, offset)
    angle = np.zeros(true.size) if psf is None else scatter(rng, psf, true, offset)
    seen = np.isfinite(energy) & np.isfinite(angle)
    if not seen.all():
        true, sky, seconds, energy, angle = true[seen], sky[:, seen], seconds[seen], energy[seen], angle[seen]
    seen_at = sky if psf is None else turned(rng, sky, angle)
    field = track.to_field(seen_at, seconds, alignment(observation))
    return Part(seconds, energy, *lonlat(seen_at), *field, true, *lonlat(sky))


def background_part(
    rng: np.random.Generator, observation: Observation, track: Track, factor: Factor | None, energies: Range | None
) -> Part:
    """Events of the background response, whose rate may be multiplied by a `factor` of energy.

    Raises
    ------
    DataError
        There is none.
    """
    bkg = observation.responses.bkg
    if bkg is None:
        raise DataError(
            f"observation {observation.obs_id} has no background response; it has"
            f" {', '.join(observation.responses.available) or 'none at all'}. Simulate with background=False, or give"
            " it one"
        )
    if bkg.alignment == "REVERSE_LON_RADEC":
        bkg = bkg.unreversed() if isinstance(bkg, Background3D) else replace(bkg, alignment="RADEC")
    energy, lon, lat = background_events(rng, bkg, observation.ontime_s, factor, energies or (0.0, np.inf))
    seconds = steady_times(rng, observation.gti, energy.size)
    directions = track.from_field(lon, lat, seconds, bkg.alignment)
    unknown = np.full(energy.size, np.nan)
    return Part(seconds, energy, *lonlat(directions), lon, lat, unknown, unknown, unknown)


def background_factor(sky: Sky, dataset: str, bkg_seen: bool) -> Factor | None:
    """What the background models of a sky make of the rate; None if there is none for this dataset.

    Raises
    ------
    ModelError
        One of them cannot be simulated as events, or scales a background that is not simulated.
    """
    found = []
    for name, part in sky.items():
        if isinstance(part, Source):
            continue
        if not isinstance(part, FovBackground) or part.shape is not None:
            what = "a shape across the field" if isinstance(part, FovBackground) else type(part).__name__
            raise ModelError(f"{name!r} has no rate per energy and direction ({what}): it cannot be drawn as events")
        if part.dataset == dataset:
            found.append(part)
    if found and not bkg_seen:
        raise ModelError(f"a background model scales the background of {dataset!r}, which is not simulated")
    if not found:
        return None

    def factor(energy: Floats) -> Floats:
        values = np.asarray(sum(part.spectrum.dnde(jnp.asarray(energy)) for part in found))
        if not np.all(np.isfinite(values)) or values.min() < 0:
            raise ModelError(
                f"the background of {dataset!r} is negative or not finite: {values.min():.4g} times its rate"
            )
        return values

    return factor


def event_list(parts: Mapping[int, Part], energies: Range | None) -> EventList:
    """All events in order of time.

    Columns besides the usual four: EVENT_ID from 1, DETX and DETY [deg] in the orientation of the background response
    (longitude and latitude of the field of view), MC_ID (the key of the part), MC_ENERGY, MC_RA and MC_DEC (nan for
    background).

    Parameters
    ----------
    energies : only events of these reconstructed energies [TeV] are kept.
    """
    every = Part(*(np.concatenate(columns) for columns in zip(*parts.values(), strict=True)))
    order = np.argsort(every.seconds)
    if energies is not None:
        wanted = (every.energy >= energies[0]) & (every.energy < energies[1])
        order = order[wanted[order]]
    labels = np.repeat(list(parts), [part.energy.size for part in parts.values()])[order]
    photons = np.flatnonzero(labels != 0)

    def of_photons(column: Floats) -> Floats:
        """A column that is nan for background, most of what there is."""
        result = np.full(order.size, np.nan)
        result[photons] = column[order[photons]]
        return result

    columns: dict[str, Any] = {
        "EVENT_ID": np.arange(1, order.size + 1),
        "DETX": np.degrees(every.fov_lon[order]) << u.deg,
        "DETY": np.degrees(every.fov_lat[order]) << u.deg,
        "MC_ID": labels,
        "MC_ENERGY": of_photons(every.true_energy) << u.TeV,
        "MC_RA": of_photons(np.degrees(every.true_ra)) << u.deg,
        "MC_DEC": of_photons(np.degrees(every.true_dec)) << u.deg,
    }
    seconds, energy, ra, dec = (column[order] for column in (every.seconds, every.energy, every.ra, every.dec))
    return EventList(seconds, energy, np.degrees(ra), np.degrees(dec), columns)


def alignment(observation: Observation) -> Alignment:
    """Orientation of the field of view for DETX and DETY: that of the background response as it is written."""
    bkg = observation.responses.bkg
    return "RADEC" if bkg is None or bkg.alignment == "REVERSE_LON_RADEC" else bkg.alignment


def _responses(source: Source, name: str, observation: Observation) -> tuple[Any, Any, Any]:
    """Effective area, and dispersion and PSF if they apply."""
    if "exposure" not in source.irf:
        raise ModelError(f"source {name!r} leaves out the exposure: without it there is no number of photons")
    needed = {"aeff": "exposure", "edisp": "edisp", "psf": "psf"}
    needed = {kind: word for kind, word in needed.items() if word in source.irf}
    responses = observation.responses
    missing = [kind for kind in needed if kind not in responses.available]
    if missing:
        kind, word = missing[0], needed[missing[0]]
        way = "" if kind == "aeff" else f", or leave {word!r} out of Source.irf"
        raise DataError(
            f"observation {observation.obs_id} has no response {kind!r} for source {name!r}; it has"
            f" {', '.join(responses.available) or 'none at all'}: give it one{way}"
        )
    if responses.is_point_like:
        raise DataError(
            f"observation {observation.obs_id}: its effective area is that after a direction cut (point-like), which"
            " does not tell how many photons are seen elsewhere; use one of full enclosure"
        )
    edisp, psf = (getattr(responses, kind) if kind in needed else None for kind in ("edisp", "psf"))
    return responses.aeff, edisp, psf
