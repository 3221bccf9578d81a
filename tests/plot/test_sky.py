import matplotlib
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from regions import CircleSkyRegion

from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.plot.figure import COLUMN, PAGE, rendered
from skyfold.plot.sky import plot_map, plot_significance

CENTER = SkyCoord(83.63, 22.01, unit="deg")
GEOM = WcsGeom.create(CENTER, ("2 deg", "1.5 deg"), "0.05 deg", axes=[Axis.energy("1 TeV", "10 TeV", 1)])
VALUES = np.random.default_rng(1).normal(size=GEOM.shape)
SQRT_TS = Map(GEOM, VALUES)
FREE = Map(GEOM.image, GEOM.separation(CENTER).to_value("deg") > 0.3)


def labels(ax):
    return [coordinate.get_axislabel() for coordinate in ax.coords]


def texts(figure):
    figure.canvas.draw()
    found = figure.findobj(matplotlib.text.Text)
    return [text for text in found if text.get_text() and text.get_visible()]


def test_axes_name_frame_and_unit():
    assert labels(plot_map(SQRT_TS).axes[0]) == ["Right ascension, ICRS [deg]", "Declination, ICRS [deg]"]
    galactic = WcsGeom.create(CENTER, "1 deg", "0.1 deg", frame="galactic")
    assert labels(plot_map(Map.filled(galactic)).axes[0]) == ["Galactic longitude [deg]", "Galactic latitude [deg]"]


def test_the_colour_bar_names_what_it_shows_and_its_unit():
    figure = plot_map(Map(GEOM, np.abs(VALUES), "cm-2 s-1"), label="Flux")
    assert figure.axes[-1].get_ylabel() == "Flux [s⁻¹ cm⁻²]"
    assert plot_map(SQRT_TS, label="Counts").axes[-1].get_ylabel() == "Counts"


def test_colours_rise_evenly_or_part_at_the_centre():
    even = plot_map(SQRT_TS).axes[0].images[0]
    assert even.get_cmap().name == "viridis"
    assert even.get_clim() == pytest.approx((VALUES.min(), VALUES.max()))
    parted = plot_map(SQRT_TS, center=0.5).axes[0].images[0]
    low, high = parted.get_clim()
    assert (low + high) / 2 == pytest.approx(0.5)
    assert parted.get_cmap().name == "RdBu_r"


def test_significance_is_white_at_0_and_reaches_5_at_least():
    assert plot_significance(SQRT_TS).axes[0].images[0].get_clim() == (-5.0, 5.0)
    assert plot_significance(SQRT_TS * 10).axes[0].images[0].get_clim() == pytest.approx(
        (-10 * np.abs(VALUES).max(), 10 * np.abs(VALUES).max())
    )


def test_the_border_of_the_exclusion_and_regions_are_drawn():
    bare = plot_significance(SQRT_TS).axes[0]
    drawn = plot_significance(SQRT_TS, exclusion=FREE, regions="icrs;circle(83.6, 22.0, 0.2)").axes[0]
    assert len(drawn.collections) == len(bare.collections) + 1
    assert len(drawn.patches) == len(bare.patches) + 1
    segments = drawn.collections[0].get_paths()[0].vertices
    x, y = GEOM.to_pix(CENTER)
    assert np.hypot(*(segments - (x, y)).T) == pytest.approx(0.3 / 0.05, abs=1.0)


def test_an_exclusion_of_nothing_draws_nothing():
    drawn = plot_significance(SQRT_TS, exclusion=Map.filled(GEOM.image, True))
    assert len(drawn.axes[0].collections) == 0


def test_several_bins_have_panels_named_by_their_energies():
    axis = Axis.energy("1 TeV", "100 TeV", 3)
    figure = plot_map(Map.filled(GEOM.with_axes(axis), 1.0))
    assert figure.get_size_inches()[0] == PAGE
    assert [ax.get_title() for ax in figure.axes[:3]] == ["1 – 4.64 TeV", "4.64 – 21.5 TeV", "21.5 – 100 TeV"]


@pytest.mark.parametrize("stretch", ["linear", "sqrt", "log"])
def test_every_stretch_draws(stretch):
    counts = Map(GEOM, np.random.default_rng(2).poisson(2.0, GEOM.shape).astype(float))
    assert rendered(plot_map(counts, stretch=stretch), dpi=50).startswith(b"\x89PNG")


@pytest.mark.parametrize("value", [0.0, np.nan])
@pytest.mark.parametrize("stretch", ["linear", "sqrt", "log"])
def test_an_empty_map_draws(value, stretch):
    empty = Map.filled(GEOM, value)
    assert rendered(plot_map(empty, stretch=stretch), dpi=50).startswith(b"\x89PNG")
    assert rendered(plot_significance(empty), dpi=50).startswith(b"\x89PNG")


def test_letters_are_readable_at_column_width_and_do_not_leave_the_page():
    figure = plot_significance(SQRT_TS, exclusion=FREE)
    assert figure.get_size_inches()[0] == COLUMN
    shown = texts(figure)
    assert min(text.get_fontsize() for text in shown) >= 7
    page = figure.bbox
    for text in shown:
        box = text.get_window_extent()
        assert box.x0 >= -1
        assert box.y0 >= -1
        assert box.x1 <= page.width + 1
        assert box.y1 <= page.height + 1


def test_settings_of_the_caller_stay():
    before = dict(matplotlib.rcParams)
    plot_map(SQRT_TS)
    assert dict(matplotlib.rcParams) == before


def test_no_figure_is_left_with_pyplot():
    from matplotlib import _pylab_helpers

    before = len(_pylab_helpers.Gcf.figs)
    plot_map(SQRT_TS)
    assert len(_pylab_helpers.Gcf.figs) == before


def test_a_spectrum_is_no_picture_of_the_sky():
    region = RegionGeom(CircleSkyRegion(CENTER, 0.1 * GEOM.width.unit), [Axis.energy("1 TeV", "10 TeV", 2)])
    with pytest.raises(ShapeError, match="a picture of the sky needs a map of it"):
        plot_map(Map.filled(region))


def test_an_unknown_stretch_is_refused():
    with pytest.raises(ShapeError, match="stretch 'cube' is none of linear, sqrt, log"):
        plot_map(SQRT_TS, stretch="cube")
