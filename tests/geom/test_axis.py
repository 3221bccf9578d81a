import astropy.units as u
import numpy as np
import pytest

from skyfold.errors import ShapeError, UnitError
from skyfold.geom.axis import Axis


def test_an_energy_axis_is_even_in_its_logarithm_and_ends_exactly_where_asked():
    axis = Axis.energy("0.5 TeV", "10 TeV", 10)
    assert axis.edges_in("TeV")[[0, -1]].tolist() == [0.5, 10.0]
    np.testing.assert_allclose(np.diff(np.log(axis.edges_in("TeV"))), np.log(20) / 10)
    np.testing.assert_allclose(axis.center_in("TeV") ** 2, axis.edges_in("TeV")[1:] * axis.edges_in("TeV")[:-1])


@pytest.mark.parametrize(("per_decade", "nbin"), [(10, 20), (4, 8), (5.1, 11)])
def test_per_decade_is_a_least_number(per_decade, nbin):
    assert Axis.energy("0.1 TeV", "10 TeV", per_decade=per_decade).nbin == nbin


def test_centres_follow_the_scale():
    edges = np.array([1.0, 4.0, 9.0])
    np.testing.assert_allclose(Axis("rad", edges).center.value, [2.5, 6.5])
    np.testing.assert_allclose(Axis("rad", edges, scale="log").center.value, [2, 6])
    np.testing.assert_allclose(Axis("rad", edges, scale="sqrt").center.value, [2.25, 6.25])
    np.testing.assert_allclose(Axis("rad", edges, kind="nodes").center.value, edges)
    np.testing.assert_allclose(Axis("rad", edges, kind="nodes").edges.value, [1, 2.5, 6.5, 9])


@pytest.mark.parametrize("scale", ["lin", "log", "sqrt"])
@pytest.mark.parametrize("kind", ["edges", "nodes"])
def test_pixels_are_whole_at_centres_and_lead_back(scale, kind):
    axis = Axis("x", [1.0, 2.0, 5.0, 7.0], "m", scale, kind)
    np.testing.assert_allclose(axis.to_pix(axis.center), np.arange(axis.nbin), atol=1e-12)
    pix = np.linspace(-0.5, axis.nbin - 0.5, 9)
    np.testing.assert_allclose(axis.to_pix(axis.from_pix(pix)), pix, atol=1e-12)


def test_a_bin_holds_its_lower_edge_and_not_its_upper():
    axis = Axis("energy", [1.0, 2.0, 4.0], "TeV", "log")
    assert axis.to_idx([0.5, 1, 1.9, 2, 3.99, 4, np.nan] * u.TeV).tolist() == [-1, 0, 0, 1, 1, -1, -1]
    assert axis.to_idx(1500 * u.GeV) == 0


def test_equality_knows_units():
    axis = Axis.energy("1 TeV", "10 TeV", 3)
    assert axis == axis.to("GeV")
    assert axis.to("GeV").values[0] == pytest.approx(1000)
    assert axis != axis.renamed("energy_true")
    assert axis != Axis.energy("1 TeV", "10.001 TeV", 3)
    assert len({axis, Axis.energy("1 TeV", "10 TeV", 3)}) == 1


def test_bins_wholly_within_a_range():
    axis = Axis("energy", [1.0, 2.0, 4.0, 8.0], "TeV", "log")
    assert axis.within("2 TeV", "8 TeV").tolist() == [False, True, True]
    assert axis.within("2.1 TeV").tolist() == [False, False, True]
    assert axis.within(hi=7.99 * u.TeV).tolist() == [True, True, False]
    assert axis.within(2.0000000001).tolist() == [False, True, True]


def test_slices_squashed_up_and_down():
    axis = Axis.energy("1 TeV", "16 TeV", 4)
    assert axis.sliced(slice(1, 3)) == Axis("energy", [2, 4, 8], "TeV", "log")
    assert axis.squashed() == Axis("energy", [1, 16], "TeV", "log")
    assert axis.downsampled(2) == Axis("energy", [1, 4, 16], "TeV", "log")
    assert axis.downsampled(2).upsampled(2) == axis
    assert axis.groups([1, 4.2, 16] * u.TeV) == [slice(0, 2), slice(2, 4)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Axis("energy", [1, 3, 2], "TeV"), "axis 'energy': edges must be a rising 1-d list of at least 2"),
        (lambda: Axis("energy", [0, 1], "TeV", "log"), "axis 'energy': edges .* cannot have a log scale"),
        (lambda: Axis("energy", [1, np.inf], "TeV"), "axis 'energy': edges .* cannot have a lin scale"),
        (lambda: Axis("energy", [1, 2], "TeV", "cubic"), "scale 'cubic' is not one of lin, log, sqrt"),
        (lambda: Axis.energy("1 TeV", "2 TeV"), "needs either nbin or per_decade"),
        (lambda: Axis("rad", [0, 1, 2]).sliced(slice(2, 2)), "does not name one or more adjacent bins of 2"),
        (lambda: Axis("rad", [0, 1, 2, 3]).downsampled(2), "3 bins cannot be joined by 2"),
        (lambda: Axis("rad", [0, 1, 2]).groups([0, 0.1, 2]), "are finer than its own"),
    ],
)
def test_what_is_no_axis_says_why(make, message):
    with pytest.raises(ShapeError, match=message):
        make()


def test_a_coordinate_in_another_dimension_names_the_axis():
    with pytest.raises(UnitError, match="axis 'energy'"):
        Axis.energy("1 TeV", "2 TeV", 1).to_idx(3 * u.deg)
