"""Our named tuples against the library's: the same class body, the same behaviour."""

from __future__ import annotations

import copy
import pickle
import typing

import pytest

from credentials import named_tuple


class Ours(named_tuple.NamedTuple):
    """A pair and a half."""

    first: int
    second: str = "two"
    third: bytes | None = None

    @property
    def doubled(self) -> int:
        """A property of its own."""
        return 2 * self.first


class Theirs(typing.NamedTuple):
    """A pair and a half."""

    first: int
    second: str = "two"
    third: bytes | None = None

    @property
    def doubled(self) -> int:
        """A property of its own."""
        return 2 * self.first


class Shown(named_tuple.NamedTuple):
    """A tuple with a `repr` of its own."""

    secret: str

    def __repr__(self) -> str:
        """Nothing of it."""
        return "Shown"


BOTH = pytest.mark.parametrize("kind", [Ours, Theirs])


@BOTH
def test_fields_by_name_place_and_default(kind):
    """Positional, named, defaulted; a tuple in every respect."""
    one = kind(1, third=b"3")
    assert one == (1, "two", b"3") == kind(first=1, second="two", third=b"3")
    assert (one.first, one.second, one.third, one.doubled) == (*one, 2)
    assert isinstance(one, tuple)
    assert hash(one) == hash((1, "two", b"3"))
    assert repr(one) == f"{kind.__name__}(first=1, second='two', third=b'3')"
    assert kind.__doc__ == "A pair and a half."


@BOTH
def test_names_of_the_library(kind):
    """`_fields`, `_field_defaults`, `_make`, `_replace`, `_asdict`, `match`."""
    assert kind._fields == kind.__match_args__ == ("first", "second", "third")
    assert kind._field_defaults == {"second": "two", "third": None}
    one = kind._make([1, "2", None])
    assert one._replace(second="x") == (1, "x", None)
    assert one._asdict() == {"first": 1, "second": "2", "third": None}
    match one:
        case kind(first, second="2"):
            assert first == 1
        case _:
            pytest.fail("no match")


@BOTH
@pytest.mark.parametrize(
    "wrong",
    [
        lambda kind: kind(),
        lambda kind: kind(1, 2, 3, 4),
        lambda kind: kind(1, fourth=4),
        lambda kind: kind._make([1]),
        lambda kind: setattr(kind(1), "first", 2),
        lambda kind: setattr(kind(1), "fourth", 2),
        lambda kind: kind(1)._replace(fourth=4),
    ],
)
def test_misuse_is_refused_in_the_same_way(kind, wrong):
    """Too few, too many, unknown, assigned: the library's kind of error."""
    with pytest.raises((TypeError, AttributeError, ValueError)):
        wrong(kind)


@BOTH
def test_first_object_and_later_ones_are_made_alike(kind):
    """The constructor compiled for the first serves the others, also after a failure."""
    for number in range(3):
        assert kind(number).first == number
    assert kind.__new__.__qualname__ == f"{kind.__name__}.__new__"


def test_copies_and_pickles_come_back():
    """Across processes too."""
    one = Ours(1, "2", b"3")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(one, protocol)) == one
    assert copy.deepcopy(one) == one
    assert type(copy.copy(one)) is Ours


def test_own_methods_win():
    """A class that hides its content keeps hiding it."""
    assert repr(Shown("secret")) == "Shown"
