"""A simulated counts image: one count of background in each pixel, and a Gaussian source of 1000 counts and 4 pixels.

Test statistics of a source of fixed place and width are compared with the images `expected_ts_*`. These were made with
pixels joined: for the widths 0.1° and 0.2° by 2 × 2 and 4 × 4, where counts were summed but background was averaged.
With the background they assume, 1/4 and 1/16 of the true one, their numbers are found again; with the true one the test
statistic is largest at the true width, 0.08°, as it should be. For 0.05° the kernel was cut at 10 pixels, which holds
98.6 % of it: the amplitude there is smaller by that much.
"""

import json

import numpy as np
import pytest
from astropy.io import fits

from skyfold.dataset.from_image import from_image
from skyfold.fit.fit import fit
from skyfold.fit.parameters import Parameters
from skyfold.geom.axis import Axis
from skyfold.io.maps import read_map
from skyfold.maps.map import Map
from skyfold.model.source import Source
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.power_law import PowerLaw2

PIXEL = 0.02
CENTRE = (99, 99)  # pixel of the source, 0-based
TRUE_WIDTH, TRUE_FLUX = 4 * PIXEL, 1e-9


@pytest.fixture(scope="module")
def folder(data_dir):
    return data_dir / "poisson_stats_image"


@pytest.fixture(scope="module")
def image(folder):
    """The dataset with some part of its background."""
    counts, background, exposure = (
        read_map(folder / f"{name}.fits.gz") for name in ("counts", "background", "exposure")
    )
    sigma = json.loads((folder / "psf.json").read_text())["psf1"]["fwhm"] * PIXEL / np.sqrt(8 * np.log(2))
    rad = Axis("rad", np.linspace(0, 0.5, 501), "deg")
    density = np.exp(-((rad.center_in("deg") / sigma) ** 2) / 2) / (2 * np.pi * np.radians(sigma) ** 2)

    def scaled(part: float = 1.0):
        return from_image(
            "image",
            counts,
            Map(exposure.geom, exposure.data, "cm2 s"),
            ("1 TeV", "10 TeV"),
            background=background * part,
            psf=(rad, density),
        )

    return scaled


def source(dataset, width: float) -> Source:
    at = dataset.geom.from_pix(*CENTRE)
    shape = Gaussian(at.l, at.b, f"{width} deg", frame="galactic") if width else Point(at.l, at.b, frame="galactic")
    return Source(PowerLaw2(amplitude=1.2e-9, emin=1, emax=10), shape)


def ts_and_flux(dataset, width: float) -> tuple[float, float]:
    """TS of a source of fixed place and width, and its flux."""
    sky = {"source": source(dataset, width)}
    table = Parameters.of(sky).freeze("source.*").thaw("source.spectrum.amplitude")
    result = fit(dataset, sky, table).check()
    return result.likelihood(np.zeros(1)) - result.stat, float(result.free[0])


def expected(folder, width: float) -> tuple[float, float]:
    with fits.open(folder / f"expected_ts_{width:.3f}.fits.gz") as hdus:
        return tuple(float(hdus[name].data[CENTRE[::-1]]) for name in ("ts", "amplitude"))


@pytest.mark.parametrize(
    ("width", "joined", "ts_agrees", "flux_agrees"),
    [(0.0, 1, 2e-4, 5e-4), (0.05, 1, 3e-3, 2e-2), (0.1, 4, 1e-2, 5e-3), (0.2, 16, 1e-2, 2e-2)],
)
def test_the_central_source(image, folder, width, joined, ts_agrees, flux_agrees):
    ts, flux = ts_and_flux(image(1 / joined), width)
    there = expected(folder, width)
    assert ts == pytest.approx(there[0], rel=ts_agrees)
    assert flux / joined == pytest.approx(there[1], rel=flux_agrees)


def test_the_true_width_is_the_most_significant(image):
    dataset = image()
    found = {width: ts_and_flux(dataset, width) for width in (0.0, 0.05, TRUE_WIDTH, 0.1, 0.2)}
    assert max(found, key=lambda width: found[width][0]) == TRUE_WIDTH
    # Of the same image and width, with pixels joined by 2 × 2, another tool finds TS 1705.84 and 1.0228e-9 ± 0.0384e-9.
    assert found[TRUE_WIDTH] == (pytest.approx(1705.84, rel=0.01), pytest.approx(1.0228e-9, rel=0.01))


def test_the_truth_is_found(image):
    dataset = image()
    sky = {"source": source(dataset, 0.05)}
    result = fit(dataset, sky, Parameters.of(sky).freeze("source.spectrum.index")).check()
    at = dataset.geom.from_pix(*CENTRE)
    truth = {
        "spectrum.amplitude": TRUE_FLUX,
        "shape.lon_0": at.l.deg,
        "shape.lat_0": at.b.deg,
        "shape.sigma": TRUE_WIDTH,
    }
    away = {
        name: (result.parameters[f"source.{name}"].value - value) / result.error(f"source.{name}")
        for name, value in truth.items()
    }
    assert max(map(abs, away.values())) < 2, away
