import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skyfold.errors import DataError, ShapeError
from skyfold.geom.axis import Axis
from skyfold.irf.background import Background2D, Background3D

ENERGY = Axis.energy("0.1 TeV", "100 TeV", 12)
LON = Axis.even("fov_lon", -3, 3, 6, unit="deg")
LAT = Axis.even("fov_lat", -2, 2, 8, unit="deg")
OFFSET = Axis("offset", [0.0, 1.0, 2.0, 3.0], "deg")
DEG = np.pi / 180
E = ENERGY.center_in("TeV")

tables = arrays(float, (12, 6, 8), elements=st.sampled_from([0.0, 0.0, 1e-6, 1.0, 3.0, 1e4]))


def power_law(index=2.7):
    x, y = LON.center_in("deg")[:, None], LAT.center_in("deg")
    field = 5 + x + 0.5 * y
    return Background3D(ENERGY, LON, LAT, E[:, None, None] ** -index * field)


def test_power_law_in_energy_and_linear_in_the_field():
    rate = power_law().rate([1.0, 7.0], np.array([0.3, -1.2]) * DEG, np.array([0.1, 1.0]) * DEG)
    field = 5 + np.array([0.3, -1.2]) + 0.5 * np.array([0.1, 1.0])
    np.testing.assert_allclose(rate, np.array([[1.0], [7.0**-2.7]]) * field, rtol=1e-12)


@pytest.mark.parametrize("nbin", [1, 7, 40])
def test_integral_of_a_power_law_is_exact_whatever_the_bins(nbin):
    bins = Axis.energy("0.2 TeV", "50 TeV", nbin)
    total = (0.2**-1.7 - 50**-1.7) / 1.7 * 5
    assert power_law().integral(bins, 0.0, 0.0).sum() == pytest.approx(total, rel=1e-9)
    assert power_law().integral(bins, 0.0, 0.0, exact=True).sum() == pytest.approx(total, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(values=tables, nbin=st.integers(1, 9), split=st.integers(2, 7))
def test_exact_integrals_of_bins_add_up(values, nbin, split):
    background = Background3D(ENERGY, LON, LAT, values)
    coarse = Axis.energy("0.03 TeV", "300 TeV", nbin)
    lon, lat = np.array([0.0, 2.3, -2.9]) * DEG, np.array([0.3, -1.9, 1.0]) * DEG
    parts = background.integral(coarse.upsampled(split), lon, lat, exact=True).reshape(nbin, split, 3).sum(axis=1)
    np.testing.assert_allclose(background.integral(coarse, lon, lat, exact=True), parts, rtol=1e-9, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(values=tables, energy=st.floats(0.1, 100.0), lon=st.floats(-3, 3), lat=st.floats(-2, 2))
def test_no_rate_exceeds_its_neighbours_and_zeros_stay_zero(values, energy, lon, lat):
    rate = float(Background3D(ENERGY, LON, LAT, values).rate(energy, lon * DEG, lat * DEG)[0])

    def around(x, nodes):
        i = int(np.clip(np.searchsorted(nodes, x) - 1, 0, nodes.size - 2))
        return slice(i, i + 2)

    cells = values[around(energy, E), around(lon, LON.center_in("deg")), around(lat, LAT.center_in("deg"))]
    assert cells.min() * (1 - 1e-9) <= rate <= cells.max() * (1 + 1e-9)


@settings(max_examples=20, deadline=None)
@given(values=tables, nbin=st.integers(1, 30))
def test_integrals_are_finite_and_not_negative(values, nbin):
    bins = Axis.energy("0.05 TeV", "200 TeV", nbin)
    got = Background3D(ENERGY, LON, LAT, values).integral(bins, np.array([0.0, 1.0]), 0.0)
    assert np.all(np.isfinite(got))
    assert got.min() >= 0


def test_linear_in_the_field_keeps_the_sum_of_the_table_and_log_loses_some():
    x, y = LON.center_in("deg")[:, None], LAT.center_in("deg")
    field = np.exp(-(x**2 + y**2))
    background = Background3D(ENERGY, LON, LAT, np.ones((12, 1, 1)) * field)
    fine_lon, fine_lat = (axis.upsampled(20).center_in("rad") for axis in (LON, LAT))
    fine = {a: background.rate(1.0, fine_lon[:, None], fine_lat, across=a).mean() for a in ("linear", "log")}
    assert fine["linear"] == pytest.approx(field.mean(), rel=1e-12)
    assert fine["log"] < 0.95 * field.mean()


@settings(max_examples=20, deadline=None)
@given(values=tables, lon=st.floats(-3.2, 3.2), lat=st.floats(-2.2, 2.2))
def test_log_in_the_field_is_never_above_linear(values, lon, lat):
    background = Background3D(ENERGY, LON, LAT, values)
    linear, log = (background.integral(ENERGY, lon * DEG, lat * DEG, across=a) for a in ("linear", "log"))
    assert np.all(log <= linear * (1 + 1e-9))
    assert np.all((log > 0) == (linear > 0))


def test_bins_that_reach_beyond_the_table_hold_what_is_inside():
    background = Background3D(ENERGY, LON, LAT, np.ones((12, 6, 8)))
    bins = Axis("energy", [0.05, 0.2, 50.0, 400.0], "TeV", "log")
    np.testing.assert_allclose(background.integral(bins, 0.0, 0.0), [0.1, 49.8, 50.0])


def test_zero_outside_the_edges_and_constant_to_them():
    background = power_law(0.0)
    at = lambda e, x, y: float(background.rate(e, x * DEG, y * DEG)[0])  # noqa: E731
    assert at(0.1, 0.0, 0.0) == pytest.approx(5.0)
    assert at(1.0, 2.9, 0.0) == at(1.0, 2.5, 0.0) == pytest.approx(7.5)
    assert at(1.0, 3.01, 0.0) == at(1.0, 0.0, -2.01) == at(0.099, 0.0, 0.0) == at(101.0, 0.0, 0.0) == 0


def test_shapes():
    lon, lat = np.zeros((3, 4)), np.zeros(4)
    assert power_law().rate([1.0, 2.0], lon, lat).shape == (2, 3, 4)
    assert power_law().integral(ENERGY, lon, lat).shape == (12, 3, 4)
    assert power_law().integral(ENERGY, 0.0, 0.0).shape == (12,)


def test_reversed_longitude_turned_over():
    background = power_law().aligned("REVERSE_LON_RADEC")
    turned = background.unreversed()
    assert turned.alignment == "RADEC"
    np.testing.assert_allclose(turned.rate(1.0, 0.7 * DEG, 0.2 * DEG), background.rate(1.0, -0.7 * DEG, 0.2 * DEG))
    assert turned.unreversed() is turned
    with pytest.raises(ShapeError, match="alignment 'GALACTIC' is not one of RADEC, ALTAZ"):
        background.aligned("GALACTIC")


def radial():
    return Background2D(ENERGY, OFFSET, E[:, None] ** -2.0 * np.array([10.0, 6.0, 1.0]))


def test_2d_depends_on_the_angle_from_the_centre():
    background, lon, lat = radial(), 1.2 * DEG, 1.6 * DEG
    offset = np.arccos(np.cos(lon) * np.cos(lat)) / DEG
    assert background.rate(1.0, lon, lat)[0] == pytest.approx(6 - 5 * (offset - 1.5))
    assert background.rate(1.0, 0.0, 0.0)[0] == pytest.approx(10.0)  # no hole at the centre
    assert background.rate(1.0, 3.01 * DEG, 0.0)[0] == 0


def test_2d_to_3d_and_back():
    cube = radial().to_3d(60)
    np.testing.assert_allclose(
        cube.rate(1.0, 0.8 * DEG, 0.9 * DEG), radial().rate(1.0, 0.8 * DEG, 0.9 * DEG), rtol=0.02
    )
    flat = cube.to_2d(3)
    np.testing.assert_allclose(flat.values[:, :2], radial().values[:, :2], rtol=0.02)


def test_3d_to_2d_is_the_mean_over_all_directions():
    # The slope across the field averages out.
    np.testing.assert_allclose(power_law().to_2d().values[:, :3] * E[:, None] ** 2.7, 5.0, rtol=1e-3)


def test_nan_and_negative_rates_are_refused():
    values = np.ones((12, 6, 8))
    values[1, 2, 3] = np.nan
    with pytest.raises(
        DataError, match="background: 1 values are not finite.*energy bin 1, fov_lon bin 2, fov_lat bin 3"
    ):
        Background3D(ENERGY, LON, LAT, values)
    with pytest.raises(DataError, match="negative"):
        Background2D(ENERGY, OFFSET, -np.ones((12, 3)))
