from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyfold.dataset.dataset import SkyResponse
from skyfold.dataset.image import band_exposure, power_law_flux, rebin_energy, to_image
from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis
from skyfold.irf.migration import Migration
from skyfold.maps.map import Map
from tests.datasets import ENERGY, ENERGY_TRUE, REGION, WHOLE, assert_same, random_dataset


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(["cash", "wstat"]))
def test_an_image_holds_the_safe_counts_and_background_of_its_cube(seed, stat):
    cube = random_dataset(seed, stat=stat)
    image = to_image(cube)
    assert image.energy.nbin == 1
    np.testing.assert_array_equal(image.counts.data[0], (cube.counts.data * cube.safe).sum(axis=0))
    background = (cube.expected_background.data * cube.safe).sum(axis=0)
    np.testing.assert_allclose(image.expected_background.data[0], background, rtol=1e-12)
    np.testing.assert_array_equal(image.safe[0], cube.safe.any(axis=0))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(["cash", "wstat"]))
def test_rebinning_in_two_steps_is_rebinning_in_one(seed, stat):
    cube = random_dataset(seed, stat=stat, mask_fit=True)
    edges = cube.energy.edges
    assert_same(to_image(cube), to_image(rebin_energy(cube, edges[[0, 2, 3]])))


def test_energies_outside_the_edges_are_left_out():
    cube = random_dataset(1)
    upper = rebin_energy(cube, cube.energy.edges[[1, 3]])
    np.testing.assert_array_equal(upper.counts.data[0], (cube.counts.data * cube.safe)[1:].sum(axis=0))
    np.testing.assert_array_equal(upper.energy.edges, cube.energy.edges[[1, 3]])


def test_the_dispersion_of_an_image_leaves_out_bins_that_are_nowhere_safe():
    cube = random_dataset(1)
    safe = np.ones(WHOLE.shape, bool)
    safe[0] = False
    image = to_image(replace(cube, mask_safe=Map(WHOLE, safe)))
    np.testing.assert_allclose(image.edisp.table.data[:, 0], cube.edisp.table.data[:, 1:].sum(axis=1))


def test_finer_bins_than_there_are_cannot_be_made():
    with pytest.raises(ShapeError, match="finer"):
        rebin_energy(random_dataset(1), ENERGY.upsampled(2).edges)


def test_a_dispersion_on_other_energies_is_named():
    cube = random_dataset(1)
    axis = Axis.even("migra", 0.2, 5, 3)
    table = Map(cube.edisp.table.geom.with_axes(ENERGY_TRUE, axis), cube.edisp.table.data)
    with pytest.raises(ShapeError, match="dispersion on migra"):
        to_image(replace(cube, edisp=SkyResponse(table, cube.edisp.exposure)))


@pytest.mark.parametrize("index", [0.0, 1.0, 1.0 + 1e-9, 2.0, 3.3])
def test_power_law_flux_is_the_integral(index):
    edges = ENERGY.edges_in("TeV")
    grid = np.geomspace(edges[:-1], edges[1:], 20001)
    expected = np.trapezoid(grid**-index, grid, axis=0)
    np.testing.assert_allclose(power_law_flux(ENERGY, index), expected, rtol=1e-7)


def test_exposure_without_dispersion_on_the_same_energies_is_the_exposure():
    energy = Axis.energy("0.5 TeV", "20 TeV", 4)
    part = random_dataset(1, geom=WHOLE.with_axes(energy))
    part = replace(part, edisp=None)
    np.testing.assert_allclose(band_exposure(part, 2.7).data, part.exposure.data, rtol=1e-12)


def test_a_source_with_the_flux_of_the_spectrum_gives_the_excess_that_the_exposure_says():
    part = random_dataset(1, geom=REGION)
    part = replace(part, edisp=replace(part.edisp, exposure=part.exposure))
    flux = 3e-8  # per TeV^(1 - index)
    expected = Migration(ENERGY_TRUE, ENERGY, part.edisp.table.data[..., 0, 0])(
        flux * power_law_flux(ENERGY_TRUE, 2.2) * part.exposure.data[:, 0, 0]
    )
    folded = band_exposure(part, 2.2).data[:, 0, 0] * flux * power_law_flux(ENERGY, 2.2)
    np.testing.assert_allclose(folded, expected, rtol=1e-12)


def test_one_dispersion_everywhere_gives_the_same_on_coarse_and_fine_pixels():
    part = random_dataset(1)
    same = np.broadcast_to(part.edisp.table.data[..., :1, :1], part.edisp.table.data.shape)
    holes = part.edisp.exposure.data.copy()
    holes[:, 2, 2] = 0  # where nothing was exposed the table has nothing to say
    table = np.where(holes[:, None] > 0, same, 0.0)
    geom = part.edisp.table.geom
    edisp = SkyResponse(Map(geom, table), Map(geom.with_axes(ENERGY_TRUE), holes, "m2 s"))
    part = replace(part, edisp=edisp)
    matrix = same[..., 0, 0]
    weighted = part.exposure.data * power_law_flux(ENERGY_TRUE, 2.0)[:, None, None]
    expected = np.einsum("tyx,tr->ryx", weighted, matrix) / power_law_flux(ENERGY, 2.0)[:, None, None]
    found = band_exposure(part, 2.0).data
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_exposure_in_wider_bands_counts_their_safe_bins():
    part = random_dataset(1)
    edges = part.energy.edges[[0, 3]]
    np.testing.assert_array_equal(band_exposure(part, 2.0, edges).data, band_exposure(to_image(part), 2.0).data)


def test_no_exposure_says_what_to_do():
    part = replace(random_dataset(1), exposure=None)
    with pytest.raises(ShapeError, match="reduce it with 'exposure'"):
        band_exposure(part)
