"""Maps: what must hold for any geometry, any numbers."""

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from skyfold.geom.axis import Axis
from skyfold.geom.pixels import padded
from skyfold.geom.wcs import WcsGeom
from skyfold.io.maps import map_from_hdus, map_to_hdus, read_map, write_map
from skyfold.maps.cut import crop, cutout, pad
from skyfold.maps.filter import convolve, smooth, tophat_kernel
from skyfold.maps.lookup import fill_counts, get, interpolate
from skyfold.maps.map import Map
from skyfold.maps.rebin import downsample, rebin, upsample
from skyfold.maps.reproject import reproject
from skyfold.maps.stack import stack

FRAMES = st.sampled_from(["icrs", "galactic", "fk5"])
PROJECTIONS = st.sampled_from(["TAN", "CAR", "SIN", "ARC", "ZEA", "STG", "AIT", "MOL", "SFL", "CEA", "MER"])
few = settings(max_examples=30, deadline=None)


@st.composite
def skies(draw, frame=FRAMES):
    """Geometries without axes, away from the poles of cylindrical projections."""
    center = SkyCoord(draw(st.floats(0, 360)), draw(st.floats(-85, 85)), unit="deg")
    pixel = draw(st.floats(1e-3, 0.5)), draw(st.floats(1e-3, 0.5))
    npix = draw(st.integers(1, 30)), draw(st.integers(1, 30))
    return WcsGeom.create(center, pixel=list(pixel), npix=npix, proj=draw(PROJECTIONS), frame=draw(frame))


@st.composite
def axes(draw):
    name, unit = draw(st.sampled_from([("energy", "TeV"), ("energy_true", "GeV"), ("rad", "deg"), ("migra", "")]))
    scale, kind = draw(st.sampled_from(["lin", "log", "sqrt"])), draw(st.sampled_from(["edges", "nodes"]))
    steps = draw(st.lists(st.floats(0.01, 10), min_size=2, max_size=8))
    return Axis(name, np.cumsum(steps), unit, scale, kind)


@st.composite
def maps(draw, dtype=None):
    geom = draw(skies())
    if draw(st.booleans()):
        geom = geom.with_axes(draw(axes()))
    kind = dtype or draw(st.sampled_from([float, np.float32, np.int32, bool]))
    data = np.random.default_rng(draw(st.integers(0, 99))).poisson(2.0, geom.shape).astype(kind)
    return Map(geom, data, draw(st.sampled_from(["", "m2 s", "sr-1"])))


def same(found: Map, expected: Map) -> bool:
    return found.geom == expected.geom and found.unit == expected.unit and np.array_equal(found.data, expected.data)


@few
@given(skies(), st.integers(0, 99))
def test_pixels_lead_to_the_sky_and_back(geom, seed):
    ny, nx = geom.image_shape
    x, y = np.random.default_rng(seed).uniform(-0.5, 0.5, (2, 20)) * [[nx], [ny]] + [[(nx - 1) / 2], [(ny - 1) / 2]]
    sky = geom.from_pix(x, y)
    on = np.isfinite(sky.spherical.lon.deg)
    again = geom.from_pix(*geom.to_pix(sky[on]))
    assert np.all(again.separation(sky[on]).deg < 1e-9)
    vectors = np.array(geom.radec_to_pix(sky[on].icrs.ra.deg, sky[on].icrs.dec.deg))
    assert np.all(geom.from_pix(*vectors).separation(sky[on]).deg < 1e-9)


@few
@given(skies(), st.integers(1, 4))
def test_a_part_of_a_geometry_has_the_solid_angles_of_the_whole(geom, margin):
    wide = padded(geom, margin)
    rows, columns = geom.offset_in(wide)
    np.testing.assert_allclose(wide.solid_angle[rows, columns], geom.solid_angle, rtol=1e-6)


@few
@given(skies(), st.integers(2, 4))
def test_solid_angles_of_small_pixels_make_up_those_of_large_ones(geom, factor):
    whole = Map(geom, geom.solid_angle)
    fine = upsample(whole, factor).geom
    joined = downsample(Map(fine, fine.solid_angle), factor)
    on = (geom.solid_angle > 0) & (fine.solid_angle.reshape(*_blocks(geom, factor)).min(axis=(1, 3)) > 0)
    np.testing.assert_allclose(joined.data[on], geom.solid_angle[on], rtol=2e-4)


def _blocks(geom, factor):
    ny, nx = geom.image_shape
    return ny, factor, nx, factor


@few
@given(maps(float), st.data())
def test_rebinning_conserves_counts(map_, data):
    if not map_.geom.axes:
        map_ = Map(map_.geom.with_axes(Axis("energy", [1, 2], "TeV")), map_.data[None])
    (axis,) = map_.geom.axes
    inner = data.draw(st.sets(st.integers(1, axis.nbin - 1))) if axis.nbin > 1 else set()
    edges = axis.edges.value[[0, *sorted(inner), axis.nbin]]
    if np.all(np.diff(edges) > 0):
        coarse = rebin(map_, axis.name, edges)
        np.testing.assert_allclose(coarse.data.sum(axis=0), map_.data.sum(axis=0))
        assert same(coarse.sum_over(axis.name), map_.sum_over(axis.name))


@few
@given(maps(), st.integers(0, 99))
def test_cutting_and_stacking_the_pieces_is_the_identity(map_, seed):
    ny, nx = map_.geom.image_shape
    rng = np.random.default_rng(seed)
    y, x = int(rng.integers(0, ny + 1)), int(rng.integers(0, nx + 1))
    pieces = [
        Map(map_.geom.sliced(*box), map_.data[(..., *box)], map_.unit)
        for box in [(rows, columns) for rows in (slice(0, y), slice(y, ny)) for columns in (slice(0, x), slice(x, nx))]
        if box[0].start < box[0].stop and box[1].start < box[1].stop
    ]
    target = Map.filled(map_.geom, map_.data.dtype.type(0), map_.unit)
    for piece in rng.permutation(len(pieces)):
        target = stack(target, pieces[piece])
    np.testing.assert_array_equal(target.data, map_.data)


@few
@given(maps(float), st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 3))
def test_any_cut_out_goes_back_where_it_was(map_, x, y, width):
    ny, nx = map_.geom.image_shape
    center = map_.geom.from_pix(x * (nx - 1), y * (ny - 1))
    if not np.isfinite(center.spherical.lon.deg):
        return
    part = cutout(map_, center, width * u.deg, "partial")
    zeros = Map.filled(map_.geom, 0.0, map_.unit)
    trimmed = cutout(map_, center, width * u.deg)
    assert same(stack(zeros, part), stack(zeros, trimmed))
    assert part.data.sum() == trimmed.data.sum()


@few
@given(maps(), st.integers(0, 5))
def test_padding_and_cropping_is_the_identity(map_, npix):
    assert same(crop(pad(map_, npix), npix), map_)


@few
@given(maps())
def test_what_is_written_is_read(map_):
    found = map_from_hdus(map_to_hdus(map_))
    assert same(found, map_)
    assert found.data.dtype == map_.data.dtype


@settings(max_examples=10, deadline=None)
@given(maps())
def test_what_is_written_to_a_file_is_read(tmp_path_factory, map_):
    path = tmp_path_factory.mktemp("map") / "a.fits.gz"
    write_map(path, map_)
    assert same(read_map(path), map_)


@few
@given(maps(float), st.sampled_from(["gauss", "disk", "box"]), st.floats(0.1, 4))
def test_smoothing_conserves_counts_but_for_those_carried_over_the_border(map_, kernel, width):
    margin = int(np.ceil(5 * width)) + 1
    wide = pad(map_, margin)
    np.testing.assert_allclose(smooth(wide, width, kernel).data.sum(axis=(-1, -2)), map_.data.sum(axis=(-1, -2)))
    assert np.all(smooth(map_, width, kernel).data.sum(axis=(-1, -2)) <= map_.data.sum(axis=(-1, -2)) * (1 + 1e-12))


@few
@given(maps(float), st.floats(0, 5))
def test_counts_in_a_radius_are_whole_and_never_negative(map_, radius):
    found = convolve(map_, tophat_kernel(radius)).data
    assert found.min() >= 0
    np.testing.assert_array_equal(found, np.rint(found))


@few
@given(maps(float))
def test_interpolation_is_exact_at_bin_centres(map_):
    coords = {axis.name: axis.center[:, None, None] for axis in map_.geom.axes}
    sky = map_.geom.sky
    on = np.isfinite(sky.spherical.lon.deg)
    at = interpolate(map_, sky, **coords)
    np.testing.assert_allclose(at[..., on], map_.data[..., on], atol=1e-5)
    if all(axis.kind == "edges" for axis in map_.geom.axes):
        np.testing.assert_array_equal(get(map_, sky, **coords)[..., on], map_.data[..., on])


@few
@given(skies(), st.integers(0, 99))
def test_every_event_on_the_map_is_counted_once_and_in_any_order(geom, seed):
    rng = np.random.default_rng(seed)
    ny, nx = geom.image_shape
    sky = geom.from_pix(rng.uniform(-3, nx + 3, 200), rng.uniform(-3, ny + 3, 200)).icrs
    sky = sky[np.isfinite(sky.ra.deg)]
    counts = fill_counts(geom, sky)
    x, _ = geom.to_idx(sky)
    assert counts.data.sum() == (x >= 0).sum()
    order = rng.permutation(len(sky))
    np.testing.assert_array_equal(fill_counts(geom, (sky.ra.deg[order], sky.dec.deg[order])).data, counts.data)


@few
@given(skies(frame=st.sampled_from(["icrs", "galactic"])), st.integers(0, 99))
def test_counts_that_stay_on_the_map_are_conserved_by_reprojection(geom, seed):
    counts = Map(geom, np.random.default_rng(seed).poisson(2.0, geom.shape).astype(float))
    width = 2.5 * float(np.hypot(*geom.width.to_value("deg")))
    other = WcsGeom.create(geom.center.galactic, width, width / 20)
    found = reproject(counts, other, "counts", oversampling=3)
    on = np.isfinite(upsample(counts, 3).geom.sky.spherical.lon.deg)
    expected = upsample(counts, 3).data[on].sum()
    np.testing.assert_allclose(found.data.sum(), expected, rtol=1e-12)
