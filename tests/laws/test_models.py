"""Model files: what is written is what is read, for any sky of any models."""

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from skyfold.fit.parameters import Parameters
from skyfold.io.models import read_covariance, read_models, write_models
from skyfold.io.models_kinds import SPATIAL, SPECTRAL, TEMPORAL
from skyfold.model import priors
from skyfold.model.background import FovBackground
from skyfold.model.fields import specs
from skyfold.model.source import RESPONSES, Source
from skyfold.model.spectral.base import Difference, Product, Sum
from skyfold.model.spectral.piecewise import PiecewiseNorm
from skyfold.model.spectral.scale import Scale
from skyfold.model.spectral.template import Template
from skyfold.model.temporal.curves import LightCurveTemplate

PHASES = (Phase.explicit, Phase.generate)
NAMES = st.text("abcXYZ 0123456789.+-_:'*[|", min_size=1, max_size=8).map(str.strip).filter(bool)
DATASETS = st.none() | st.lists(NAMES, min_size=1, max_size=3).map(tuple)


def plain(part):
    """Classes that are parameters and nothing else."""
    return [kind.cls for kind in part.kinds if not (kind.data.keys or kind.models or kind.sequence)]


@st.composite
def values(draw, cls):
    """Arguments of a class, within the domains of its parameters."""
    found = {}
    for name, spec in specs(cls).items():
        low, high = max(spec.domain[0], -10.0), min(spec.domain[1], 10.0)
        found[name] = draw(st.floats(low, high))
    return found


@st.composite
def models(draw, part):
    cls = draw(st.sampled_from(plain(part)))
    frame = {"frame": draw(st.sampled_from(["icrs", "galactic"]))} if part is SPATIAL else {}
    return cls(**draw(values(cls)), **frame)


@st.composite
def tabulated(draw):
    energy = np.cumsum(draw(st.lists(st.floats(0.01, 10), min_size=2, max_size=4)))
    numbers = draw(st.lists(st.floats(0, 5), min_size=len(energy), max_size=len(energy)))
    if draw(st.booleans()):
        return PiecewiseNorm(energy, numbers)
    return Template(energy, numbers, draw(st.sampled_from(["", "TeV-1 s-1 cm-2"])))


@st.composite
def curves(draw):
    """Light curves, which lie in files beside."""
    times = draw(st.floats(-1e8, 1e9)) + np.cumsum(draw(st.lists(st.floats(1, 1e7), min_size=2, max_size=4)))
    return LightCurveTemplate(times, draw(st.lists(st.floats(0, 5), min_size=len(times), max_size=len(times))))


SPECTRA = st.recursive(
    models(SPECTRAL) | tabulated(),
    lambda inner: (
        st.builds(lambda cls, a, b: cls(a, b), st.sampled_from([Sum, Difference, Product]), inner, inner)
        | st.builds(Scale, inner, st.floats(-3, 3))
    ),
    max_leaves=3,
)
SOURCES = st.builds(
    lambda *parts, datasets, irf: Source(*parts, datasets=datasets, irf=tuple(x for x in RESPONSES if x in irf)),
    SPECTRA,
    st.none() | models(SPATIAL),
    st.none() | models(TEMPORAL) | curves(),
    datasets=DATASETS,
    irf=st.sets(st.sampled_from(RESPONSES)),
)
COMPONENTS = SOURCES | st.builds(FovBackground, NAMES, SPECTRA)


@st.composite
def tables(draw, sky):
    """Anything that a table can say: free, bounds, errors, priors, links with and without factors, penalties."""
    table = Parameters.of(sky)
    for row in table.rows:
        lower, upper = draw(
            st.sampled_from([(None, None), (row.value - 1.5, None), (row.value - 2.5, row.value + 0.1)])
        )
        bounds = (max(lower, row.domain[0]) if lower is not None else None, upper and min(upper, row.domain[1]))
        table = table.set(row.name, free=draw(st.booleans()), bounds=bounds if bounds[0] != bounds[1] else None)
        table = table.set(row.name, error=draw(st.none() | st.floats(1e-20, 1e3)))
        prior = draw(
            st.sampled_from([None, priors.GaussianPrior(1.0, 0.3, weight=2.0), priors.UniformPrior(-90.0, 1e5)])
        )
        table = table.set(row.name, prior=prior)
    for _ in range(draw(st.integers(0, 3)) if len(table) else 0):
        follower, leader = (draw(st.sampled_from(table.names)) for _ in range(2))
        if table[follower].unit == table[leader].unit and follower != table[leader].name:
            table = table.without_prior(follower)
            factor = draw(st.sampled_from([1.0, 1.0, 0.3, 3.0, -1.7]))
            try:
                table = table.link(follower, leader, factor)
            except KeyError:  # what it may be, and what the other may be, do not meet
                continue
    free = [row.name for row in table.rows if row.link is None]
    if len(free) > 1 and draw(st.booleans()):
        table = table.penalise(priors.LinearPenalty.smoothness(free[:3], 0.7, 0.2))
    return table


@st.composite
def skies_with_tables(draw):
    sky = draw(st.dictionaries(NAMES, COMPONENTS, min_size=1, max_size=3))
    table = draw(tables(sky))
    return table.apply(sky), table


def comes_back(folder, sky, table, rng):
    n = len(table.free)
    root = rng.standard_normal((n, n))
    path = write_models(folder / "models.yaml", sky, table, root @ root.T, overwrite=True)
    again, found = read_models(path)
    assert found.rows == table.rows or repr(found.rows) == repr(table.rows)  # nan is not itself
    assert found.penalties == table.penalties
    assert again == sky
    assert np.array_equal(read_covariance(path), root @ root.T)


@settings(max_examples=50, phases=PHASES)
@given(skies_with_tables(), st.integers(0, 2**32))
def test_what_is_written_is_read(tmp_path_factory, drawn, seed):
    comes_back(tmp_path_factory.getbasetemp(), *drawn, np.random.default_rng(seed))


@pytest.mark.slow
@settings(max_examples=1000, phases=PHASES)
@given(skies_with_tables(), st.integers(0, 2**32))
def test_what_is_written_is_read_for_a_thousand_skies(tmp_path_factory, drawn, seed):
    comes_back(tmp_path_factory.getbasetemp(), *drawn, np.random.default_rng(seed))
