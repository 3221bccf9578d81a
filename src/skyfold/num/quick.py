"""Compiling functions of a few numbers: quickly rather than well.

Most of what XLA does for a function is the same for ten numbers as for ten million. Where there are some hundred, its
simplest code is as fast as its best, and ready in a fifth of the time.
"""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, TypeVar

import jax

R = TypeVar("R")

_SIMPLE: dict[str, Any] = {"xla_cpu_use_fusion_emitters": False, "xla_backend_optimization_level": 0}


@cache
def _options() -> dict[str, Any]:
    """`_SIMPLE` where the compiler at hand knows it, else its defaults."""
    if jax.default_backend() != "cpu":
        return {}
    try:
        jax.jit(lambda x: x).lower(0.0).compile(compiler_options=_SIMPLE)
    except jax.errors.JaxRuntimeError:  # options come and go with versions of XLA
        return {}
    return _SIMPLE


def quickly(function: Callable[..., R], **options: Any) -> Callable[..., R]:
    """`jax.jit`, with the options of that, for functions of a few numbers."""

    @cache
    def compiled() -> Callable[..., R]:
        return jax.jit(function, compiler_options=_options(), **options)

    @wraps(function)
    def call(*args: Any) -> R:
        return compiled()(*args)

    return call
