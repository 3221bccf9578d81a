import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.plot.events import plot_events
from skyfold.plot.figure import rendered
from tests.dl3_files import make_observation

OBSERVATION = make_observation(duration_s=600)


def test_every_event_is_in_each_distribution():
    figure = plot_events(OBSERVATION.events, OBSERVATION.pointing_icrs)
    assert rendered(figure, dpi=50).startswith(b"\x89PNG")
    number = len(OBSERVATION.events)
    sums = [ax.patches[0].get_data().values.sum() for ax in figure.axes]
    farther = int(figure.axes[2].get_title().partition(" ")[0] or 0)
    assert sums == [number, number, number - farther]
    assert farther < 0.01 * number
    assert [ax.get_xlabel() for ax in figure.axes] == [
        "Energy [TeV]",
        "Time since the first event [min]",
        "Squared offset [deg²]",
    ]
    assert figure.axes[1].patches[0].get_data().edges[-1] == pytest.approx(10, abs=0.2)


def test_no_events_draw_empty_axes():
    none = OBSERVATION.events.where(np.zeros(len(OBSERVATION.events), bool))
    assert rendered(plot_events(none, SkyCoord(0, 0, unit="deg")), dpi=50).startswith(b"\x89PNG")
