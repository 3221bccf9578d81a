import pytest

from skyfold.errors import ShapeError
from skyfold.geom.axis import LabelAxis, TimeAxis


def test_labels_are_found_by_name():
    axis = LabelAxis("dataset", ("a", "b", "c"))
    assert axis.to_idx(["c", "a", "z"]).tolist() == [2, 0, -1]
    assert axis.sliced(slice(1, 3)).labels == ("b", "c")
    assert axis.squashed().labels == ("a+b+c",)


def test_times_in_gaps_are_in_no_bin():
    axis = TimeAxis([0.0, 10.0], [5.0, 20.0])
    assert axis.to_idx([-1, 0, 5, 9, 10, 19.9, 20]).tolist() == [-1, 0, -1, -1, 1, 1, -1]
    assert not axis.is_contiguous
    assert TimeAxis([0.0, 5.0], [5.0, 9.0]).is_contiguous
    assert axis.sliced(slice(1, 2)) == TimeAxis([10.0], [20.0])
    assert axis.squashed() == TimeAxis([0.0], [20.0])


def test_what_is_no_axis_says_why():
    with pytest.raises(ShapeError, match="labels must be one or more different texts"):
        LabelAxis("dataset", ("a", "a"))
    with pytest.raises(ShapeError, match="intervals must be in order, not empty and not overlapping"):
        TimeAxis([0.0, 4.0], [5.0, 9.0])
