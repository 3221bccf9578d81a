"""Responses of an instrument."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from skyfold.irf.background import Background2D, Background3D
from skyfold.irf.effective_area import EffectiveArea
from skyfold.irf.energy_dispersion import EnergyDispersion
from skyfold.irf.psf import Psf
from skyfold.plot.figure import COLOURS, axes_of, style
from skyfold.units import strip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from skyfold.geom.axis import Axis

_STYLES = ("-", "--", ":", "-.")


def plot_effective_area(aeff: EffectiveArea, offsets: Any = None, *, ax: "Axes | None" = None) -> "Figure":
    """Draw effective area against true energy.

    Parameters
    ----------
    offsets : angles from the pointing, one or several; four within the table unless told.
    """
    with style():
        ax = axes_of(ax)
        energy = _energies(aeff.energy_true)
        for angle, colour in _coloured(offsets, aeff.offset):
            area = aeff(energy, np.radians(angle))
            ax.loglog(energy, np.where(area > 0, area, np.nan), color=colour, label=f"{angle:.3g}°")
        _axis_names(ax, "True energy [TeV]", "Effective area [m²]")
    return ax.figure  # type: ignore[return-value]


def plot_psf_containment(
    psf: Psf, fractions: Sequence[float] = (0.68, 0.95), offsets: Any = None, *, ax: "Axes | None" = None
) -> "Figure":
    """Draw the radii that hold given shares of the photons against true energy."""
    with style():
        ax = axes_of(ax)
        energy = _energies(psf.energy_true)
        for angle, colour in _coloured(offsets, psf.offset):
            for fraction, line in zip(fractions, _STYLES, strict=False):
                radius = np.degrees(psf.containment_radius(energy, np.radians(angle), fraction))
                ax.plot(energy, radius, line, color=colour, label=f"{fraction:.0%} at {angle:.3g}°")
        ax.set_xscale("log")
        ax.set_ylim(0, 1.4 * ax.get_ylim()[1])  # room for the legend
        ax.legend(loc="upper right", ncols=2)
        ax.set_xlabel("True energy [TeV]")
        ax.set_ylabel("Containment radius [deg]")
    return ax.figure  # type: ignore[return-value]


def plot_energy_dispersion(edisp: EnergyDispersion, offset: Any = "0.5 deg", *, ax: "Axes | None" = None) -> "Figure":
    """Draw the probability density of migration at one offset, and its mean."""
    with style():
        ax = axes_of(ax)
        angle = float(strip(offset, "rad", "offset"))
        edges, migra = edisp.energy_true.edges_in("TeV"), edisp.migra.edges_in("")
        energy, middle = edisp.energy_true.center_in("TeV"), (migra[:-1] + migra[1:]) / 2
        density = edisp(energy[:, None], middle[None, :], angle)
        peaks = density.max(axis=1)
        # A few rows with hardly any events are sharp peaks: they must not fade all others.
        most = 1.3 * float(np.median(peaks[peaks > 0])) if peaks.any() else 1.0
        image = ax.pcolormesh(edges, migra, density.T, cmap="viridis", rasterized=True, vmin=0, vmax=most)
        ax.plot(energy, 1 + edisp.bias(energy, angle), color="white", lw=0.8, label="mean")
        ax.figure.colorbar(image, ax=ax, label="Probability density", extend="max")
        ax.set_xscale("log")
        ax.set_ylim(max(migra[0], 0.0), min(migra[-1], 2.5))
        ax.set_title(f"at {np.degrees(angle):.3g}° from the pointing")
        ax.legend(loc="upper right", labelcolor="white")
        ax.set_xlabel("True energy [TeV]")
        ax.set_ylabel("Migration $E / E_{true}$")
    return ax.figure  # type: ignore[return-value]


def plot_background_rate(
    bkg: Background2D | Background3D, offsets: Any = None, *, ax: "Axes | None" = None
) -> "Figure":
    """Draw background rate against reconstructed energy, at offsets along the longitude of the field of view."""
    across = bkg.offset if isinstance(bkg, Background2D) else bkg.fov_lon
    with style():
        ax = axes_of(ax)
        energy = bkg.energy.center_in("TeV")
        for angle, colour in _coloured(offsets, across):
            rate = bkg.rate(energy, np.array(np.radians(angle)), np.array(0.0))
            ax.loglog(energy, np.where(rate > 0, rate, np.nan), color=colour, label=f"{angle:.3g}°")
        _axis_names(ax, "Energy [TeV]", "Background rate [s⁻¹ TeV⁻¹ sr⁻¹]")
    return ax.figure  # type: ignore[return-value]


def _energies(axis: "Axis") -> np.ndarray:
    edges = axis.edges_in("TeV")
    return np.geomspace(edges[0], edges[-1], 200)


def _coloured(offsets: Any, axis: "Axis") -> list[tuple[float, str]]:
    """Angles [deg] and a colour for each."""
    if offsets is None:
        edges = axis.edges_in("deg")
        angles = np.linspace(0.0 if edges[0] < 0 else edges[0], 0.9 * edges[-1], 4).round(2)
        angles = np.unique(np.clip(angles, max(edges[0], 0.0), edges[-1]))
    else:
        several = offsets if isinstance(offsets, list | tuple) else [offsets]
        angles = np.concatenate([np.atleast_1d(strip(angle, "deg", "offsets")) for angle in several])
    return [(float(angle), COLOURS[i % len(COLOURS)]) for i, angle in enumerate(angles)]


def _axis_names(ax: "Axes", x: str, y: str) -> None:
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.legend(title="Offset")
