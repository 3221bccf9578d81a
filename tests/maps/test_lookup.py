import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis, LabelAxis
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.lookup import fill_counts, get, interpolate
from skyfold.maps.map import Map

CENTER = SkyCoord(83.63, 22.01, unit="deg")
ENERGY = Axis.energy("1 TeV", "16 TeV", 4)
GEOM = WcsGeom.create(CENTER, pixel="0.1 deg", npix=(8, 6), axes=[ENERGY])
RNG = np.random.default_rng(5)
MAP = Map(GEOM, RNG.uniform(1, 2, GEOM.shape), "m2 s")
CENTRES = GEOM.sky, ENERGY.center[:, None, None]


@pytest.mark.parametrize("frame", ["icrs", "galactic"])
def test_counts_are_where_the_events_are(frame):
    geom = WcsGeom.create(CENTER, pixel="0.1 deg", npix=(8, 6), frame=frame, axes=[ENERGY])
    sky = SkyCoord(RNG.normal(83.63, 0.3, 500), RNG.normal(22.01, 0.3, 500), unit="deg")
    energy = 10 ** RNG.uniform(-0.2, 1.5, 500) * u.TeV
    counts = fill_counts(geom, sky, energy=energy)
    x, y = (np.floor(c + 0.5) for c in geom.to_pix(sky))
    edges = [ENERGY.edges_in("TeV"), np.arange(7) - 0.5, np.arange(9) - 0.5]
    expected, _ = np.histogramdd([energy.value, y, x], edges)
    np.testing.assert_array_equal(counts.data, expected)
    np.testing.assert_array_equal(fill_counts(geom, (sky.ra.deg, sky.dec.deg), energy=energy).data, expected)
    np.testing.assert_array_equal(fill_counts(geom, sky.galactic, energy=energy).data, expected)
    np.testing.assert_allclose(fill_counts(geom, sky, np.full(500, 0.5), energy=energy).data, expected / 2)


def test_counts_without_axes_on_labels_and_in_a_region():
    sky = GEOM.from_pix([1, 1, 7], [2, 2, 5])
    assert fill_counts(GEOM.image, sky).data[2, 1] == 2
    runs = fill_counts(GEOM.with_axes(LabelAxis("run", ("a", "b"))), sky, run=["b", "z", "b"])
    assert runs.data[1, 2, 1] == 1
    assert runs.data.sum() == 2
    region = RegionGeom.circle(sky[0], "0.2 deg", [ENERGY])
    assert fill_counts(region, sky, energy=[1, 3, 3] * u.TeV).data.ravel().tolist() == [1, 1, 0, 0]


def test_no_events_make_an_empty_map():
    assert fill_counts(GEOM, (np.empty(0), np.empty(0)), energy=np.empty(0)).data.sum() == 0


def test_get_gives_the_bin_that_holds_a_position():
    np.testing.assert_array_equal(get(MAP, CENTRES[0], energy=CENTRES[1]), MAP.data)
    assert np.isnan(get(MAP, SkyCoord(90, 0, unit="deg"), energy=2 * u.TeV))
    assert np.isnan(get(MAP, CENTER, energy=100 * u.TeV))
    assert get(MAP > 0, SkyCoord([83.63, 90], [22.01, 0], unit="deg"), energy=2 * u.TeV).tolist() == [True, False]


def test_interpolation_is_exact_at_centres_and_linear_between():
    np.testing.assert_allclose(interpolate(MAP, CENTRES[0], energy=CENTRES[1]), MAP.data, rtol=1e-9)
    between = interpolate(MAP, GEOM.from_pix(2.25, 3.5), energy=ENERGY.from_pix(1.5))
    corners = MAP.data[1:3, 3:5, 2:4].mean(axis=(0, 1))
    assert between == pytest.approx(0.75 * corners[0] + 0.25 * corners[1], rel=1e-9)


def test_a_power_law_is_exact_in_logarithms():
    energies = ENERGY.center_in("TeV")
    spectrum = Map(GEOM, np.broadcast_to(energies[:, None, None] ** -2.5, GEOM.shape))
    at = np.array([1.5, 3.3, 9.0])
    found = interpolate(spectrum, CENTER, energy=at * u.TeV, scale="log")
    np.testing.assert_allclose(found, at**-2.5, rtol=1e-9)
    empty = Map.filled(GEOM)
    assert interpolate(empty, CENTER, energy=2 * u.TeV, scale="log") == pytest.approx(0, abs=1e-300)


def test_in_the_outermost_half_pixels_the_outermost_value_holds_and_beyond_is_nan():
    energy = ENERGY.center[0]
    assert interpolate(MAP, GEOM.from_pix(-0.4, 0), energy=energy) == pytest.approx(MAP.data[0, 0, 0])
    assert np.isnan(interpolate(MAP, GEOM.from_pix(-0.6, 0), energy=energy))
    assert interpolate(MAP, GEOM.from_pix(0, 0), energy=1.01 * u.TeV) == pytest.approx(MAP.data[0, 0, 0])
    assert np.isnan(interpolate(MAP, GEOM.from_pix(0, 0), energy=0.99 * u.TeV))
    nodes = Map(GEOM.with_axes(Axis("energy", [1, 2, 4, 8], "TeV", "log", "nodes")), MAP.data)
    assert np.isnan(interpolate(nodes, CENTER, energy=8.1 * u.TeV))
    assert interpolate(nodes, GEOM.from_pix(0, 0), energy=8 * u.TeV) == pytest.approx(MAP.data[3, 0, 0])


def test_a_mask_is_its_nearest_value():
    mask = Map(GEOM, MAP.data > 1.5)
    np.testing.assert_array_equal(interpolate(mask, CENTRES[0], energy=CENTRES[1]), mask.data)


def test_what_cannot_be_looked_up_says_why():
    with pytest.raises(ShapeError, match="each axis needs a coordinate: axes energy; coordinates none"):
        fill_counts(GEOM, CENTER.reshape(1))
    with pytest.raises(ShapeError, match="axes energy; coordinates energy, rad"):
        get(MAP, CENTER, energy=1, rad=2)
    runs = Map.filled(GEOM.with_axes(LabelAxis("run", ("a", "b"))))
    with pytest.raises(ShapeError, match="axis 'run' has no scale to interpolate in"):
        interpolate(runs, CENTER, run="a")
