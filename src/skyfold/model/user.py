"""Spectra of a user's own, from plain functions.

    def hardening(energy, *, amplitude, index, above):
        return amplitude * energy**-index * (1 + energy / above)

    spectrum_from(hardening, amplitude="1e-12 TeV-1 s-1 cm-2", index=2.7, above="3 TeV")

A class with a method `dnde` says the same in ten lines, and may have closed forms of its integrals.
"""

import dataclasses
import inspect
import types
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from skyfold.errors import ModelError, UnitError
from skyfold.model.fields import EVERYWHERE, Spec
from skyfold.model.spectral.base import FLUX, FLUX_DENSITY, Spectrum
from skyfold.units import strip

Declared = tuple[tuple[str, Spec], ...]

# What functions are given, whatever unit a user writes.
_INSIDE = ("", "TeV", "TeV-1", FLUX_DENSITY, FLUX)

# Central differences with four points: wrong by step⁴, so that steps can be large beside the noise of a numerical
# integral.
_STEP = 1e-3
_STENCIL = ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))


def spectrum_from(function: Callable[..., Any], **parameters: Any) -> Spectrum:
    """A spectrum from a function of energy and parameters, written with operators and `jax.numpy`.

    Parameters
    ----------
    function : ``f(energy, *, name, ...)`` with energy an array in TeV, gives dN/dE in TeV-1 s-1 cm-2 in its shape (or a
        pure number). Energies among the parameters come in TeV, fluxes in s-1 cm-2 (TeV-1).
    parameters : values of its parameters: numbers, texts such as "1 TeV", Quantities; or what `fields.param` declares,
        to name any other unit, a domain, or to start frozen. Those with a default in `function` may be left out.

    Raises
    ------
    ModelError
        A parameter has no value, or the function has no such parameter.
    UnitError
        A value has a unit that is none of the above.
    """
    return _spectrum(function, parameters, external=False)


def spectrum_from_external(function: Callable[..., Any], **parameters: Any) -> Spectrum:
    """A spectrum from a function that JAX cannot look into: other packages' models, tables, numerical integrals.

    As `spectrum_from`, but `function` is given NumPy arrays and floats. Derivatives are differences, from four more
    calls for every parameter, which a warning says.
    """
    warnings.warn(
        f"{_name(function)} is called outside of JAX: its derivatives are differences, four calls for each parameter;"
        " write it with jax.numpy and use spectrum_from for exact ones",
        UserWarning,
        stacklevel=2,
    )
    return _spectrum(function, parameters, external=True)


def _spectrum(function: Callable[..., Any], parameters: dict[str, Any], external: bool) -> Spectrum:
    given = _defaults(function) | parameters
    wanted = list(inspect.signature(function).parameters)[1:]
    missing, unknown = [n for n in wanted if n not in given], [n for n in given if n not in wanted]
    if missing or unknown:
        what = f"no value for {', '.join(missing)}" if missing else f"no parameter {', '.join(unknown)}"
        raise ModelError(f"{_name(function)}: {what}; its parameters are {', '.join(wanted) or 'none'}")
    found = {name: _parameter(f"{_name(function)}.{name}", given[name]) for name in wanted}
    declared = tuple((name, spec) for name, (_, spec) in found.items())
    return _rebuilt(function, declared, external, [value for value, _ in found.values()])


def _parameter(name: str, value: Any) -> tuple[Any, Spec]:
    """The value of a parameter and what is declared of it."""
    if isinstance(value, dataclasses.Field):
        return value.default, value.metadata["spec"]
    for unit in _INSIDE:
        try:
            return float(strip(value, unit, name)), Spec(unit, frozen=False, domain=EVERYWHERE)
        except UnitError:
            continue
    units = ", ".join(repr(unit) for unit in _INSIDE[1:])
    raise UnitError(f"{name}: {value} is neither a number nor in {units}; declare it with param(value, unit)")


def _rebuilt(function: Callable[..., Any], declared: Declared, external: bool, values: list[Any]) -> Spectrum:
    return _class(function, declared, external)(*values)


@cache  # the same function gives the same class, or else everything that uses it would be compiled again
def _class(function: Callable[..., Any], declared: Declared, external: bool) -> Callable[..., Spectrum]:
    """A class like one written out, with a field for each parameter."""
    names = [name for name, _ in declared]
    formula = _outside(function, names) if external else function

    def dnde(self: Any, energy: Array) -> Array:
        result: Array = formula(jnp.asarray(energy), **{name: getattr(self, name) for name in names})
        return result

    def reduce(self: Any) -> tuple[Any, ...]:  # a class made here cannot be imported by a worker, the function can
        return _rebuilt, (function, declared, external, [getattr(self, name) for name in names])

    body: dict[str, Any] = {name: dataclasses.field(metadata={"spec": spec}) for name, spec in declared}
    body |= {"__annotations__": dict.fromkeys(names, Array), "dnde": dnde, "__reduce__": reduce}
    body |= {"__module__": __name__, "__doc__": function.__doc__}
    return types.new_class(_name(function), (Spectrum,), exec_body=lambda namespace: namespace.update(body))


def _outside(function: Callable[..., Any], names: list[str]) -> Callable[..., Array]:
    """`function` as JAX can call it, with derivatives by differences."""

    def called(energy: Any, *values: Any) -> Any:
        numbers = dict(zip(names, map(float, values), strict=True))
        return np.broadcast_to(np.asarray(function(np.asarray(energy), **numbers), dtype=float), np.shape(energy))

    @jax.custom_jvp
    def value(energy: Array, *values: Array) -> Array:
        shape = jax.ShapeDtypeStruct(energy.shape, np.float64)
        return jax.pure_callback(called, shape, energy, *values, vmap_method="sequential")

    def value_and_slope(at: tuple[Array, ...], along: tuple[Array, ...]) -> tuple[Array, Array]:
        here = value(*at)
        slope = jnp.zeros_like(here)
        for i, (x, dx) in enumerate(zip(at, along, strict=True)):
            if isinstance(dx, jax.custom_derivatives.SymbolicZero):
                continue
            step = _STEP * jnp.where(x == 0, 1.0, jnp.abs(x))
            rise = sum(weight * value(*at[:i], x + n * step, *at[i + 1 :]) for n, weight in _STENCIL)
            slope = slope + rise / step * dx
        return here, slope

    value.defjvp(value_and_slope, symbolic_zeros=True)
    return lambda energy, **values: value(energy, *(jnp.asarray(values[name], dtype=float) for name in names))


def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    signature = inspect.signature(function).parameters.items()
    return {name: p.default for name, p in list(signature)[1:] if p.default is not inspect.Parameter.empty}


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))
