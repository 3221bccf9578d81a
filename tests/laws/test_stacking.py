"""Stacking adds: it does not matter in which order, in which groups, or in how many pieces."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyfold.dataset.image import to_image
from skyfold.dataset.stack import stack
from tests.datasets import REGION, WHOLE, assert_same, piece, random_dataset

STATS = st.sampled_from(["cash", "wstat"])


@st.composite
def parts(draw, least=1):
    """Datasets on cut-outs of one geometry."""
    stat, geom = draw(STATS), draw(st.sampled_from([WHOLE, REGION]))
    found = []
    for _ in range(draw(st.integers(least, 5))):
        dataset = random_dataset(draw(st.integers(0, 1000)), stat=stat, geom=geom, mask_fit=draw(st.booleans()))
        if geom is WHOLE:
            (ny, nx), span = geom.image_shape, draw(st.tuples(*[st.integers(0, 4)] * 4))
            dataset = piece(dataset, slice(span[0], ny - span[1]), slice(span[2], nx - span[3]))
        found.append(dataset)
    return geom, found


@settings(max_examples=40, deadline=None)
@given(parts(least=2), st.randoms(use_true_random=False))
def test_order_does_not_matter(case, random):
    geom, datasets = case
    shuffled = datasets.copy()
    random.shuffle(shuffled)
    assert_same(_stacked(datasets, geom), _stacked(shuffled, geom))


@settings(max_examples=40, deadline=None)
@given(parts(least=2), st.data())
def test_grouping_does_not_matter(case, data):
    geom, datasets = case
    cut = data.draw(st.integers(1, len(datasets) - 1))
    groups = [stack(datasets[:cut], geom=geom), stack(datasets[cut:], geom=geom)]
    assert_same(_stacked(datasets, geom), _stacked(groups, geom))


@settings(max_examples=30, deadline=None)
@given(parts())
def test_stacking_a_stack_changes_nothing(case):
    geom, datasets = case
    once = _stacked(datasets, geom)
    assert_same(once, stack([once]))


@settings(max_examples=30, deadline=None)
@given(parts())
def test_what_is_expected_from_the_background_is_kept(case):
    geom, datasets = case
    total = np.zeros(geom.shape)
    for dataset in datasets:
        rows, columns = dataset.geom.offset_in(geom) if geom is WHOLE else (slice(0, 1), slice(0, 1))
        total[..., rows, columns] += dataset.expected_background.data * dataset.safe
    np.testing.assert_allclose(stack(datasets, geom=geom).expected_background.data, total, rtol=1e-9, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(parts())
def test_images_of_parts_stack_to_the_image_of_the_stack(case):
    geom, datasets = case
    stacked_first = to_image(stack(datasets, geom=geom))
    image = stacked_first.geom
    images_first = stack([to_image(dataset) for dataset in datasets], geom=image)
    np.testing.assert_array_equal(images_first.counts.data, stacked_first.counts.data)
    background = stacked_first.expected_background.data
    np.testing.assert_allclose(images_first.expected_background.data, background, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(images_first.edisp.table.data, stacked_first.edisp.table.data, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("stat", ["cash", "wstat"])
def test_pieces_of_a_dataset_are_the_dataset(stat):
    # Counts pixels 0 to 5 and 6 to 11 meet, their responses overlap and agree.
    dataset = stack([random_dataset(3, stat=stat)])
    halves = [piece(dataset, slice(0, 10), slice(0, 6)), piece(dataset, slice(0, 10), slice(6, 12))]
    together = stack(halves, geom=WHOLE)
    np.testing.assert_array_equal(together.counts.data, dataset.counts.data)
    np.testing.assert_allclose(together.exposure.data, dataset.exposure.data)
    np.testing.assert_allclose(together.expected_background.data, dataset.expected_background.data)
    np.testing.assert_allclose(together.psf.table.data, dataset.psf.table.data, rtol=1e-12)


def _stacked(datasets, geom):
    return stack(datasets, geom=geom)
