"""Values: frozen dataclasses in all that a reader of them may count on."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from credentials.driving_licence import DrivingPrivilege, PointsBalance
from credentials.enrolment_file import ReaderPrivateKey
from credentials.errors import Malformed
from credentials.nir import Nir
from credentials.person import BirthDate
from credentials.spec import Audience

NUMBER = "185057800608491"
BALANCE = PointsBalance(9, 1_795_338_845)


def test_value_is_a_dataclass_with_its_fields_and_defaults():
    """`fields`, `replace` and patterns see what the class declares."""
    assert [one.name for one in dataclasses.fields(BALANCE)] == ["value", "as_of"]
    assert dataclasses.replace(BALANCE, value=3) == PointsBalance(3, BALANCE.as_of)
    assert BirthDate(1990) == BirthDate(year=1990, month=None, day=None)
    match BALANCE:
        case PointsBalance(value, as_of):
            assert (value, as_of) == (9, 1_795_338_845)


def test_value_cannot_be_changed():
    """Neither a field, nor a new attribute, nor by deletion."""
    for name in ("value", "other"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(BALANCE, name, 12)
    with pytest.raises(dataclasses.FrozenInstanceError):
        del BALANCE.value  # type: ignore[misc]
    assert not hasattr(BALANCE, "__dict__")
    assert BALANCE.value == 9


def test_values_compare_and_hash_by_class_and_compared_fields():
    """Equal fields in two classes are two values; a field left out of comparison does not count."""
    assert len({BALANCE, PointsBalance(9, BALANCE.as_of), PointsBalance(8, BALANCE.as_of)}) == 2
    assert PointsBalance(1, 2) != (1, 2)
    number = Nir(NUMBER)
    assert number == Nir(NUMBER, ("ignored",))
    assert hash(number) == hash(Nir(NUMBER, ("ignored",)))


def test_every_way_to_make_a_value_validates_it():
    """Constructor, replacement, copies and pickles run the same checks."""
    with pytest.raises(Malformed):
        PointsBalance(13, 0)
    with pytest.raises(Malformed):
        dataclasses.replace(BALANCE, value=True)
    for made in (copy.copy(BALANCE), copy.deepcopy(BALANCE), pickle.loads(pickle.dumps(BALANCE))):
        assert made == BALANCE
    with pytest.raises(TypeError):
        DrivingPrivilege("B")  # type: ignore[call-arg]


def test_secrets_are_not_shown():
    """A field that is not for `repr` does not stand there."""
    key = ReaderPrivateKey(b"\x01" * 8, Audience.POLICE, 1, 2, b"\x77" * 32)
    assert "private" not in repr(key)
    assert "w" * 4 not in repr(key)
    assert repr(BALANCE) == "PointsBalance(value=9, as_of=1795338845)"
