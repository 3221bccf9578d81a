"""Absorption tables and spectra in files."""

import jax
import numpy as np
import pytest
from astropy.io import fits

from skyfold.errors import DataError, ModelError, UnitError
from skyfold.io.ebl import TABLES, read_ebl
from skyfold.io.spectra import read_isotropic, read_isotropic_source, read_template, read_xspec_template
from skyfold.model.ebl import EBLAbsorption
from skyfold.model.fields import parameter_leaves

ENERGY = np.array([0.05, 0.5, 3.0])
# Gammapy 2.1, EBLAbsorptionNormSpectralModel.read_builtin(name, redshift)(ENERGY)
GAMMAPY = {
    ("franceschini", 0.3): [0.9935536635, 0.1554695425, 0.003645065064],
    ("dominguez", 0.05): [0.9988967181, 0.7890323795, 0.441582888],
    ("dominguez", 1.1): [0.8133514191, 4.432989313e-05, 1.483743429e-13],
    ("finke", 0.3): [0.9841754471, 0.119894273, 0.001503477139],
    ("franceschini17", 0.3): [0.993732986, 0.1625029974, 0.006259569824],
    ("saldana-lopez21", 1.1): [0.7702815894, 0.0001408292821, 2.463194125e-13],
}


def write_table(path, parameter=(0.1, 0.2, 0.4), rows=((1, 0.9), (0.9, 0.5), (0.8, 0.0)), **names):
    """An XSPEC table model between 1e9 and 1e11 keV."""
    low, high = np.array([1e9, 1e10]), np.array([1e10, 1e11])
    energies = [fits.Column("ENERG_LO", "E", array=low), fits.Column("ENERG_HI", "E", array=high)]
    spectra = [
        fits.Column("PARAMVAL", f"{np.size(parameter) // 3}E", array=np.array(parameter)),
        fits.Column("INTPSPEC", "2E", array=np.array(rows)),
    ]
    hdus = [("ENERGIES", energies), ("SPECTRA", spectra)]
    tables = [fits.BinTableHDU.from_columns(columns, name=names.get(name, name)) for name, columns in hdus]
    fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(path)
    return path


@pytest.mark.parametrize(("name", "redshift"), GAMMAPY)
def test_absorption_is_that_of_gammapy(data_dir, name, redshift):
    found = read_ebl(name, redshift).dnde(ENERGY)
    np.testing.assert_allclose(np.log(found), np.log(GAMMAPY[name, redshift]), rtol=1e-5)


def test_alpha_norm_is_a_factor_on_the_optical_depth(data_dir):
    found = read_ebl("dominguez", 0.3, alpha_norm=0.7).dnde(ENERGY)
    np.testing.assert_allclose(found, [0.9894943259, 0.2603047896, 0.01724740242], rtol=1e-5)  # Gammapy 2.1


@pytest.mark.parametrize("name", TABLES)
def test_more_is_lost_from_farther_away_up_to_redshift_1(data_dir, name):
    table = read_ebl(name)
    at = jax.jit(jax.vmap(lambda z: EBLAbsorption(table.energies, table.redshifts, table.depth, z).dnde(ENERGY)))
    lost = np.array(at(np.linspace(0, 1, 500)))
    np.testing.assert_array_equal(lost[0], 1.0)
    assert np.all(np.diff(lost, axis=0) <= 0)  # beyond it some of the tables themselves rise by 1e-4


def test_absorption_is_smooth_in_redshift(tmp_path):
    table = read_ebl(write_table(tmp_path / "t.fits"))
    slope = jax.jit(
        jax.vmap(jax.grad(lambda z: EBLAbsorption(table.energies, table.redshifts, table.depth, z).tau(5.0)))
    )
    z = np.array([0.2 - 1e-9, 0.2 + 1e-9])
    np.testing.assert_allclose(*slope(z), rtol=1e-6)


def test_a_table_of_ones_own_is_read_by_its_path(tmp_path):
    found = read_ebl(write_table(tmp_path / "t.fits"), 0.2)
    np.testing.assert_allclose(found.dnde(np.sqrt([10.0, 1000.0])), [0.9, 0.5], rtol=1e-6)
    assert [leaf.name for leaf in parameter_leaves(found)] == ["redshift", "alpha_norm"]


def test_a_redshift_beyond_the_table_is_an_error(tmp_path):
    with pytest.raises(ModelError, match=r"redshift = 0\.5 is beyond .* ends at 0\.4"):
        read_ebl(write_table(tmp_path / "t.fits"), 0.5)


def test_an_unknown_table_is_an_error_that_lists_them():
    with pytest.raises(DataError, match="gilmore: neither a file nor one of the tables franceschini, dominguez"):
        read_ebl("gilmore")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"SPECTRA": "FLUX"}, "no HDU 'SPECTRA'.*found ENERGIES, FLUX"),
        ({"rows": ((1, 2), (1, 1), (1, 1))}, "values from 1 to 2.*0 to 1"),
        ({"parameter": np.ones((3, 2))}, "wanted one parameter"),
    ],
)
def test_a_file_that_is_no_table_of_transmissions_is_an_error(tmp_path, changes, message):
    with pytest.raises(DataError, match=message):
        read_ebl(write_table(tmp_path / "t.fits", **changes))


def test_a_text_table_is_read_in_the_units_that_the_caller_says(tmp_path):
    path = tmp_path / "s.txt"
    path.write_text("# GeV, dN/dE\n1000 1e-15\n100 1e-13\n10000 0\n")
    found = read_template(path, "GeV", "GeV-1 s-1 cm-2")
    np.testing.assert_allclose(found.dnde(np.array([0.1, 1.0])), [1e-10, 1e-12], rtol=1e-12)


def test_the_isotropic_background_is_the_flux_of_a_steradian(tmp_path):
    path = tmp_path / "iso.txt"
    path.write_text("100 1.7e-07 1e-9\n1000 1.0e-09 1e-11\n10000 4.6e-12 1e-13\n")
    np.testing.assert_allclose(read_isotropic(path).dnde(np.array([1e-3])), [1e-3], rtol=1e-12)


def test_the_isotropic_source_has_a_norm_and_no_psf(tmp_path):
    path = tmp_path / "iso.txt"
    path.write_text("100 1.7e-07 1e-9\n1000 1.0e-09 1e-11\n10000 4.6e-12 1e-13\n")
    source = read_isotropic_source(path, ("lat",))
    edges = np.array([1e-4, 3e-4, 1e-3])
    np.testing.assert_allclose(source.spectrum.flux(edges), read_isotropic(path).flux(edges), rtol=1e-6)
    free = [leaf.name for leaf in parameter_leaves({"iso": source}) if not leaf.spec.frozen]
    assert free == ["iso.spectrum.model2.norm"]
    assert (source.irf, source.datasets) == (("exposure", "edisp"), ("lat",))


@pytest.mark.parametrize("content", ["", "# only a comment\n", "1 2\n3\n", "energy flux\n1 2\n"])
def test_a_text_that_is_no_table_is_an_error_that_names_the_file(tmp_path, content):
    (tmp_path / "s.txt").write_text(content)
    with pytest.raises(DataError, match=r"s\.txt: not a table of 2 columns of numbers"):
        read_template(tmp_path / "s.txt", "TeV", "")


def test_units_that_are_no_spectrum_are_an_error(tmp_path):
    (tmp_path / "s.txt").write_text("1 2\n2 3\n")
    with pytest.raises(UnitError, match=r"Template\.values"):
        read_template(tmp_path / "s.txt", "TeV", "TeV-1 s-1 cm-2 sr-1")
    with pytest.raises(UnitError, match=r"Template\.energy"):
        read_template(tmp_path / "s.txt", "m", "")


def test_a_row_of_a_table_model_is_a_flux_or_a_factor(tmp_path):
    path = write_table(tmp_path / "t.fits")
    middle = np.sqrt([10.0, 1000.0])
    factor = read_xspec_template(path, 0.2, additive=False)
    flux = read_xspec_template(path, 0.2, additive=True)
    np.testing.assert_allclose(factor.dnde(middle), [0.9, 0.5], rtol=1e-6)
    np.testing.assert_allclose(flux.dnde(middle), [0.9 / 9, 0.5 / 90], rtol=1e-6)
    with pytest.raises(DataError, match=r"no row for the parameter 0\.3; from 0\.1 to 0\.4 the nearest is 0\.2"):
        read_xspec_template(path, 0.3, additive=False)
