"""The interstellar emission around the Galactic centre, as published by the Fermi-LAT collaboration."""

import numpy as np
import pytest

from skyfold.errors import UnitError
from skyfold.io.maps import read_map
from skyfold.io.template_shapes import read_template_shape

PER_MEV = "MeV-1 s-1 cm-2 sr-1"
# Directions in galactic longitude and latitude, and what Gammapy 2.1 finds there at 1 GeV.
AT = np.radians([[0, 1.03, 359.2, 5.4], [0, 0.4, -1.1, 3.3]])
GIVEN = np.array([3.37636718e-07, 1.71085196e-07, 1.00641754e-07, 2.40661483e-08])
NORMALIZED = np.array([135.09317301, 68.45526144, 40.2756097, 9.64520364])


@pytest.fixture
def iem(data_dir):
    return data_dir / "fermi-3fhl-gc" / "gll_iem_v06_gc.fits.gz"


def test_a_file_without_unit_needs_one(iem):
    with pytest.raises(UnitError, match=r"gll_iem_v06_gc\.fits\.gz: template without unit"):
        read_template_shape(iem)


def test_the_galactic_emission_is_that_of_its_pixels_and_energies(iem):
    shape = read_template_shape(iem, PER_MEV, normalize=False)
    map_ = read_map(iem, unit=PER_MEV)
    at = map_.geom.sky.spherical
    for i in (0, 17):
        energy = map_.geom.axes[0].center_in("TeV")[i]
        np.testing.assert_allclose(shape(at.lon.rad, at.lat.rad, energy), map_.data[i] * 1e6, rtol=1e-5)


def test_between_pixels_it_is_near_what_gammapy_finds_whose_logarithms_are_linear_there(iem):
    given = read_template_shape(iem, PER_MEV, normalize=False)
    np.testing.assert_allclose(given(*AT, 1e-3), GIVEN * 1e6, rtol=0.01)
    normalized = read_template_shape(iem, PER_MEV)
    np.testing.assert_allclose(normalized(*AT, 1e-3), NORMALIZED, rtol=0.01)
