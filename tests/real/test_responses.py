"""Responses of public files.

Origin of the numbers: Gammapy 2.1 on the same files; they must agree to 1e-3 unless a test says why not.
"""

import numpy as np
import pytest

from skyfold.geom.axis import Axis
from skyfold.io.bintable import read_tables
from skyfold.io.irf import hdu_class, read_response
from skyfold.io.rmf import read_rmf
from skyfold.num.sphere import field_lonlat, separation, tangent_frame, unit_vectors

DEG = np.pi / 180
HESS = "hess-dl3-dr1/data/hess_dl3_dr1_obs_id_023523.fits.gz"
CTA_1DC = "cta-1dc/caldb/data/cta/1dc/bcf/South_z20_50h/irf_file.fits"
CTA_PROD5 = "cta-caldb/Prod5-South-20deg-AverageAz-14MSTs37SSTs.180000s-v0.1.fits.gz"
MAGIC = "magic/rad_max/data/20131004_05029748_DL3_CrabNebula-W0.40+215.fits"
VERITAS = "veritas/crab-point-like-ED/64082.fits.gz"


@pytest.fixture(scope="module")
def responses(data_dir):
    """Kind → value, and what was noticed, of a file."""

    def read(name):
        values, findings = {}, []
        for hdu in read_tables(data_dir / name):
            kind = hdu_class(hdu.header)
            if kind is not None:
                values[kind], notes = read_response(hdu, name)
                findings += [note.what for note in notes]
        return values, findings

    return read


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        (HESS, {"aeff_2d", "edisp_2d", "psf_table", "bkg_3d"}),
        (CTA_1DC, {"aeff_2d", "edisp_2d", "psf_3gauss", "bkg_3d"}),
        (CTA_PROD5, {"aeff_2d", "edisp_2d", "psf_3gauss", "bkg_3d"}),
        (MAGIC, {"aeff_2d", "edisp_2d", "rad_max_2d"}),
        (VERITAS, {"aeff_2d", "edisp_2d"}),
    ],
)
def test_every_response_of_a_file_is_read(responses, name, kinds):
    assert set(responses(name)[0]) == kinds


def test_hess_effective_area(responses):
    area = responses(HESS)[0]["aeff_2d"]
    assert area(14.0, 0.2 * DEG) == pytest.approx(683177.5, rel=1e-6)
    assert area.values.shape == (96, 6)
    assert area.safe_range_tev == pytest.approx((0.870964, 100.0), rel=1e-6)


def test_hess_psf(responses):
    psf = responses(HESS)[0]["psf_table"]
    assert psf(1.0, 0.3 * DEG, 0.1 * DEG) == pytest.approx(25847.2495, rel=1e-3)
    # The ring sums of the file themselves give 0.12291 to 0.12293 deg, Gammapy 2.1 gives 0.12291. The published 0.12335
    # stands in Gammapy's own tests, which ask for it to 1 %.
    assert psf.containment_radius(1.0, 0.0, 0.68) / DEG == pytest.approx(0.12292, rel=2e-4)
    assert psf.containment_radius(1.0, 0.0, 0.68) / DEG == pytest.approx(0.12335, rel=4e-3)
    filled = responses(HESS)[0]["aeff_2d"].outer(psf.energy_true.center_in("TeV"), psf.offset.center_in("rad")) > 0
    np.testing.assert_allclose(psf.norms[filled & (psf.energy_true.center_in("TeV") > 0.3)[:, None]], 1.0, atol=5e-3)


def test_cta_psf(responses):
    # The file has one Gaussian of 0.03494321 deg there, so 0.052750 is exact, as it is in Gammapy 2.1. The published
    # 0.052841 stands in the tests of older versions of Gammapy, which ask for it to 1e-4 degrees.
    psf = responses(CTA_1DC)[0]["psf_3gauss"]
    radius = psf.containment_radius(1.0, 2.0 * DEG, 0.68) / DEG
    assert radius == pytest.approx(0.03494321 * np.sqrt(-2 * np.log(0.32)), rel=1e-6)
    assert radius == pytest.approx(0.052841, rel=2e-3)
    density = responses(CTA_PROD5)[0]["psf_3gauss"](1.0, 3.5 * DEG, 0.03 * DEG)
    assert density * DEG**2 == pytest.approx(78.25826, rel=1e-6)


def test_cta_effective_area_on_a_small_map(responses):
    area = responses(CTA_1DC)[0]["aeff_2d"]
    lon, lat = np.array([3.0, 1.0, -1.0, -3.0]) * DEG, np.array([-2.0, 0.0, 2.0])[:, None] * DEG
    energy = Axis("energy_true", [0.1, 1.0, 10.0], "TeV", "log").center_in("TeV")
    table = area.outer(energy, separation(2.0 * DEG, 1.0 * DEG, lon, lat))
    np.testing.assert_allclose(table[:, 1, 1], [373700.926, 2477509.596], rtol=1e-6)
    assert 42 * table.sum() == pytest.approx(8.103974e8, rel=1e-5)


def test_cta_background_is_integrated(responses):
    """Σ background of 42 s on 4 × 3 pixels; the number was made with ten steps to a bin, so this is the exact form."""
    background = responses(CTA_1DC)[0]["bkg_3d"]
    ra, dec = 267.68121338 * DEG, -29.6075 * DEG
    lon, lat = ra + np.array([3.0, 1.0, -1.0, -3.0]) * DEG, dec + np.array([-2.0, 0.0, 2.0])[:, None] * DEG
    directions = unit_vectors(*np.broadcast_arrays(lon, lat))
    bins = Axis("energy", [0.1, 1.0, 10.0], "TeV", "log")
    rate = background.integral(bins, *field_lonlat(directions, tangent_frame(ra, dec)), exact=True)
    solid_angle = 2 * DEG * (np.sin(lat + DEG) - np.sin(lat - DEG))
    assert 42 * (rate * solid_angle).sum() == pytest.approx(1051.9603, rel=1e-3)


def test_conventions_of_energy_dispersion(responses):
    assert not any("MATRIX holds" in what for what in responses(HESS)[1])
    assert any("MATRIX holds rows of arbitrary sum" in what for what in responses(CTA_1DC)[1])
    assert any("MATRIX holds probabilities per bin" in what for what in responses(CTA_PROD5)[1])


@pytest.mark.parametrize("name", [HESS, CTA_1DC, CTA_PROD5, MAGIC, VERITAS])
def test_migration_rows_sum_to_one_where_all_is_seen(responses, name):
    values = responses(name)[0]
    area, edisp = values["aeff_2d"], values["edisp_2d"]
    true = Axis.energy("0.5 TeV", "20 TeV", per_decade=10, true=True)
    matrix = edisp.migration(true, Axis.energy("0.001 TeV", "1000 TeV", 60), np.array([0.4 * DEG]))[0]
    assert np.all(area(true.center_in("TeV"), 0.4 * DEG) > 0)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=1e-9)


def test_rad_max_of_a_table(responses):
    radius = responses(MAGIC)[0]["rad_max_2d"]
    np.testing.assert_allclose(
        radius([0.15, 0.3, 0.5], 0.4 * DEG) / DEG, [0.16111276, 0.14142135, 0.10021333], rtol=1e-6
    )


def test_energy_of_ten_per_cent_bias(data_dir):
    matrix = read_rmf(data_dir / "joint-crab" / "spectra" / "hess" / "rmf_obs23523.fits")
    assert matrix.bias_energy(0.1) == pytest.approx(0.9174, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "shape"),
    [("fermi/rmf_obs0", 36), ("magic/rmf_obs5029747", 80), ("fact/rmf_stacked", 80), ("veritas/rmf_obs54809", 80)],
)
def test_rmf_files_of_four_instruments(data_dir, name, shape):
    matrix = read_rmf(data_dir / "joint-crab" / "spectra" / f"{name}.fits").matrix
    assert matrix.shape == (shape, shape)
    assert 0.99 < matrix.sum(axis=1).max() < 1 + 1e-6
