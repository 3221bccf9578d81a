"""Write observations as GADF 0.3: one file each, and index tables for many."""

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from skyfold.errors import DataError
from skyfold.events.epoch import REFERENCE_MJD, to_time
from skyfold.events.horizon import to_horizon
from skyfold.events.observation import Observation
from skyfold.events.pointing import AltAzPointing, FixedPointing, TablePointing
from skyfold.io.fits import write_hdus
from skyfold.io.irf_write import response_to_hdu
from skyfold.io.paths import expand
from skyfold.io.raw_table import RawTable

PathLike = str | os.PathLike[str]
_DOC = "https://gamma-astro-data-formats.readthedocs.io"
# Our own reference: elapsed times in files are the seconds we hold, exactly.
_REFERENCE = {"MJDREFI": int(REFERENCE_MJD), "MJDREFF": 0.0, "TIMEUNIT": "s", "TIMESYS": "TT", "TIMEREF": "LOCAL"}
_KINDS = ("aeff", "edisp", "psf", "bkg", "rad_max")


def write_observation(obs: Observation, path: PathLike, *, overwrite: bool = False) -> None:
    """Write one observation as a FITS file with events, good times, pointing and responses.

    Raises
    ------
    DataError
        The file exists and may not be overwritten, or the observation has no good time.
    """
    write_hdus(observation_hdus(obs), expand(path), overwrite=overwrite)


def write_store(observations: Iterable[Observation], directory: PathLike, *, overwrite: bool = False) -> None:
    """Write observations as ``data/obs_<id>.fits.gz`` with ``obs-index.fits.gz`` and ``hdu-index.fits.gz``.

    Everything is written beside `directory` and moved there at the end, so it is complete or not there. Observations
    are taken one after another: a generator keeps only one in memory.

    Raises
    ------
    DataError
        See `require_free`; or the directory cannot be written, or two observations have the same id.
    """
    require_free(directory, overwrite=overwrite)
    target = expand(directory)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise DataError(f"{target}: cannot be written: {error.strerror}") from error
    try:
        _write_all(observations, work)
        if target.exists():
            shutil.rmtree(target)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def require_free(directory: PathLike, *, overwrite: bool = False) -> None:
    """Refuse a directory that `write_store` would not write to.

    Raises
    ------
    DataError
        It exists and may not be overwritten, or holds other things than observations and their index tables.
    """
    target = expand(directory)
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not (target / "hdu-index.fits.gz").is_file():
        raise DataError(f"{target}: exists and is no folder of observations, so it is not replaced; name another one")
    if not overwrite:
        raise DataError(f"{target}: exists already; allow to overwrite it, or name another directory")


def observation_hdus(obs: Observation) -> list[Any]:
    """The HDUs of one observation, to be written by `skyfold.io.fits.write_hdus`.

    Raises
    ------
    DataError
        It has no good time.
    """
    if obs.gti.start.size == 0:
        raise DataError(f"observation {obs.obs_id}: no good time; such an observation is not written")
    hdus: list[Any] = [fits.PrimaryHDU(), _events(obs), _gti(obs)]
    if isinstance(obs.pointing, TablePointing):
        hdus.append(_pointing(obs.pointing))
    hdus += [response_to_hdu(getattr(obs.responses, kind)) for kind in _KINDS if kind in obs.responses.available]
    return hdus


def _write_all(observations: Iterable[Observation], work: Path) -> None:
    (work / "data").mkdir()
    rows: list[tuple[Any, ...]] = []
    about: list[dict[str, Any]] = []
    for obs in observations:
        name = f"obs_{obs.obs_id:06d}.fits.gz"
        if (work / "data" / name).exists():
            raise DataError(f"observation id {obs.obs_id} occurs more than once; ids must be unique")
        hdus = observation_hdus(obs)
        write_hdus(hdus, work / "data" / name)
        events = hdus[1].header
        about.append({key: events.get(key) for key in _OBS_COLUMNS} | {"EVENT_COUNT": len(obs.events)})
        rows += [(obs.obs_id, *_hdu_kind(hdu), "data", name, hdu.name) for hdu in hdus[1:]]
    write_hdus(fits.HDUList([fits.PrimaryHDU(), _hdu_index(rows)]), work / "hdu-index.fits.gz")
    write_hdus(fits.HDUList([fits.PrimaryHDU(), _obs_index(about)]), work / "obs-index.fits.gz")


def _hdu_kind(hdu: Any) -> tuple[str, str]:
    if hdu.name in ("EVENTS", "GTI", "POINTING"):
        return hdu.name.lower(), hdu.name.lower()
    name = hdu.header["HDUCLAS4"].lower()
    return next(kind for kind in _KINDS if name.startswith(kind)), name


# Tables


def _events(obs: Observation) -> RawTable:
    events = obs.events
    others = dict(events.columns)
    ids = others.pop("EVENT_ID", np.arange(1, len(events) + 1))
    columns = [
        fits.Column("EVENT_ID", "K"),
        fits.Column("TIME", "D", "s"),
        fits.Column("RA", "D", "deg"),
        fits.Column("DEC", "D", "deg"),
        fits.Column("ENERGY", "D", "TeV"),
        *(_column(name, values) for name, values in others.items()),
    ]
    values = {"EVENT_ID": ids, "TIME": events.seconds, "RA": events.ra, "DEC": events.dec, "ENERGY": events.energies}
    table = RawTable.of(columns, {name: _numbers(x) for name, x in (values | others).items()}, "EVENTS")
    table.header.update(_class("EVENTS") | _REFERENCE | _about(obs))
    return table


def _numbers(values: Any) -> NDArray[Any]:
    return np.asarray(getattr(values, "value", values))


def _column(name: str, values: Any) -> fits.Column:
    """What a column is: its name, format, unit and the shape of each of its values."""
    unit = values.unit.to_string("fits") if isinstance(values, u.Quantity) else None
    array = _numbers(values)
    if array.dtype.kind == "U":
        return fits.Column(name, f"{max(array.dtype.itemsize // 4, 1)}A")
    code = {"b": "L", "f": "D", "i": "K", "u": "K"}[array.dtype.kind]
    inner = array.shape[1:]
    dim = str(inner[::-1]) if len(inner) > 1 else None
    return fits.Column(name, f"{int(np.prod(inner))}{code}", unit, dim=dim)


def _gti(obs: Observation) -> fits.BinTableHDU:
    columns = [fits.Column(name, "D", "s", array=getattr(obs.gti, name.lower())) for name in ("START", "STOP")]
    hdu = fits.BinTableHDU.from_columns(columns, name="GTI")
    hdu.header.update(_class("GTI") | _REFERENCE)
    return hdu


def _pointing(pointing: TablePointing) -> fits.BinTableHDU:
    columns = [
        fits.Column("TIME", "D", "s", array=pointing.seconds),
        fits.Column("RA_PNT", "D", "deg", array=pointing.ra),
        fits.Column("DEC_PNT", "D", "deg", array=pointing.dec),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name="POINTING")
    hdu.header.update(_class("POINTING") | _REFERENCE)
    return hdu


# Keywords


def _class(name: str) -> dict[str, Any]:
    return {"HDUCLASS": "GADF", "HDUDOC": _DOC, "HDUVERS": "0.3", "HDUCLAS1": name}


def _about(obs: Observation) -> dict[str, Any]:
    start, stop = float(obs.gti.start[0]), float(obs.gti.stop[-1])
    keep = {key: value for key, value in obs.meta.items() if isinstance(value, int | float | str)}
    facts = {"TELESCOP": "UNKNOWN", "INSTRUME": "UNKNOWN", "ORIGIN": "UNKNOWN"} | keep
    facts |= {"OBS_ID": obs.obs_id, "CREATOR": "skyfold", "TSTART": start, "TSTOP": stop, "TELAPSE": stop - start}
    facts |= {"ONTIME": obs.ontime_s, "LIVETIME": obs.livetime_s, "DEADC": obs.live_fraction}
    facts |= {"RADESYS": "ICRS", "EQUINOX": 2000.0, "EUNIT": "TeV"}
    for prefix, seconds in (("OBS", start), ("END", stop)):
        date, _, time = to_time(seconds).utc.isot.partition("T")
        facts |= {f"DATE-{prefix}": date, f"TIME-{prefix}": time}
    return facts | _direction(obs) | _place(obs)


def _direction(obs: Observation) -> dict[str, Any]:
    if isinstance(obs.pointing, AltAzPointing):
        facts = {"OBS_MODE": "DRIFT", "ALT_PNT": obs.pointing.alt, "AZ_PNT": obs.pointing.az}
        if obs.location is None:
            return facts
        at = obs.pointing_icrs
        return facts | {"RA_PNT": float(at.ra.deg), "DEC_PNT": float(at.dec.deg)}
    at = obs.pointing_icrs
    ra, dec = float(at.ra.deg), float(at.dec.deg)
    if isinstance(obs.pointing, FixedPointing):
        ra, dec = obs.pointing.ra, obs.pointing.dec  # as they are, not once around the celestial sphere
    facts = {
        "OBS_MODE": "SLEW" if isinstance(obs.pointing, TablePointing) else "POINTING",
        "RA_PNT": ra,
        "DEC_PNT": dec,
    }
    if obs.location is not None:
        alt, az = to_horizon(ra, dec, obs.gti.middle_s, obs.location)
        facts |= {"ALT_PNT": float(alt), "AZ_PNT": float(az)}
    return facts


def _place(obs: Observation) -> dict[str, Any]:
    if obs.location is None:
        return {}
    longitude, latitude, height = obs.location.to_geodetic("WGS84")
    return {
        "GEOLON": float(longitude.deg), "GEOLAT": float(latitude.deg), "ALTITUDE": float(height.to_value("m")),
    }  # fmt: skip


# Index tables

_OBS_COLUMNS = {
    "OBS_ID": ("K", None), "OBJECT": ("40A", None), "RA_PNT": ("D", "deg"), "DEC_PNT": ("D", "deg"),
    "ALT_PNT": ("D", "deg"), "AZ_PNT": ("D", "deg"), "TSTART": ("D", "s"), "TSTOP": ("D", "s"), "ONTIME": ("D", "s"),
    "LIVETIME": ("D", "s"), "DEADC": ("D", None), "TELESCOP": ("30A", None), "EVENT_COUNT": ("K", None),
}  # fmt: skip


def _obs_index(about: list[dict[str, Any]]) -> fits.BinTableHDU:
    columns = []
    for name, (form, unit) in _OBS_COLUMNS.items():
        blank: Any = "" if form.endswith("A") else np.nan
        values = [blank if row[name] is None else row[name] for row in about]
        columns.append(fits.Column(name, form, unit, array=np.array(values)))
    if all(row["ALT_PNT"] is not None for row in about):
        zenith = [90.0 - row["ALT_PNT"] for row in about]
        columns.append(fits.Column("ZEN_PNT", "D", "deg", array=np.array(zenith)))
    hdu = fits.BinTableHDU.from_columns(columns, name="OBS_INDEX")
    hdu.header.update(_class("INDEX") | {"HDUCLAS2": "OBS"} | _REFERENCE)
    return hdu


def _hdu_index(rows: list[tuple[Any, ...]]) -> fits.BinTableHDU:
    names = ("OBS_ID", "HDU_TYPE", "HDU_CLASS", "FILE_DIR", "FILE_NAME", "HDU_NAME")
    columns = []
    for i, name in enumerate(names):
        values = [row[i] for row in rows]
        width = max((len(str(value)) for value in values), default=1)
        columns.append(fits.Column(name, "K" if name == "OBS_ID" else f"{width}A", array=np.array(values)))
    hdu = fits.BinTableHDU.from_columns(columns, name="HDU_INDEX")
    hdu.header.update(_class("INDEX") | {"HDUCLAS2": "HDU"})
    return hdu
