import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import DataError, UnitError
from skyfold.geom.wcs import WcsGeom
from skyfold.io.pointings import read_blur, read_views, read_vignetting
from skyfold.simulate.views import Vignetting

GEOM = WcsGeom.create(SkyCoord(10, 20, unit="deg"), npix=(30, 20), pixel="0.1 deg")


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "table.csv"
        path.write_text(text)
        return path

    return write


def test_pointings_in_pixels(table):
    first, second = read_views(table("# five minutes\nx, y, livetime, radius\n\n3, 4, 1.5, 6\n20,10,2,8.5\n"), GEOM)
    assert second.center.separation(GEOM.from_pix(20, 10)) < 1e-9 * u.deg
    assert (first.livetime, second.livetime) == (1.5, 2.0)
    assert np.degrees([first.vignetting.radius, second.vignetting.radius]) == pytest.approx([0.6, 0.85])


@pytest.mark.parametrize(("names", "frame"), [("ra,dec", "icrs"), ("glon [deg],glat [deg]", "galactic")])
def test_pointings_on_the_sky_with_units(table, names, frame):
    (view,) = read_views(table(f"{names},livetime [h],radius [arcmin],sigma [deg]\n10,20,0.5,30,0.3\n"), GEOM)
    assert view.center.separation(SkyCoord(10, 20, unit="deg", frame=frame)) < 1e-9 * u.deg
    assert view.livetime == 1800
    assert np.degrees(view.vignetting.radius) == pytest.approx(0.5)
    assert view.vignetting(np.radians(0.3)) == pytest.approx(np.exp(-0.5), rel=1e-4)


def test_pointings_that_see_everything_or_share_a_profile(table):
    path = table("x,y,livetime\n1,2,3\n4,5,6\n")
    assert [view.vignetting for view in read_views(path, GEOM)] == [None, None]
    profile = Vignetting.disk("1 deg")
    assert [view.vignetting for view in read_views(path, GEOM, profile)] == [profile, profile]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "0 lines; wanted a line of column names"),
        ("x,y,livetime\n", "1 lines; wanted"),
        ("a,b,livetime\n1,2,3\n", "columns a, b, livetime; wanted x, y, or ra, dec, or glon, glat"),
        ("x,y\n1,2\n", "no column 'livetime'; found x, y"),
        ("x,y,livetime\n1,2\n", "3 columns, but '1,2' has 2"),
        ("x,y,livetime\n1,2,long\n", "could not convert string to float: 'long'; wanted numbers"),
        ("x,y,livetime\n1,2,nan\n", "a number is not finite"),
        ("x,y,livetime\n1,2,3\n1,2,-3\n", "pointing 2: livetime .*wanted a positive time"),
        ("x,y,livetime,sigma\n1,2,3,4\n", "a column 'sigma' needs 'radius'"),
        ("ra,dec,livetime\n1,95,3\n", "column 'dec' goes to 95 deg; wanted -90 to 90"),
        ("x,y,livetime,radius\n1,2,3,0\n", "vignetting: offsets"),
        ("x,y(pix),livetime\n1,2,3\n", "wanted names such as livetime or 'radius"),
    ],
)
def test_tables_that_are_none(table, text, message):
    path = table(text)
    with pytest.raises(DataError, match=message) as caught:
        read_views(path, GEOM)
    assert str(caught.value).startswith(str(path))
    assert str(caught.value).count("table.csv") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y,livetime [deg]\n1,2,3\n", "column 'livetime' is in deg; wanted s"),
        ("x [deg],y,livetime\n1,2,3\n", "column 'x' is in deg; wanted pix"),
        ("x,y,livetime [fortnoght]\n1,2,3\n", "'fortnoght' is not a unit"),
    ],
)
def test_units_of_another_kind(table, text, message):
    with pytest.raises(UnitError, match=message):
        read_views(table(text), GEOM)


def test_a_radius_beside_a_profile_is_one_too_many(table):
    with pytest.raises(DataError, match="leave one away"):
        read_views(table("x,y,livetime,radius\n1,2,3,4\n"), GEOM, Vignetting.disk("1 deg"))


def test_no_text(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00x")
    with pytest.raises(DataError, match="not a text"):
        read_vignetting(tmp_path / "a.csv")


def test_a_vignetting(table):
    profile = read_vignetting(table("offset [arcmin],efficiency\n0,1\n30,0.4\n"))
    assert profile(np.radians(0.25)) == pytest.approx(0.7)
    with pytest.raises(DataError, match="table.csv: vignetting: efficiencies"):
        read_vignetting(table("offset,efficiency\n0,1\n30,-1\n"))


@pytest.mark.parametrize(("name", "angular"), [("rad", False), ("rad [arcmin]", True)])
def test_a_point_spread_function(table, name, angular):
    r = np.linspace(0, 5, 51)
    rows = "\n".join(f"{a},{b}" for a, b in zip(r, np.exp(-0.5 * r**2), strict=True))
    blur = read_blur(table(f"{name},density\n{rows}\n"))
    assert blur.angular is angular
    sigma = np.radians(1 / 60) if angular else 1.0
    assert blur.radius(1 - np.exp(-0.5)) == pytest.approx(sigma, rel=5e-3)
    with pytest.raises(DataError, match="table.csv: tabulated profile: wanted densities"):
        read_blur(table("rad,density\n0,0\n1,0\n"))
