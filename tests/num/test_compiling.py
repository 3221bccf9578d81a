"""Functions that are compiled with less effort give what `jax.jit` gives, on any compiler."""

import gc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skyfold.num import compiling
from skyfold.num.compiling import quickly, sparingly


def wave(times, x):
    return jnp.sin(x) ** times


@pytest.fixture(params=[sparingly, quickly], ids=lambda compiled: compiled.__name__)
def compiled(request):
    return request.param


def test_results_are_those_of_jit(compiled):
    x = np.linspace(0, 1, 7)
    expected = jax.jit(wave, static_argnums=0)(3, x)
    np.testing.assert_allclose(compiled(wave, static=1)(3, x), expected, rtol=1e-15)


def test_compiled_once_for_all_values_of_a_form(compiled):
    traced = []
    count = compiled(lambda x: (traced.append(1), x + 1)[1])
    assert [float(count(np.float64(x))) for x in range(3)] == [1, 2, 3]
    assert len(traced) == 1
    np.testing.assert_array_equal(count(np.arange(3.0)), [1, 2, 3])
    assert count(np.float32(1)).dtype == np.float32
    assert len(traced) == 3


def test_each_value_of_what_is_code_is_compiled(compiled):
    power = compiled(wave, static=1)
    assert float(power(2, np.float64(1.0))) == pytest.approx(np.sin(1.0) ** 2)
    assert float(power(3, np.float64(1.0))) == pytest.approx(np.sin(1.0) ** 3)


def test_what_was_given_to_jit_is_let_go(compiled, monkeypatch):
    given, jit = [], jax.jit

    def watched(function):
        given.append(weakref.ref(function))
        return jit(function)

    monkeypatch.setattr(jax, "jit", watched)
    power = compiled(wave, static=1)
    assert float(power(2, np.float64(1.0))) == pytest.approx(np.sin(1.0) ** 2)
    gc.collect()
    assert [function() for function in given] == [None]


@pytest.mark.skipif(jax.__version_info__ < (0, 10), reason="older compilers do not know all options")
@pytest.mark.parametrize("options", [compiling._SPARING, compiling._SIMPLE])
def test_the_compiler_at_hand_knows_the_options(options):
    if jax.default_backend() != "cpu":
        pytest.skip("options are of the compiler for CPUs")
    assert float(jax.jit(lambda x: 2 * x, compiler_options=options)(1.5)) == 3.0


def test_a_compiler_that_does_not_know_the_options_takes_its_own(compiled, monkeypatch):
    for options in (compiling._SPARING, compiling._SIMPLE):
        monkeypatch.setitem(options, "xla_no_such_option", True)
    assert float(compiled(lambda x: 2 * x)(np.float64(1.5))) == 3.0


class Refused:
    """A function that the compiler has no memory for."""

    def lower(self, *arrays):
        return self

    def compile(self, **options):
        raise jax.errors.JaxRuntimeError("no memory")


def test_other_errors_of_the_compiler_are_not_hidden(compiled, monkeypatch):
    monkeypatch.setattr(jax, "jit", lambda function: Refused())
    with pytest.raises(jax.errors.JaxRuntimeError, match="no memory"):
        compiled(wave, static=1)(2, np.ones(3))
