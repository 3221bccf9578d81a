import astropy.units as u
import numpy as np
import pytest

from skyfold.errors import UnitError
from skyfold.units import dress, strip, unit


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [
        ("TeV", "TeV"),
        (" deg ", "deg"),
        ("sr^(-1)", "sr-1"),
        ("m**2", "m2"),
        ("1/s/MeV/sr", "s-1 MeV-1 sr-1"),
        ("counts", ""),
        ("Counts", ""),
        ("", ""),
        ("cm2 s", "cm2 s"),
    ],
)
def test_units_as_files_spell_them(spelled, meant):
    assert unit(spelled) == u.Unit(meant)


def test_a_text_that_is_no_unit_names_its_place():
    with pytest.raises(
        UnitError, match="a.fits, column 'AEFF': 'Primary Array' is not a unit; wanted one such as 'TeV'"
    ):
        unit("Primary Array", "a.fits, column 'AEFF'")


def test_strip_converts_quantities_and_texts_and_takes_bare_numbers_as_they_are():
    assert strip(2 * u.GeV, "TeV") == pytest.approx(2e-3)
    assert strip("30 arcmin", "deg") == pytest.approx(0.5)
    assert strip(0.5, "deg") == 0.5
    assert strip([1, 2] * u.h, "s").tolist() == [3600, 7200]


def test_strip_says_what_cannot_be_converted():
    with pytest.raises(UnitError, match="radius: 3.0 TeV cannot be converted to deg"):
        strip(3 * u.TeV, "deg", "radius")
    with pytest.raises(UnitError, match="radius: 'wide' is not a number with a unit such as '1 deg'"):
        strip("wide", "deg", "radius")


def test_dress_is_the_way_back():
    values = np.array([1.0, 2.0])
    np.testing.assert_array_equal(strip(dress(values, "m2 s"), "m2 s"), values)
