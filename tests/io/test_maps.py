import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits

from skyfold.errors import DataError, MissingHDU, UnitError
from skyfold.geom.axis import Axis, LabelAxis, TimeAxis
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.io.fits import open_fits, write_hdus
from skyfold.io.maps import map_from_hdus, map_to_hdus, read_map, read_mask, write_map
from skyfold.maps.map import Map

CENTER = SkyCoord(83.63, 22.01, unit="deg")
IMAGE = WcsGeom.create(CENTER, pixel="0.1 deg", npix=(4, 3))
ENERGY = Axis.energy("1 TeV", "10 TeV", 3)
TRUE = Axis.energy("0.5 TeV", "20 TeV", 2, true=True)
AXES = {
    "none": (),
    "energy": (ENERGY,),
    "psf": (TRUE, Axis("rad", [0, 0.1, 0.2, 0.5], "deg")),
    "kernel": (TRUE, ENERGY),
    "nodes": (Axis("energy_true", [1, 3, 10], "GeV", "log", "nodes"),),
    "one node": (Axis("norm", [2.0], kind="nodes"), ENERGY),
    "sqrt": (Axis("offset", [0, 1, 4], "deg", "sqrt"),),
    "labels": (LabelAxis("dataset", ("a", "bcd")), ENERGY),
    "times": (TimeAxis([6.3e8, 6.30001e8], [6.30001e8, 6.30002e8]), ENERGY),
    "one bin": (ENERGY.squashed(), TRUE),
}


def numbered(geom, unit="", dtype=float) -> Map:
    data = np.arange(int(np.prod(geom.shape))).reshape(geom.shape)
    return Map(geom, data % 3 == 1 if dtype is bool else data.astype(dtype), unit)


def assert_same(found: Map, expected: Map) -> None:
    assert found.geom == expected.geom
    assert found.unit == expected.unit
    assert found.data.dtype == expected.data.dtype
    np.testing.assert_array_equal(found.data, expected.data)


@pytest.mark.parametrize("axes", AXES.values(), ids=AXES)
@pytest.mark.parametrize("region", [False, True], ids=["sky", "region"])
def test_maps_come_back_with_their_axes(tmp_path, axes, region):
    geom = RegionGeom("icrs;circle(83.63, 22.01, 0.1)", axes) if region else IMAGE.with_axes(*axes)
    map_ = numbered(geom, "cm-2 s-1")
    write_map(tmp_path / "a.fits.gz", map_)
    assert_same(read_map(tmp_path / "a.fits.gz"), map_)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.int32, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("region", [False, True], ids=["sky", "region"])
def test_maps_come_back_with_their_numbers(tmp_path, dtype, region):
    geom = RegionGeom.point(CENTER, (ENERGY,)) if region else IMAGE.with_axes(ENERGY)
    map_ = numbered(geom, dtype=dtype)
    write_map(tmp_path / "a.fits", map_)
    assert_same(read_map(tmp_path / "a.fits"), map_)


@pytest.mark.parametrize("unit", ["", "m2 s", "TeV-1 s-1 cm-2 sr-1", "sr-1", "1e4 s", "erg / (cm2 s)"])
def test_maps_come_back_with_their_unit(tmp_path, unit):
    map_ = numbered(IMAGE, unit)
    write_map(tmp_path / "a.fits", map_)
    assert read_map(tmp_path / "a.fits").unit == u.Unit(unit)


@pytest.mark.parametrize("proj", ["TAN", "CAR", "AIT", "SIN"])
@pytest.mark.parametrize("frame", ["icrs", "galactic", "fk5"])
def test_maps_come_back_where_they_were(tmp_path, proj, frame):
    geom = WcsGeom.create(
        SkyCoord(266, -29, unit="deg"), pixel=("0.1 deg", "0.2 deg"), npix=(3, 5), proj=proj, frame=frame
    )
    write_map(tmp_path / "a.fits", numbered(geom))
    assert read_map(tmp_path / "a.fits").geom == geom


@pytest.mark.parametrize("region", [None, "galactic;box(184, -6, 1, 2, 30)", "icrs;annulus(83, 22, 0.1, 0.3)"])
def test_any_region_or_none(tmp_path, region):
    map_ = numbered(RegionGeom(region, (ENERGY,)))
    write_map(tmp_path / "a.fits", map_)
    assert_same(read_map(tmp_path / "a.fits"), map_)


def test_missing_values_stay_missing(tmp_path):
    map_ = numbered(IMAGE)
    map_ = map_.with_data(np.where(map_.data == 3, np.nan, map_.data))
    write_map(tmp_path / "a.fits", map_)
    assert np.isnan(read_map(tmp_path / "a.fits").data).sum() == 1


def test_several_maps_share_a_file(tmp_path):
    counts, spectrum = numbered(IMAGE.with_axes(ENERGY)), numbered(RegionGeom.point(CENTER, (TRUE,)), "s")
    hdus = [fits.PrimaryHDU(), *map_to_hdus(counts, "counts"), *map_to_hdus(spectrum, "exposure")]
    write_hdus(hdus, tmp_path / "a.fits")
    names = ["PRIMARY", "COUNTS", "COUNTS_BANDS", "EXPOSURE", "EXPOSURE_BANDS", "EXPOSURE_REGION"]
    found = open_fits(tmp_path / "a.fits")
    assert [hdu.name for hdu in found] == names
    assert_same(map_from_hdus(found, "EXPOSURE"), spectrum)
    assert_same(read_map(tmp_path / "a.fits", "counts"), counts)
    assert_same(read_map(tmp_path / "a.fits"), counts)
    with pytest.raises(MissingHDU, match="a.fits: no HDU 'PSF'; this file has PRIMARY, COUNTS, COUNTS_BANDS"):
        read_map(tmp_path / "a.fits", "PSF")


def test_the_header_is_that_of_the_gadf_map_format(tmp_path):
    write_map(tmp_path / "a.fits", numbered(IMAGE.with_axes(TRUE, ENERGY), "m2 s", bool))
    image, bands = open_fits(tmp_path / "a.fits")
    keys = {"AXCOLS1": "E_MIN,E_MAX", "INTERP1": "log", "AXCOLS2": "ENERGY_TRUE_MIN,ENERGY_TRUE_MAX", "INTERP2": "log"}
    assert {key: image.header[key] for key in keys} == keys
    assert {key: bands.header[key] for key in keys} == keys
    assert (image.header["BANDSHDU"], image.header["WCSSHAPE"]) == ("PRIMARY_BANDS", "(4,3,3,2)")
    assert image.header["BITPIX"] == 8
    assert bands.columns.names[:4] == ["CHANNEL", "ENERGY", "E_MIN", "E_MAX"]
    assert bands.data["E_MIN"][:4].tolist() == [*ENERGY.edges_in("TeV")[:3], 1.0]
    assert bands.data["ENERGY_TRUE_MIN"][:4].tolist() == [0.5] * 3 + [TRUE.edges_in("TeV")[1]]


def image_hdu(data, **keywords) -> fits.PrimaryHDU:
    hdu = fits.PrimaryHDU(data)
    hdu.header.update(IMAGE.wcs.to_header())
    hdu.header.update(keywords)
    return hdu


def test_a_plain_image_has_no_axes_and_perhaps_no_unit(tmp_path):
    write_hdus([image_hdu(np.ones((3, 4), dtype=np.float32))], tmp_path / "a.fits")
    found = read_map(tmp_path / "a.fits")
    assert found.geom == IMAGE
    assert (found.unit, found.data.dtype) == (u.one, np.float32)
    assert read_map(tmp_path / "a.fits", unit="cm2 s").unit == u.Unit("cm2 s")


def test_a_fermi_cube_takes_its_energies_from_its_table(tmp_path):
    edges = np.array([1e7, 2e7, 4e7])
    columns = [fits.Column(n, "E", unit="keV", array=a) for n, a in (("E_MIN", edges[:-1]), ("E_MAX", edges[1:]))]
    cube = image_hdu(np.ones((2, 3, 4)), CTYPE3="Energy", CRVAL3=1e4, CDELT3=5e3, CRPIX3=1.0, CUNIT3="MeV")
    write_hdus([cube, fits.BinTableHDU.from_columns(columns, name="EBOUNDS")], tmp_path / "a.fits")
    assert read_map(tmp_path / "a.fits").geom == IMAGE.with_axes(Axis("energy", [10, 20, 40], "GeV", "log"))
    energies = fits.BinTableHDU.from_columns([fits.Column("Energy", "D", array=[1e4, 2e4])], name="ENERGIES")
    write_hdus([cube, energies], tmp_path / "b.fits")
    expected = Axis("energy_true", [10, 20], "GeV", "log", "nodes")
    assert read_map(tmp_path / "b.fits").geom == IMAGE.with_axes(expected)


def test_a_cube_without_tables_takes_its_axis_from_its_header(tmp_path):
    cube = image_hdu(np.ones((3, 3, 4)), CTYPE3="FREQ", CRVAL3=1e9, CDELT3=1e8, CRPIX3=2.0, CUNIT3="Hz")
    write_hdus([cube], tmp_path / "a.fits")
    (axis,) = read_map(tmp_path / "a.fits").geom.axes
    assert axis == Axis("freq", [0.9, 1.0, 1.1], "GHz", kind="nodes")


def test_a_sparse_map_is_filled_up(tmp_path):
    map_ = numbered(IMAGE.with_axes(ENERGY), "s")
    image, bands = map_to_hdus(map_)
    channel, pixel = np.divmod(np.flatnonzero(map_.data), 12)
    columns = [
        fits.Column("PIX", "J", array=pixel),
        fits.Column("CHANNEL", "I", array=channel),
        fits.Column("VALUE", "D", array=map_.data.ravel()[map_.data.ravel() != 0]),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="SKYMAP")
    for key in list(image.header)[list(image.header).index("WCSAXES") :]:
        table.header[key] = image.header[key]
    write_hdus([fits.PrimaryHDU(), table, bands], tmp_path / "a.fits")
    assert_same(read_map(tmp_path / "a.fits"), map_)


def test_masks_from_numbers(tmp_path):
    write_hdus([image_hdu(np.array([[0, 1, 2, np.nan]] * 3), BUNIT="Primary Array")], tmp_path / "a.fits")
    assert read_mask(tmp_path / "a.fits").data[0].tolist() == [False, True, True, False]


def test_units_that_are_none_are_named_or_known(tmp_path):
    write_hdus([image_hdu(np.ones((3, 4)), BUNIT="Primary Array")], tmp_path / "a.fits")
    assert read_map(tmp_path / "a.fits").unit == u.one  # what XMM-Newton's pipeline writes
    write_hdus([image_hdu(np.ones((3, 4)), BUNIT="bananas")], tmp_path / "b.fits")
    with pytest.raises(UnitError, match="b.fits: HDU 'PRIMARY': BUNIT 'bananas' is not a unit; give the right one"):
        read_map(tmp_path / "b.fits")
    assert read_map(tmp_path / "b.fits", unit="s").unit == u.s


def test_what_is_no_map_says_why(tmp_path):
    path = tmp_path / "a.fits"
    write_hdus([fits.PrimaryHDU(), fits.BinTableHDU.from_columns([fits.Column("X", "D", array=[1.0])], name="T")], path)
    with pytest.raises(DataError, match="a.fits: no map in it; its HDUs are PRIMARY, T"):
        read_map(path)
    with pytest.raises(DataError, match="a.fits: HDU 'T': a table of columns X, which is no map"):
        read_map(path, "T")
    with pytest.raises(DataError, match="a.fits: HDU 'PRIMARY': no image; it has 0 dimensions"):
        read_map(path, "PRIMARY")
    write_hdus([fits.PrimaryHDU(np.ones((3, 4)))], path, overwrite=True)
    with pytest.raises(DataError, match="a.fits: HDU 'PRIMARY': coordinates none, none; wanted right ascension"):
        read_map(path)
    table = fits.BinTableHDU.from_columns([fits.Column("SIGNAL", "D", array=np.ones(12))], name="HPX")
    table.header["PIXTYPE"] = "HEALPIX"
    write_hdus([fits.PrimaryHDU(), table], path, overwrite=True)
    with pytest.raises(DataError, match="a.fits: HDU 'HPX': a HEALPix map; only maps in FITS projections"):
        read_map(path)


def test_axes_that_do_not_fit_say_why(tmp_path):
    image, bands = map_to_hdus(numbered(IMAGE.with_axes(ENERGY)))
    bands.data["E_MIN"][1] = 5
    write_hdus([image, bands], tmp_path / "a.fits")
    with pytest.raises(DataError, match="a.fits: HDU 'PRIMARY', table 'PRIMARY_BANDS': bins leave gaps or overlap"):
        read_map(tmp_path / "a.fits")
    image, bands = map_to_hdus(numbered(IMAGE.with_axes(ENERGY)))
    bands.header["AXCOLS1"] = image.header["AXCOLS1"] = "FOO_MIN,FOO_MAX"
    write_hdus([image, bands], tmp_path / "b.fits")
    with pytest.raises(DataError, match="table 'PRIMARY_BANDS': no column 'FOO_MIN'; it has CHANNEL, ENERGY, E_MIN"):
        read_map(tmp_path / "b.fits")
    image, _ = map_to_hdus(numbered(IMAGE.with_axes(ENERGY)))
    _, bands = map_to_hdus(numbered(IMAGE.with_axes(Axis.energy("1 TeV", "10 TeV", 2))))
    write_hdus([image, bands], tmp_path / "c.fits")
    with pytest.raises(DataError, match="c.fits: HDU 'PRIMARY': data has shape"):
        read_map(tmp_path / "c.fits")


def test_what_cannot_be_written_says_why(tmp_path):
    with pytest.raises(DataError, match="a map of complex128 cannot be written to FITS"):
        write_map(tmp_path / "a.fits", numbered(IMAGE, dtype=complex))
    with pytest.raises(DataError, match="a map of complex128 cannot be written to FITS"):
        write_map(tmp_path / "a.fits", numbered(RegionGeom.point(CENTER), dtype=complex))
    write_map(tmp_path / "a.fits", numbered(IMAGE))
    with pytest.raises(DataError, match="a.fits: exists already"):
        write_map(tmp_path / "a.fits", numbered(IMAGE))
