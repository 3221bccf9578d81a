"""Compiling with less effort than XLA chooses by itself, and forgetting how it was done.

Its older way to make loops gives code as fast as the newer one does, and made in one piece instead of many at once it
takes less memory: a fit that has to compile all it needs takes a fifth of its time less, and 13 MiB. Most of what XLA
does for a function is the same for ten numbers as for ten million; where there are some hundred, its simplest code is
as fast as its best, and ready in a fifth of the time.

What `jax.jit` goes through on the way, 1.5 MiB for each function, it keeps as long as the Python function lives that it
was given. Here that is one made for the purpose. What is left is the compiled code; finding it again takes 7 μs a call.
"""

from collections.abc import Callable
from functools import partial, wraps
from operator import attrgetter
from typing import Any, TypeVar

import jax

R = TypeVar("R")

_SPARING: dict[str, Any] = {"xla_cpu_use_fusion_emitters": False, "xla_cpu_parallel_codegen_split_count": 1}
_SIMPLE: dict[str, Any] = {**_SPARING, "xla_backend_optimization_level": 0}
_form = attrgetter("shape", "dtype")


def sparingly(function: Callable[..., R], *, static: int = 0) -> Callable[..., R]:
    """A function of arrays, compiled with little time and memory where the compiler knows how.

    Compiled once for each form of its arguments: trees of arrays, of any shapes.

    Parameters
    ----------
    static : how many of its arguments, the first, are no arrays but part of the code; they are hashable.
    """
    return _compiled(function, _SPARING, static)


def quickly(function: Callable[..., R], *, static: int = 0) -> Callable[..., R]:
    """The same for functions of a few numbers."""
    return _compiled(function, _SIMPLE, static)


def _compiled(function: Callable[..., R], effort: dict[str, Any], static: int) -> Callable[..., R]:
    made: dict[Any, Callable[..., R]] = {}

    @wraps(function)
    def call(*args: Any) -> R:
        code, arrays = args[:static], args[static:]
        leaves, tree = jax.tree.flatten(arrays)
        key = (code, tree, *map(_form, leaves))
        if key not in made:
            made[key] = _made(partial(function, *code), arrays, effort)
        return made[key](*arrays)

    return call


def _made(function: Callable[..., R], arrays: tuple[Any, ...], effort: dict[str, Any]) -> Callable[..., R]:
    lowered = jax.jit(function).lower(*arrays)
    if jax.default_backend() != "cpu":
        return lowered.compile()
    try:
        return lowered.compile(compiler_options=effort)
    except jax.errors.JaxRuntimeError as error:
        if "No such compile option" not in str(error):
            raise
        return lowered.compile()  # options come and go with versions of XLA
