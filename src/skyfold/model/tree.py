"""The base of all models: frozen dataclasses that JAX takes apart and puts together."""

import dataclasses
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, dataclass_transform

import jax
import numpy as np
from jax.tree_util import GetAttrKey, register_pytree_with_keys


def static(**options: Any) -> Any:
    """A field that is no array but part of what a model is: compiled code depends on it.

    Parameters
    ----------
    options : of `dataclasses.field`.
    """
    return dataclasses.field(metadata={"static": True}, **options)


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(dataclasses.field, static))
class Tree:
    """A value with fields: its subclasses are frozen dataclasses, and trees to JAX, without a decorator.

    Two are equal if they are of one class, with equal arrays and numbers, of the same types, in one structure.

    ``__post_init__`` may convert what is given. Then ``__check_init__`` of each class, if it has one, the base first,
    may refuse it. Neither is called where JAX puts a tree together.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclasses.dataclass(frozen=True, eq=False)(cls)
        cls.__init__ = _checked(cls, cls.__init__)  # type: ignore[method-assign]
        fields = [(field.name, bool(field.metadata.get("static"))) for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
        arrays, about = (tuple(name for name, fixed in fields if fixed == wanted) for wanted in (False, True))
        register_pytree_with_keys(
            cls,
            lambda tree: ([(GetAttrKey(name), getattr(tree, name)) for name in arrays], _values(tree, about)),
            partial(_together, cls, arrays, about),
            lambda tree: (_values(tree, arrays), _values(tree, about)),
        )

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        (mine, structure), (its, other_structure) = jax.tree.flatten(self), jax.tree.flatten(other)
        same: bool = structure == other_structure  # type: ignore[operator]
        return same and all(map(_equal, mine, its))

    def __hash__(self) -> int:
        return hash(jax.tree.structure(self))


def _equal(mine: Any, its: Any) -> bool:
    return np.asarray(mine).dtype == np.asarray(its).dtype and np.array_equal(mine, its)


def _values(tree: Tree, names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(getattr(tree, name) for name in names)


def _together(cls: type[Tree], arrays: tuple[str, ...], about: tuple[str, ...], fixed: Any, leaves: Any) -> Tree:
    """The tree of a class with these arrays and other fields, which may be placeholders: nothing is checked."""
    tree = object.__new__(cls)
    for name, value in zip((*arrays, *about), (*leaves, *fixed), strict=True):
        object.__setattr__(tree, name, value)
    return tree


def _checked(cls: type, init: Callable[..., None]) -> Callable[..., None]:
    """The `init` of a class, and all checks after it, once the outermost is done."""

    @wraps(init)
    def __init__(self: Any, *args: Any, **values: Any) -> None:
        init(self, *args, **values)
        if type(self) is cls:
            for base in reversed(cls.__mro__):
                check = vars(base).get("__check_init__")
                if check is not None:
                    check(self)

    return __init__
