"""The claims of a usual CBOR payload in one pass: fixed parts are compared or copied, the rest is in its only order.

- What this reader accepts, `claims.decode_cbor` accepts with the same value (property test); whatever is unusual,
  malformed included, it leaves to that reader, which alone names what is wrong. It never raises.
- Deterministic encoding (RFC 8949 section 4.2.1) makes it possible: keys come in one order, numbers in one length.
- What this writer writes, `claims.encode_any_cbor` writes too, byte for byte (the same test).
- Reads may run past the end, since slices do not complain: the last comparison refuses what did not end exactly there.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from operator import attrgetter
from typing import Any, Final

from . import value_types as types
from .claim_table import VIEW_ROWS
from .driving_licence import CATEGORY_CODES, DrivingPrivilege, ListEntry, PointsBalance
from .errors import CredentialFormatError
from .nir import Nir
from .person import BirthDate
from .value_types import ValueType
from .views import VIEW_BY_NUMBER, VIEW_SPECS, View, ViewSpec
from .vitale_card import RightsPeriod

Read = Callable[[bytes, int], tuple[Any, int]]
_EPOCH: Final = date(1970, 1, 1).toordinal()
_LAST_DAY: Final = date(2199, 12, 31).toordinal()
_FIRST_DAY: Final = date(1850, 1, 1).toordinal()

# {4: exp, 6: iat, 8: {1: {1: 2, -1: 1, -2: x, -3: odd}}, 65535: {"status_list": {"idx": .., "uri": ..}}, -65537: {0: view, ..}}
_HEAD: Final = b"\xa5\x04\x1a"
_IAT: Final = b"\x06\x1a"
_CNF: Final = b"\x08\xa1\x01\xa4\x01\x02\x20\x01\x21\x58\x20"
_STATUS: Final = b"\x19\xff\xff\xa1\x6bstatus_list\xa2\x63idx"
_URI: Final = b"\x63uri"
_DOCUMENT: Final = b"\x3a\x00\x01\x00\x00"
_PRIVILEGE: Final = struct.Struct(">BBBHB").unpack_from
_day_of: Final = date.fromordinal
_POINTS: Final = {0x22F4: b"\x02", 0x22F5: b"\x03"}


class _Unusual(Exception):
    """For the other reader."""


def _uint(data: bytes, at: int) -> tuple[int, int]:
    first = data[at]
    if first < 0x18:
        return first, at + 1
    if first == 0x1A:
        value = int.from_bytes(data[at + 1 : at + 5], "big")
        if value > 0xFFFF:
            return value, at + 5
    elif first == 0x19:
        value = data[at + 1] << 8 | data[at + 2]
        if value > 0xFF:
            return value, at + 3
    elif first == 0x18:
        value = data[at + 1]
        if value >= 0x18:
            return value, at + 2
    raise _Unusual


def _day(data: bytes, at: int) -> tuple[date, int]:
    first = data[at]
    if first == 0x19:
        days = data[at + 1] << 8 | data[at + 2]
        if days > 0xFF:
            return date.fromordinal(days + _EPOCH), at + 3
    elif first == 0x39:
        days = data[at + 1] << 8 | data[at + 2]
        ordinal = _EPOCH - 1 - days
        if days > 0xFF and ordinal >= _FIRST_DAY:
            return date.fromordinal(ordinal), at + 3
    raise _Unusual


def _day_or_none(data: bytes, at: int) -> tuple[date | None, int]:
    return (None, at + 1) if data[at] == 0xF6 else _day(data, at)


def _text(data: bytes, at: int) -> tuple[str, int]:
    first = data[at]
    if 0x60 <= first < 0x78:
        start, end = at + 1, at + first - 0x5F
    elif first == 0x78 and data[at + 1] >= 0x18:
        start, end = at + 2, at + 2 + data[at + 1]
    else:
        raise _Unusual
    return data[start:end].decode(), end


def _octets(data: bytes, at: int) -> tuple[bytes, int]:
    first = data[at]
    if first == 0x59 and data[at + 1]:
        start, size = at + 3, data[at + 1] << 8 | data[at + 2]
    elif first == 0x58 and data[at + 1] >= 0x18:
        start, size = at + 2, data[at + 1]
    else:
        raise _Unusual
    return data[start : start + size], start + size


def _flag(data: bytes, at: int) -> tuple[bool, int]:
    first = data[at]
    if first in (0xF4, 0xF5):
        return first == 0xF5, at + 1
    raise _Unusual


def _birth(data: bytes, at: int) -> tuple[BirthDate, int]:
    day, at = _day(data, at)
    return BirthDate(day.year, day.month, day.day), at


def _nir(data: bytes, at: int) -> tuple[Nir, int]:
    text, at = _text(data, at)
    nir = Nir.parse(text)
    if nir.value != text:
        raise _Unusual
    return nir, at


def _count(data: bytes, at: int) -> int:
    count = data[at] - 0x80
    if 0 <= count < 24:
        return count
    raise _Unusual


def _privileges(data: bytes, at: int) -> tuple[tuple[DrivingPrivilege, ...], int]:
    many = []
    count, at = _count(data, at), at + 1
    for _ in range(count):
        # [category, day, null or day, [...]]: the first day almost always has two bytes of length
        head, number, width, days, next_head = _PRIVILEGE(data, at)
        if head != 0x84 or width != 0x19 or days <= 0xFF:
            raise _Unusual
        at += 6
        if next_head == 0xF6:
            end = None
        else:
            end, at = _day(data, at - 1)
        if data[at] == 0x80:
            restrictions: tuple[str, ...] = ()
            at += 1
        else:
            restrictions, at = _texts(data, at)
        many.append(DrivingPrivilege(CATEGORY_CODES[number], _day_of(days + _EPOCH), end, restrictions))
    return tuple(many), at


def _texts(data: bytes, at: int) -> tuple[tuple[str, ...], int]:
    many = []
    count, at = _count(data, at), at + 1
    for _ in range(count):
        text, at = _text(data, at)
        many.append(text)
    return tuple(many), at


def _rights(data: bytes, at: int) -> tuple[tuple[RightsPeriod, ...], int]:
    many = []
    count, at = _count(data, at), at + 1
    for _ in range(count):
        if data[at] != 0x82:
            raise _Unusual
        start, at = _day(data, at + 1)
        end, at = _day_or_none(data, at)
        many.append(RightsPeriod(start, end))
    return tuple(many), at


def _pair(data: bytes, at: int) -> tuple[int, int, int]:
    if data[at] != 0x82:
        raise _Unusual
    first, at = _uint(data, at + 1)
    second, at = _uint(data, at)
    return first, second, at


def _points(data: bytes, at: int) -> tuple[PointsBalance, int]:
    value, as_of, at = _pair(data, at)
    return PointsBalance(value, as_of), at


def _entry(data: bytes, at: int) -> tuple[ListEntry, int]:
    number, index, at = _pair(data, at)
    return ListEntry(number, index), at


_READERS: Final[dict[ValueType, Read]] = {
    types.TEXT: _text,
    types.FLAG: _flag,
    types.INSTANT: _uint,
    types.DAY: _day,
    types.BIRTH_DATE: _birth,
    types.PICTURE: _octets,
    types.NIR: _nir,
    types.PRIVILEGES: _privileges,
    types.POINTS: _points,
    types.LIST_ENTRY: _entry,
    types.RIGHTS: _rights,
}


def _plan(view: View) -> tuple[tuple[int, int, Read], ...]:
    """Key, place among the subject's fields and reader of each claim, in the order of keys."""
    places = {field.name: place for place, field in enumerate(fields(VIEW_SPECS[view].subject))}
    return tuple((row.key, places[row.field], _READERS[row.type]) for row in VIEW_ROWS[view].rows)


_PLANS: Final = {view: _plan(view) for view in View}
_REQUIRED: Final = {
    view: tuple(
        place
        for (_, place, _), row in zip(_PLANS[view], rows.rows, strict=True)
        if row.field not in rows.optional
    )
    for view, rows in VIEW_ROWS.items()
}


def read(payload: bytes) -> tuple[Any, ...] | None:
    """(view, iat, exp, device key, uri, index, subject), or None for the other reader to judge."""
    try:
        return _read(payload)
    except (IndexError, KeyError, struct.error, _Unusual, UnicodeDecodeError, CredentialFormatError):
        return None


def _read(payload: bytes) -> tuple[Any, ...] | None:
    if (
        payload[:3] != _HEAD
        or payload[7:9] != _IAT
        or payload[13:24] != _CNF
        or payload[58:79] != _STATUS
        or not payload[3]
        or not payload[9]
    ):
        return None
    odd = _POINTS[payload[56] << 8 | payload[57]]
    index, at = _uint(payload, 79)
    if payload[at : at + 4] != _URI:
        return None
    uri, at = _text(payload, at + 4)
    if payload[at : at + 5] != _DOCUMENT:
        return None
    spec, subject, at = _document(payload, at + 5)
    if at != len(payload):
        return None
    return (
        spec.view,
        int.from_bytes(payload[9:13], "big"),
        int.from_bytes(payload[3:7], "big"),
        odd + payload[24:56],
        uri,
        index,
        subject,
    )


def _document(data: bytes, at: int) -> tuple[ViewSpec, Any, int]:
    count = data[at] - 0xA1  # the view's own key left out
    if not 0 <= count < 23 or data[at + 1]:
        raise _Unusual
    spec = VIEW_BY_NUMBER[data[at + 2]]
    at += 3
    plan = _PLANS[spec.view]
    values: list[Any] = [None] * len(plan)
    for key, place, reader in plan:
        if count and data[at] == key:
            values[place], at = reader(data, at + 1)
            count -= 1
    if count:
        raise _Unusual
    for place in _REQUIRED[spec.view]:
        if values[place] is None:  # `in` would compare values
            raise _Unusual
    return spec, spec.subject(*values), at


# --- writing -----------------------------------------------------------------------------------------------------

Write = Callable[[Any], bytes]
_TEXT_HEAD: Final = [bytes((0x60 + n,)) if n < 24 else bytes((0x78, n)) for n in range(256)]
_SMALL: Final = [bytes((n,)) if n < 24 else bytes((0x18, n)) for n in range(256)]
_LONG: Final = struct.Struct(">BI").pack
_SHORT: Final = struct.Struct(">BH").pack
_TIMES: Final = struct.Struct(">3sI2sI11s32sBB21s").pack


def _put_uint(value: int) -> bytes:
    if value < 0x100:
        return _SMALL[value]
    return _SHORT(0x19, value) if value < 0x10000 else _LONG(0x1A, value)


def _put_day(day: date) -> bytes:
    days = day.toordinal() - _EPOCH
    if 0xFF < days < 0x10000:
        return _SHORT(0x19, days)
    if -0x10000 <= days < -0x100:
        return _SHORT(0x39, -1 - days)
    raise _Unusual  # within a few months of 1970, or after 2149


def _put_text(text: str) -> bytes:
    octets = text.encode()
    return _TEXT_HEAD[len(octets)] + octets


def _put_octets(octets: bytes) -> bytes:
    size = len(octets)
    if size < 24:
        raise _Unusual
    return (b"\x58%c" % size if size < 0x100 else _SHORT(0x59, size)) + octets


def _put_birth(birth: BirthDate) -> bytes:
    if birth.month is None or birth.day is None:
        raise _Unusual
    return _put_day(date(birth.year, birth.month, birth.day))


def _put_privileges(many: tuple[DrivingPrivilege, ...]) -> bytes:
    parts = [_ARRAY_HEAD[len(many)]]
    for one in many:
        end = one.valid_to
        parts += (
            _PRIVILEGE_HEAD[one.code],
            _put_day(one.valid_from),
            b"\xf6" if end is None else _put_day(end),
            _ARRAY_HEAD[len(one.restrictions)],
            *map(_put_text, one.restrictions),
        )
    return b"".join(parts)


_ARRAY_HEAD: Final = [bytes((0x80 + n,)) for n in range(24)]
_PRIVILEGE_HEAD: Final = {code: bytes((0x84, number)) for number, code in CATEGORY_CODES.items()}


def _put_rights(many: tuple[RightsPeriod, ...]) -> bytes:
    parts = [_ARRAY_HEAD[len(many)]]
    for one in many:
        parts.append(b"\x82" + _put_day(one.start))
        parts.append(b"\xf6" if one.end is None else _put_day(one.end))
    return b"".join(parts)


_WRITERS: Final[dict[ValueType, Write]] = {
    types.TEXT: _put_text,
    types.FLAG: lambda flag: b"\xf5" if flag else b"\xf4",
    types.INSTANT: _put_uint,
    types.DAY: _put_day,
    types.BIRTH_DATE: _put_birth,
    types.PICTURE: _put_octets,
    types.NIR: lambda nir: b"\x6f" + nir.value.encode(),
    types.PRIVILEGES: _put_privileges,
    types.POINTS: lambda points: b"\x82" + _put_uint(points.value) + _put_uint(points.as_of),
    types.LIST_ENTRY: lambda entry: b"\x82" + _put_uint(entry.list_number) + _put_uint(entry.index),
    types.RIGHTS: _put_rights,
}
_VALUES: Final = {view: attrgetter(*(row.field for row in rows.rows)) for view, rows in VIEW_ROWS.items()}
_WRITE_PLANS: Final = {
    view: tuple((bytes((row.key,)), _WRITERS[row.type]) for row in rows.rows)
    for view, rows in VIEW_ROWS.items()
}


def write(
    view: View, times: tuple[int, int], device_key: bytes, status: tuple[int, str], subject: Any
) -> bytes | None:
    """The payload of these claims (`times` are iat and exp), or None for the other writer to make."""
    try:
        head = _TIMES(
            _HEAD, times[1], _IAT, times[0], _CNF, device_key[1:], 0x22, 0xF2 + device_key[0], _STATUS
        )  # a compressed point begins with 2 or 3, which become false (0xF4) and true (0xF5)
        parts = [
            head,
            _put_uint(status[0]),
            _URI,
            _put_text(status[1]),
            _DOCUMENT,
            b"",
            b"\x00",
            _SMALL[VIEW_SPECS[view].number],
        ]
        for value, (key, put) in zip(_VALUES[view](subject), _WRITE_PLANS[view], strict=True):
            if value is not None:
                parts.append(key)
                parts.append(put(value))
    except (_Unusual, IndexError, struct.error):
        return None
    if min(times) <= 0xFFFFFF:
        return None
    parts[5] = b"%c" % (0xA0 + (len(parts) - 6) // 2)
    return b"".join(parts)
