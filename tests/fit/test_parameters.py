import dataclasses

import astropy.units as u
import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyfold.errors import ModelError, UnitError
from skyfold.fit.parameters import Parameters
from skyfold.model.background import FovBackground
from skyfold.model.fields import Model, param, parameter_leaves, params
from skyfold.model.priors import GaussianPrior, LinearPenalty, UniformPrior
from skyfold.model.source import Sky, Source
from skyfold.model.spatial.gaussian import Gaussian
from skyfold.model.spatial.point import Point
from skyfold.model.spectral.piecewise import PiecewiseNorm
from skyfold.model.spectral.power_law import PowerLaw

SKY: Sky = {
    "gc": Source(PowerLaw(index=2.3), Gaussian(lon_0=1.0, sigma=0.2, frame="galactic")),
    "halo": Source(PowerLaw() * PiecewiseNorm([1.0, 10.0] * u.TeV, (1.0, 0.5)), Point(frame="icrs")),
    "bkg": FovBackground("run"),
}


@pytest.fixture
def table() -> Parameters:
    return Parameters.of(SKY)


def test_names_follow_the_tree_and_tables_of_data_are_no_parameters(table):
    assert table.names[:3] == ["bkg.spectrum.tilt", "bkg.spectrum.norm", "bkg.spectrum.reference"]
    assert "halo.spectrum.model2.norms.1" in table
    assert "halo.spectrum.model2.energy" not in table
    assert len(table) == len(parameter_leaves(SKY)) < len(jax.tree.leaves(SKY))


def test_a_table_is_gone_through_by_rows(table):
    assert tuple(table) == table.rows


def test_a_row_starts_as_the_model_declares_it(table):
    row = table["gc.shape.sigma"]
    assert (row.value, row.unit, row.free, row.bounds) == (0.2, "deg", True, (0.0, np.inf))
    assert np.isnan(row.error)
    assert row.prior is None
    assert not table["gc.spectrum.reference"].free


def test_a_table_put_into_its_sky_changes_nothing(table):
    assert jax.tree.all(jax.tree.map(np.array_equal, table.apply(SKY), SKY))


def test_changes_are_new_tables(table):
    changed = table.set("gc.spectrum.index", value=3.0)
    assert table["gc.spectrum.index"].value == 2.3
    assert changed["gc.spectrum.index"].value == 3.0
    assert changed.apply(SKY)["gc"].spectrum.index == 3.0
    assert SKY["gc"].spectrum.index == 2.3


def test_values_and_bounds_are_converted_to_the_unit_of_the_row(table):
    row = table.set("gc.shape.sigma", value="6 arcmin", bounds=(1 * u.arcmin, None))["gc.shape.sigma"]
    assert row.value == pytest.approx(0.1, rel=1e-15)
    assert row.bounds == pytest.approx((1 / 60, np.inf))


def test_a_pattern_changes_all_that_match(table):
    frozen = table.freeze("gc.*")
    assert not any(row.free for row in frozen.select("gc.*"))
    assert [row.name for row in frozen.free] == [row.name for row in table.free if not row.name.startswith("gc.")]
    assert all(row.free for row in frozen.thaw("*").rows)


def test_a_name_may_have_the_signs_of_a_pattern_in_it():
    sky = {"A [1]*": SKY["gc"], "A 1x": SKY["gc"]}
    table = Parameters.of(sky).freeze("A [1]*.spectrum.index")
    assert [table[f"{name}.spectrum.index"].free for name in sky] == [False, True]


def test_priors_come_and_go(table):
    prior = GaussianPrior(mu=2.0, sigma=0.1)
    with_prior = table.set("gc.spectrum.index", prior=prior)
    assert with_prior["gc.spectrum.index"].prior is prior
    assert with_prior.without_prior("gc.*")["gc.spectrum.index"].prior is None


def test_what_follows_has_the_value_bounds_freedom_and_error_of_its_leader(table):
    name, to = "halo.shape.lon_0", "gc.shape.lon_0"
    linked = table.set(to, bounds=(-1, 3)).link(name, to, factor=-2.0)
    assert (linked[name].value, linked[name].bounds) == (-2.0, (-6.0, 2.0))
    moved = linked.set(to, value=1.5).freeze(to).with_errors({to: 0.25})
    assert (moved[name].value, moved[name].free, moved[name].error) == (-3.0, False, 0.5)
    assert name not in [row.name for row in linked.free]


def test_links_of_links_lead_to_one_leader(table):
    a, b, c = "gc.spectrum.index", "halo.spectrum.model1.index", "bkg.spectrum.tilt"
    table = table.set(c, bounds=(-5, 5))
    one = table.link(a, b, 2.0).link(b, c, 3.0)
    other = table.link(b, c, 3.0).link(a, b, 2.0)
    for linked in (one, other):
        assert linked[a].link == dataclasses.replace(linked[a].link, to=c, factor=6.0)
        assert linked[b].link.to == c
    alone = one.set(c, value=0.5).unlink(a)
    assert alone[a].link is None
    assert alone[a].value == 3.0


def test_a_leader_may_only_be_what_its_follower_may(table):
    linked = table.link("gc.shape.sigma", "halo.shape.lon_0", 2.0)
    assert linked["halo.shape.lon_0"].bounds == (0.0, np.inf)


def test_a_pattern_passes_over_what_follows(table):
    linked = table.link("halo.shape.lat_0", "gc.shape.lat_0").freeze("halo.*")
    assert linked["gc.shape.lat_0"].free
    assert linked["halo.shape.lat_0"].free


@given(st.lists(st.floats(-3, 3).filter(lambda x: abs(x) > 0.01), min_size=2, max_size=2), st.floats(-80, 80))
def test_all_values_are_linear_in_the_free_ones(factors, value):
    table = Parameters.of(SKY).freeze("bkg.*").set("gc.shape.lon_0", value=value)
    for name, factor in zip(("halo.shape.lon_0", "gc.shape.phi"), factors, strict=True):
        table = table.link(name, "gc.shape.lon_0", factor)
    names, matrix, offset = table.linear()
    assert names == [row.name for row in table.free]
    free = np.array([row.value for row in table.free])
    np.testing.assert_allclose(offset + matrix @ free, [row.value for row in table.rows], rtol=1e-15)
    moved = table.with_free(1.01 * free)
    np.testing.assert_allclose(offset + matrix @ (1.01 * free), [row.value for row in moved.rows], rtol=1e-15)


def test_errors_of_what_was_not_free_are_nan(table):
    found = table.set("bkg.spectrum.tilt", error=1.0).with_errors({"gc.spectrum.index": 0.1})
    assert found["gc.spectrum.index"].error == 0.1
    assert np.isnan(found["bkg.spectrum.tilt"].error)


def test_a_penalty_is_kept_with_the_table(table):
    penalty = LinearPenalty.smoothness(["halo.spectrum.model2.norms.0", "halo.spectrum.model2.norms.1"], 0.3)
    assert table.penalise(penalty).penalties == (penalty,)
    assert table.penalise(penalty).freeze("*").penalties == (penalty,)


def test_the_text_rounds_values_to_their_errors_and_says_what_holds_them(table):
    text = str(
        table.set("gc.spectrum.index", value=2.34567, error=0.0321)
        .set("gc.shape.e", value=0.0)
        .link("halo.shape.lat_0", "gc.shape.lat_0", 2.0)
        .thaw("bkg.spectrum.tilt")
        .set("bkg.spectrum.tilt", bounds=(0, 1))
    )
    lines = {line.split()[0]: line for line in text.splitlines()}
    assert lines["gc.spectrum.index"].split()[1:] == ["2.346", "0.032"]
    assert lines["gc.shape.e"].endswith("frozen")
    assert lines["halo.shape.lat_0"].endswith("follows gc.shape.lat_0 × 2")
    assert lines["bkg.spectrum.tilt"].endswith("at its bound")


# Bad input


class Pair(Model):
    """A model of someone's own."""

    ys: object = params("deg")
    x: object = param(1.0, "TeV")


def test_a_model_of_ones_own_has_its_place_in_the_table():
    assert Parameters.of({"p": Pair((1.0, 2.0), x="1 GeV")}).names == ["p.ys.0", "p.ys.1", "p.x"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t["gc.spectrum.idnex"], "did you mean 'gc.spectrum.index'?.*There are bkg.spectrum.tilt, "),
        (lambda t: t["@@"], r"no parameter '@@'\. There are bkg"),
        (lambda t: t.freeze("crab.*"), r"no parameter 'crab\.\*'"),
        (lambda t: t.link("gc.spectrum.index", "gc.spectrum.idx"), "no parameter 'gc.spectrum.idx'; did you mean"),
        (lambda t: t.link("gc.spectrum.idx", "gc.spectrum.index"), "no parameter 'gc.spectrum.idx'; did you mean"),
        (lambda t: t.link("gc.spectrum.index", "gc.spectrum.index"), "cannot follow gc.spectrum.index: that is itself"),
        (
            lambda t: t.link("gc.shape.lon_0", "halo.shape.lon_0", 2).link("halo.shape.lon_0", "gc.shape.lon_0"),
            "halo.shape.lon_0 cannot follow gc.shape.lon_0: that is itself, or follows it",
        ),
        (lambda t: t.link("gc.spectrum.index", "gc.shape.lon_0"), "is in 'no unit', gc.shape.lon_0 in 'deg': no link"),
        (lambda t: t.link("gc.shape.lon_0", "halo.shape.lon_0", 0.0), "0.0 × halo.shape.lon_0.*freeze gc.shape.lon_0"),
        (lambda t: t.link("gc.shape.lon_0", "halo.shape.lon_0", np.inf), "a number and not 0"),
        (
            lambda t: t.set("gc.spectrum.index", prior=GaussianPrior()).link("gc.spectrum.index", "bkg.spectrum.tilt"),
            "gc.spectrum.index has a prior: give it to bkg.spectrum.tilt",
        ),
        (
            lambda t: t.set("gc.shape.sigma", bounds=(0.1, 1)).link("gc.shape.sigma", "gc.shape.phi"),
            r"gc.shape.phi = 0 is outside its bounds \[0.1, 1\] once gc.shape.sigma follows it",
        ),
        (
            lambda t: (
                t.set("gc.shape.phi", bounds=(-9, 0))
                .set("gc.shape.sigma", bounds=(0.1, 1))
                .link("gc.shape.sigma", "gc.shape.phi", 2.0)
            ),
            r"gc.shape.sigma within \[0.1, 1\] cannot be 2 times gc.shape.phi within \[-9, 0\]",
        ),
        (
            lambda t: t.set("gc.shape.phi", bounds=(0, 9)).link("gc.shape.sigma", "gc.shape.phi", -1.0),
            r"cannot be -1 times gc.shape.phi within \[0, 9\]: one value at most is within both",
        ),
        (
            lambda t: t.link("gc.shape.lon_0", "halo.shape.lon_0").set("gc.shape.lon_0", value=1),
            "gc.shape.lon_0 follows halo.shape.lon_0: change that, or unlink it first",
        ),
        (lambda t: t.set("gc.spectrum.index", bounds=(3, 1)), "lower bound 3 is not below the upper one, 1"),
        (lambda t: t.set("gc.spectrum.index", bounds=(2.3, 2.3)), "to keep it there freeze it"),
        (lambda t: t.set("gc.spectrum.index", bounds=(1,)), r"bounds are a pair \(lower, upper\), found \(1,\)"),
        (lambda t: t.set("gc.spectrum.index", bounds="12"), "bounds are a pair"),
        (lambda t: t.set("gc.spectrum.index", bounds=(3, 4)), r"= 2.3 is outside its bounds \[3, 4\]"),
        (lambda t: t.set("gc.shape.sigma", bounds=(-1, 1)), r"bounds \[-1, 1\] leave \[0, inf\].*give None"),
        (lambda t: t.set("gc.shape.sigma", value=-1), r"gc.shape.sigma = -1 is outside its bounds \[0, inf\]"),
        (lambda t: t.set("gc.shape.sigma", value=[1, 2]), r"is one number, found an array of shape \(2,\)"),
        (
            lambda t: t.set("gc.spectrum.index", bounds=(2, 3), prior=UniformPrior(min=0, max=1)),
            r"its prior allows \[0, 1\], its bounds \[2, 3\]: they have nothing in common",
        ),
        (lambda t: t.penalise(LinearPenalty(["gc.index"], [[1.0]])), "no parameter 'gc.index'"),
        (
            lambda t: t.link("gc.shape.e", "bkg.spectrum.tilt").penalise(LinearPenalty(["gc.shape.e"], [[1.0]])),
            "gc.shape.e follows bkg.spectrum.tilt: give the penalty to that",
        ),
        (lambda t: t.apply({"gc": SKY["gc"]}), "the table is for another sky: bkg.spectrum.norm, "),
    ],
)
def test_what_makes_no_sense_is_an_error_that_says_why(table, change, words):
    with pytest.raises(ModelError, match=words):
        change(table)


def test_a_value_in_a_wrong_unit_names_the_parameter(table):
    with pytest.raises(UnitError, match="gc.shape.sigma: 2.0 TeV cannot be converted to deg"):
        table.set("gc.shape.sigma", value="2 TeV")
