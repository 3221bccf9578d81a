"""Functions that are compiled with less effort give what `jax.jit` gives, on any compiler."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skyfold.num import compiling
from skyfold.num.compiling import quickly, sparingly


def wave(x, times):
    return jnp.sin(x) ** times


@pytest.fixture
def fresh():
    """A process that has compiled nothing yet."""
    compiling._known.cache_clear()
    yield
    compiling._known.cache_clear()


@pytest.fixture(params=[sparingly, quickly], ids=lambda compiled: compiled.__name__)
def compiled(request):
    return request.param


def test_results_are_those_of_jit(compiled):
    x = np.linspace(0, 1, 7)
    np.testing.assert_allclose(
        compiled(wave, static_argnums=1)(x, 3), jax.jit(wave, static_argnums=1)(x, 3), rtol=1e-15
    )


def test_compiled_once_for_all_values(compiled, fresh):
    traced = []
    count = compiled(lambda x: (traced.append(1), x + 1)[1])
    assert [float(count(np.float64(x))) for x in range(3)] == [1, 2, 3]
    assert len(traced) == 1


@pytest.mark.skipif(jax.__version_info__ < (0, 10), reason="older compilers do not know all options")
def test_the_compiler_at_hand_knows_the_options(fresh):
    assert compiling._known() == (jax.default_backend() == "cpu")


def test_a_compiler_that_does_not_know_the_options_takes_its_own(compiled, fresh, monkeypatch):
    monkeypatch.setattr(compiling, "_SIMPLE", {"xla_no_such_option": True})
    assert not compiling._known()
    assert float(compiled(lambda x: 2 * x)(1.5)) == 3.0
