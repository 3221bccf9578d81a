"""Public DL3 files of four instruments: read without complaint, with every quirk of theirs a finding.

Numbers of events are those of the files' headers; times come from two-part astropy times of the raw columns.
"""

import os

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.time import Time

from skyfold.events.finding import Severity
from skyfold.io.check import check_path, has_errors
from skyfold.io.info import describe
from skyfold.io.store import read_store, read_store_from_files

STORES = {
    "hess": "hess-dl3-dr1",
    "cta": "cta-1dc/index/gps",
    "magic": "magic/rad_max/data",
    "veritas": "veritas/crab-point-like-ED",
}
# observation, events, livetime [s], pointing, responses
FIRST = {
    "hess": (23523, 7613, 1581.736758, (83.633333, 21.514444), ("aeff", "edisp", "psf", "bkg")),
    "cta": (110380, 106217, 1764.0, (267.681213, -29.6075), ("aeff", "edisp", "psf", "bkg")),
    "magic": (5029748, 11701, 1174.853806, (83.27917, 21.78389), ("aeff", "edisp", "rad_max")),
    "veritas": (64080, 1295, 1013.500129, (83.632611, 22.514470), ("aeff", "edisp", "rad_max")),
}


@pytest.fixture(params=STORES)
def name(request):
    return request.param


@pytest.fixture
def store(data_dir, name):
    return read_store(data_dir / STORES[name])


def test_observations(store, name):
    obs_id, events, livetime, (ra, dec), responses = FIRST[name]
    obs = store[obs_id].open()
    assert len(obs.events) == events
    assert obs.livetime_s == pytest.approx(livetime, rel=1e-6)
    assert obs.pointing_icrs.separation(SkyCoord(ra, dec, unit="deg")).to_value("arcsec") < 0.1
    assert obs.responses.available == responses
    assert obs.location is not None


def test_times_are_good_to_a_microsecond(store, name):
    ref = store[FIRST[name][0]]
    events = ref.open().events
    path = next(hdu.path for hdu in ref.hdus if hdu.kind == "events")
    with fits.open(path) as hdus:
        header, elapsed = hdus["EVENTS"].header, hdus["EVENTS"].data["TIME"][[0, -1]]
    scale = header["TIMESYS"].lower()
    reference = Time(header["MJDREFI"], header["MJDREFF"], format="mjd", scale=scale).tt
    days, rest = np.divmod(elapsed, 86400.0)
    truth = Time(reference.jd1 + days, reference.jd2 + rest / 86400.0, format="jd", scale="tt")
    assert np.abs((events.time[[0, -1]] - truth).to_value("s")).max() < 1e-6


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        (
            "hess",
            [
                "RADECSYS", "OBS_MODE 'WOBBLE'", "are in TT", "1 of 7613 events lie less than 1 s outside",
                "LO_THRES is 0.01", "values of EFFAREA are negative",
                "rows of MATRIX integrate to", "rows of RPSF integrate to", "energy planes are 0", "grows to the east",
                "lie where the effective area is 0",
            ],
        ),
        (
            "cta",
            [
                "no OBS_MODE", "ALT_PNT 90 and AZ_PNT 0 are dummies", "ALTITUDE 2.15 is in km", "underscore",
                "TSTOP - TSTART is 1792 s", "500 of 106217 events lie outside TSTART", "not in order of time",
                "START and STOP have no unit", "ETRUE_", "not a density in MIGRA", "34 % of the background bins are 0",
                "GEOLON 79.4041",
            ],
        ),
        ("magic", ["TIMESYS is UTC", "one offset, 0.39 to 0.41 deg", "EXTNAME 'OBS_INDEX'", "without MJDREFI"]),
        (
            "veritas",
            [
                "TIMESYS is 'utc', in lower case", "MJDREFI is a float", "THETA_LO equals THETA_HI",
                "RAD_MAX = 0.0894427 deg",
                "float32", "30 bins of true energy, the effective area has 60",
            ],
        ),
    ],
)  # fmt: skip
def test_quirks_are_found_and_nothing_is_an_error(data_dir, name, texts):
    found = check_path(data_dir / STORES[name])
    assert not has_errors(found)
    assert [text for text in texts if not any(text in f.what for f in found)] == []


def test_cta_prod5(data_dir):
    found = check_path(data_dir / "cta-caldb" / "Prod5-South-20deg-AverageAz-14MSTs37SSTs.180000s-v0.1.fits.gz")
    assert not has_errors(found)
    assert any("probabilities per bin" in f.what and f.severity is Severity.WARNING for f in found)


def test_runs_around_msh_15_52(data_dir):
    """The 20 runs of the tutorial: a cone of 2.5 degrees."""
    store = read_store(data_dir / STORES["hess"]).select(cone=(SkyCoord(228.32, -59.08, unit="deg"), 2.5 * u.deg))
    assert len(store) == 20
    observations = [ref.open() for ref in store]
    assert sum(obs.livetime_s for obs in observations) == pytest.approx(29971.38, abs=0.01)
    assert sum(len(obs.events) for obs in observations) == 227830


def test_runs_around_pks_2155_304(data_dir):
    store = read_store(data_dir / STORES["hess"]).select(cone=(SkyCoord(329.71694, -30.22559, unit="deg"), 2 * u.deg))
    assert len(store) == 21


def test_event_file_and_response_from_the_calibration_database(data_dir):
    root = data_dir / "cta-1dc"
    file = root / "data" / "baseline" / "gps" / "gps_baseline_110380.fits"
    obs = read_store_from_files([file], caldb=root / "caldb").refs[0].open()
    assert obs.responses.available == ("aeff", "edisp", "psf", "bkg")
    assert obs.location.lon.deg == pytest.approx(-70.316, abs=1e-3)  # the header's 79.4 is a slip


def test_fixed_radius_of_veritas_is_a_keyword(data_dir):
    obs = read_store(data_dir / STORES["veritas"])[64080].open()
    assert obs.responses.rad_max.is_fixed
    assert float(obs.responses.rad_max(1.0, 0.0)) == pytest.approx(np.radians(0.0894427), rel=1e-6)


def test_index_path_with_a_variable(data_dir, monkeypatch):
    monkeypatch.delenv("GAMMAPY_DATA", raising=False)
    monkeypatch.setenv("SKYFOLD_DATA", os.fspath(data_dir))
    assert len(read_store("$GAMMAPY_DATA/hess-dl3-dr1")) == 45


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("hess-dl3-dr1", "observations with index tables"),
        ("cta-1dc/data/baseline/gps/gps_baseline_110380.fits", "event list"),
        ("cta-1dc/caldb/data/cta/1dc/bcf/South_z20_50h/irf_file.fits", "instrument response"),
        ("fermi-3fhl-gc/fermi-3fhl-gc.fits.gz", "binned dataset"),
        ("fermi-3fhl-gc/fermi-3fhl-gc-counts-cube.fits.gz", "map with further axes"),
        ("fermi-3fhl-gc/fermi-3fhl-gc-events.fits.gz", "event list"),
        ("joint-crab/spectra/hess/pha_obs23523.fits", "OGIP spectrum (PHA)"),
        ("joint-crab/spectra/hess/arf_obs23523.fits", "OGIP effective area (ARF)"),
        ("joint-crab/spectra/hess/rmf_obs23523.fits", "OGIP energy redistribution (RMF)"),
        ("joint-crab/exclusion/Crab_exclusion.reg", "regions"),
        ("PKS2155-steady/config_stack.yaml", "analysis configuration"),
        ("xmm-a1835/P0098010101M2U009IMAGE_3000.FTZ", "image"),
    ],
)
def test_what_public_files_are(data_dir, path, kind):
    assert describe(data_dir / path).kind == kind
