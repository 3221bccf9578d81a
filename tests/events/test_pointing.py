import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import AltAz, SkyCoord
from astropy.utils import iers

from skyfold.errors import DataError
from skyfold.events.epoch import to_seconds, to_time
from skyfold.events.horizon import from_horizon, to_horizon, zenith_direction
from skyfold.events.observatory import SITES, distance_km, site, sites_of
from skyfold.events.pointing import AltAzPointing, FixedPointing, TablePointing

HESS = site("hess").location
NIGHT = float(to_seconds("2015-08-03T22:00:00")) + np.linspace(0, 6 * 3600, 13)
UT1_ERROR_DEG = 0.9 * 15 / 3600  # what taking UTC for UT1 may cost


def astropy_altaz(coord, seconds, location):
    with iers.earth_orientation_table.set(iers.IERS_B.open()):
        return coord.transform_to(AltAz(obstime=to_time(seconds).utc, location=location))


def test_fixed_pointing_does_not_depend_on_time():
    at = FixedPointing(83.6, 22.0).icrs(NIGHT)
    assert at.shape == NIGHT.shape
    assert np.ptp(at.ra.deg) == 0


def test_horizon_agrees_with_astropy():
    coord = SkyCoord(329.7, -30.2, unit="deg")
    alt, az = to_horizon(329.7, -30.2, NIGHT, HESS)
    theirs = astropy_altaz(coord, NIGHT, HESS)
    ours = SkyCoord(az, alt, unit="deg")
    apart = ours.separation(SkyCoord(theirs.az, theirs.alt)).deg
    assert apart.max() < UT1_ERROR_DEG


def test_horizon_there_and_back():
    ra, dec = from_horizon(*to_horizon(10.0, -40.0, NIGHT, HESS), NIGHT, HESS)
    np.testing.assert_allclose(ra, 10.0, atol=1e-7)
    np.testing.assert_allclose(dec, -40.0, atol=1e-7)


@pytest.mark.parametrize("dec", [-60.0, -23.0, 20.0, 89.5])
def test_direction_of_the_zenith_agrees_with_astropy(dec):
    coord = SkyCoord(329.7, dec, unit="deg")
    up = astropy_altaz(coord, NIGHT, HESS)
    with iers.earth_orientation_table.set(iers.IERS_B.open()):
        step = SkyCoord(up.az, up.alt + 0.01 * u.deg, frame=up.frame.replicate_without_data()).transform_to("icrs")
    expected = coord.position_angle(step).deg
    found = zenith_direction(329.7, dec, NIGHT, HESS)
    apart = (found - expected + 180) % 360 - 180
    # Where it turns fastest, close to the zenith and to the pole, the error of UT1 turns it further.
    turning = np.maximum(1 / np.cos(up.alt.rad), 1 / np.cos(np.radians(dec)))
    assert np.all(np.abs(apart) < 2 * UT1_ERROR_DEG * turning)


def test_rising_sources_have_the_zenith_to_the_west_of_north():
    """East of the meridian the parallactic angle is negative (seen from the south, for a northern source)."""
    veritas = site("veritas").location
    alt, az = to_horizon(83.6, 22.0, NIGHT, veritas)
    angle = zenith_direction(83.6, 22.0, NIGHT, veritas)
    assert np.all(angle[az < 180] < 0)
    assert np.all(angle[az > 180] > 0)


def test_drift_follows_the_sky():
    """Over 6 hours a fixed azimuth and altitude sweep 6 sidereal hours of right ascension."""
    at = AltAzPointing(90.0, 0.0).icrs(NIGHT, HESS)
    swept = (at.ra.deg[-1] - at.ra.deg[0]) % 360
    precession = 0.1  # degrees of the pole in 15 years, along which ICRS coordinates of a fixed declination vary
    assert swept == pytest.approx(6 * 15 * 1.0027379, abs=precession)
    assert np.ptp(at.dec.deg) < precession


def test_drift_needs_a_location():
    with pytest.raises(DataError, match="location is not known"):
        AltAzPointing(80.0, 0.0).icrs(NIGHT, None)


def test_table_is_interpolated_on_the_great_circle_across_the_origin_of_right_ascension():
    table = TablePointing(np.array([0.0, 10.0]), np.array([359.5, 0.5]), np.array([-10.0, -10.0]))
    at = table.icrs(np.array([-5.0, 0.0, 5.0, 10.0, 20.0]))
    np.testing.assert_allclose(at.ra.wrap_at("180d").deg, [-0.5, -0.5, 0.0, 0.5, 0.5], atol=1e-9)
    assert at.dec.deg[2] == pytest.approx(-10.0, abs=1e-3)


def test_table_out_of_order_is_refused():
    with pytest.raises(DataError, match="TIME does not rise"):
        TablePointing(np.array([1.0, 0.0]), np.zeros(2), np.zeros(2))


def test_table_needs_a_row():
    with pytest.raises(DataError, match="wanted one row or more"):
        TablePointing(np.zeros(0), np.zeros(0), np.zeros(0))


def test_sites_are_found_by_the_telescopes_of_files():
    assert {s.name for s in sites_of("CTA")} == {"cta-south", "cta-north"}
    assert sites_of("H.E.S.S.")[0].name == "hess"
    assert sites_of("unknown") == ()
    assert site("nowhere") is None


def test_sites_on_one_island_are_close():
    on_la_palma = [s for s in SITES if s.name in ("magic", "fact", "cta-north")]
    assert all(distance_km(a.location, b.location) < 2 for a in on_la_palma for b in on_la_palma)
