from dataclasses import replace

import numpy as np
import pytest

from skyfold.dataset.stack import stack
from skyfold.errors import ShapeError
from skyfold.geom.axis import Axis
from skyfold.geom.wcs import WcsGeom
from skyfold.maps.map import Map
from tests.datasets import CENTER, COARSE, ENERGY_TRUE, REGION, WHOLE, assert_same, piece, random_dataset


def test_counts_and_background_are_sums_over_safe_bins():
    a, b = random_dataset(1), random_dataset(2)
    total = stack([a, b])
    np.testing.assert_array_equal(total.counts.data, a.counts.data * a.safe + b.counts.data * b.safe)
    np.testing.assert_allclose(total.background.data, a.background.data * a.safe + b.background.data * b.safe)
    np.testing.assert_array_equal(total.safe, a.safe | b.safe)


def test_exposure_counts_where_any_energy_is_safe():
    a, b = random_dataset(1), random_dataset(2)
    blind = np.ones(WHOLE.shape, bool)
    blind[:, 3, 4] = False
    blind[:2, 5, 6] = False
    a = replace(a, mask_safe=Map(WHOLE, blind))
    total = stack([a, replace(b, mask_safe=None)]).exposure.data
    np.testing.assert_allclose(total[:, 3, 4], b.exposure.data[:, 3, 4])
    np.testing.assert_allclose(total[:, 5, 6], a.exposure.data[:, 5, 6] + b.exposure.data[:, 5, 6])


def test_what_is_not_safe_may_be_nan():
    part = random_dataset(1)
    background = np.where(part.safe, part.background.data, np.nan)
    dirty = replace(part, background=Map(WHOLE, background))
    assert_same(stack([dirty]), stack([part]))


def test_responses_are_averaged_with_exposure_as_weight():
    a, b = (replace(random_dataset(i), mask_safe=None) for i in (1, 2))
    wa, wb = a.psf.exposure.data[:, None], b.psf.exposure.data[:, None]
    total = stack([a, b])
    expected = (a.psf.table.data * wa + b.psf.table.data * wb) / (wa + wb)
    np.testing.assert_allclose(total.psf.table.data, expected)
    np.testing.assert_allclose(total.psf.exposure.data[:, None], wa + wb)


def test_a_stack_predicts_the_sum_of_what_its_parts_predict_where_they_are_safe():
    # Energy thresholds that differ from part to part: the usual case of observations at different zenith angles.
    parts = []
    for i in range(3):
        part = random_dataset(i, geom=REGION)
        safe = np.arange(3)[:, None, None] >= i
        # Of a spectrum the exposure of the dispersion is that of the dataset.
        edisp = replace(part.edisp, exposure=part.exposure)
        parts.append(replace(part, mask_safe=Map(REGION, safe), edisp=edisp))

    def predicted(dataset):
        return np.einsum("t...,tr...->r...", dataset.exposure.data, dataset.edisp.table.data)

    expected = sum(predicted(part) * part.safe for part in parts)
    np.testing.assert_allclose(predicted(stack(parts)), expected, rtol=1e-12)


def test_responses_without_exposure_are_zero_and_not_nan():
    part = random_dataset(1)
    nothing = replace(part.psf, exposure=part.psf.exposure * 0.0)
    assert np.all(stack([replace(part, psf=nothing)]).psf.table.data == 0)


def test_bins_without_off_counts_have_the_alpha_of_all_parts_together():
    a, b = (random_dataset(i, stat="wstat") for i in (1, 2))
    none = Map.filled(WHOLE, 0.0)
    a, b = (replace(d, counts_off=none, mask_safe=None) for d in (a, b))
    alpha = (a.acceptance.data + b.acceptance.data) / (a.acceptance_off.data + b.acceptance_off.data)
    np.testing.assert_allclose(stack([a, b]).alpha.data, alpha)


def test_parts_come_from_a_generator_and_are_left_alone():
    parts = [random_dataset(i) for i in range(3)]
    before = [part.counts.data.copy() for part in parts]
    stack(iter(parts))
    for part, counts in zip(parts, before, strict=True):
        np.testing.assert_array_equal(part.counts.data, counts)


def test_a_part_without_safe_bins_adds_nothing():
    a, b = random_dataset(1), random_dataset(2)
    empty = replace(b, mask_safe=Map.filled(WHOLE, False))
    assert_same(stack([a, empty]), stack([a]))
    assert_same(stack([empty, a]), stack([a]))


def test_a_cut_out_adds_where_it_lies():
    part = piece(random_dataset(1), slice(2, 7), slice(3, 9))
    total = stack([part], geom=WHOLE)
    np.testing.assert_array_equal(total.counts.data[:, 2:7, 3:9], part.counts.data * part.safe)
    assert total.counts.data.sum() == (part.counts.data * part.safe).sum()


def test_a_part_that_reaches_beyond_the_whole_is_cut_only_if_the_whole_is_given():
    small = WHOLE.sliced(slice(0, 4), slice(0, 4))
    part = random_dataset(1)
    cut = stack([part], geom=small)
    np.testing.assert_array_equal(cut.counts.data, (part.counts.data * part.safe)[:, :4, :4])
    with pytest.raises(ShapeError, match="reaches beyond 'part-2'.*give stack the geometry"):
        stack([piece(random_dataset(2), slice(0, 4), slice(0, 4)), part])


def test_a_part_that_lies_elsewhere_adds_nothing():
    far = piece(random_dataset(1), slice(6, 10), slice(8, 12))
    near = piece(random_dataset(2), slice(0, 4), slice(0, 4))
    small = WHOLE.sliced(slice(0, 4), slice(0, 4))
    assert_same(stack([near, far], geom=small), stack([near], geom=small))


def test_responses_grow_to_hold_those_of_all_parts():
    left, right = (piece(random_dataset(i), slice(0, 10), s) for i, s in enumerate((slice(0, 4), slice(8, 12))))
    assert stack([left, right], geom=WHOLE).psf.table.geom.image == COARSE


def test_facts_that_all_parts_share_are_kept_and_their_ids_collected():
    a, b = (random_dataset(i) for i in (1, 2))
    a = replace(a, meta={**a.meta, "telescope": "HESS", "norm": 0.8})
    b = replace(b, meta={**b.meta, "telescope": "HESS", "norm": 0.9})
    assert dict(stack([a, b]).meta) == {"obs_ids": (1, 2), "telescope": "HESS"}


def test_good_times_and_livetimes_are_added():
    a, b = random_dataset(1), random_dataset(2)
    total = stack([a, b])
    assert total.livetime_s == a.livetime_s + b.livetime_s
    assert total.gti.total_s == a.gti.total_s + b.gti.total_s


def test_nothing_to_stack():
    with pytest.raises(ShapeError, match="no dataset was given"):
        stack([])


def test_on_off_with_plain_is_refused():
    with pytest.raises(ShapeError, match=r"'part-1' \(cash\) and 'part-2' \(wstat\).*fit them jointly"):
        stack([random_dataset(1), random_dataset(2, stat="wstat")])


def test_pixels_that_do_not_line_up_are_refused():
    shifted = WcsGeom.create(CENTER.directional_offset_by(0, 0.03 * CENTER.ra.unit), npix=(12, 10), pixel="0.1 deg")
    with pytest.raises(ShapeError, match="not aligned.*cut-out of the same geometry"):
        stack([random_dataset(1), random_dataset(2, geom=shifted.with_axes(*WHOLE.axes))])


def test_other_energies_are_refused():
    other = WHOLE.with_axes(Axis.energy("1 TeV", "10 TeV", 4))
    part = random_dataset(2, geom=other)
    with pytest.raises(ShapeError, match="rebin it first"):
        stack([random_dataset(1), part])


def test_other_true_energies_are_refused():
    a, b = random_dataset(1), random_dataset(2)
    axis = Axis.energy("0.4 TeV", "20 TeV", ENERGY_TRUE.nbin, true=True)
    b = replace(b, exposure=Map(WHOLE.with_axes(axis), b.exposure.data, "m2 s"))
    with pytest.raises(ShapeError, match="other true energies"):
        stack([a, b])


def test_maps_that_only_some_have_are_refused():
    with pytest.raises(ShapeError, match="'part-1' has psf and 'part-2' has none"):
        stack([random_dataset(1), replace(random_dataset(2), psf=None)])


def test_another_region_is_refused():
    other = type(REGION).circle(CENTER, "0.2 deg", axes=REGION.axes)
    with pytest.raises(ShapeError, match="not the same region"):
        stack([random_dataset(1, geom=REGION), random_dataset(2, geom=other)])
