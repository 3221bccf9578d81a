import runpy
from pathlib import Path

import numpy as np
import pytest

from skyfold.plot.figure import rendered
from skyfold.plot.gallery import FIGURES, five_views
from skyfold.plot.picture import plot_pictures, plot_pixel_values, plot_poisson_laws
from skyfold.simulate.picture import as_picture
from skyfold.simulate.poisson import pixel_values
from skyfold.simulate.spiral import spiral_galaxy
from skyfold.simulate.views import exposure_map

RNG = np.random.default_rng(1)
SMALL = spiral_galaxy(24, 36)


def test_every_picture_is_drawn_with_y_upwards_and_its_title():
    images = {"a": np.arange(12).reshape(3, 4), "b": np.zeros((3, 4)), "c": np.ones((3, 4, 3)), "d": np.ones((3, 4))}
    figure = plot_pictures(images, stretch="sqrt")
    panels = figure.axes
    assert [ax.get_title() for ax in panels] == ["a", "b", "c", "d", "", ""]
    assert panels[0].get_ylim() == (-0.5, 2.5)
    assert panels[0].images[0].get_clim() == (0, 11)
    assert rendered(figure, dpi=50)[1:4] == b"PNG"


def test_one_scale_for_all_and_bars_on_request():
    figure = plot_pictures({"a": np.zeros((3, 4)), "b": np.ones((3, 4))}, limits=(0, 5), label="counts")
    assert {image.get_clim() for ax in figure.axes for image in ax.images} == {(0, 5)}
    assert [ax.get_ylabel() for ax in figure.axes].count("counts") == 2


def test_pixel_values_are_drawn_with_their_law():
    values = pixel_values(RNG.poisson(3.0, 500))
    (ax,) = plot_pixel_values(values).axes
    np.testing.assert_allclose(ax.lines[0].get_ydata(), values.law)
    assert f"λ = {values.rate:.3f} ± {values.rate_error:.3f}" in ax.get_legend().get_texts()[0].get_text()


def test_an_image_without_photons_is_drawn_too():
    (ax,) = plot_pixel_values(pixel_values(np.zeros((3, 3)))).axes
    assert "λ = 0.0 ± 0.0" in ax.get_legend().get_texts()[0].get_text()


def test_laws_are_drawn_at_whole_numbers():
    (ax,) = plot_poisson_laws([1, 2]).axes
    assert [len(line.get_xdata()) for line in ax.lines] == [201, 11, 201, 11]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["λ = 1", "λ = 2"]


def test_five_views_cover_most_of_a_picture_of_any_size():
    geom = as_picture(np.ones((60, 90))).geom
    exposure = exposure_map(geom, five_views(geom)).data
    assert (exposure > 0).mean() > 0.7
    assert exposure.max() > 4


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_of_the_gallery_is_drawn(name):
    assert any(ax.images or ax.lines for ax in FIGURES[name](SMALL).axes)


def test_the_example_writes_the_gallery(tmp_path):
    example = Path(__file__).parents[2] / "examples" / "gallery.py"
    runpy.run_path(str(example))["main"](tmp_path, ["original", "exposure"], 120, 180)
    assert {path.name for path in tmp_path.iterdir()} == {"original.png", "exposure.png"}


def test_the_page_shows_every_figure():
    page = (Path(__file__).parents[2] / "docs" / "gallery.md").read_text(encoding="utf-8")
    assert [name for name in FIGURES if f"(gallery/{name}.png)" not in page] == []
