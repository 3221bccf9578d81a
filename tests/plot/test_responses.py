import numpy as np
import pytest

from skyfold.irf.background import Background2D
from skyfold.plot.figure import rendered
from skyfold.plot.responses import (
    plot_background_rate,
    plot_effective_area,
    plot_energy_dispersion,
    plot_psf_containment,
)
from tests.dl3_files import PSF_WIDTH_DEG, area_m2, make_responses

RESPONSES = make_responses()


def drawn(figure):
    assert rendered(figure, dpi=50).startswith(b"\x89PNG")
    return figure.axes[0]


def test_effective_area_at_offsets():
    ax = drawn(plot_effective_area(RESPONSES.aeff, "0.5 deg"))
    (line,) = ax.get_lines()
    energy, area = line.get_data()
    inner = (energy > 1) & (energy < 20)
    assert area[inner] == pytest.approx(area_m2(energy, 0.5)[inner], rel=0.02)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("True energy [TeV]", "Effective area [m²]")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0.5°"]


def test_offsets_are_within_the_table_unless_told():
    ax = drawn(plot_effective_area(RESPONSES.aeff))
    names = [float(text.get_text().rstrip("°")) for text in ax.get_legend().get_texts()]
    assert len(names) == 4
    assert names[0] == 0
    assert 2 < names[-1] < 2.5


def test_containment_radii():
    ax = drawn(plot_psf_containment(RESPONSES.psf, [0.39347, 0.68], "0 deg"))
    one_sigma, wide = (line.get_ydata() for line in ax.get_lines())
    assert np.nanmedian(one_sigma) == pytest.approx(PSF_WIDTH_DEG, rel=0.02)
    assert np.all(wide > one_sigma)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["39% at 0°", "68% at 0°"]


def test_energy_dispersion():
    figure = plot_energy_dispersion(RESPONSES.edisp, "0.3 deg")
    ax = drawn(figure)
    (mean,) = ax.get_lines()
    assert mean.get_ydata() == pytest.approx(1.0, abs=0.01)
    assert figure.axes[1].get_ylabel() == "Probability density"
    assert ax.get_title() == "at 0.3° from the pointing"


def test_background_rate_of_either_kind():
    ax = drawn(plot_background_rate(RESPONSES.bkg, ["0 deg", "1 deg"]))
    center, off = (line.get_ydata() for line in ax.get_lines())
    assert np.all(center > off)
    offset = RESPONSES.aeff.offset
    flat = Background2D(RESPONSES.bkg.energy, offset, np.full((18, offset.nbin), 3.0))
    (line,) = drawn(plot_background_rate(flat, "0.5 deg")).get_lines()
    assert line.get_ydata() == pytest.approx(3.0)
    assert "[s⁻¹ TeV⁻¹ sr⁻¹]" in ax.get_ylabel()
