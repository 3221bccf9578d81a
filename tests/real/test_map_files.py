"""Public maps read as they are; origin of the numbers: Gammapy 2.1 on the same files, unless said otherwise."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.geom.axis import Axis
from skyfold.geom.regions import region_mask
from skyfold.io.maps import read_map, read_mask, write_map
from skyfold.io.regions import read_regions
from skyfold.maps.filter import smooth
from skyfold.maps.lookup import interpolate
from skyfold.maps.spectrum import spectrum


@pytest.mark.parametrize(
    ("name", "shape", "total"),
    [
        ("fermi-3fhl-gc/fermi-3fhl-gc-counts-cube.fits.gz", (11, 200, 400), 32684),
        ("fermi-3fhl-gc/fermi-3fhl-gc-background-cube.fits.gz", (11, 200, 400), 28548.632302860686),
        ("fermi-3fhl-gc/fermi-3fhl-gc-exposure-cube.fits.gz", (12, 200, 400), 3.129498700654838e17),
        ("fermi-3fhl-gc/gll_iem_v06_gc.fits.gz", (30, 64, 120), 0.11803847221522712),
        ("joint-crab/exclusion/exclusion_mask_crab.fits.gz", (250, 250), 61784),
        ("poisson_stats_image/counts.fits.gz", (200, 200), 40896),
    ],
)
def test_maps_have_their_numbers_and_come_back_when_written(data_dir, tmp_path, name, shape, total):
    map_ = read_map(data_dir / name)
    assert map_.geom.shape == shape
    assert map_.data.astype(float).sum() == pytest.approx(total, rel=1e-12)
    write_map(tmp_path / "a.fits", map_)
    again = read_map(tmp_path / "a.fits")
    assert again.geom == map_.geom
    np.testing.assert_array_equal(again.data, map_.data)


def test_energies_of_fermi_cubes(data_dir):
    counts = read_map(data_dir / "fermi-3fhl-gc" / "fermi-3fhl-gc-counts-cube.fits.gz")
    assert counts.geom.axis("energy").edges_in("GeV")[[0, -1]] == pytest.approx([10, 500], rel=1e-6)
    exposure = read_map(data_dir / "fermi-3fhl-gc" / "fermi-3fhl-gc-exposure-cube.fits.gz", unit="cm2 s")
    assert exposure.geom.axis("energy_true").kind == "nodes"
    at = SkyCoord([0.3, -4.2], [0.11, 3.03], unit="deg", frame="galactic")
    found = interpolate(exposure, at, energy_true=[20, 200] * u.GeV)
    np.testing.assert_allclose(found, [3.20078748e11, 3.29017586e11], rtol=1e-6)


def test_datasets_of_gammapy_hold_maps_of_every_kind(data_dir):
    path = data_dir / "fermi-3fhl-gc" / "fermi-3fhl-gc.fits.gz"
    counts, exposure, mask, psf, edisp = (
        read_map(path, n) for n in ("COUNTS", "EXPOSURE", "MASK_SAFE", "PSF", "EDISP")
    )
    assert counts.data.sum() == 32684
    assert exposure.unit == u.Unit("cm2 s")
    assert mask.geom.axes == counts.geom.axes
    assert [axis.name for axis in psf.geom.axes] == ["energy_true", "rad"]
    assert psf.geom.shape == (11, 130, 1, 1)
    assert edisp.data[:, :, 0, 0].sum(axis=1).max() == pytest.approx(1, abs=0.01)


def test_pixels_of_a_cylindrical_map_have_the_solid_angle_of_their_zone(data_dir):
    geom = read_map(data_dir / "fermi-3fhl-gc" / "fermi-3fhl-gc-counts.fits.gz").geom
    assert geom.solid_angle.sum() == pytest.approx(np.radians(20) * 2 * np.sin(np.radians(5)), rel=1e-6)


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("galactic;circle(0,0,1)", [1009, 564, 289, 153, 94, 61, 41, 14, 11, 8, 3]),
        ("icrs;circle(266.4,-29,0.7)", [670, 369, 188, 105, 67, 36, 26, 11, 9, 8, 3]),
        ("galactic;ellipse(0.5,0.2,2,1,30)", [1399, 756, 413, 226, 146, 84, 57, 23, 18, 17, 4]),
        ("galactic;annulus(0,0,1,2)", [1160, 632, 373, 232, 144, 74, 53, 36, 30, 16, 4]),
    ],
)
def test_counts_in_regions(data_dir, region, expected):
    counts = read_map(data_dir / "fermi-3fhl-gc" / "fermi-3fhl-gc-counts-cube.fits.gz")
    assert spectrum(counts, region).data.ravel().tolist() == expected


def test_smoothed_counts(data_dir):
    image = read_map(data_dir / "fermi-3fhl-gc" / "fermi-3fhl-gc-counts.fits.gz")
    gauss, disk = smooth(image, "0.2 deg"), smooth(image, "0.2 deg", "disk")
    # Gammapy ends its Gaussian at four σ, we at five.
    np.testing.assert_allclose(gauss.data[100, [200, 210]], [5.568411272504762, 2.194000877523938], rtol=1e-4)
    np.testing.assert_allclose(disk.data[100, [200, 210]], [9.571428571428568, 2], rtol=1e-12)


def test_the_exclusion_around_the_crab_nebula_is_its_region_file(data_dir):
    folder = data_dir / "joint-crab" / "exclusion"
    mask = read_mask(folder / "exclusion_mask_crab.fits.gz")
    (region,) = read_regions(folder / "Crab_exclusion.reg")
    assert region.radius.to_value("deg") == pytest.approx(0.3)
    assert (region_mask(mask.geom, region, inside=False) != mask.data).mean() < 1e-3


@pytest.mark.parametrize("name", ["M2U009IMAGE_3000", "M2U009EXPMAP3000", "M2X000BKGMAP3000"])
def test_images_of_xmm_newton_are_in_fk5_and_their_unit_is_none(data_dir, name):
    map_ = read_map(data_dir / "xmm-a1835" / f"P0098010101{name}.FTZ")
    assert (map_.geom.frame, map_.geom.image_shape, map_.unit) == ("fk5", (648, 648), u.one)
    # The reference point of the header: pixel 324.50625, counted from 1.
    x, y = map_.geom.to_pix(SkyCoord(210.263208333333, 2.85175, unit="deg", frame="fk5"))
    np.testing.assert_allclose((x, y), 323.50625, atol=1e-9)
    assert map_.data.max() > 0


def test_energies_of_a_spectrum_template_are_nodes(data_dir):
    (axis,) = read_map(data_dir / "fermi-3fhl-gc" / "gll_iem_v06_gc.fits.gz").geom.axes
    assert isinstance(axis, Axis)
    assert (axis.name, axis.kind, axis.scale, axis.nbin) == ("energy_true", "nodes", "log", 30)
    assert axis.center_in("MeV")[0] == pytest.approx(58.473133, rel=1e-6)
