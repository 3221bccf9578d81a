"""The image of a point: a PSF shifted by parts of a pixel, and how it changes."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from skyfold.dataset.window import Folding, place
from skyfold.fold.point import by_phase, image, in_block, landing, shifted
from skyfold.fold.predict import fold
from skyfold.irf.kernel import mirrored
from skyfold.maps.map import Map
from skyfold.model.source import Source
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.power_law import PowerLaw
from tests.fold.toys import cube

SPECTRUM = PowerLaw(index=2.0, amplitude="1e-9 cm-2 s-1 TeV-1")


def window_of(dataset):
    at = dataset.geom.from_pix(30.2, 29.7).spherical
    point = Point(lon_0=at.lon.deg, lat_0=at.lat.deg, frame="icrs")
    return Source(SPECTRUM, point), place(dataset, Source(SPECTRUM, point), "toy", Folding()).window


@pytest.mark.parametrize("side", [8, 12])
def test_phases_are_every_third_point_from_the_middle_on(side):
    quadrant = np.random.default_rng(0).random((2, 7, 7))
    kernel = mirrored(quadrant)
    parts, size = by_phase(quadrant, 3, side), side + 4
    assert parts.shape == (3, 3, size + 1, size, 2)
    wide = np.pad(kernel, ((0, 0), (20, 20), (20, 20)))
    for phase_y in range(3):
        for phase_x in range(3):
            for y in range(size):
                for x in range(size):
                    at = 20 + 6 + 3 * (y - size // 2) + phase_y, 20 + 6 + 3 * (x - size // 2) + phase_x
                    np.testing.assert_array_equal(parts[phase_y, phase_x, y, x], wide[:, at[0], at[1]])
    assert not parts[:, :, size].any()
    assert parts.ctypes.data % 64 == 0


@pytest.mark.parametrize("at", [(16.31, 16.87), (14.0, 18.5), (19.999, 12.9)])
def test_slopes_are_differences_as_far_as_the_window_reaches(at):
    _, window = window_of(cube(slope=0.01))
    at = jnp.asarray(at)
    here, slopes = landing(at, window.spot)
    psf, exposure = shifted(here, slopes, window.kernel, window.exposure, window.shape[0])
    (x, y), side = here.corner, len(psf)

    def block(at):
        return image(at, window).reshape(*window.shape, -1)[y : y + side, x : x + side]

    of, *changes = (part.reshape(side, side, -1) for part in jnp.moveaxis(psf, 1, 0))
    seen, *also = exposure
    np.testing.assert_allclose(of * seen[None, None], block(at), atol=1e-14 * np.abs(of * seen[0]).max())
    for change, slope, step in zip(changes, also, 1e-4 * jnp.eye(2), strict=True):
        expected = (block(at + step) - block(at - step)) / 2e-4
        found = change * seen[None, None] + of * slope[None, None]
        np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("at", [(17.7, 15.2), (16.0, 17.0), (19.999, 12.5)])
def test_pixels_outside_the_block_are_dark(at):
    _, window = window_of(cube())
    here, _ = landing(jnp.asarray(at), window.spot)
    psf, exposure = shifted(here, None, window.kernel, window.exposure, window.shape[0])
    side, pixel = len(psf), jnp.arange(window.shape[0] * window.shape[1])
    x, y = in_block(pixel % window.shape[1], pixel // window.shape[1], here.corner, side)
    assert ((x > 0) | (y > 0)).sum() == side**2 - 1
    found = psf.reshape(side, side, -1)[y, x] * exposure
    np.testing.assert_array_equal(found, image(jnp.asarray(at), window))


def test_true_energies_of_which_nothing_is_seen_are_left_out():
    dataset = cube()
    dispersion = np.array([[0.0, 0.0], [1.0, 0.0], [0.4, 0.6], [0.0, 1.0]])[:, :, None, None]
    table = dataset.edisp.table.with_data(dispersion)
    dataset = replace(dataset, edisp=replace(dataset.edisp, table=table))
    high = np.zeros(dataset.geom.shape, dtype=bool)
    high[1] = True
    source, every = window_of(dataset)
    _, window = window_of(replace(dataset, mask_fit=Map(dataset.geom, high)))
    edges = dataset.energy_true.edges_in("TeV")
    np.testing.assert_array_equal(every.spot.edges, edges[1:])
    np.testing.assert_array_equal(window.spot.edges, edges[2:])
    np.testing.assert_allclose(fold(source, window)[1], fold(source, every)[1], rtol=1e-12)


def test_a_window_that_sees_nothing_has_all_energies():
    dataset = cube()
    nowhere = np.zeros(dataset.geom.shape, dtype=bool)
    dark = Map.filled(dataset.exposure.geom, 0.0, "m2 s")
    _, window = window_of(replace(dataset, exposure=dark, mask_fit=Map(dataset.geom, nowhere)))
    np.testing.assert_array_equal(window.spot.edges, dataset.energy_true.edges_in("TeV"))
