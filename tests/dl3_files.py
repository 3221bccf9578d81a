"""Small observations for tests: as values in memory, and as files the way H.E.S.S. writes them.

The response is analytic, so a test can say what to expect; the files are written with astropy alone, so that our reader
is not checked against our own writer.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.time import Time

from skyfold.events.epoch import to_seconds
from skyfold.events.event_list import EventList
from skyfold.events.good_times import GoodTimes
from skyfold.events.observation import Observation
from skyfold.events.observatory import site
from skyfold.events.pointing import FixedPointing
from skyfold.geom.axis import Axis
from skyfold.irf.background import Background3D
from skyfold.irf.effective_area import EffectiveArea
from skyfold.irf.energy_dispersion import EnergyDispersion
from skyfold.irf.psf import PsfTable
from skyfold.irf.responses import Responses
from skyfold.num.sphere import offset_by

PSF_WIDTH_DEG, ENERGY_SPREAD = 0.06, 0.12
_FIELD_WIDTH_DEG, _AREA_WIDTH_DEG, _INDEX = 1.5, 2.0, 2.7
_REACH_DEG, _E_MIN, _E_MAX = 2.5, 0.3, 30.0  # where background events are drawn


def area_m2(energy: np.ndarray, offset_deg: np.ndarray) -> np.ndarray:
    """Effective area at true energies [TeV] and offsets [deg]."""
    return 3e5 * (1 - np.exp(-((energy / 0.8) ** 2))) * np.exp(-0.5 * (offset_deg / _AREA_WIDTH_DEG) ** 2)


def background_rate(energy: np.ndarray, offset_deg: np.ndarray, norm: float) -> np.ndarray:
    """Background [s-1 TeV-1 sr-1]."""
    return norm * energy**-_INDEX * np.exp(-0.5 * (offset_deg / _FIELD_WIDTH_DEG) ** 2)


def make_responses(background_norm: float = 25.0) -> Responses:
    """Responses tabulated from the formulas above; PSF and energy dispersion are Gaussian and do not change."""
    energy = Axis.energy("0.05 TeV", "100 TeV", 33, true=True)
    offset = Axis("offset", np.linspace(0, 2.5, 6), "deg", kind="nodes")
    migra = Axis.even("migra", 0.2, 2.2, 80)
    rad = Axis.even("rad", 0.0, 0.4, 80, unit="deg")
    true, theta = energy.center_in("TeV")[:, None], offset.center_in("deg")[None, :]
    aeff = EffectiveArea(energy, offset, area_m2(true, theta), meta={"LO_THRES": 0.5, "HI_THRES": 50.0})
    shape = np.exp(-0.5 * ((migra.center_in("") - 1) / ENERGY_SPREAD) ** 2)
    density = np.broadcast_to(shape[None, :, None], (energy.nbin, migra.nbin, offset.nbin))
    edisp, _ = EnergyDispersion.normalised(density, energy, migra, offset)
    width = np.radians(PSF_WIDTH_DEG)
    spread = np.exp(-0.5 * (rad.center_in("rad") / width) ** 2) / (2 * np.pi * width**2)
    psf = PsfTable(energy, offset, rad, np.broadcast_to(spread, (energy.nbin, offset.nbin, rad.nbin)))
    reco = Axis.energy("0.1 TeV", "100 TeV", 18)
    lon, lat = (Axis.even(name, -2.5, 2.5, 25, unit="deg") for name in ("fov_lon", "fov_lat"))
    distance = np.hypot(lon.center_in("deg")[:, None], lat.center_in("deg")[None, :])
    rate = background_rate(reco.center_in("TeV")[:, None, None], distance, background_norm)
    return Responses(aeff=aeff, edisp=edisp, psf=psf, bkg=Background3D(reco, lon, lat, rate))


def make_observation(
    obs_id: int = 1,
    ra: float = 83.63,
    dec: float = 22.51,
    *,
    duration_s: float = 1800.0,
    start: str = "2020-01-01T00:00:00",
    seed: int = 0,
    live_fraction: float = 0.95,
    background_norm: float = 25.0,
    source: tuple[float, float, float] | None = None,
    responses: Responses | None = None,
) -> Observation:
    """An observation with events drawn from its own response.

    Parameters
    ----------
    ra, dec : pointing [deg].
    start : UTC.
    background_norm : background at 1 TeV in the centre of the field [s-1 TeV-1 sr-1]; the default gives about 650
        events above 0.3 TeV in half an hour.
    source : (ra, dec, amplitude at 1 TeV [cm-2 s-1 TeV-1]) of a point source with index 2.7.
    """
    rng = np.random.default_rng([seed, obs_id])
    begin = float(to_seconds(Time(start, scale="utc")))
    lon, lat, energies = _background_events(rng, ra, dec, duration_s, background_norm)
    if source is not None:
        parts = _source_events(rng, ra, dec, source, duration_s * live_fraction)
        lon, lat, energies = (np.concatenate(pair) for pair in zip((lon, lat, energies), parts, strict=True))
    seconds = begin + rng.uniform(0, duration_s, lon.size)
    order = np.argsort(seconds)
    ids = {"EVENT_ID": np.arange(1, lon.size + 1)}
    return Observation(
        obs_id=obs_id,
        events=EventList(seconds[order], energies[order], lon[order], lat[order], ids),
        gti=GoodTimes(np.array([begin]), np.array([begin + duration_s])),
        pointing=FixedPointing(ra, dec),
        responses=make_responses(background_norm) if responses is None else responses,
        live_fraction=live_fraction,
        location=site("hess").location,
        meta={"TELESCOP": "HESS", "INSTRUME": "test", "OBJECT": "Crab", "OBS_MODE": "POINTING"},
    )


def _background_events(rng, ra, dec, duration_s, norm):
    power = 1 - _INDEX
    over_energy = (_E_MAX**power - _E_MIN**power) / power
    width = np.radians(_FIELD_WIDTH_DEG)
    inside = -np.expm1(-0.5 * (_REACH_DEG / _FIELD_WIDTH_DEG) ** 2)
    n = rng.poisson(norm * over_energy * 2 * np.pi * width**2 * inside * duration_s)
    distance = width * np.sqrt(-2 * np.log1p(-rng.uniform(0, inside, n)))
    lon, lat = offset_by(np.radians(ra), np.radians(dec), rng.uniform(0, 2 * np.pi, n), distance)
    energies = (_E_MIN**power + rng.uniform(size=n) * (_E_MAX**power - _E_MIN**power)) ** (1 / power)
    return np.degrees(lon), np.degrees(lat), energies


def _source_events(rng, ra, dec, source, livetime_s):
    lon0, lat0, amplitude = source
    grid = np.geomspace(0.05, 100.0, 2000)
    offset = np.hypot((lon0 - ra) * np.cos(np.radians(dec)), lat0 - dec)
    rate = amplitude * grid**-_INDEX * area_m2(grid, offset) * 1e4
    steps = np.diff(grid) * (rate[1:] + rate[:-1]) / 2
    total = np.concatenate([[0.0], np.cumsum(steps)])
    n = rng.poisson(total[-1] * livetime_s)
    true = np.interp(rng.uniform(0, total[-1], n), total, grid)
    distance = np.radians(PSF_WIDTH_DEG) * np.sqrt(-2 * np.log(rng.uniform(size=n)))
    lon, lat = offset_by(np.radians(lon0), np.radians(lat0), rng.uniform(0, 2 * np.pi, n), distance)
    return np.degrees(lon), np.degrees(lat), true * np.maximum(rng.normal(1, ENERGY_SPREAD, n), 0.1)


# Files, as H.E.S.S. writes them

_REFERENCE = {"MJDREFI": 51910, "MJDREFF": 0.000742870370370241, "TIMEUNIT": "s", "TIMESYS": "TT", "TIMEREF": "LOCAL"}
_EPOCH = float(to_seconds(Time(51910, 0.000742870370370241, format="mjd", scale="tt")))


def to_hdus(obs: Observation) -> fits.HDUList:
    """The HDUs of a file in the style of H.E.S.S. DL3 DR1: float32 columns, mission elapsed times since 2001."""
    events, start, stop = obs.events, obs.gti.start - _EPOCH, obs.gti.stop - _EPOCH
    columns = [
        fits.Column("EVENT_ID", "K", array=np.asarray(events.columns["EVENT_ID"])),
        fits.Column("TIME", "D", "s", array=events.seconds - _EPOCH),
        fits.Column("RA", "E", "deg", array=events.ra),
        fits.Column("DEC", "E", "deg", array=events.dec),
        fits.Column("ENERGY", "E", "TeV", array=events.energies),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="EVENTS")
    table.header.update(_keywords(obs, float(start[0]), float(stop[-1])))
    gti = fits.BinTableHDU.from_columns(
        [fits.Column("START", "D", "s", array=start), fits.Column("STOP", "D", "s", array=stop)], name="GTI"
    )
    gti.header.update({"HDUCLASS": "GADF", "HDUVERS": "0.2", "HDUCLAS1": "GTI", **_REFERENCE})
    return fits.HDUList([fits.PrimaryHDU(), table, gti, *_responses(obs.responses)])


def _keywords(obs: Observation, start: float, stop: float) -> dict:
    return {
        "HDUCLASS": "GADF", "HDUVERS": "0.2", "HDUDOC": "https://gamma-astro-data-formats.readthedocs.io",
        "HDUCLAS1": "EVENTS", "OBS_ID": obs.obs_id, "TSTART": start, "TSTOP": stop, **_REFERENCE,
        "ONTIME": obs.ontime_s, "LIVETIME": obs.livetime_s, "DEADC": obs.live_fraction,
        "OBJECT": obs.meta["OBJECT"], "TELESCOP": "HESS", "INSTRUME": "H.E.S.S. Phase I", "CREATOR": "tests",
        "ORIGIN": "tests", "RADECSYS": "FK5", "EQUINOX": 2000, "OBS_MODE": "WOBBLE",
        "RA_PNT": obs.pointing.ra, "DEC_PNT": obs.pointing.dec,
        "ALT_PNT": 60.0, "AZ_PNT": 10.0, "GEOLON": 16.5002222222222, "GEOLAT": -23.2717777777778, "ALTITUDE": 1835.0,
    }  # fmt: skip


def _responses(responses: Responses) -> list[fits.BinTableHDU]:
    aeff, edisp, psf, bkg = responses.aeff, responses.edisp, responses.psf, responses.bkg
    hdus = []
    if aeff is not None:
        axes = _axis("ENERG", aeff.energy_true, "TeV") + _axis("THETA", aeff.offset, "deg")
        hdus.append(_table("AEFF", "EFF_AREA", "AEFF_2D", axes, "EFFAREA", "m2", aeff.values.T, dict(aeff.meta)))
    if edisp is not None:
        axes = (
            _axis("ENERG", edisp.energy_true, "TeV")
            + _axis("MIGRA", edisp.migra, "")
            + _axis("THETA", edisp.offset, "deg")
        )
        hdus.append(_table("EDISP", "EDISP", "EDISP_2D", axes, "MATRIX", "", edisp.values.transpose(2, 1, 0)))
    if psf is not None:
        axes = _axis("ENERG", psf.energy_true, "TeV") + _axis("THETA", psf.offset, "deg") + _axis("RAD", psf.rad, "deg")
        hdus.append(_table("PSF", "RPSF", "PSF_TABLE", axes, "RPSF", "sr^-1", psf.values.transpose(2, 1, 0)))
    if bkg is not None:
        axes = _axis("DETX", bkg.fov_lon, "deg") + _axis("DETY", bkg.fov_lat, "deg") + _axis("ENERG", bkg.energy, "TeV")
        rate = bkg.values.transpose(0, 2, 1) * 1e-6  # per MeV
        hdus.append(_table("BKG", "BKG", "BKG_3D", axes, "BKG", "MeV-1 s-1 sr-1", rate, {"FOVALIGN": "RADEC"}))
    return hdus


def _axis(name: str, axis: Axis, unit: str) -> list[tuple[str, str, np.ndarray]]:
    if axis.kind == "nodes":
        lo = hi = axis.center_in(unit)
    else:
        lo, hi = axis.edges_in(unit)[:-1], axis.edges_in(unit)[1:]
    return [(f"{name}_LO", unit, lo), (f"{name}_HI", unit, hi)]


def _table(name, group, kind, axes, column, unit, values, extra=None) -> fits.BinTableHDU:
    columns = [fits.Column(n, f"{a.size}E", u or None, array=a[None]) for n, u, a in axes]
    dim = str(values.shape[::-1])
    columns.append(fits.Column(column, f"{values.size}E", unit or None, dim=dim, array=values[None].astype("f4")))
    hdu = fits.BinTableHDU.from_columns(columns, name=name)
    hdu.header.update({"HDUCLASS": "GADF", "HDUVERS": "0.2", "HDUCLAS1": "RESPONSE", "HDUCLAS2": group})
    hdu.header.update({"HDUCLAS3": "FULL-ENCLOSURE", "HDUCLAS4": kind, **(extra or {})})
    return hdu


def write_files(
    directory: Path, observations: Iterable[Observation], change: Callable[[fits.HDUList], object] | None = None
) -> Path:
    """Write observations and both index tables below a directory; `change` may spoil the HDUs of each file first."""
    directory.mkdir(parents=True, exist_ok=True)
    rows, about = [], []
    for obs in observations:
        hdus = to_hdus(obs)
        if change is not None:
            change(hdus)
        name = f"run_{obs.obs_id:06d}.fits.gz"
        (directory / "data").mkdir(exist_ok=True)
        hdus.writeto(directory / "data" / name, output_verify="silentfix+ignore")
        kinds = {
            "events": "events",
            "gti": "gti",
            "aeff": "aeff_2d",
            "edisp": "edisp_2d",
            "psf": "psf_table",
            "bkg": "bkg_3d",
        }
        have = {hdu.name.lower() for hdu in hdus}
        rows += [(obs.obs_id, kind, cls, "data", name, kind) for kind, cls in kinds.items() if kind in have]
        about.append(obs)
    write_index(directory, rows, about)
    return directory


def write_index(directory: Path, rows: list[tuple], observations: list[Observation]) -> None:
    """hdu-index and obs-index, both as .fits.gz."""
    names = ("OBS_ID", "HDU_TYPE", "HDU_CLASS", "FILE_DIR", "FILE_NAME", "HDU_NAME")
    columns = [
        fits.Column(n, "K" if n == "OBS_ID" else "60A", array=[row[i] for row in rows]) for i, n in enumerate(names)
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="HDU_INDEX")
    hdu.header.update({"HDUCLASS": "GADF", "HDUVERS": "0.2", "HDUCLAS1": "INDEX", "HDUCLAS2": "HDU"})
    hdu.writeto(directory / "hdu-index.fits.gz", overwrite=True)
    number = {"RA_PNT": [o.pointing.ra for o in observations], "DEC_PNT": [o.pointing.dec for o in observations]}
    number |= {
        "TSTART": [o.gti.start[0] - _EPOCH for o in observations],
        "TSTOP": [o.gti.stop[-1] - _EPOCH for o in observations],
    }
    units = {"RA_PNT": "deg", "DEC_PNT": "deg", "TSTART": "s", "TSTOP": "s"}
    columns = [fits.Column("OBS_ID", "K", array=[o.obs_id for o in observations])]
    columns += [fits.Column(n, "D", units[n], array=v) for n, v in number.items()]
    columns.append(fits.Column("OBJECT", "20A", array=[o.meta["OBJECT"] for o in observations]))
    hdu = fits.BinTableHDU.from_columns(columns, name="OBS_INDEX")
    hdu.header.update({"HDUCLASS": "GADF", "HDUVERS": "0.2", "HDUCLAS1": "INDEX", "HDUCLAS2": "OBS", **_REFERENCE})
    hdu.writeto(directory / "obs-index.fits.gz", overwrite=True)
