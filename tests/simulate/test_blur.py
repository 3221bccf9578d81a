import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from scipy import stats

from skyfold.errors import DataError, UnitError
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.irf.psf_shapes import PsfKing
from skyfold.simulate.blur import GaussianBlur, KingBlur, TabulatedBlur, as_blur

NODES = np.linspace(0, 8, 401)
GAUSS_TABLE = TabulatedBlur.of_density(NODES, np.exp(-0.5 * NODES**2))
AXES = Axis("energy_true", np.array([1.0, 10.0]), "TeV", "log"), Axis("offset", np.array([0.0, 1.0]), "deg")
RESPONSE = PsfKing(*AXES, np.full((1, 1), 2.5), np.full((1, 1), np.radians(0.05)))


def gaussian(r):
    return -np.expm1(-0.5 * r**2)


def king(r):
    return 1 - (1 + r**2 / (2 * 2.5 * 1.5**2)) ** (1 - 2.5)


@pytest.mark.parametrize(
    ("blur", "enclosed"),
    [(GaussianBlur(1.0), gaussian), (KingBlur(1.5, 2.5), king), (GAUSS_TABLE, gaussian)],
    ids=["Gaussian", "King", "table"],
)
class TestEveryProfile:
    def test_steps_follow_it_in_all_directions(self, blur, enclosed):
        dx, dy = blur.steps(np.random.default_rng(5), 200_000)
        assert stats.kstest(np.hypot(dx, dy), enclosed).pvalue > 1e-3
        assert stats.kstest(np.arctan2(dy, dx) / (2 * np.pi) + 0.5, "uniform").pvalue > 1e-3

    def test_its_radius_is_the_inverse_of_what_is_enclosed(self, blur, enclosed):
        fraction = np.array([0.0, 0.1, 0.5, 0.9, 0.999])
        np.testing.assert_allclose(enclosed(blur.radius(fraction)), fraction, atol=5e-5)
        np.testing.assert_allclose(enclosed(blur.reach), 0.999, atol=1e-5)


def test_a_response_of_an_instrument_is_a_table_in_angles():
    blur = TabulatedBlur.of_response(RESPONSE, "3 TeV", "0.5 deg")
    wanted = [float(RESPONSE.containment_radius(3.0, 0.01, f)) for f in (0.3, 0.68, 0.9)]
    np.testing.assert_allclose(blur.radius([0.3, 0.68, 0.9]), wanted, rtol=5e-3)  # its last 0.1 % are cut off
    assert blur.angular


def test_angles_become_pixels():
    geom = WcsGeom.create(SkyCoord(0, 0, unit="deg"), npix=4, pixel=("0.02 deg", "0.01 deg"))
    assert as_blur("0.1 deg").per_pixel(geom) == pytest.approx((1 / np.radians(0.02), 1 / np.radians(0.01)))
    assert as_blur(3).per_pixel(geom) == (1, 1)
    assert GaussianBlur("6 arcmin").sigma == pytest.approx(np.radians(0.1))


def test_no_blur():
    assert as_blur(None) is None
    assert as_blur(0) is None


@pytest.mark.parametrize("sigma", [-1, np.nan, np.inf, "0 deg"])
@pytest.mark.parametrize("kind", [GaussianBlur, lambda sigma: KingBlur(sigma, 2.0)], ids=["Gaussian", "King"])
def test_a_width_must_be_positive(kind, sigma):
    with pytest.raises(DataError, match="sigma .*wanted a positive length"):
        kind(sigma)


def test_a_width_is_no_time():
    with pytest.raises(UnitError, match="sigma"):
        GaussianBlur("3 s")


@pytest.mark.parametrize("gamma", [1, 0.5, np.nan])
def test_a_king_profile_needs_an_integral(gamma):
    with pytest.raises(DataError, match="gamma .*wanted a number above 1"):
        KingBlur(1.0, gamma)


@pytest.mark.parametrize(
    ("rad", "density", "text"),
    [
        ([0, 1, 2], [1, 1], "3 radii, 2 densities"),
        ([0, 2, 1], [1, 1, 1], "ascending radii"),
        ([0, 1], [1, -3], "not negative"),
        ([0, 1], [0, 0], "positive integral"),
        ([0, 1], [1, np.nan], "positive integral"),
    ],
)
def test_tables_that_are_no_profile(rad, density, text):
    with pytest.raises(DataError, match=text):
        TabulatedBlur.of_density(rad, density)


@pytest.mark.parametrize(
    ("rad", "enclosed", "text"),
    [([0, 1], [0], "2 radii, 1 values"), ([1, 2], [0, 1], "ascend from 0"), ([0, 1], [1, 0], "positive integral")],
)
def test_tables_of_enclosed_fractions_that_are_none(rad, enclosed, text):
    with pytest.raises(DataError, match=text):
        TabulatedBlur(rad, np.array(enclosed, dtype=float))
