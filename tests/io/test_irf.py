"""Responses in FITS tables: written by hand as producers spell them, and by our own writer."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skyfold.errors import DataError, UnitError
from skyfold.events.finding import Severity
from skyfold.geom.axis import Axis
from skyfold.io.bintable import read_tables
from skyfold.io.fits import write_hdus
from skyfold.io.irf import completed, hdu_class, read_response
from skyfold.io.irf_write import response_to_hdu
from skyfold.irf.background import Background2D, Background3D
from skyfold.irf.effective_area import EffectiveArea
from skyfold.irf.energy_dispersion import EnergyDispersion
from skyfold.irf.psf import PsfTable
from skyfold.irf.psf_shapes import PsfKing, PsfMultiGauss
from skyfold.irf.rad_max import RadMax
from skyfold.irf.responses import Responses

TRUE = Axis.energy("0.1 TeV", "100 TeV", 4, true=True)
ENERGY = Axis.energy("0.1 TeV", "100 TeV", 4)
OFFSET = Axis("offset", [0.0, 1.0, 2.0, 3.0], "deg")
NODES = Axis("offset", [0.0, 1.0, 2.5], "deg", kind="nodes")
LON, LAT = Axis.even("fov_lon", -3, 3, 6, unit="deg"), Axis.even("fov_lat", -2, 2, 5, unit="deg")

RNG = np.random.default_rng(5)
SHAPE = RNG.uniform(1, 2, (4, 3))


def bins(stem, edges, unit="deg", *, nodes=False):
    """A pair of columns LO and HI."""
    edges = np.asarray(edges, dtype="f4")
    lo, hi = (edges, edges) if nodes else (edges[:-1], edges[1:])
    return [fits.Column(f"{stem}_{end}", f"{x.size}E", unit, array=x[None]) for end, x in (("LO", lo), ("HI", hi))]


def column(name, values, unit=""):
    """An array column; `values` in numpy's order."""
    values = np.asarray(values, dtype="f4")
    dim = f"({','.join(str(n) for n in values.shape[::-1])})"
    return fits.Column(name, f"{values.size}E", unit, dim=dim, array=values[None])


def hdu(*columns, name="IRF", **header):
    table = fits.BinTableHDU.from_columns(
        [c for part in columns for c in (part if isinstance(part, list) else [part])], name=name
    )
    table.header.update(header)
    return table


TEV = bins("ENERG", TRUE.values, "TeV")
THETA = bins("THETA", OFFSET.values)
AEFF = {"HDUCLAS2": "EFF_AREA", "HDUCLAS4": "AEFF_2D"}


def effective_area_hdu(values=SHAPE.T, unit="m2", **header):
    return hdu(TEV, THETA, column("EFFAREA", values, unit), name="AEFF", **{**AEFF, **header})


def whats(findings):
    return [finding.what for finding in findings]


# What a header names


@pytest.mark.parametrize(
    ("class2", "class4", "wanted"),
    [
        ("EFF_AREA", "AEFF_2D", "aeff_2d"),
        ("EFF_AREA", "2D", "aeff_2d"),
        ("EDISP", "2D", "edisp_2d"),
        ("RPSF", "3GAUSS", "psf_3gauss"),
        ("PSF", "PSF_TABLE", "psf_table"),
        ("BKG", "3D", "bkg_3d"),
        ("EVENTS", "", None),
    ],
)
def test_class_of_a_header(class2, class4, wanted):
    assert hdu_class({"HDUCLAS2": class2, "HDUCLAS4": class4}) == wanted


def test_the_index_decides_over_the_header():
    value, _ = read_response(effective_area_hdu(HDUCLAS4="NONSENSE"), "a.fits", "aeff_2d")
    assert isinstance(value, EffectiveArea)


def test_an_unknown_class_is_named():
    with pytest.raises(DataError, match=r"a\.fits: HDU 'AEFF': class 'NONSENSE' is no response.*aeff_2d, bkg_2d"):
        read_response(effective_area_hdu(HDUCLAS4="NONSENSE"), "a.fits")


# As producers spell them


def test_effective_area_in_other_units_and_thresholds():
    table = effective_area_hdu(unit="cm**2", LO_THRES=0.3, HDUCLAS3="POINT-LIKE")
    value, findings = read_response(table, "a.fits")
    np.testing.assert_allclose(value.values, SHAPE * 1e-4, rtol=1e-6)
    assert value.point_like
    assert value.safe_range_tev == (0.3, np.inf)
    assert findings == []


def test_equal_columns_are_nodes():
    table = hdu(TEV, bins("THETA", NODES.values, nodes=True), column("EFFAREA", SHAPE.T, "m2"), **AEFF)
    value, findings = read_response(table, "a.fits")
    assert value.offset == NODES
    assert whats(findings) == ["THETA_LO equals THETA_HI"]


def test_one_offset_written_as_a_number():
    theta = [fits.Column(f"THETA_{end}", "E", "deg", array=[x]) for end, x in (("LO", 0.39), ("HI", 0.41))]
    value, findings = read_response(hdu(TEV, theta, column("EFFAREA", SHAPE[:, :1].T, "m2"), **AEFF), "a.fits")
    assert value.offset.nbin == 1
    assert whats(findings) == ["one offset, 0.39 to 0.41 deg"]
    assert findings[0].file == "a.fits"


@pytest.mark.parametrize(("convention", "severity"), [("density", None), ("probabilities per bin", Severity.WARNING)])
def test_energy_dispersion_and_its_convention(convention, severity):
    migra = np.linspace(0, 3, 31)
    raw = np.exp(-0.5 * ((migra[:-1] + 0.05 - 1) / 0.2) ** 2)
    raw /= raw.sum() * (0.1 if convention == "density" else 1.0)
    matrix = np.broadcast_to(raw[None, :, None], (3, 30, 4))
    table = hdu(bins("ETRUE", TRUE.values, "TeV"), bins("MIGRA", migra, None), THETA, column("MATRIX", matrix))
    value, findings = read_response(table, "a.fits", "edisp_2d")
    np.testing.assert_allclose(value.values.sum(axis=1) * 0.1, 1.0)
    assert whats(findings)[0] == "the energy columns are called ETRUE_*"
    assert [f.severity for f in findings[1:]] == ([] if severity is None else [severity])
    assert all(convention in what for what in whats(findings[1:]))


def test_psf_gauss_with_odd_units_and_absent_components():
    sigma = np.full((3, 4), 0.05)
    table = hdu(
        TEV, THETA, column("SCALE", np.ones((3, 4)), "sr^(-1)"), column("SIGMA_1", sigma, "deg"),
        *(column(f"{name}_{i}", 0 * sigma, unit) for i in (2, 3) for name, unit in (("AMPL", ""), ("SIGMA", "deg"))),
        HDUCLAS2="RPSF", HDUCLAS4="3GAUSS",
    )  # fmt: skip
    value, findings = read_response(table, "a.fits")
    assert np.degrees(value.containment_radius(1.0, 0.01, 0.68)) == pytest.approx(0.05 * np.sqrt(-2 * np.log(0.32)))
    assert findings == []


def rates(shape):
    return np.arange(1.0, 1 + np.prod(shape)).reshape(shape)


def test_background_in_the_order_of_the_format():
    values = rates((4, 6, 5))
    det = bins("DETX", LON.values), bins("DETY", LAT.values)
    table = hdu(TEV, *det, column("BKG", values.T, "s^-1 MeV^-1 sr^-1"), FOVALIGN="ALTAZ")
    value, findings = read_response(table, "a.fits", "bkg_3d")
    np.testing.assert_allclose(value.values, values * 1e6)
    assert value.alignment == "ALTAZ"
    assert findings == []


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1)])
def test_background_with_energy_first_and_its_axes_told_by_size(order):
    values = rates((4, 6, 5))
    det = bins("DETX", LON.values), bins("DETY", LAT.values)
    table = hdu(*det, TEV, column("BGD", values.transpose(order), "1/s/MeV/sr"))
    value, findings = read_response(table, "a.fits", "bkg_3d")
    np.testing.assert_allclose(value.values, values * 1e6)
    assert value.alignment == "RADEC"
    assert len(findings) == 3  # BGD, order, no FOVALIGN
    assert {finding.severity for finding in findings} == {Severity.INFO}


def test_background_whose_shape_fits_no_order():
    table = hdu(
        TEV, bins("DETX", LON.values), bins("DETY", LAT.values), column("BKG", rates((3, 6, 5)), "s-1 MeV-1 sr-1")
    )
    with pytest.raises(DataError, match=r"column BKG has shape \(3, 6, 5\); wanted .* \(5, 6, 4\)"):
        read_response(table, "a.fits", "bkg_3d")


def test_empty_energy_planes_are_noted():
    table = hdu(TEV, THETA, column("BKG", np.where(np.arange(4) < 1, 0, SHAPE.T), "s-1 MeV-1 sr-1"), FOVALIGN="RADEC")
    value, findings = read_response(table, "a.fits", "bkg_2d")
    assert whats(findings) == ["1 of 4 energy planes are 0"]
    assert np.all(value.values[0] == 0)


def test_a_missing_unit_is_taken_as_usual_and_noted():
    table = hdu(TEV, bins("THETA", OFFSET.values), column("RAD_MAX", SHAPE.T, None), HDUCLAS4="RAD_MAX_2D")
    value, findings = read_response(table, "a.fits")
    np.testing.assert_allclose(value.values, np.radians(SHAPE), rtol=1e-6)
    assert [(f.what, f.severity, f.repair) for f in findings] == [
        ("column RAD_MAX has no unit", Severity.WARNING, "taken as deg")
    ]


# Other keywords


def test_rad_max_of_a_keyword_and_reversed_backgrounds():
    aeff = EffectiveArea(TRUE, OFFSET, SHAPE, point_like=True, meta={"RAD_MAX": 0.1})
    bkg = Background3D(ENERGY, LON, LAT, rates((4, 6, 5)))
    header = {"CREATOR": "SASH FITS::EventListWriter", "HDUVERS": "0.2"}
    responses, findings = completed(Responses(aeff=aeff, bkg=bkg), header, "a.fits")
    assert np.degrees(responses.rad_max(1.0, 0.0)) == pytest.approx(0.1)
    assert responses.bkg.alignment == "REVERSE_LON_RADEC"
    assert [f.severity for f in findings] == [Severity.INFO, Severity.WARNING]
    assert completed(Responses(bkg=bkg), {"CREATOR": "other"}, "a.fits")[1] == []


# What cannot be read


def test_missing_column():
    table = hdu(TEV, THETA, column("AREA", SHAPE.T, "m2"), name="AEFF", **AEFF)
    with pytest.raises(DataError, match=r"a\.fits: HDU 'AEFF': no column 'EFFAREA'.*it has ENERG_LO.*AREA"):
        read_response(table, "a.fits")


def test_nan():
    values = SHAPE.T.copy()
    values[2, 1] = np.nan
    with pytest.raises(
        DataError, match=r"a\.fits: HDU 'AEFF': effective area: 1 values are not finite.*energy_true bin 1"
    ):
        read_response(effective_area_hdu(values), "a.fits")


@pytest.mark.parametrize(
    ("unit", "message"), [("m3", "unit 'm3' cannot be converted to m2"), ("florps", "'florps' is not a")]
)
def test_wrong_unit(unit, message):
    with pytest.raises(UnitError, match=rf"a\.fits: HDU 'AEFF': column 'EFFAREA': {message}"):
        read_response(effective_area_hdu(unit=unit), "a.fits")


def test_wrong_shape():
    with pytest.raises(DataError, match=r"'EFFAREA' has shape \(3, 3\); wanted offset \(3\) x energy_true \(4\)"):
        read_response(effective_area_hdu(SHAPE.T[:, :3]), "a.fits")


def test_axis_that_does_not_rise():
    energy = bins("ENERG", TRUE.values[::-1], "TeV")
    with pytest.raises(DataError, match=r"columns ENERG_LO, ENERG_HI: axis 'energy_true'.* must be a rising"):
        read_response(hdu(energy, THETA, column("EFFAREA", SHAPE.T, "m2"), **AEFF), "a.fits")


def test_axis_with_a_gap():
    lo, hi = TRUE.values[:-1], TRUE.values[1:] * [1.0, 0.8, 1.0, 1.0]
    energy = [fits.Column(f"ENERG_{end}", "4E", "TeV", array=x[None]) for end, x in (("LO", lo), ("HI", hi))]
    with pytest.raises(DataError, match=r"columns ENERG_LO, ENERG_HI: bins are not adjacent"):
        read_response(hdu(energy, THETA, column("EFFAREA", SHAPE.T, "m2"), **AEFF), "a.fits")


def test_more_than_one_row():
    table = fits.BinTableHDU(np.repeat(effective_area_hdu().data, 2), name="AEFF")
    with pytest.raises(DataError, match="2 rows; a response has all its values in one"):
        read_response(table, "a.fits", "aeff_2d")


# Written and read again

positive = arrays(float, (4, 3), elements=st.floats(1e-3, 1e6))


def back(value, tmp_path: Path):
    """Through a file, read by astropy and by our own reader of tables."""
    path = tmp_path / "response.fits"
    write_hdus([fits.PrimaryHDU(), response_to_hdu(value)], path, overwrite=True)
    with fits.open(path) as hdus:
        first, findings = read_response(hdus[1], path)
    second, _ = read_response(read_tables(path)[0], path)
    assert findings == []
    assert type(first) is type(second) is type(value)
    return first, second


@settings(max_examples=10, deadline=None)
@given(values=positive)
def test_every_class_reads_back_the_same(tmp_path_factory, values):
    tmp_path = tmp_path_factory.mktemp("responses")
    migra = Axis.even("migra", 0.0, 3.0, 5)
    rad = Axis.even("rad", 0.0, 0.5, 5, unit="deg")
    deep = values[:, None, :] * np.arange(1.0, 6.0)[:, None]
    edisp, _ = EnergyDispersion.normalised(deep, TRUE, migra, OFFSET)
    responses = [
        EffectiveArea(TRUE, OFFSET, values, True, {"LO_THRES": 0.2, "HDUCLAS3": "POINT-LIKE"}),
        edisp,
        PsfTable(TRUE, OFFSET, rad, deep.swapaxes(1, 2)),
        PsfKing(TRUE, OFFSET, 1 + values, 1e-9 * values),
        PsfMultiGauss(TRUE, OFFSET, np.stack([1e-6 * values, 2e-6 * values]), np.stack([values**0, 0.3 * values**0])),
        Background2D(ENERGY, OFFSET, values, alignment="ALTAZ"),
        Background3D(ENERGY, LON, LAT, np.multiply.outer(values[:, 0], rates((6, 5))), "RADEC"),
        RadMax(ENERGY, OFFSET, values * 1e-9),
    ]
    for value in responses:
        for got in back(value, tmp_path):
            for name in ("values", "gamma", "sigma", "amplitude"):
                if hasattr(value, name):
                    found = getattr(got, name)[: len(getattr(value, name))]  # three Gaussians are written for two
                    np.testing.assert_allclose(found, getattr(value, name), rtol=1e-12)
            for name in ("energy_true", "energy", "offset", "migra", "rad", "fov_lon", "alignment", "point_like"):
                assert getattr(got, name, None) == getattr(value, name, None)


def test_nodes_and_thresholds_read_back(tmp_path):
    value = EffectiveArea(TRUE, NODES, SHAPE, meta={"LO_THRES": 0.2, "HI_THRES": 50.0})
    path = tmp_path / "a.fits"
    write_hdus([fits.PrimaryHDU(), response_to_hdu(value, "AREA")], path)
    got, findings = read_response(read_tables(path)[0], path)
    assert got.offset == NODES
    assert got.safe_range_tev == (0.2, 50.0)
    assert whats(findings) == ["THETA_LO equals THETA_HI"]


def test_reversed_longitude_is_written_turned_over(tmp_path):
    value = Background3D(ENERGY, LON, LAT, rates((4, 6, 5)), "REVERSE_LON_RADEC")
    for got in back(value.unreversed(), tmp_path):
        assert got.alignment == "RADEC"
        np.testing.assert_allclose(got.rate(1.0, 0.02, 0.01), value.rate(1.0, -0.02, 0.01))
    hdu_ = response_to_hdu(value)
    assert hdu_.header["FOVALIGN"] == "RADEC"


def test_what_cannot_be_written():
    four = np.ones((4, 4, 3))
    with pytest.raises(DataError, match="4 Gaussians cannot be written"):
        response_to_hdu(PsfMultiGauss(TRUE, OFFSET, four, four))
    with pytest.raises(DataError, match="str is no response"):
        response_to_hdu("aeff")
