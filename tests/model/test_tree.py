"""Values that JAX takes apart and puts together."""

import pickle
from dataclasses import FrozenInstanceError, field, replace
from typing import Any

import jax
import numpy as np
import pytest
from jax.tree_util import keystr, tree_leaves_with_path

from skyfold.model.tree import Tree, static


class Pair(Tree):
    left: Any
    right: Any = 2.0
    name: str = static(default="pair", kw_only=True)

    def __check_init__(self):
        if isinstance(self.left, str):
            raise ValueError("left")


class Triple(Pair):
    """Doubles what it is given, and then looks at it."""

    third: Any = field(default=3.0)

    def __post_init__(self):
        object.__setattr__(self, "third", 2 * self.third)

    def __check_init__(self):
        if self.third == 8.0:
            raise ValueError("third")


class Sized(Tree):
    numbers: Any
    size: int = static()

    def __init__(self, numbers):
        object.__setattr__(self, "numbers", numbers)
        object.__setattr__(self, "size", len(numbers))


def test_a_subclass_is_a_frozen_dataclass():
    pair = Pair(1.0, name="a")
    assert (pair.left, pair.right, pair.name) == (1.0, 2.0, "a")
    assert replace(pair, right=5.0) == Pair(1.0, 5.0, name="a")
    with pytest.raises(FrozenInstanceError):
        pair.left = 3.0
    with pytest.raises(TypeError):
        Pair()


def test_jax_sees_its_arrays_by_name_and_keeps_the_rest():
    nested = Pair(Triple(1.0, 2.0, third=4.5), {"x": np.arange(3)})
    paths = [keystr(path, simple=True, separator=".") for path, _ in tree_leaves_with_path(nested)]
    assert paths == ["left.left", "left.right", "left.third", "right.x"]
    again = jax.tree.map(lambda leaf: leaf, nested)
    assert again == nested
    assert isinstance(again.left, Triple)
    assert again.left.third == 9.0  # not converted once more


def test_placeholders_are_not_checked():
    leaves, structure = jax.tree.flatten(Pair(1.0))
    assert jax.tree.unflatten(structure, ["refused"] * len(leaves)).left == "refused"


def test_checks_follow_conversions_from_the_base_on():
    for refused, message in ((("refused", 0.0, 4.0), "left"), ((1.0, 0.0, 4.0), "third")):
        left, right, third = refused
        with pytest.raises(ValueError, match=message):
            Triple(left, right, third=third)


def test_equal_are_those_of_one_class_with_equal_arrays_and_names():
    one = Pair(np.array([1.0, 2.0]), name="a")
    assert one == Pair(np.array([1.0, 2.0]), name="a")
    assert hash(one) == hash(Pair(np.array([1.0, 2.0]), name="a"))
    others = Pair(np.array([1.0, 3.0]), name="a"), Pair(np.array([1.0, 2.0]), name="b"), Pair(np.ones(3), name="a")
    assert all(one != other for other in others)
    assert one != Pair(np.array([1.0, 2.0], dtype=np.float32), name="a")
    assert Pair(1.0, 2.0) != Triple(1.0, 2.0)
    assert one != "a"


def test_differentiable_and_compiled_by_jax():
    slope = jax.jit(jax.grad(lambda pair: pair.left**2 * pair.right))(Pair(3.0, 5.0))
    assert (slope.left, slope.right, slope.name) == (30.0, 9.0, "pair")


def test_it_may_have_a_constructor_of_its_own():
    sized = Sized([1.0, 2.0])
    assert sized.size == 2
    assert jax.tree.leaves(sized) == [1.0, 2.0]


def test_it_travels_to_other_processes():
    triple = Triple(np.arange(2.0), third=1.0, name="far")
    assert pickle.loads(pickle.dumps(triple)) == triple
