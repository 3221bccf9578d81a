from dataclasses import replace

import numpy as np
import pytest

from skyfold.dataset.fake import fake
from skyfold.dataset.predict import npred
from skyfold.errors import ModelError, ShapeError
from skyfold.estimate.residuals import residuals
from skyfold.fit.fit import fit
from skyfold.fit.parameters import Parameters
from skyfold.fit.spectra import spectrum_covariance
from skyfold.maps.map import Map
from skyfold.plot.figure import rendered
from skyfold.plot.fit import plot_correlation, plot_fitted_counts, plot_spectrum
from skyfold.stat.poisson import cstat
from tests.fit.toys import cube, on_off, point_sky, spectrum_sky


@pytest.fixture(scope="module")
def data():
    """Counts of a spectrum, of which the lowest two bins are not fitted."""
    dataset = fake(on_off(), spectrum_sky(), seed=2)
    wanted = np.arange(dataset.energy.nbin) >= 2
    return replace(dataset, mask_fit=Map(dataset.geom, wanted[:, None, None]))


@pytest.fixture(scope="module")
def result(data):
    return fit(data, spectrum_sky())


def test_a_spectrum_has_its_band(result):
    (ax,) = plot_spectrum(result, "source", ("1 TeV", "10 TeV")).axes
    energy, sed = ax.lines[0].get_data()
    spectrum = result.sky["source"].spectrum
    assert sed[0] == pytest.approx(float(spectrum.amplitude) * 1.602176634)  # erg, at 1 TeV
    band = ax.collections[0].get_paths()[0].vertices
    at_pivot = band[np.isclose(band[:, 0], energy[0])][:, 1]
    error = result.error("source.spectrum.amplitude") / result.sky["source"].spectrum.amplitude
    assert np.log(at_pivot.max() / sed[0]) == pytest.approx(error, rel=1e-3)
    assert ax.get_legend().get_title().get_text() == "fit from 1 to 10 TeV"
    assert rendered(ax.figure, dpi=50).startswith(b"\x89PNG")


def test_counts_and_residuals_of_a_spectrum(data, result):
    parts = npred(data, result.sky)
    figure = plot_fitted_counts(data, parts)
    upper, lower = figure.axes
    labels = {text.get_text() for text in upper.get_legend().get_texts()}
    assert labels == {"counts", "all expected", "source", "background"}
    drawn = lower.lines[1].get_ydata()
    np.testing.assert_allclose(drawn, residuals(data, parts).data.ravel()[2:])
    assert rendered(figure, dpi=50).startswith(b"\x89PNG")


def test_counts_of_a_cube_are_summed_over_the_sky():
    sky = point_sky()
    dataset = fake(cube(background=0.5), sky, seed=1)
    safe, wanted = np.ones(dataset.geom.shape, bool), np.ones(dataset.geom.shape, bool)
    safe[:, :3], wanted[0] = False, False
    dataset = replace(dataset, mask_safe=Map(dataset.geom, safe), mask_fit=Map(dataset.geom, wanted))
    parts = npred(dataset, sky)
    upper, lower = plot_fitted_counts(dataset, parts).axes
    n = dataset.counts.data[:, 3:].sum(axis=(1, 2))
    mu = sum(part.data[:, 3:].sum(axis=(1, 2)) for part in parts.values())
    np.testing.assert_allclose(upper.lines[0].get_ydata(), n[1:])
    np.testing.assert_allclose(upper.patches[0].get_data().values, mu)
    np.testing.assert_allclose(lower.lines[1].get_ydata() ** 2, cstat(n, mu)[1:])


def test_the_correlation_names_its_parameters(result):
    ax, _ = plot_correlation(result).axes
    assert [text.get_text() for text in ax.get_xticklabels()] == result.names
    assert len(ax.texts) == 4
    assert f"{result.correlation[0, 1]:.2f}" in {text.get_text().replace("−", "-") for text in ax.texts}


def test_covariance_of_a_spectrum_has_zeros_for_what_was_frozen(result):
    covariance = spectrum_covariance(result, "source")
    index, amplitude, reference = np.sqrt(covariance.diagonal())
    assert index == pytest.approx(result.error("source.spectrum.index"))
    assert amplitude == pytest.approx(result.error("source.spectrum.amplitude"))
    assert reference == 0
    assert covariance[0, 1] == pytest.approx(result.covariance[0, 1])


def test_covariance_of_a_spectrum_follows_links(data):
    sky = {"one": spectrum_sky()["source"], "two": spectrum_sky()["source"]}
    table = Parameters.of(sky).freeze("two.*").set("two.spectrum.amplitude", value=1e-13)
    table = table.link("two.spectrum.index", "one.spectrum.index", 0.5)
    found = fit(data, sky, table)
    one, two = (spectrum_covariance(found, name) for name in ("one", "two"))
    assert two[0, 0] == pytest.approx(one[0, 0] / 4)
    assert np.count_nonzero(two) == 1


def test_what_is_not_there_is_refused(result):
    with pytest.raises(ModelError, match="no source 'crab' in this fit; there are source"):
        plot_spectrum(result, "crab", (1, 10))
    flat = Map.filled(cube().geom, 1.0)
    ring = replace(cube(), background=None, counts_off=flat, acceptance=flat, acceptance_off=flat)
    with pytest.raises(ShapeError, match="'cube' is an on-off measurement: its pixels may share off counts"):
        plot_fitted_counts(ring, {})
