"""Expected counts of sources against sums and integrals made by other means."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from scipy.special import erf

from skyfold.dataset.dataset import Dataset
from skyfold.dataset.window import Folding, place
from skyfold.fold.predict import fold, image
from skyfold.geom.region import RegionGeom
from skyfold.maps.map import Map
from skyfold.model.source import Source
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.king import Beta, King
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.power_law import PowerLaw
from tests.fold.toys import ENERGY, PIXEL, SEEN, SIGMA, TRUE, cube, gaussian_psf

SPECTRUM = PowerLaw(index=2.0, amplitude="1e-9 cm-2 s-1 TeV-1")
FLUX = float(np.sum(SPECTRUM.flux(TRUE.edges_in("TeV"))))
TOTAL = FLUX * SEEN * 1e4


def sky_of(dataset, x, y):
    at = dataset.geom.from_pix(x, y)
    return {"lon_0": float(at.spherical.lon.deg), "lat_0": float(at.spherical.lat.deg), "frame": dataset.geom.frame}


def folded(dataset, shape, folding=Folding(), made_for=None):
    """Expected counts, and the pixels (x, y) of the dataset they are in; summed over energy."""
    placed = place(dataset, Source(SPECTRUM, made_for or shape), "toy", folding)
    counts = np.asarray(jax.jit(fold)(Source(SPECTRUM, shape), placed.window)).sum(axis=0)
    y, x = np.indices(counts.shape)
    return counts, x + placed.corner[1], y + placed.corner[0]


def gaussian(x, y, x0, y0, sigma):
    """Share of a Gaussian [pixels] in each pixel."""

    def along(u):
        return (erf((u + 0.5) / (sigma * np.sqrt(2))) - erf((u - 0.5) / (sigma * np.sqrt(2)))) / 2

    return along(x - x0) * along(y - y0)


@pytest.mark.parametrize(("dx", "dy"), [(0.0, 0.0), (0.5, 0.5), (0.27, -0.41)])
def test_a_point_is_the_psf_integrated_over_pixels_at_any_phase(dx, dy):
    dataset = cube()
    counts, x, y = folded(dataset, Point(**sky_of(dataset, 30 + dx, 30 + dy)))
    expected = TOTAL * gaussian(x, y, 30 + dx, 30 + dy, SIGMA / PIXEL)
    assert counts.sum() == pytest.approx(TOTAL, rel=1e-4)
    np.testing.assert_allclose(counts, expected, atol=3e-3 * expected.max())


def test_a_point_moves_smoothly_through_pixels():
    dataset = cube()
    steps = np.arange(-1.0, 1.0, 0.02)
    start = Point(**sky_of(dataset, 30, 30))
    window = place(dataset, Source(SPECTRUM, start), "toy", Folding()).window
    middle = int(np.argmax(image(start, window).sum(axis=1)))
    one = jax.jit(lambda lon: image(replace(start, lon_0=lon), window).sum(axis=1)[middle])
    values = np.array([float(one(start.lon_0 + step * PIXEL)) for step in steps])
    kinks = np.abs(np.diff(values, 3))
    assert kinks.max() < 20 * np.median(kinks)  # a bilinear share has steps in its first difference at each border


@pytest.mark.parametrize("sigma", [1e-4, 0.004, 0.011, 0.02, 0.05, 0.15])
@pytest.mark.parametrize("phase", [0.0, 0.37])
def test_a_gaussian_keeps_its_flux_at_any_size_and_phase(sigma, phase):
    dataset = cube(npix=160)
    counts, x, y = folded(dataset, Gaussian(sigma=sigma, **sky_of(dataset, 80 + phase, 80)))
    expected = TOTAL * gaussian(x, y, 80 + phase, 80, np.hypot(sigma, SIGMA) / PIXEL)
    assert counts.sum() == pytest.approx(TOTAL, rel=3e-3)
    np.testing.assert_allclose(counts, expected, atol=5e-3 * expected.max())


@pytest.mark.parametrize(("e", "phi"), [(0.8, 0.0), (0.8, 90.0), (0.6, 40.0)])
def test_the_major_axis_points_from_north_through_east(e, phi):
    dataset = cube(npix=100, sigma=0.01)
    counts, x, y = folded(dataset, Gaussian(sigma=0.1, e=e, phi=phi, **sky_of(dataset, 50, 50)))
    east, north = -(x - 50) * PIXEL, (y - 50) * PIXEL  # longitude grows to the left
    moments = [[(counts * a * b).sum() / counts.sum() for b in (east, north)] for a in (east, north)]
    angle, minor = np.radians(phi), 0.1**2 * (1 - e**2)
    axis = np.array([np.sin(angle), np.cos(angle)])
    expected = minor * np.eye(2) + (0.1**2 - minor) * np.outer(axis, axis) + (0.01**2 + PIXEL**2 / 12) * np.eye(2)
    np.testing.assert_allclose(moments, expected, atol=0.02 * 0.1**2)


def test_exposure_counts_where_the_light_comes_from():
    dataset = cube(slope=0.005)
    counts, x, _ = folded(dataset, Point(**sky_of(dataset, 40.3, 30)))
    assert counts.sum() == pytest.approx(TOTAL * (1 + 0.005 * 10.3), rel=2e-4)
    assert (counts * x).sum() / counts.sum() == pytest.approx(40.3, abs=1e-3)


@pytest.mark.parametrize("proj", ["TAN", "CAR"])
@pytest.mark.parametrize("frame", ["icrs", "galactic"])
def test_positions_hold_in_any_projection_and_frame(proj, frame):
    dataset = cube(proj=proj, center=SkyCoord(359.99, -1.0, unit="deg", frame="galactic"))
    x, y = 27.31, 34.82
    at = dataset.geom.from_pix(x, y).transform_to(frame).spherical
    counts, px, py = folded(dataset, Point(lon_0=at.lon.deg, lat_0=at.lat.deg, frame=frame))
    assert (counts * px).sum() / counts.sum() == pytest.approx(x, abs=1e-3)
    assert (counts * py).sum() / counts.sum() == pytest.approx(y, abs=1e-3)


def test_a_window_serves_a_source_that_moved_within_its_margin():
    dataset = cube()
    start, moved = (Point(**sky_of(dataset, 30 + dx, 30)) for dx in (0.0, 3.4))
    late, x, y = folded(dataset, moved, made_for=start)
    fresh, fx, fy = folded(dataset, moved)
    whole = np.zeros((2, 80, 80))
    for i, (counts, cx, cy) in enumerate(((late, x, y), (fresh, fx, fy))):
        whole[i, cy + 10, cx + 10] = counts
    np.testing.assert_allclose(whole[0], whole[1], atol=1e-6 * TOTAL)


@pytest.mark.parametrize("extent", [0.0, 0.05])
@pytest.mark.parametrize("slope", [0.0, 0.01])
def test_each_reconstructed_energy_may_have_its_psf(extent, slope):
    dataset, sigmas = cube(slope=slope), (SIGMA, 2 * SIGMA)
    dataset = replace(dataset, psf=gaussian_psf(dataset.geom.center, ENERGY, sigmas, 60 * PIXEL))
    at = sky_of(dataset, 30.2, 29.7)
    source = Source(SPECTRUM, Gaussian(sigma=extent, **at) if extent else Point(**at))
    placed = place(dataset, source, "toy", Folding())
    x, y = (np.arange(placed.window.shape[0]) + corner for corner in placed.corner[::-1])
    for counts, sigma in zip(fold(source, placed.window), sigmas, strict=True):
        blurred = gaussian(x[None, :], y[:, None], 30.2, 29.7, np.hypot(sigma, extent) / PIXEL)
        # The exposure is that of the pixel where the window was made: 1, whatever its slope.
        expected = TOTAL / 2 * blurred
        np.testing.assert_allclose(counts, expected, atol=5e-3 * expected.max())


def test_without_a_psf_a_point_is_shared_by_the_pixels_next_to_it():
    dataset = replace(cube(), psf=None)
    counts, x, y = folded(dataset, Point(**sky_of(dataset, 30.25, 30.0)))
    assert counts.sum() == pytest.approx(TOTAL, rel=1e-9)
    assert counts[(y == 30) & (x == 30)] == pytest.approx(0.75 * TOTAL, rel=1e-6)


def test_without_a_psf_a_smooth_shape_is_integrated_over_pixels_or_sampled():
    dataset = replace(cube(), psf=None)
    shape = Gaussian(sigma=1.5 * PIXEL, **sky_of(dataset, 30.2, 30.1))
    counts, x, y = folded(dataset, shape, Folding(oversampling=5))
    expected = TOTAL * gaussian(x, y, 30.2, 30.1, 1.5)
    np.testing.assert_allclose(counts, expected, atol=2e-3 * expected.max())
    sampled, x, y = folded(dataset, shape, Folding(oversampling=1))
    middle = TOTAL * np.exp(-((x - 30.2) ** 2 + (y - 30.1) ** 2) / (2 * 1.5**2)) / (2 * np.pi * 1.5**2)
    np.testing.assert_allclose(sampled, middle, atol=1e-3 * middle.max())


@pytest.mark.parametrize("sigma", [0.5, 0.8, 1.5, 3.0])
@pytest.mark.parametrize("npix", [60, 200])
def test_without_a_psf_each_pixel_holds_its_mean(sigma, npix):
    dataset = replace(cube(npix=npix), psf=None)
    shape = Gaussian(sigma=sigma * PIXEL, **sky_of(dataset, 30.2, 29.9))
    counts, x, y = folded(dataset, shape)
    expected = TOTAL * gaussian(x, y, 30.2, 29.9, sigma)
    np.testing.assert_allclose(counts, expected, atol=3e-3 * expected.max())


@pytest.mark.parametrize("blurred", [True, False])
@pytest.mark.parametrize("extent", [30.0, 150.0])
@pytest.mark.parametrize("core", [0.05, 0.1, 0.3, 1.0])
def test_a_core_of_any_size_keeps_what_lies_within_its_extent(core, extent, blurred):
    dataset = cube(npix=400, slope=0.0)
    dataset = dataset if blurred else replace(dataset, psf=None)
    shape = King(core=core * PIXEL, slope=1.5, extent=extent, **sky_of(dataset, 200.37, 200))
    window = place(dataset, Source(SPECTRUM, shape), "toy", Folding()).window
    # From nodes a square is drawn, at points the whole window; a King profile of slope 3/2 is the solid angle of it.
    half = extent if window.nodes else window.shape[0] / 2 / core
    share = 2 / np.pi * np.arctan(half**2 / np.sqrt(1 + 2 * half**2))
    assert folded(dataset, shape)[0].sum() / TOTAL == pytest.approx(share, rel=2e-3)


def test_a_core_that_is_too_wide_for_nodes_is_taken_at_points():
    dataset = cube(npix=101)
    at = sky_of(dataset, 50.37, 50)
    counts, x, y = folded(dataset, Beta(core=1.5 * PIXEL, extent=1000.0, **at))
    window = place(dataset, Source(SPECTRUM, Beta(core=1.5 * PIXEL, extent=1000.0, **at)), "toy", Folding()).window
    assert (window.nodes, window.spot.oversampling) == (0, 3)
    fewer, its_x, its_y = folded(dataset, Beta(core=1.5 * PIXEL, extent=40.0, **at))
    wide, narrow = (
        {(i, j): c for i, j, c in zip(a.ravel(), b.ravel(), n.ravel(), strict=True)}
        for a, b, n in ((x, y, counts), (its_x, its_y, fewer))
    )
    near = [(i, j) for i in range(20, 81) for j in range(20, 81)]
    np.testing.assert_allclose([wide[p] for p in near], [narrow[p] for p in near], rtol=3e-3)


def test_responses_of_a_source_can_be_switched_off():
    dataset = cube()
    at = sky_of(dataset, 30, 30)
    window = place(dataset, Source(SPECTRUM, Point(**at), irf=("exposure", "edisp")), "toy", Folding()).window
    counts = np.asarray(fold(Source(SPECTRUM, Point(**at)), window)).sum(axis=0)
    assert (counts > 1e-3 * TOTAL).sum() == 1


def test_a_region_sees_the_part_of_a_shape_within_it():
    region = RegionGeom.circle(SkyCoord(83.6, 22.0, unit="deg"), "0.2 deg", axes=[ENERGY])
    dataset = Dataset(
        "circle",
        counts=Map.filled(region),
        exposure=Map.filled(region.with_axes(TRUE), SEEN, "m2 s"),
    )
    at = {"lon_0": 83.6, "lat_0": 22.0, "frame": "icrs"}
    shares = {None: 1.0, 0.0: 1.0, 0.1: 1 - np.exp(-2.0), 0.3: 1 - np.exp(-2 / 9)}
    totals = []
    for sigma in shares:
        shape = None if sigma is None else Gaussian(sigma=sigma, **at) if sigma else Point(**at)
        source = Source(SPECTRUM, shape)
        totals.append(float(np.sum(fold(source, place(dataset, source, "toy", Folding()).window))))
    assert 0.7 * TOTAL < totals[0] < TOTAL  # what is reconstructed below 1 TeV is not seen
    assert np.array(totals) / totals[0] == pytest.approx(list(shares.values()), rel=2e-3)
