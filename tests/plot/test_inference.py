"""Figures of models read as recipes for data: what is on them."""

import numpy as np
import pytest

from skyfold.errors import ShapeError
from skyfold.estimate.calibration import Calibration
from skyfold.estimate.generative import Generative
from skyfold.maps.map import Map
from skyfold.plot.comparison import plot_comparison
from skyfold.plot.figure import rendered
from skyfold.plot.graphical import plot_graphical_model
from skyfold.plot.ranks import plot_ranks
from tests.estimate.test_generative import AMPLITUDE, INDEX, SKY, TABLE
from tests.fit.toys import cube, image, spectrum


def texts(figure):
    return {text.get_text() for ax in figure.axes for text in ax.texts}


@pytest.mark.parametrize("stretch", ["linear", "sqrt", "log"])
def test_a_comparison_has_one_scale(stretch):
    geom = cube().geom
    rng = np.random.default_rng(1)
    observed, simulated = (Map(geom, rng.poisson(mean, geom.shape).astype(float)) for mean in (0.5, 5.0))
    figure = plot_comparison(observed, simulated, stretch=stretch)
    most = observed.data.sum(axis=0).max()
    images = [ax.images[0] for ax in figure.axes if ax.images]
    assert [image.get_clim() for image in images] == [(0, most), (0, most), (-most, most)]
    np.testing.assert_array_equal(images[2].get_array(), (simulated.data - observed.data).sum(axis=0))
    assert rendered(figure, dpi=50).startswith(b"\x89PNG")


def test_a_comparison_of_other_pixels_is_an_error():
    with pytest.raises(ShapeError, match="two images on the same pixels"):
        plot_comparison(image().counts, image(pixel=0.03).counts)
    with pytest.raises(ShapeError, match="stretch 'cubic' is none of linear, sqrt, log"):
        plot_comparison(image().counts, image().counts, stretch="cubic")


def test_a_graphical_model_has_every_parameter_and_a_plate_for_every_dataset():
    figure = plot_graphical_model(Generative.of([spectrum(), spectrum("second")], SKY, TABLE))
    found = texts(figure)
    assert {f"{INDEX}   Gaussian(2.3, 0.3) in [1, 4]", "source.spectrum.reference   1 TeV"} <= found
    assert {"12 pixels k of spectrum", "12 pixels k of second", "exposure", "μ", "N"} <= found
    assert rendered(figure, dpi=50).startswith(b"\x89PNG")


def test_ranks_have_a_panel_and_a_probability_for_every_parameter():
    ranks = np.random.default_rng(1).integers(0, 100, (200, 2))
    calibration = Calibration((INDEX, AMPLITUDE), ranks, 99, {})
    figure = plot_ranks(calibration)
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == [f"{name}   p = {p:.2f}" for name, p in calibration.p_values().items()]
    assert rendered(figure, dpi=50).startswith(b"\x89PNG")
