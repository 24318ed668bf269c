"""The types of claims: in Python, in CBOR and in JSON, both directions side by side (FORMAT.md, section 5).

Readers take what a strict decoder yields and raise `Malformed` for any other type; `bool` never passes for `int`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final, NamedTuple, TypeVar

from .driving_licence import CATEGORY_CODES, CATEGORY_NUMBERS, DrivingPrivilege, ListEntry, PointsBalance
from .errors import Malformed
from .jws import b64url_decode, b64url_encode
from .nir import Nir
from .person import BirthDate
from .vitale_card import RightsPeriod

_EPOCH: Final = date(1970, 1, 1).toordinal()
_LAST_DAY: Final = date(2199, 12, 31).toordinal() - _EPOCH
_FIRST_DAY: Final = date(1850, 1, 1).toordinal() - _EPOCH

T = TypeVar("T")


class ValueType(NamedTuple):
    """One type of claim and its four codecs. Values between codecs are what cbor.py and strict_json.py know."""

    name: str
    to_cbor: Callable[[Any], Any]
    from_cbor: Callable[[Any], Any]
    to_json: Callable[[Any], Any]
    from_json: Callable[[Any], Any]


def _exactly(kind: type[T]) -> Callable[[Any], T]:
    def check(value: Any) -> T:
        if type(value) is not kind:
            msg = f"a claim is not of type {kind.__name__}"
            raise Malformed(msg)
        return value

    return check


_text, _bytes, _integer, _flag = _exactly(str), _exactly(bytes), _exactly(int), _exactly(bool)
_array = _exactly(list)


def _same(value: Any) -> Any:
    return value


def _members(value: Any, names: tuple[str, ...]) -> list[Any]:
    if type(value) is not dict or tuple(value) != names:
        msg = "an object has other members than its type, or in another order"
        raise Malformed(msg)
    return [value[name] for name in names]


def _given(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """An object of which some members may be absent; those present stand in the order of `names`."""
    if type(value) is not dict or tuple(value) != tuple(name for name in names if name in value):
        msg = "an object has other members than its type, or in another order"
        raise Malformed(msg)
    return value


def _elements(value: Any, count: int) -> list[Any]:
    if type(value) is not list or len(value) != count:
        msg = "an array has another length than its type"
        raise Malformed(msg)
    return value


def day_to_cbor(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def day_from_cbor(value: Any) -> date:
    """Inverse of `day_to_cbor`, between 1850 and 2199."""
    if type(value) is not int or not _FIRST_DAY <= value <= _LAST_DAY:
        msg = "a calendar date is a number of days between 1850 and 2199"
        raise Malformed(msg)
    return date.fromordinal(value + _EPOCH)


def day_from_json(value: Any) -> date:
    """`YYYY-MM-DD` and no other spelling."""
    complete = BirthDate.parse(_text(value)).complete
    if complete is None:
        msg = "a calendar date is YYYY-MM-DD"
        raise Malformed(msg)
    return complete


def _birth_to_cbor(birth: BirthDate) -> int | list[int]:
    if birth.complete is not None:
        return day_to_cbor(birth.complete)
    return [birth.year] if birth.month is None else [birth.year, birth.month]


def _birth_from_cbor(value: Any) -> BirthDate:
    if type(value) is int:
        return BirthDate.of(day_from_cbor(value))
    parts = _array(value)
    if len(parts) not in {1, 2}:
        msg = "a partial birth date is [year] or [year, month]"
        raise Malformed(msg)
    return BirthDate(*(_integer(part) for part in parts))


def _instant(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 40:
        msg = "an instant is a whole number of seconds since 1970"
        raise Malformed(msg)
    return value


def _privilege_to_cbor(one: DrivingPrivilege) -> list[Any]:
    end = None if one.valid_to is None else day_to_cbor(one.valid_to)
    return [CATEGORY_NUMBERS[one.code], day_to_cbor(one.valid_from), end, list(one.restrictions)]


def _privilege_from_cbor(value: Any) -> DrivingPrivilege:
    number, start, end, restrictions = _elements(value, 4)
    if type(number) is not int or number not in CATEGORY_CODES:
        msg = "unknown category"
        raise Malformed(msg)
    return DrivingPrivilege(
        CATEGORY_CODES[number],
        day_from_cbor(start),
        None if end is None else day_from_cbor(end),
        tuple([_text(code) for code in _array(restrictions)]),
    )


def _privilege_to_json(one: DrivingPrivilege) -> dict[str, Any]:
    members: dict[str, Any] = {"code": one.code, "from": one.valid_from.isoformat()}
    if one.valid_to is not None:
        members["to"] = one.valid_to.isoformat()
    if one.restrictions:
        members["restrictions"] = list(one.restrictions)
    return members


def _privilege_from_json(value: Any) -> DrivingPrivilege:
    given = _given(value, ("code", "from", "to", "restrictions"))
    restrictions = tuple(_text(code) for code in _array(given.get("restrictions", [])))
    if not restrictions and "restrictions" in given:
        msg = "what a category does not have is left out"
        raise Malformed(msg)
    return DrivingPrivilege(
        _text(given.get("code")),
        day_from_json(given.get("from")),
        day_from_json(given["to"]) if "to" in given else None,
        restrictions,
    )


def _period_from_cbor(value: Any) -> RightsPeriod:
    start, end = _elements(value, 2)
    return RightsPeriod(day_from_cbor(start), None if end is None else day_from_cbor(end))


def _period_from_json(value: Any) -> RightsPeriod:
    given = _given(value, ("from", "to"))
    return RightsPeriod(
        day_from_json(given.get("from")), day_from_json(given["to"]) if "to" in given else None
    )


def _period_to_json(one: RightsPeriod) -> dict[str, str]:
    members = {"from": one.start.isoformat()}
    if one.end is not None:
        members["to"] = one.end.isoformat()
    return members


def _balance(value: int, as_of: int) -> PointsBalance:
    return PointsBalance(value, _instant(as_of))


def _entry(number: Any, index: Any) -> ListEntry:
    return ListEntry(_integer(number), _integer(index))


TEXT = ValueType("text", _same, _text, _same, _text)
FLAG = ValueType("boolean", _same, _flag, _same, _flag)
INSTANT = ValueType("instant", _same, _instant, _same, _instant)
DAY = ValueType("calendar date", day_to_cbor, day_from_cbor, date.isoformat, day_from_json)
BIRTH_DATE = ValueType(
    "birth date",
    _birth_to_cbor,
    _birth_from_cbor,
    BirthDate.isoformat,
    lambda value: BirthDate.parse(_text(value)),
)
PICTURE = ValueType("bytes", _same, _bytes, b64url_encode, lambda value: b64url_decode(_text(value)))


def _nir(value: Any) -> Nir:
    number = Nir.parse(_text(value))
    if number.value != value:
        msg = "a NIR travels as its 15 characters"
        raise Malformed(msg)
    return number


NIR = ValueType("NIR", lambda nir: nir.value, _nir, lambda nir: nir.value, _nir)
PRIVILEGES = ValueType(
    "driving privileges",
    lambda many: [_privilege_to_cbor(one) for one in many],
    lambda value: tuple([_privilege_from_cbor(one) for one in _array(value)]),
    lambda many: [_privilege_to_json(one) for one in many],
    lambda value: tuple(_privilege_from_json(one) for one in _array(value)),
)
POINTS = ValueType(
    "points balance",
    lambda points: [points.value, points.as_of],
    lambda value: _balance(*_elements(value, 2)),
    lambda points: {"value": points.value, "as_of": points.as_of},
    lambda value: _balance(*_members(value, ("value", "as_of"))),
)
LIST_ENTRY = ValueType(
    "list entry",
    lambda entry: [entry.list_number, entry.index],
    lambda value: _entry(*_elements(value, 2)),
    lambda entry: {"list": entry.list_number, "idx": entry.index},
    lambda value: _entry(*_members(value, ("list", "idx"))),
)
RIGHTS = ValueType(
    "periods of rights",
    lambda many: [
        [day_to_cbor(one.start), None if one.end is None else day_to_cbor(one.end)] for one in many
    ],
    lambda value: tuple([_period_from_cbor(one) for one in _array(value)]),
    lambda many: [_period_to_json(one) for one in many],
    lambda value: tuple(_period_from_json(one) for one in _array(value)),
)
