"""What holds of every form of a point spread function, and what is special to tables."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyfold.errors import DataError
from skyfold.geom.axis import Axis
from skyfold.irf.psf import PsfTable
from skyfold.irf.psf_shapes import PsfKing, PsfMultiGauss

TRUE = Axis.energy("0.1 TeV", "100 TeV", 6, true=True)
OFFSET = Axis("offset", [0.0, 1.0, 2.0, 3.0], "deg")
RAD = Axis("rad", np.linspace(0, np.sqrt(0.5), 201) ** 2, "deg")
SHAPE = (6, 3)
DEG = np.pi / 180

SIGMA = DEG * (0.03 + 0.04 * np.linspace(1, 0, 6)[:, None] + 0.01 * np.arange(3))  # 0.03° to 0.09°


def with_empty_rows(values):
    """The two lowest energies have no events."""
    values = np.array(values)
    values[..., :2, :] = 0
    return values


def table():
    edges = RAD.edges_in("rad")[:, None, None]
    rings = -np.diff(np.exp(-0.5 * (edges / SIGMA) ** 2), axis=0) / (np.pi * np.diff(edges**2, axis=0))
    return PsfTable(TRUE, OFFSET, RAD, np.moveaxis(with_empty_rows(0.9 * rings), 0, -1))


def gauss():
    sigma = np.stack([SIGMA, 2 * SIGMA, 0 * SIGMA])
    amplitude = np.stack([1 + 0 * SIGMA, 0.2 + 0 * SIGMA, 0 * SIGMA])
    return PsfMultiGauss(TRUE, OFFSET, sigma, amplitude, with_empty_rows(1 / SIGMA**2))


def king():
    return PsfKing(TRUE, OFFSET, with_empty_rows(2.0 + 0.5 * np.ones(SHAPE)), SIGMA)


form = pytest.mark.parametrize("psf", [table(), gauss(), king()], ids=["table", "gauss", "king"])
coordinates = {"energy": st.floats(1.0, 90.0), "offset": st.floats(0.0, 3.0)}


@form
@settings(max_examples=15, deadline=None)
@given(**coordinates)
def test_density_integrates_to_containment(psf, energy, offset):
    radius = psf.containment_radius(energy, offset * DEG, 0.9)

    # Gauss-Legendre on many short intervals: a table has kinks.
    x, w = np.polynomial.legendre.leggauss(4)
    edges = np.linspace(0, radius, 2001)
    r = (edges[:-1, None] + edges[1:, None]) / 2 + np.diff(edges)[:, None] / 2 * x
    total = np.sum(2 * np.pi * r * psf(energy, offset * DEG, r) * w * np.diff(edges)[:, None] / 2)
    assert total == pytest.approx(0.9, rel=1e-5)


@form
@settings(max_examples=25, deadline=None)
@given(**coordinates, radii=st.lists(st.floats(0.0, 2.0), min_size=2, max_size=10))
def test_containment_is_monotonic_and_within_0_and_1(psf, energy, offset, radii):
    inside = psf.containment(energy, offset * DEG, np.sort(radii) * DEG)
    assert np.all(np.diff(inside) >= -1e-14)
    assert inside.min() >= 0
    assert inside.max() <= 1


@form
@settings(max_examples=25, deadline=None)
@given(**coordinates, fraction=st.floats(0.01, 0.99))
def test_containment_radius_is_the_inverse_and_not_quantised(psf, energy, offset, fraction):
    radius = psf.containment_radius(energy, offset * DEG, fraction)
    assert psf.containment(energy, offset * DEG, radius) == pytest.approx(fraction, rel=1e-9)


@form
def test_density_table_is_the_same_as_point_by_point(psf):
    energy, rad, offset = (
        np.geomspace(0.05, 300, 7),
        np.linspace(0, 0.6, 9) * DEG,
        np.linspace(0, 3.5, 6).reshape(2, 3) * DEG,
    )
    values = psf.density_table(energy, rad, offset)
    assert values.shape == (2, 3, 7, 9)
    np.testing.assert_allclose(values, psf(energy[:, None], offset[..., None, None], rad), rtol=1e-12, atol=1e-9)


@form
def test_rows_without_events_stay_zero_and_lend_no_weight(psf):
    e = TRUE.center_in("TeV")
    assert psf(e[0], 0.0, 0.0) == 0
    assert not psf.known(e[0], 0.0)
    assert np.isnan(psf.containment_radius(e[0], 0.0, 0.68))
    between = np.sqrt(e[1] * e[2])
    assert psf.containment(between, 0.0, 10 * DEG) == pytest.approx(1.0, rel=1e-2)
    np.testing.assert_allclose(psf(between, 0.0, 0.02 * DEG), psf(e[2], 0.0, 0.02 * DEG), rtol=1e-9)


@form
def test_none_beyond_the_last_offset_but_one_below_the_first_node(psf):
    assert psf(2.0, 3.01 * DEG, 0.0) == 0
    assert psf(2.0, 0.0, 0.0) == pytest.approx(float(psf(2.0, 0.5 * DEG, 0.0)))
    assert psf(500.0, 1.0 * DEG, 0.0) == pytest.approx(float(psf(99.0, 1.0 * DEG, 0.0)))


@form
def test_public_door(psf):
    assert psf.at("2 TeV", "1 deg", "0.1 deg").to_value("sr-1") == pytest.approx(float(psf(2.0, DEG, 0.1 * DEG)))
    r68 = psf.containment_radius_at("2 TeV", "1 deg", 0.68)
    assert psf.containment_at("2 TeV", "1 deg", r68).to_value("") == pytest.approx(0.68)


@form
@pytest.mark.parametrize("fraction", [-0.1, 1.0, np.nan])
def test_a_fraction_outside_0_to_1_is_refused(psf, fraction):
    with pytest.raises(DataError, match="wanted at least 0 and below 1"):
        psf.containment_radius(1.0, 0.0, fraction)


def test_table_keeps_what_its_rows_integrated_to():
    psf = table()
    np.testing.assert_allclose(psf.norms[2:], 0.9, rtol=1e-3)
    assert np.all(psf.norms[:2] == 0)


def test_table_of_ring_means_finds_the_gaussian_again():
    psf, e = table(), TRUE.center_in("TeV")
    r = np.array([0.0, 0.02, 0.05, 0.1]) * DEG
    wanted = np.exp(-0.5 * (r / SIGMA[4, 1]) ** 2) / (2 * np.pi * SIGMA[4, 1] ** 2)
    np.testing.assert_allclose(psf(e[4], 1.5 * DEG, r), wanted, rtol=5e-3)
    assert psf.containment_radius(e[4], 1.5 * DEG, 0.68) == pytest.approx(
        SIGMA[4, 1] * np.sqrt(-2 * np.log(0.32)), rel=1e-3
    )


def test_table_holds_its_norm_beyond_its_last_radius():
    assert table().containment(2.0, 0.0, [0.6 * DEG, 1.0]) == pytest.approx(1.0)
    assert table()(2.0, 0.0, 0.51 * DEG) == 0
