from types import SimpleNamespace

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import ModelError, ShapeError
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.model.source import Source
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.power_law import PowerLaw
from skyfold.plot.figure import rendered
from skyfold.plot.recovery import plot_recovered_spectrum, plot_recovery

SKY = {"a": Source(PowerLaw(), Point(frame="icrs")), "b": Source(PowerLaw(index=2.5), Point(frame="icrs"))}
ENDS = ("1 TeV", "10 TeV")


def fitted():
    """A fit that found the truth, with an error of a tenth of everything."""
    rows = [SimpleNamespace(name=f"{name}.spectrum.{p}") for name in SKY for p in ("index", "amplitude", "reference")]
    size = len(rows)
    table = SimpleNamespace(rows=rows, linear=lambda: ([row.name for row in rows], np.eye(size), np.zeros(size)))
    return SimpleNamespace(sky=SKY, parameters=table, covariance=np.diag([0.01, 1e-26, 0.0] * 2))


def image(*axes):
    return Map.filled(WcsGeom.create(SkyCoord(10, 20, unit="deg"), npix=20, pixel="0.1 deg", axes=axes), 0.5)


def test_the_fit_and_the_truth_are_drawn_and_named():
    figure = plot_recovered_spectrum(fitted(), "a", SKY["a"].spectrum, ENDS)
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", r"$1\sigma$", "truth"]
    fit, truth = ax.lines
    np.testing.assert_allclose(fit.get_ydata(), truth.get_ydata(), rtol=1e-12)


def test_two_maps_and_all_spectra_are_seen_at_a_glance():
    figure = plot_recovery(image(), image(), fitted(), SKY, ENDS)
    assert rendered(figure, dpi=50).startswith(b"\x89PNG")
    names = [text.get_text() for ax in figure.axes if ax.get_legend() for text in ax.get_legend().get_texts()]
    assert names == ["a", "b", "truth"]


def test_a_cube_is_no_image():
    cube = image(Axis.energy("1 TeV", "10 TeV", 2))
    with pytest.raises(ShapeError, match="a glance needs images of significances"):
        plot_recovery(image(), cube, fitted(), SKY, ENDS)


def test_a_source_that_was_not_fitted_is_named():
    with pytest.raises(ModelError, match="no source 'c' in this fit; there are a, b"):
        plot_recovered_spectrum(fitted(), "c", SKY["a"].spectrum, ENDS)
