"""Many observations: order, executors, failures, stacking."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.errors import ReductionError, ShapeError, SkyfoldError
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.io.store import read_store
from skyfold.reduce.chain import reduce, reduce_observation
from skyfold.reduce.recipe import Recipe
from skyfold.reduce.ring import Ring
from tests.dl3_files import make_observation, write_files

ENERGY = Axis.energy("0.5 TeV", "20 TeV", 5)
TRUE = Axis.energy("0.3 TeV", "50 TeV", 10, true=True)
CENTER = SkyCoord(83.63, 22.01, unit="deg")
GEOM = WcsGeom.create(CENTER, "4 deg", "0.05 deg", axes=[ENERGY])


@pytest.fixture(scope="module")
def runs():
    return [make_observation(i, dec=22.01 + d) for i, d in enumerate((0.5, -0.5, 0.7, 0.3), start=1)]


@pytest.fixture(scope="module")
def store(runs, tmp_path_factory):
    return read_store(write_files(tmp_path_factory.mktemp("dl3"), runs))


def same(a, b) -> bool:
    names = ("counts", "background", "exposure", "counts_off", "acceptance", "acceptance_off", "mask_safe")
    pairs = [(getattr(a, n), getattr(b, n)) for n in names]
    return all((x is None and y is None) or np.array_equal(x.data, y.data) for x, y in pairs)


@pytest.mark.parametrize("stacked", [True, False])
@pytest.mark.parametrize(
    "recipe", [Recipe(GEOM, TRUE, offset_max="2 deg"), Recipe(GEOM, TRUE, image=True, background=Ring())]
)
def test_the_executor_changes_nothing(store, recipe, stacked):
    serial = reduce(store, recipe, stacked=stacked)
    with ThreadPoolExecutor(3) as threads, ProcessPoolExecutor(2, get_context("spawn")) as processes:
        for executor in (threads, processes):
            other = reduce(store, recipe, stacked=stacked, executor=executor)
            assert other.used == serial.used == (1, 2, 3, 4)
            assert all(same(a, b) for a, b in zip(serial.datasets, other.datasets, strict=True))


def test_a_dask_cluster_gives_the_same(store):
    distributed = pytest.importorskip("distributed")
    recipe = Recipe(GEOM, TRUE, offset_max="2 deg")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        other = reduce(store, recipe, executor=client.get_executor())
    assert same(reduce(store, recipe).datasets[0], other.datasets[0])


def test_references_are_small(store):
    import pickle

    assert len(pickle.dumps(next(iter(store)))) < 4000


def test_progress_counts_every_observation(store):
    seen = []
    reduce(store, Recipe(GEOM, TRUE), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_one_bad_run_does_not_lose_the_others(runs, tmp_path):
    store = read_store(write_files(tmp_path / "dl3", runs))
    file = tmp_path / "dl3" / "data" / "run_000002.fits.gz"
    file.write_bytes(file.read_bytes()[:3000])
    result = reduce(store, Recipe(GEOM, TRUE))
    assert result.used == (1, 3, 4)
    (skipped,) = result.skipped
    assert skipped.obs_id == 2
    assert "run_000002.fits.gz" in skipped.reason
    assert "cut short" in skipped.reason
    with pytest.raises(SkyfoldError, match="run_000002"):
        reduce(store, Recipe(GEOM, TRUE), strict=True)


def test_a_run_that_looks_elsewhere_is_listed(runs, tmp_path):
    away = make_observation(9, ra=200.0, dec=-40.0)
    store = read_store(write_files(tmp_path / "dl3", [*runs, away]))
    for recipe in (Recipe(GEOM, TRUE), Recipe(GEOM, TRUE, offset_max="2 deg")):
        result = reduce(store, recipe)
        assert [s.obs_id for s in result.skipped] == [9]
        assert "outside its field of view" in result.skipped[0].reason


def test_if_none_contributes_the_reasons_are_given(tmp_path):
    store = read_store(write_files(tmp_path / "dl3", [make_observation(9, ra=200.0, dec=-40.0)]))
    with pytest.raises(ReductionError, match=r"none of 1 observations contributes \(9: the map lies outside"):
        reduce(store, Recipe(GEOM, TRUE))


def test_an_empty_selection_is_an_error(store):
    with pytest.raises(ReductionError, match="the selection is empty"):
        reduce(store.where(np.zeros(4, bool)), Recipe(GEOM, TRUE))


def test_a_missing_response_is_named(runs):
    run = replace(runs[0], responses=replace(runs[0].responses, psf=None))
    with pytest.raises(SkyfoldError, match=r"observation 1: no HDU 'psf'"):
        reduce_observation(run, Recipe(GEOM, TRUE, required=("aeff", "psf")))


def test_the_pointing_beyond_the_offsets_of_the_response(runs):
    geom = WcsGeom.create(SkyCoord(83.63, 26.0, unit="deg"), "1 deg", "0.1 deg", axes=[ENERGY])
    with pytest.raises(ReductionError, match=r"nearest pixel is .* from the pointing, the responses reach 2\.50°"):
        reduce_observation(runs[0], Recipe(geom, TRUE))


def test_splitting_a_run_changes_nothing(runs):
    from skyfold.dataset.stack import stack

    recipe = Recipe(GEOM, TRUE, offset_max="2 deg")
    whole = stack([reduce_observation(runs[0], recipe)], geom=GEOM)
    parts = stack((reduce_observation(runs[0].select_gti(p), recipe) for p in runs[0].gti.split(7)), geom=GEOM)
    np.testing.assert_array_equal(parts.counts.data, whole.counts.data)
    for name in ("exposure", "background"):
        np.testing.assert_allclose(getattr(parts, name).data, getattr(whole, name).data, rtol=1e-6)
    np.testing.assert_allclose(parts.psf.table.data, whole.psf.table.data, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(parts.edisp.table.data, whole.edisp.table.data, rtol=1e-6, atol=1e-12)
    assert parts.livetime_s == pytest.approx(whole.livetime_s, rel=1e-9)


def test_the_order_of_runs_does_not_matter(store):
    recipe = Recipe(GEOM, TRUE, image=True, background=Ring())
    forth, back = (reduce(refs, recipe).datasets[0] for refs in (list(store), list(store)[::-1]))
    np.testing.assert_array_equal(forth.counts_off.data, back.counts_off.data)
    np.testing.assert_allclose(forth.acceptance_off.data, back.acceptance_off.data, rtol=1e-9)


def test_a_geometry_without_energy_is_refused():
    with pytest.raises(ShapeError, match="one axis 'energy', found none"):
        Recipe(GEOM.image, TRUE)
    with pytest.raises(ShapeError, match="'energy_true', found 'energy'"):
        Recipe(GEOM, ENERGY)
