"""Projected responses against the formulas they were tabulated from."""

from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import AltAz, SkyCoord

from skyfold.errors import ReductionError
from skyfold.events.epoch import to_time
from skyfold.geom.axis import Axis
from skyfold.geom.fov import field_coordinates, to_altaz
from skyfold.geom.wcs import WcsGeom
from skyfold.irf.background import Background3D
from skyfold.irf.responses import Responses
from skyfold.reduce.sky import background_map, counts_map, edisp_map, exposure_map, psf_map, zenith_steps
from tests.dl3_files import area_m2, make_observation, make_responses

ENERGY = Axis.energy("0.5 TeV", "20 TeV", 8)
TRUE = Axis.energy("0.2 TeV", "50 TeV", per_decade=20, true=True)


@pytest.fixture(scope="module")
def run():
    return make_observation()


@pytest.fixture(scope="module")
def geom(run):
    return WcsGeom.create(run.pointing_icrs, "5 deg", "0.1 deg", axes=[ENERGY])


def test_counts_are_the_events_in_range(run, geom):
    x, y = geom.to_pix(run.events.radec)
    inside = (
        (np.abs(x - 24.5) < 25) & (np.abs(y - 24.5) < 25) & (run.events.energies >= 0.5) & (run.events.energies < 20)
    )
    assert counts_map(run, geom).data.sum() == inside.sum()


def test_counts_do_not_depend_on_the_frame(run):
    """The same events fall within a circle, whatever the projection and frame of the map."""
    center = run.pointing_icrs
    for frame, proj in (("icrs", "TAN"), ("galactic", "CAR"), ("galactic", "SIN")):
        geom = WcsGeom.create(center, "6 deg", "0.02 deg", frame=frame, proj=proj, axes=[ENERGY])
        near = geom.separation(center).to_value("deg") < 2
        assert counts_map(run, geom).data[:, near].sum() == pytest.approx(
            (
                (run.events.offset(center).to_value("deg") < 2)
                & (run.events.energies >= 0.5)
                & (run.events.energies < 20)
            ).sum(),
            abs=6,  # events in pixels that the circle cuts
        )


def test_exposure_is_area_times_livetime(run, geom):
    exposure = exposure_map(run, geom, TRUE)
    offset = geom.separation(run.pointing_icrs).to_value("deg")
    expected = area_m2(TRUE.center_in("TeV")[:, None, None], offset) * run.livetime_s
    inside = offset < 2.4
    np.testing.assert_allclose(exposure.data_in("m2 s")[10:, inside], expected[10:, inside], rtol=0.03)  # table's steps
    assert np.all(exposure.data[:, offset > 2.51] == 0)


def test_background_total_is_rate_times_ontime(run, geom):
    """∫ rate dE dΩ × ontime by brute force over the table's own field, independent of the map."""
    wide = WcsGeom.create(run.pointing_icrs, "6 deg", "0.05 deg", axes=[ENERGY])
    lon, lat = np.meshgrid(*(np.radians(np.linspace(-2.495, 2.495, 500)),) * 2)
    energies = np.geomspace(0.5, 20, 400)
    rate = run.responses.bkg.rate(energies, lon, lat).sum(axis=(1, 2)) * np.radians(0.01) ** 2
    total = np.trapezoid(rate, energies) if hasattr(np, "trapezoid") else np.trapz(rate, energies)
    assert background_map(run, wide).data.sum() == pytest.approx(total * run.ontime_s, rel=5e-3)


def test_background_uses_ontime_and_exposure_livetime(run, geom):
    slow = replace(run, live_fraction=run.live_fraction / 2)
    np.testing.assert_allclose(background_map(slow, geom).data, background_map(run, geom).data)
    np.testing.assert_allclose(exposure_map(slow, geom, TRUE).data * 2, exposure_map(run, geom, TRUE).data)


def blob(alignment: str) -> Background3D:
    """A background from one corner of the field alone."""
    base = make_responses().bkg
    lon, lat = base.fov_lon.center_in("deg")[:, None], base.fov_lat.center_in("deg")[None, :]
    shape = np.exp(-((lon - 1) ** 2 + (lat - 0.6) ** 2) / (2 * 0.4**2))
    energy = base.energy.center_in("TeV")[:, None, None]
    return Background3D(base.energy, base.fov_lon, base.fov_lat, 25 * energy**-2.7 * shape, alignment)


def centroid(run, geom) -> SkyCoord:
    image = background_map(run, geom).data.sum(axis=0)
    y, x = np.indices(image.shape)
    return geom.from_pix((x * image).sum() / image.sum(), (y * image).sum() / image.sum())


@pytest.mark.parametrize(
    "start", ["2020-01-01T20:00:00", "2020-01-01T22:00:00", "2020-10-01T02:00:00", "2020-02-10T18:30:00"]
)
def test_a_blob_aligned_with_the_horizon_lands_where_astropy_says(start):
    run = make_observation(start=start, duration_s=60, responses=Responses(bkg=blob("ALTAZ")))
    geom = WcsGeom.create(run.pointing_icrs, "5 deg", "0.1 deg", axes=[ENERGY])
    frame = AltAz(obstime=to_time(run.gti.middle_s), location=run.location)
    horizon = centroid(run, geom).transform_to(frame)
    pointing = run.pointing_icrs.transform_to(frame)
    lon, lat = pointing.spherical_offsets_to(horizon)
    assert -lon.deg == pytest.approx(1, abs=0.02)  # the field's longitude runs against azimuth
    assert lat.deg == pytest.approx(0.6, abs=0.02)


@pytest.mark.parametrize(("alignment", "sign"), [("RADEC", 1), ("REVERSE_LON_RADEC", -1)])
def test_a_blob_aligned_with_the_sky(alignment, sign):
    run = make_observation(duration_s=60, responses=Responses(bkg=blob(alignment)))
    geom = WcsGeom.create(run.pointing_icrs, "5 deg", "0.1 deg", axes=[ENERGY])
    lon, lat = run.pointing_icrs.spherical_offsets_to(centroid(run, geom))
    assert lon.deg == pytest.approx(-sign, abs=0.02)
    assert lat.deg == pytest.approx(0.6, abs=0.02)


def test_rotation_steps_share_the_time_and_are_small():
    run = make_observation(duration_s=4 * 3600)
    steps = zenith_steps(run)
    assert sum(weight for weight, _ in steps) == pytest.approx(1)
    assert np.max(np.abs(np.diff([angle for _, angle in steps]))) <= np.radians(1.01)
    assert len(steps) > 5


def test_turning_the_field_keeps_offsets(run, geom):
    lon, lat = field_coordinates(geom.directions, run.pointing_icrs)
    turned = to_altaz(lon, lat, 1.234)
    np.testing.assert_allclose(np.cos(turned[0]) * np.cos(turned[1]), np.cos(lon) * np.cos(lat), rtol=1e-12)


def test_horizon_without_a_location_is_an_error():
    run = replace(make_observation(responses=Responses(bkg=blob("ALTAZ"))), location=None)
    geom = WcsGeom.create(run.pointing_icrs, "1 deg", "0.1 deg", axes=[ENERGY])
    with pytest.raises(ReductionError, match="GEOLON"):
        background_map(run, geom)


def test_psf_and_dispersion_are_normalised(run, geom):
    coarse = WcsGeom.create(run.pointing_icrs, "2 deg", "0.5 deg", axes=[ENERGY])
    exposure = exposure_map(run, coarse, TRUE)
    rad = Axis.even("rad", 0, 0.6, 240, unit="deg")
    density = psf_map(run, exposure, rad).table.data_in("sr-1")
    edges = rad.edges_in("rad")
    shells = np.pi * np.diff(edges**2)
    np.testing.assert_allclose((density * shells[:, None, None]).sum(axis=1), 1, rtol=5e-3)
    wide = Axis.energy("0.01 TeV", "500 TeV", 40)
    matrix = edisp_map(run, exposure, wide).table.data
    np.testing.assert_allclose(matrix.sum(axis=1), 1, rtol=1e-9)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda run, geom: exposure_map(run, geom, TRUE), "effective area"),
        (lambda run, geom: background_map(run, geom), "background response"),
    ],
)
def test_a_missing_response_is_named(geom, make, word):
    with pytest.raises(ReductionError, match=word):
        make(make_observation(duration_s=10, responses=Responses()), geom)


def test_directions_on_the_map_are_in_degrees(run, geom):
    assert (geom.separation(run.pointing_icrs) < 4 * u.deg).all()
