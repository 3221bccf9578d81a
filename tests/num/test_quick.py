"""Functions that are compiled quickly give what those compiled well give, on any compiler."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skyfold.num import quick
from skyfold.num.quick import quickly


def wave(x, times):
    return jnp.sin(x) ** times


@pytest.fixture
def options():
    """Of a process that has compiled nothing yet."""
    quick._options.cache_clear()
    yield
    quick._options.cache_clear()


def test_results_are_those_of_jit():
    x = np.linspace(0, 1, 7)
    np.testing.assert_allclose(quickly(wave, static_argnums=1)(x, 3), jax.jit(wave, static_argnums=1)(x, 3), rtol=1e-15)


def test_compiled_once_for_all_values(options):
    traced = []
    count = quickly(lambda x: (traced.append(1), x + 1)[1])
    assert [float(count(np.float64(x))) for x in range(3)] == [1, 2, 3]
    assert len(traced) == 1


def test_a_compiler_that_does_not_know_the_options_takes_its_own(options, monkeypatch):
    monkeypatch.setattr(quick, "_SIMPLE", {"xla_no_such_option": True})
    assert quick._options() == {}
    assert float(quickly(lambda x: 2 * x)(1.5)) == 3.0
