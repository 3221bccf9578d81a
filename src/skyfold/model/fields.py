"""How a model declares its parameters."""

from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

import numpy as np
from jax.tree_util import DictKey, GetAttrKey, keystr, tree_leaves_with_path

from skyfold.errors import ModelError
from skyfold.model.tree import Tree
from skyfold.units import strip

Bounds = tuple[float, float]
EVERYWHERE: Bounds = (-np.inf, np.inf)


@dataclass(frozen=True)
class Spec:
    """What is true of a parameter before any fit.

    unit : of its value; what a caller gives in another one is converted.
    frozen : whether it starts frozen.
    domain : values outside it are no model at all (a negative width), and an error at construction.
    """

    unit: str
    frozen: bool
    domain: Bounds


def param(default: float, unit: str = "", *, frozen: bool = False, domain: Bounds = EVERYWHERE) -> Any:
    """Declare a scalar parameter beside its formula; the value is a float in `unit`, or traced by JAX."""
    return field(default=default, metadata={"spec": Spec(unit, frozen, domain)})


def params(unit: str = "", *, frozen: bool = False, domain: Bounds = EVERYWHERE) -> Any:
    """Declare a sequence of parameters of one kind, named by number: ``norms.0``, ``norms.1``, ..."""
    return field(metadata={"spec": Spec(unit, frozen, domain)})


positive = partial(param, domain=(0.0, np.inf))


def specs(cls: type) -> dict[str, Spec]:
    """The parameters a class declares, in their order."""
    return {f.name: f.metadata["spec"] for f in fields(cls) if "spec" in f.metadata}


class Model(Tree):
    """A value with parameters; changes with ``dataclasses.replace``."""

    def __check_init__(self) -> None:
        for name, spec in specs(type(self)).items():
            for label, value in _each(name, getattr(self, name)):
                _inside(type(self).__name__, label, value, spec.domain)

    def __post_init__(self) -> None:
        for name, spec in specs(type(self)).items():
            value = getattr(self, name)
            numbers = tuple(_number(f"{type(self).__name__}.{n}", v, spec.unit) for n, v in _each(name, value))
            object.__setattr__(self, name, numbers if isinstance(value, tuple | list) else numbers[0])


def _each(name: str, value: Any) -> list[tuple[str, Any]]:
    """What a field holds with its names: one value, or those of a sequence."""
    if isinstance(value, tuple | list):
        return [(f"{name}.{i}", v) for i, v in enumerate(value)]
    return [(name, value)]


def _number(name: str, value: Any, unit: str) -> Any:
    if isinstance(value, float | int | str) or hasattr(value, "unit"):
        number = strip(value, unit, name)
        if number.shape:
            raise ModelError(f"{name}: a parameter is one number, found an array of shape {number.shape}")
        return np.float64(number)
    return value  # traced, batched, or a placeholder of a tree


def _inside(model: str, name: str, value: Any, domain: Bounds) -> None:
    if isinstance(value, np.float64) and not domain[0] <= value <= domain[1] and not np.isnan(value):
        raise ModelError(f"{model}.{name} = {value:g} is outside [{domain[0]:g}, {domain[1]:g}]")


@dataclass(frozen=True)
class Leaf:
    """A parameter in a tree of models: which of `jax.tree.leaves` it is, its dotted name, and what was declared."""

    number: int
    name: str
    spec: Spec


def parameter_leaves(tree: Any) -> list[Leaf]:
    """The parameters of a model, or of a dict of models, in the order of the leaves of its tree."""
    found = []
    for number, (path, _) in enumerate(tree_leaves_with_path(tree)):
        spec = _declared(tree, path)
        if spec is not None:
            found.append(Leaf(number, keystr(path, simple=True, separator="."), spec))
    return found


def _declared(node: Any, path: tuple[Any, ...]) -> Spec | None:
    """The spec of the innermost field on the way to a leaf that declares one."""
    spec = None
    for key in path:
        if isinstance(key, GetAttrKey):
            spec = specs(type(node)).get(key.name)
            node = getattr(node, key.name)
        else:
            node = node[key.key if isinstance(key, DictKey) else key.idx]
    return spec
