"""Shapes that do not move, seen by a dataset and fitted: counts against sums made by other means."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from scipy.ndimage import gaussian_filter

from skyfold.dataset.predict import npred
from skyfold.errors import FitError, ModelError, ShapeError
from skyfold.fit.fit import fit
from skyfold.fit.likelihood import Likelihood
from skyfold.fit.parameters import Parameters
from skyfold.geom.region import RegionGeom
from skyfold.maps.map import Map
from skyfold.model.background import FovBackground
from skyfold.model.source import Source
from skyfold.model.spatial.constant import Constant, ConstantFlux
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.piecewise import PiecewiseNormShape
from skyfold.model.spatial.template import EnergyTemplate, Template
from skyfold.model.spectral.power_law import PowerLaw, PowerLawNorm
from tests.fold.toys import PIXEL, SEEN, SIGMA, TRUE, cube

SPECTRUM = PowerLaw(index=2.0, amplitude="1e-9 cm-2 s-1 TeV-1")
EXPECTED = float(np.sum(SPECTRUM.flux(TRUE.edges_in("TeV")))) * SEEN * 1e4
ENERGIES = np.array([0.5, 2.0, 20.0])
NORMS = PiecewiseNormShape([83.0, 84.2, 83.0, 84.2], [21.4, 21.4, 22.6, 22.6], (1.0, 1.0, 1.0, 1.0), frame="icrs")


def grid(step, width=0.9):
    """Longitudes and latitudes [rad] around the toy."""
    half = np.arange(-round(width / step), round(width / step) + 1) * step
    return np.radians(83.6 + half / np.cos(np.radians(22))), np.radians(22.0 + half)


def blob(step, sigma=0.1):
    """A Gaussian on a grid, 1 over the sky."""
    lon, lat = grid(step)
    return np.asarray(Gaussian(83.6, 22, sigma=sigma, frame="icrs")(*np.meshgrid(lon, lat)))


def counts(shape, dataset=None, spectrum=SPECTRUM, **options):
    dataset = cube() if dataset is None else dataset
    return npred(dataset, {"a": Source(spectrum, shape, **options)})["a"].data


def test_a_constant_is_as_bright_at_the_border_as_in_the_middle():
    found = counts(Constant(2.0))
    area = cube().geom.solid_angle
    np.testing.assert_allclose(found, np.broadcast_to(EXPECTED / 2 * 2.0 * area, found.shape), rtol=2e-5)


def test_a_template_of_a_gaussian_is_that_gaussian():
    found = counts(Template(*grid(0.01), blob(0.01), frame="icrs"))
    np.testing.assert_allclose(
        found, counts(Gaussian(83.6, 22, sigma=0.1, frame="icrs")), rtol=0, atol=5e-3 * found.max()
    )
    assert found.sum() == pytest.approx(EXPECTED, rel=2e-3)


def test_a_template_is_blurred_by_the_psf():
    shape = Template(*grid(0.02), blob(0.02, 0.05), frame="icrs")
    one, other = counts(shape), counts(shape, irf=("exposure", "edisp"))
    width = np.hypot(SIGMA, PIXEL / np.sqrt(12)) / PIXEL  # of the PSF over a pixel
    blurred = gaussian_filter(other, (0, width, width), mode="constant")
    np.testing.assert_allclose(one, blurred, rtol=0, atol=2e-3 * one.max())


@pytest.mark.parametrize("phase", [0.0, 0.31])
def test_light_in_a_map_finer_than_pixels_is_kept(phase):
    lon, lat = grid(0.006, 0.3)
    lines = np.zeros((lat.size, lon.size))
    lines[::3] = 1.0  # a comb that the centres of pixels hit unevenly
    found = counts(Template(lon, lat + np.radians(0.006 * phase), lines, frame="icrs"), irf=("exposure", "edisp"))
    middle = (slice(20, 40),) * 2
    light = found[0][middle].sum() / cube().geom.solid_angle[middle].sum()
    assert light == pytest.approx(EXPECTED / 2 / 3, rel=0.02)


def test_an_energy_template_that_is_a_power_law_is_a_constant_with_that_spectrum():
    lon, lat = grid(0.3)
    maps = 1e-9 * ENERGIES[:, None, None] ** -1.0 * np.ones((1, lat.size, lon.size))
    shape = EnergyTemplate(ENERGIES, lon, lat, maps, frame="icrs")
    flat = counts(Constant(1.0), spectrum=PowerLaw(index=1.0, amplitude="1e-9 cm-2 s-1 TeV-1"))
    found = counts(shape, spectrum=PowerLawNorm())
    edges = TRUE.edges_in("TeV")
    at_middle = 1e-9 * np.diff(edges) / np.sqrt(edges[1:] * edges[:-1])  # the map at the middle of each bin
    expected = flat * at_middle.sum() / np.sum(PowerLaw(1.0, 1e-9).flux(edges))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("shape", "spectrum"),
    [
        (Template(*grid(0.02), blob(0.02), frame="icrs"), SPECTRUM),
        (EnergyTemplate(ENERGIES, *grid(0.02), np.stack([blob(0.02)] * 3), frame="icrs"), SPECTRUM),
        (Constant(100.0), SPECTRUM),
    ],
)
def test_a_fit_finds_the_norm_of_a_shape_that_does_not_move(shape, spectrum):
    dataset = cube(slope=0.01)  # else a constant looks like the background
    truth = {"a": Source(spectrum, shape), "bkg": FovBackground("toy")}
    asimov = replace(dataset, counts=sum_of(npred(dataset, truth)))
    sky = truth | {"a": Source(replace(spectrum, amplitude=spectrum.amplitude * 1.5), shape)}
    table = Parameters.of(sky).freeze("a.spectrum.index")  # this toy does not see energies
    result = fit(asimov, sky, table).check()
    assert result.parameters["a.spectrum.amplitude"].value == pytest.approx(1e-9, rel=1e-5)
    assert result.parameters["bkg.spectrum.norm"].value == pytest.approx(1.0, rel=1e-5)


def sum_of(parts):
    first, *others = parts.values()
    return sum(others, first)


def test_a_fit_finds_norms_across_the_field_of_a_background():
    dataset = replace(cube(), background=Map.filled(cube().geom, 5.0))
    wanted = (0.8, 1.3, 1.1, 0.9)
    truth = {"bkg": FovBackground("toy", PowerLawNorm(), replace(NORMS, norms=wanted))}
    asimov = replace(dataset, counts=sum_of(npred(dataset, truth)))
    table = Parameters.of({"bkg": FovBackground("toy", PowerLawNorm(), NORMS)}).freeze("bkg.spectrum.norm")
    result = fit(asimov, {"bkg": FovBackground("toy", PowerLawNorm(), NORMS)}, table).check()
    found = [result.parameters[f"bkg.shape.norms.{i}"].value for i in range(4)]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_a_free_parameter_of_a_shape_that_does_not_move_is_an_error_on_a_map():
    sky = {"a": Source(SPECTRUM, Constant(100.0))}
    with pytest.raises(FitError, match=r"a\.shape\.value is free, but a Constant is folded only once .* 'toy': freeze"):
        Likelihood.of([cube()], sky, Parameters.of(sky).thaw("a.shape.value"))


def test_a_region_sees_its_part_of_a_constant_and_all_of_a_constant_flux():
    circle = RegionGeom.circle(SkyCoord(83.6, 22, unit="deg"), "0.3 deg", axes=cube().geom.axes)
    area = 2 * np.pi * (1 - np.cos(np.radians(0.3)))
    seen = Map.filled(circle.with_axes(TRUE), SEEN, "m2 s")
    dataset = replace(
        cube(), counts=Map.filled(circle), background=None, exposure=seen, psf=None, edisp=None, mask_safe=None
    )
    flat = counts(ConstantFlux(), dataset)
    np.testing.assert_allclose(counts(Constant(1.0), dataset), flat * area, rtol=5e-3)
    lon, lat = grid(0.1)
    template = EnergyTemplate(ENERGIES, lon, lat, np.full((3, lat.size, lon.size), 2.0), frame="icrs")
    np.testing.assert_allclose(counts(template, dataset), 2 * flat * area, rtol=5e-3)


def test_a_constant_flux_on_a_map_and_several_psfs_of_reconstructed_energies_are_refused():
    with pytest.raises(ModelError, match="use Constant on maps"):
        counts(ConstantFlux())
    dataset = cube()
    table = dataset.psf.table
    energy, rad = dataset.geom.axes[0], table.geom.axes[1]
    geom = table.geom.image.with_axes(energy, rad)
    weight = Map(table.geom.image.with_axes(energy), np.ones((2, 1, 1)), "m2 s")
    reco = replace(dataset.psf, table=Map(geom, table.data[:2], "sr-1"), exposure=weight)
    with pytest.raises(ShapeError, match="PSF of reconstructed energies; the shape of 'a', which does not move"):
        counts(Constant(1.0), replace(dataset, psf=reco))
