import json
from dataclasses import replace

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from skyfold.dataset.dataset import Dataset
from skyfold.estimate.excess_map import excess_map
from skyfold.events.finding import Finding, Severity
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from skyfold.stat.onoff import wstat
from skyfold.stat.poisson import cash
from skyfold.workflow.fitting import Fitted
from skyfold.workflow.provenance import versions
from skyfold.workflow.summary import Summary, count_findings, dataset_numbers, excess_numbers, fit_numbers

CENTER = SkyCoord(266.0, -29.0, unit="deg").galactic
GEOM = WcsGeom.create(CENTER, npix=(5, 4), axes=[Axis.energy("1 TeV", "10 TeV", 2)])
TRUE = GEOM.with_axes(Axis.energy("1 TeV", "10 TeV", 3, true=True))
RNG = np.random.default_rng(3)
SAFE = RNG.uniform(size=GEOM.shape) < 0.7


def dataset(**maps):
    counts = Map(GEOM, RNG.poisson(4.0, GEOM.shape).astype(float))
    return Dataset("test", counts, mask_safe=Map(GEOM, SAFE), livetime_s=100.0, **maps)


def test_sums_are_over_safe_bins():
    data = dataset(background=Map.filled(GEOM, 3.5))
    numbers = dataset_numbers(data)
    assert numbers.counts == data.counts.data[SAFE].sum()
    assert numbers.background == pytest.approx(3.5 * SAFE.sum())
    assert numbers.excess == pytest.approx(numbers.counts - numbers.background)
    assert (numbers.n_bins, numbers.n_fit_bins) == (40, SAFE.sum())
    assert numbers.stat == pytest.approx(cash(data.counts.data, 3.5)[SAFE].sum())
    assert (numbers.stat_type, numbers.livetime_s) == ("cash", 100.0)
    assert numbers.counts_off is None
    assert numbers.exposure_min_m2s is None


def test_an_on_off_measurement():
    data = dataset(
        counts_off=Map.filled(GEOM, 30.0), acceptance=Map.filled(GEOM, 1.0), acceptance_off=Map.filled(GEOM, 10.0)
    )
    numbers = dataset_numbers(data)
    assert numbers.background == pytest.approx(3.0 * SAFE.sum())
    assert numbers.counts_off == 30.0 * SAFE.sum()
    assert (numbers.acceptance, numbers.acceptance_off) == (SAFE.sum(), 10 * SAFE.sum())
    assert numbers.stat == pytest.approx(wstat(data.counts.data, 30.0, 0.1, 0.0)[SAFE].sum())


def test_the_off_acceptance_relates_the_sums():
    acceptance_off = Map(GEOM, RNG.uniform(5, 20, GEOM.shape))
    counts_off = Map(GEOM, RNG.poisson(30, GEOM.shape).astype(float))
    data = dataset(counts_off=counts_off, acceptance=Map.filled(GEOM, 1.0), acceptance_off=acceptance_off)
    numbers = dataset_numbers(data)
    assert numbers.background == pytest.approx((counts_off.data / acceptance_off.data)[SAFE].sum())
    assert numbers.background == pytest.approx(numbers.acceptance / numbers.acceptance_off * numbers.counts_off)
    empty = dataset_numbers(replace(data, counts_off=Map.filled(GEOM, 0.0)))
    assert empty.acceptance_off == pytest.approx(acceptance_off.data[SAFE].sum())


def test_exposure_is_that_of_usable_pixels():
    exposure = np.full(TRUE.shape, 5.0)
    exposure[0, 0, 0], exposure[1, 1, 1], exposure[2, 2, 2] = 0.0, 2.0, 9.0
    safe = np.ones(GEOM.shape, bool)
    safe[:, 2, 2] = False
    data = replace(dataset(exposure=Map(TRUE, exposure, "m2 s")), mask_safe=Map(GEOM, safe))
    numbers = dataset_numbers(data)
    assert (numbers.exposure_min_m2s, numbers.exposure_max_m2s) == (2.0, 5.0)
    nowhere = replace(data, exposure=Map.filled(TRUE, 0.0, "m2 s"))
    assert dataset_numbers(nowhere).exposure_max_m2s == 0.0


def test_extremes_of_a_significance_map():
    data = dataset(background=Map.filled(GEOM, 3.5))
    result = excess_map(data, "0.01 deg", edges=data.energy.edges, selection=())
    free = np.ones(GEOM.image_shape, bool)
    free[1, 1] = False
    numbers = excess_numbers(result, Map(GEOM.image, free))
    values = result.sqrt_ts.data
    assert (numbers.max, numbers.min, numbers.frame) == (np.nanmax(values), np.nanmin(values), "galactic")
    *_, y, x = np.unravel_index(np.nanargmax(values), values.shape)
    at = GEOM.from_pix(x, y)
    assert numbers.max_position_deg == pytest.approx((at.l.deg, at.b.deg))
    assert numbers.off.mean == pytest.approx(np.nanmean(values[:, free]))
    assert [band["max"] for band in numbers.bands] == [np.nanmax(plane) for plane in values]
    nothing = replace(result, sqrt_ts=Map.filled(result.sqrt_ts.geom, np.nan))
    assert np.isnan(excess_numbers(nothing, None).max)


def test_findings_that_differ_in_numbers_are_counted_together():
    found = [
        Finding(Severity.WARNING, "a", "PSF", "3 of 10 values are negative, down to -2.5e-3", repair="taken as 0"),
        Finding(Severity.WARNING, "b", "PSF", "4 of 10 values are negative, down to -7", repair="taken as 0"),
        Finding(Severity.INFO, "b", "PSF", "4 of 10 values are negative, down to -7", repair="taken as 0"),
    ]
    assert [(entry["severity"], entry["number"]) for entry in count_findings(found)] == [("warning", 2), ("info", 1)]
    assert count_findings(found)[0]["what"] == found[0].what


def test_what_is_no_number_is_null():
    numbers = replace(dataset_numbers(dataset(background=Map.filled(GEOM, 1.0))), stat=float("nan"))
    summary = Summary((1,), (), float("inf"), {"stacked": numbers}, None, (), (), {}, versions(), {}, ())
    data = json.loads(summary.to_json())
    assert data["livetime_s"] is None
    assert data["datasets"]["stacked"]["stat"] is None
    assert data["versions"]["python"].startswith("3.")


def test_a_fit_that_could_not_start_says_why():
    numbers = fit_numbers(Fitted(None, "all parameters are frozen", {}, ()))
    assert (numbers.ok, numbers.status, numbers.stat) == (False, "not fitted: all parameters are frozen", None)
