"""What was recorded: when, at which energies, how far from a position."""

from typing import TYPE_CHECKING

import numpy as np
from astropy.coordinates import SkyCoord

from skyfold.events.event_list import EventList
from skyfold.plot.figure import COLOURS, PAGE, new_figure, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_events(events: EventList, center: SkyCoord) -> "Figure":
    """Draw the distributions of energy, of arrival time, and of the squared offset from a position.

    Background that is even around the position is flat in the squared offset.
    """
    with style():
        figure = new_figure(PAGE, 2.3)
        energy, time, offset = figure.subplots(1, 3)
        positive = events.energies[events.energies > 0]
        if positive.size:
            edges = np.geomspace(positive.min() * 0.999, positive.max() * 1.001, 50)
            energy.stairs(np.histogram(positive, edges)[0], edges, color=COLOURS[0])
            energy.set(xscale="log", yscale="log")
        energy.set(xlabel="Energy [TeV]", ylabel="Events per bin")
        minutes = (events.seconds - events.seconds.min(initial=np.inf)) / 60 if len(events) else events.seconds
        time.stairs(*np.histogram(minutes, 40), color=COLOURS[0])
        time.set(xlabel="Time since the first event [min]", ylabel="Events per bin", ylim=(0, None))
        square = events.offset(center).to_value("deg") ** 2
        # A few events may be thrown far off by their reconstruction: they would squeeze all others into one bin.
        reach = 1.2 * float(np.quantile(square, 0.99)) if len(events) else 1.0
        offset.stairs(*np.histogram(square, 40, (0, reach)), color=COLOURS[0])
        offset.set(xlabel="Squared offset [deg²]", ylabel="Events per bin", ylim=(0, None))
        if np.any(square > reach):
            offset.set_title(f"{np.sum(square > reach)} events lie farther out")
    return figure
