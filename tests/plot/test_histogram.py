import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.estimate.significance import significance_distribution
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.plot.figure import new_figure
from skyfold.plot.histogram import plot_significance_histogram

GEOM = WcsGeom.create(SkyCoord(0, 0, unit="deg"), npix=40, axes=[Axis.energy("1 TeV", "10 TeV", 1)])
VALUES = np.random.default_rng(5).normal(size=GEOM.shape)
FREE = Map(GEOM.image, GEOM.separation(GEOM.center).to_value("deg") > 0.2)


def test_everything_the_excluded_sky_and_the_gaussian_are_named():
    distribution = significance_distribution(Map(GEOM, VALUES), FREE)
    (ax,) = plot_significance_histogram(distribution).axes
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names[:2] == ["all pixels", "outside the exclusion"]
    assert names[2] == f"Gaussian: mean {distribution.mean:.3f}, width {distribution.std:.3f}".replace("-", "−")
    assert ax.get_xlabel() == r"Significance $\sqrt{TS}$"
    assert ax.get_ylabel() == "Pixels per bin"


def test_the_curve_has_as_many_pixels_as_the_histogram():
    distribution = significance_distribution(Map(GEOM, VALUES), FREE)
    (line,) = plot_significance_histogram(distribution).axes[0].get_lines()
    width = np.diff(distribution.edges).mean()
    x, y = line.get_data()
    assert y.sum() * (x[1] - x[0]) / width == pytest.approx(distribution.n_outside, rel=0.02)


def test_without_exclusion_there_is_one_histogram():
    (ax,) = plot_significance_histogram(significance_distribution(Map(GEOM, VALUES))).axes
    assert len(ax.get_legend().get_texts()) == 2


def test_equal_values_have_no_gaussian():
    (ax,) = plot_significance_histogram(significance_distribution(Map.filled(GEOM, 1.0))).axes
    assert len(ax.get_lines()) == 0


def test_it_draws_into_axes_that_are_there():
    figure = new_figure()
    left, _ = figure.subplots(1, 2)
    assert plot_significance_histogram(significance_distribution(Map(GEOM, VALUES)), ax=left) is figure
    assert len(figure.axes) == 2
