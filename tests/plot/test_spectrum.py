import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.dataset.dataset import Dataset
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.maps.map import Map
from skyfold.plot.figure import rendered
from skyfold.plot.spectrum import plot_counts_spectrum

GEOM = RegionGeom.circle(SkyCoord(0, 0, unit="deg"), "0.1 deg", [Axis.energy("1 TeV", "100 TeV", 4)])
COUNTS = Map(GEOM, np.array([900.0, 100.0, 4.0, 0.0])[:, None, None])


def test_counts_and_background_are_drawn_and_unsafe_bins_shaded():
    safe = Map(GEOM, np.array([False, True, True, True])[:, None, None])
    dataset = Dataset("test", COUNTS, background=Map.filled(GEOM, 2.0), mask_safe=safe)
    figure = plot_counts_spectrum(dataset)
    assert rendered(figure, dpi=50).startswith(b"\x89PNG")
    (ax,) = figure.axes
    steps = [patch.get_data().values for patch in ax.patches if hasattr(patch, "get_data")]
    assert steps[0] == pytest.approx(COUNTS.data.ravel())
    assert steps[1] == pytest.approx(2.0)
    assert sum(not hasattr(patch, "get_data") for patch in ax.patches) == 1
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"counts", "background"}


def test_counts_alone():
    (ax,) = plot_counts_spectrum(Dataset("test", COUNTS)).axes
    assert len(ax.get_legend().get_texts()) == 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Energy [TeV]", "Counts per bin")
