"""Templates: what is in a file comes out of the shape, in any projection."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from skyfold.errors import DataError, SkyfoldError, UnitError
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.io.maps import write_map
from skyfold.io.template_shapes import read_template_shape, write_template_shape
from skyfold.maps.map import Map
from skyfold.model.spatial.template import INTENSITY, EnergyTemplate, Template

CENTER = SkyCoord(83.6, 22.0, unit="deg")
ENERGY = Axis("energy_true", np.array([0.1, 1.0, 10.0]), "TeV", scale="log", kind="nodes")


def plate(nx=6, ny=4, step=0.5, lon=359.75, lat=0.0, frame="GLON GLAT", axes=()):
    """Plate carrée around the equator, longitude falling with the columns."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"{name:-<5}CAR" for name in frame.split()]
    wcs.wcs.crval, wcs.wcs.cdelt = (lon, 0.0), (-step, step)
    wcs.wcs.crpix = (nx + 1) / 2, (ny + 1) / 2 - lat / step
    wcs.wcs.set()
    return WcsGeom(wcs, (ny, nx), tuple(axes))


def blob(geom, at=CENTER, sigma=0.3):
    """A Gaussian on each pixel."""
    return np.exp(-0.5 * np.nan_to_num(at.separation(geom.sky).deg, nan=99.0) ** 2 / sigma**2)


def written(tmp_path, geom, data, unit="sr-1", name="t.fits"):
    write_map(tmp_path / name, Map(geom, data, unit))
    return tmp_path / name


def directions(sky, shape):
    at = sky.transform_to(shape.frame).spherical
    return at.lon.rad, at.lat.rad


def total(shape):
    """Its integral over the sky, on cells far smaller than those of the map."""
    lon, lat = shape.lon, shape.lat
    step = lon[1] - lon[0]
    x = np.arange(lon[0] - step / 2, min(lon[-1] + step / 2, lon[0] - step / 2 + 2 * np.pi) - 1e-9, step / 4) + step / 8
    half = (lat[1] - lat[0]) / 2
    y = np.arange(lat[0] - half, lat[-1] + half - 1e-9, half / 2) + half / 4
    values = np.asarray(shape(*np.meshgrid(x, y)))
    return float(np.sum(values * np.cos(y)[:, None]) * step / 4 * half / 2)


def test_pixels_of_a_plate_around_the_equator_are_met_as_they_are(tmp_path):
    geom, values = plate(lat=1.0), np.arange(24.0).reshape(4, 6)
    shape = read_template_shape(written(tmp_path, geom, values), normalize=False)
    assert isinstance(shape, Template)
    assert (shape.frame, shape.values.shape) == ("galactic", (4, 6))
    np.testing.assert_allclose(shape(*directions(geom.sky, shape)), values, atol=1e-9)


def test_the_unit_of_the_file_counts_and_that_which_is_given_instead(tmp_path):
    geom, values = plate(), np.ones((4, 6))
    path = written(tmp_path, geom, values, "deg-2")
    assert np.max(read_template_shape(path, normalize=False).values) == pytest.approx(np.degrees(1) ** 2)
    assert np.max(read_template_shape(path, "sr-1", normalize=False).values) == 1


@pytest.mark.parametrize("unit", ["sr-1", "cm-2 s-1 sr-1", "deg-2"])
def test_a_normalized_template_integrates_to_1(tmp_path, unit):
    geom = plate(12, 8, 0.5, lat=30.0)
    shape = read_template_shape(written(tmp_path, geom, 1 + np.arange(96.0).reshape(8, 12), unit))
    assert total(shape) == pytest.approx(1, rel=2e-4)


@pytest.mark.parametrize(
    ("center", "proj", "frame"),
    [
        (CENTER, "TAN", "icrs"),
        (CENTER, "TAN", "fk5"),
        (CENTER, "CAR", "icrs"),
        (SkyCoord(0.1, 89.5, unit="deg"), "TAN", "icrs"),  # the pole is on it
        (SkyCoord(359.9, -60, unit="deg", frame="galactic"), "CEA", "galactic"),
    ],
)
def test_maps_in_other_projections_are_resampled(tmp_path, center, proj, frame):
    geom = WcsGeom.create(center, "4 deg", "0.1 deg", proj=proj, frame=frame)
    values = blob(geom, center)
    path = written(tmp_path, geom, values)
    shape = read_template_shape(path, normalize=False)
    assert shape.frame == ("galactic" if frame == "galactic" else "icrs")
    np.testing.assert_allclose(
        shape(*directions(geom.sky, shape)), values, atol=0.03
    )  # straight lines in a peak 3 pixels wide
    assert total(shape) == pytest.approx(2 * np.pi * np.radians(0.3) ** 2, rel=5e-3)
    assert total(read_template_shape(path)) == pytest.approx(1, rel=1e-3)


def test_a_map_of_the_whole_sky_closes_around(tmp_path):
    geom = plate(72, 36, 5.0, lon=180.0)
    values = 1 + np.cos(geom.sky.spherical.lon.rad)
    shape = read_template_shape(written(tmp_path, geom, values), normalize=False)
    assert shape.values.shape == (36, 74)
    lon = np.radians(np.arange(0, 720, 1.7) - 360)
    np.testing.assert_allclose(shape(lon, 0 * lon), 1 + np.cos(lon), atol=2e-3)
    assert total(read_template_shape(tmp_path / "t.fits")) == pytest.approx(1, rel=2e-3)


def test_columns_that_are_there_twice_are_taken_once(tmp_path):
    geom = plate(73, 36, 5.0, lon=180.0)
    shape = read_template_shape(written(tmp_path, geom, np.ones(geom.shape)))
    np.testing.assert_allclose(shape.values, 1 / (4 * np.pi))


def test_the_corners_of_an_all_sky_projection_are_dark_and_no_error(tmp_path):
    geom = WcsGeom.create(SkyCoord(0, 0, unit="deg", frame="galactic"), ("360 deg", "180 deg"), "5 deg", proj="AIT")
    data = np.where(np.isfinite(geom.sky.spherical.lon.rad), 1.0, np.nan)
    shape = read_template_shape(written(tmp_path, geom, data), normalize=False)
    at = np.radians([0.0, 100.0, 260.0, 30.0]), np.radians([0.0, 20.0, -40.0, 80.0])
    np.testing.assert_allclose(shape(*at), 1)


def test_images_at_energies_are_power_laws_between(tmp_path):
    geom = plate(axes=[ENERGY])
    image = np.arange(24.0).reshape(4, 6) + 1
    cube = np.stack([image, image * 1e-2, image * 1e-6])
    shape = read_template_shape(written(tmp_path, geom, cube, "GeV-1 s-1 cm-2 sr-1"), normalize=False)
    assert isinstance(shape, EnergyTemplate)
    at = directions(geom.sky, shape)
    for energy, factor in ((1.0, 1e-2), (10.0**0.5, 1e-4), (0.1, 1.0)):
        np.testing.assert_allclose(shape(*at, energy), 1e3 * factor * image, rtol=1e-9)
    normalized = read_template_shape(tmp_path / "t.fits")
    np.testing.assert_allclose(normalized.values[1], normalized.values[0])


def test_one_image_of_energy_is_an_image(tmp_path):
    geom = plate(axes=[Axis.energy("0.1 TeV", "1 TeV", 1, true=True)])
    assert isinstance(read_template_shape(written(tmp_path, geom, np.ones(geom.shape))), Template)


@pytest.mark.parametrize("frame", ["icrs", "galactic"])
@pytest.mark.parametrize("nx", [6, 74])
def test_a_shape_that_was_written_is_read_as_it_was(tmp_path, frame, nx):
    lon, lat = np.radians(5.0 * np.arange(nx) - 12.0), np.radians(5.0 * np.arange(4) + 30.0)
    images = np.random.default_rng(1).random((2, 4, nx))
    if nx == 74:  # all around, with a column beyond either end
        images[..., [0, -1]] = images[..., [-2, 1]]
    for shape in (
        Template(lon, lat, images[0], frame=frame),
        EnergyTemplate(np.array([0.1, 3.0]), lon, lat, images, frame=frame, unit=INTENSITY),
    ):
        write_template_shape(tmp_path / "t.fits", shape, overwrite=True)
        found = read_template_shape(tmp_path / "t.fits", normalize=False)
        assert (type(found), found.frame, getattr(found, "unit", "")) == (
            type(shape),
            frame,
            getattr(shape, "unit", ""),
        )
        np.testing.assert_allclose(
            np.mod(found.lon - lon[0] + 1, 2 * np.pi) + lon[0] - 1,
            np.mod(lon - lon[0] + 1, 2 * np.pi) + lon[0] - 1,
            atol=1e-12,
        )
        np.testing.assert_allclose(found.lat, lat, atol=1e-12)
        np.testing.assert_allclose(found.values, shape.values, rtol=1e-12)


@pytest.mark.parametrize(
    ("data", "unit", "normalize", "error", "words"),
    [
        (1.0, "", True, UnitError, r"t\.fits: template without unit; give that of its values, unit='sr-1'"),
        (1.0, "", False, UnitError, r"t\.fits: template without unit"),
        (1.0, "TeV", True, UnitError, r"t\.fits: template in TeV; wanted sr-1"),
        (1.0, "cm-2 s-1 sr-1", False, UnitError, "wanted sr-1: name the right one .*, or normalize"),
        (0.0, "sr-1", False, DataError, r"t\.fits: a template without light"),
        (-1.0, "sr-1", True, DataError, r"t\.fits: 24 values of the template are below zero or nan, -1 at \(0, 0\)"),
        (np.nan, "sr-1", True, DataError, "24 values of the template are below zero or nan"),
    ],
)
def test_a_file_that_is_no_template_is_an_error_that_names_it(tmp_path, data, unit, normalize, error, words):
    path = written(tmp_path, plate(), np.full((4, 6), data), unit)
    with pytest.raises(error, match=words):
        read_template_shape(path, normalize=normalize)


def test_other_axes_and_missing_files_are_named(tmp_path):
    path = written(tmp_path, plate(axes=[Axis("phase", np.arange(3.0))]), np.ones((2, 4, 6)))
    with pytest.raises(DataError, match="found axes phase"):
        read_template_shape(path)
    with pytest.raises(SkyfoldError, match=r"none\.fits"):
        read_template_shape(tmp_path / "none.fits")
