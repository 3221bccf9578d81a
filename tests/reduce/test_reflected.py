from dataclasses import replace

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import ReductionError
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.irf.rad_max import RadMax
from skyfold.maps.map import Map
from skyfold.num.sphere import unit_vectors
from skyfold.reduce.chain import reduce_observation
from skyfold.reduce.recipe import Recipe
from skyfold.reduce.reflected import Reflected, off_counts, sky_of, turned
from tests.dl3_files import make_observation

ENERGY = Axis.energy("0.5 TeV", "20 TeV", 6)
TRUE = Axis.energy("0.3 TeV", "50 TeV", 20, true=True)
ON = SkyCoord(83.63, 22.01, unit="deg")


@pytest.fixture(scope="module")
def run():
    return make_observation(background_norm=400)


def spectrum(run, region, **recipe):
    return reduce_observation(run, Recipe(region, TRUE, safe=None, **recipe))


@pytest.mark.parametrize("radius", [0.05, 0.11, 0.2])
@pytest.mark.parametrize("offset", [0.4, 0.7, 1.5])
def test_regions_keep_their_distance(run, radius, offset):
    """Neighbours' centres are two radii apart, less at most a pixel; as many fit as the circle holds."""
    run = replace(run, pointing=replace(run.pointing, ra=ON.ra.deg, dec=ON.dec.deg + offset))
    region = RegionGeom.circle(ON, f"{radius} deg", [ENERGY])
    angles = Reflected(min_distance_input="0 rad").angles(region, run)
    vectors = unit_vectors(ON.ra.rad, ON.dec.rad)
    centers = sky_of(np.stack([vectors, *(turned(vectors, run.pointing_icrs, a) for a in angles)], axis=1))
    apart = [centers[i].separation(centers[j]).deg for i in range(len(centers)) for j in range(i)]
    assert min(apart) > 2 * radius - 0.012
    most, least = (
        int(2 * np.pi / (2 * np.arcsin(np.sin(np.radians(r)) / np.sin(np.radians(offset)))))
        for r in (radius - 0.006, radius)
    )
    assert least - 1 <= len(centers) <= most


def test_regions_lie_at_the_same_offset(run):
    vectors = unit_vectors(ON.ra.rad, ON.dec.rad)
    around = sky_of(np.stack([turned(vectors, run.pointing_icrs, a) for a in np.linspace(0, 6, 7)], axis=1))
    np.testing.assert_allclose(
        around.separation(run.pointing_icrs).deg, ON.separation(run.pointing_icrs).deg, rtol=1e-10
    )


def test_turning_goes_from_north_through_east(run):
    start = SkyCoord(run.pointing.ra, run.pointing.dec + 0.5, unit="deg")
    moved = sky_of(turned(unit_vectors(start.ra.rad, start.dec.rad), run.pointing_icrs, np.radians(30)))
    assert run.pointing_icrs.position_angle(moved).deg == pytest.approx(30)


def test_off_counts_are_the_events_around_the_turned_centres(run):
    region = RegionGeom.circle(ON, "0.1 deg", [ENERGY])
    angles = Reflected().angles(region, run)
    inside = np.zeros(len(run.events), bool)
    for angle in angles:
        center = sky_of(turned(unit_vectors(ON.ra.rad, ON.dec.rad), run.pointing_icrs, angle))
        inside |= run.events.radec.separation(center).deg < 0.1
    expected = np.histogram(run.events.energies[inside], ENERGY.edges_in("TeV"))[0]
    np.testing.assert_array_equal(off_counts(run, region, angles), expected)


def test_the_background_is_unbiased():
    """Off counts over regions agree with on counts where there is no source, over many runs."""
    on = off = 0.0
    for seed in range(20):
        run = make_observation(seed=seed, background_norm=400)
        data = Reflected()(spectrum(run, RegionGeom.circle(ON, "0.15 deg", [ENERGY])), run)
        on += data.counts.data.sum()
        off += data.expected_background.data.sum()
    assert on == pytest.approx(off, abs=4 * np.sqrt(on))


def test_excluded_sky_is_avoided(run):
    geom = WcsGeom.create(run.pointing_icrs, "3 deg", "0.02 deg")
    half = Map(geom, np.broadcast_to(np.arange(150)[:, None] < 75, (150, 150)))  # the north is excluded
    region = RegionGeom.circle(ON, "0.1 deg", [ENERGY])
    angles = Reflected(half).angles(region, run)
    vectors = unit_vectors(ON.ra.rad, ON.dec.rad)
    south = [sky_of(turned(vectors, run.pointing_icrs, a)).dec.deg < run.pointing.dec - 0.08 for a in angles]
    assert angles.size > 0
    assert all(south)
    assert angles.size < Reflected().angles(region, run).size


@pytest.mark.parametrize("text", ["icrs;box(83.63, 22.01, 0.2, 0.1, 20)", "icrs;ellipse(83.63, 22.01, 0.15, 0.07, 40)"])
def test_any_shape(run, text):
    region = RegionGeom(text, (ENERGY,))
    data = Reflected()(spectrum(run, region), run)
    n = data.meta["off_regions"]
    assert n > 5
    assert data.counts_off.data.sum() / n == pytest.approx(
        data.counts.data.sum(), abs=5 * np.sqrt(data.counts.data.sum()) + 1
    )


def test_a_point_uses_the_direction_cut(run):
    cut = RadMax(
        Axis.energy("0.1 TeV", "100 TeV", 1), Axis("offset", [0.0, 3.0], "deg"), np.array([[np.radians(0.12)]])
    )
    run = replace(run, responses=replace(run.responses, rad_max=cut))
    point, circle = RegionGeom.point(ON, [ENERGY]), RegionGeom.circle(ON, "0.12 deg", [ENERGY])
    a, b = (Reflected()(spectrum(run, region, selection=("counts", "exposure")), run) for region in (point, circle))
    np.testing.assert_array_equal(a.counts.data, b.counts.data)
    np.testing.assert_array_equal(a.counts_off.data, b.counts_off.data)


def test_a_point_without_direction_cut_is_an_error(run):
    with pytest.raises(ReductionError, match="RAD_MAX"):
        spectrum(run, RegionGeom.point(ON, [ENERGY]))


def test_a_region_on_the_pointing_has_no_reflection(run):
    region = RegionGeom.circle(run.pointing_icrs, "0.2 deg", [ENERGY])
    with pytest.raises(ReductionError, match="no reflected off region fits"):
        Reflected()(spectrum(run, region), run)


def test_a_region_beyond_the_response_is_an_error(run):
    with pytest.raises(ReductionError, match=r"is 3\.50° from the pointing, the responses reach 2\.50°"):
        spectrum(run, RegionGeom.circle(SkyCoord(83.63, 26.01, unit="deg"), "0.1 deg", [ENERGY]))


def test_containment_lowers_the_exposure(run):
    """A Gaussian PSF of 0.06°: a circle of 0.1° holds 1 − exp(−r²/2σ²) = 0.751."""
    region = RegionGeom.circle(ON, "0.1 deg", [ENERGY])
    whole, cut = (spectrum(run, region, containment_correction=c).exposure.data for c in (False, True))
    np.testing.assert_allclose(cut / whole, 1 - np.exp(-0.5 * (0.1 / 0.06) ** 2), rtol=5e-3)


def test_containment_needs_a_circle(run):
    with pytest.raises(ReductionError, match="circular"):
        spectrum(run, RegionGeom("icrs;box(83.63, 22.01, 0.2, 0.1, 0)", (ENERGY,)), containment_correction=True)
