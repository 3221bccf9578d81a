"""Datasets with random contents, on pixels that line up: what the tests of stacking, files and estimators are fed."""

from dataclasses import replace

import numpy as np
from astropy.coordinates import SkyCoord

from skyfold.dataset.dataset import Dataset, SkyResponse
from skyfold.events.good_times import GoodTimes
from skyfold.geom.axis import Axis
from skyfold.geom.region import RegionGeom
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map

CENTER = SkyCoord(83.63, 22.01, unit="deg")
ENERGY = Axis.energy("1 TeV", "10 TeV", 3)
ENERGY_TRUE = Axis.energy("0.5 TeV", "20 TeV", 4, true=True)
RAD = Axis.even("rad", 0.0, 0.3, 6, unit="deg")
WHOLE = WcsGeom.create(CENTER, npix=(12, 10), pixel="0.1 deg", axes=[ENERGY])
COARSE = WcsGeom.create(CENTER, npix=(6, 5), pixel="0.2 deg")
REGION = RegionGeom.circle(CENTER, "0.1 deg", axes=[ENERGY])


def random_dataset(seed=0, *, stat="cash", geom=WHOLE, coarse=COARSE, name=None, mask_fit=False):
    """A dataset that carries everything; counts are whole numbers, a third of its bins are not safe."""
    rng = np.random.default_rng(seed)
    coarse = coarse if isinstance(geom, WcsGeom) else geom.image

    def values(of, unit="", scale=1.0):
        return Map(of, rng.uniform(0.5, 1.5, of.shape) * scale, unit)

    def whole_numbers(mean):
        return Map(geom, rng.poisson(mean, geom.shape).astype(float))

    true = coarse.with_axes(ENERGY_TRUE)
    psf = SkyResponse(values(coarse.with_axes(ENERGY_TRUE, RAD), "sr-1"), values(true, "m2 s", 1e9))
    edisp = SkyResponse(
        values(coarse.with_axes(ENERGY_TRUE, geom.axis("energy")), scale=0.2), values(true, "m2 s", 1e9)
    )
    start = float(rng.integers(0, 100)) * 2000.0
    dataset = Dataset(
        name=name or f"part-{seed}",
        counts=whole_numbers(2.0),
        background=values(geom),
        exposure=values(geom.with_axes(ENERGY_TRUE), "m2 s", 1e9),
        psf=psf if isinstance(geom, WcsGeom) else None,
        edisp=edisp,
        mask_safe=Map(geom, rng.random(geom.shape) > 0.3),
        mask_fit=Map(geom, rng.random(geom.shape) > 0.5) if mask_fit else None,
        gti=GoodTimes(np.array([start]), np.array([start + 1800.0])),
        livetime_s=1700.0 + seed,
        meta={"obs_ids": (seed,)},
    )
    if stat == "cash":
        return dataset
    off = replace(dataset, background=None, counts_off=whole_numbers(3.0), acceptance=values(geom))
    return replace(off, acceptance_off=values(geom, scale=7.0))


def piece(dataset, rows, columns):
    """A part of a dataset whose response too is cut to the coarse pixels around it (two counts pixels each)."""

    def cut(response):
        near = (_halved(rows, COARSE.image_shape[0]), _halved(columns, COARSE.image_shape[1]))
        maps = (response.table, response.exposure)
        return SkyResponse(*(Map(m.geom.sliced(*near), m.data[..., *near], m.unit) for m in maps))

    return replace(dataset.cut(rows, columns), psf=cut(dataset.psf), edisp=cut(dataset.edisp))


def _halved(span, size):
    return slice(max(span.start // 2 - 1, 0), min(span.stop // 2 + 2, size))


def assert_same(a, b, rtol=1e-9):
    """Counts exactly, everything else to rounding."""
    assert a.geom == b.geom
    assert a.stat == b.stat
    for name in ("counts", "counts_off", "mask_safe", "mask_fit"):
        assert_maps(getattr(a, name), getattr(b, name), name, 0)
    for name in ("background", "exposure", "acceptance", "acceptance_off"):
        assert_maps(getattr(a, name), getattr(b, name), name, rtol)
    for name in ("psf", "edisp"):
        one, other = getattr(a, name), getattr(b, name)
        assert (one is None) == (other is None), name
        if one is not None:
            assert_maps(one.table, other.table, name, rtol)
            assert_maps(one.exposure, other.exposure, name, rtol)
    np.testing.assert_allclose(a.livetime_s, b.livetime_s, rtol=rtol)
    assert (a.gti is None) == (b.gti is None)
    if a.gti is not None:
        np.testing.assert_allclose(a.gti.start, b.gti.start, rtol=0, atol=1e-5)
        np.testing.assert_allclose(a.gti.stop, b.gti.stop, rtol=0, atol=1e-5)


def assert_maps(a, b, name="map", rtol=0.0):
    assert (a is None) == (b is None), name
    if a is not None:
        assert a.geom == b.geom, name
        assert a.unit == b.unit, name
        np.testing.assert_allclose(a.data, b.data, rtol=rtol, atol=0, err_msg=name)
