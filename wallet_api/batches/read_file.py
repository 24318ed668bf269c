"""A file of acts -> its lines. Comma or semicolon, UTF-8 with or without a mark, one act a line under a row of column names.

Which columns an act has is said in `columns.py`. A cell left empty is a member left out. A line that cannot be read says in
which columns it is wrong, never what stands there.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from wallet_api.authority.schemas import Body, LicenceSuspensionBody, RevocationBody
from wallet_api.points.schemas import CourseBody, WithdrawalBody
from wallet_api.problems import WalletError

from .columns import ALWAYS, COLUMNS, in_order

MOST_LINES: Final = 5_000
MOST_BYTES: Final = 2 * 1024 * 1024
_FIELD_LENGTH: Final = 200
ACTS: Final[dict[str, type[Body]]] = {
    "withdrawal": WithdrawalBody,
    "course": CourseBody,
    "suspension": LicenceSuspensionBody,
    "revocation": RevocationBody,
}
_INTEGERS: Final = frozenset({"points"})
_FLAGS: Final = frozenset({"grave_case"})
_ID: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Line:
    """A line by its number in the file: the licence, the act, and its members as JSON; or the problem with it.

    `columns` are those that the problem is about, by their declared names.
    """

    number: int
    licence_id: str = ""
    act: str = ""
    content: str = ""
    problem: str | None = None
    columns: tuple[str, ...] = ()


def read_file(content: bytes) -> list[Line]:
    """The lines of a file. Raises `WalletError` for what is no such file at all; a bad line is in the answer."""
    if len(content) > MOST_BYTES:
        raise WalletError("too-large")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise WalletError("batch-unreadable") from None
    if "\0" in text:
        raise WalletError("batch-unreadable")
    separator = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        names = [one.strip() for one in next(reader, [])]
        _require_columns(names)
        lines = []
        for cells in reader:
            if any(cells):
                lines.append(_line(reader.line_num, names, cells))
            if len(lines) > MOST_LINES:
                raise WalletError("batch-too-long")
    except csv.Error:
        raise WalletError("batch-unreadable") from None
    if not lines:
        raise WalletError("batch-unreadable")
    return lines


def body_of(act: str, content: str) -> Body:
    """The act that a line asks for, validated again. Raises `WalletError`."""
    try:
        return ACTS[act].model_validate_json(content)
    except (KeyError, ValidationError):
        raise WalletError("content-refused") from None


def _require_columns(names: list[str]) -> None:
    if len(set(names)) != len(names) or not set(ALWAYS) <= set(names) <= COLUMNS:
        raise WalletError("batch-columns")


def _line(number: int, names: list[str], cells: list[str]) -> Line:
    if len(cells) != len(names):
        return _refused(number)
    if too_long := [name for name, cell in zip(names, cells, strict=True) if len(cell) > _FIELD_LENGTH]:
        return _refused(number, too_long)
    members = {name: cell.strip() for name, cell in zip(names, cells, strict=True) if cell.strip()}
    act, licence_id = members.pop("act", ""), members.pop("licence_id", "")
    addressed = {"act": act in ACTS, "licence_id": _ID.fullmatch(licence_id) is not None}
    if not all(addressed.values()):
        return _refused(number, [name for name, good in addressed.items() if not good])
    values = {name: _value(name, cell) for name, cell in members.items()}
    content = json.dumps(values, sort_keys=True)
    wrong = _wrong_columns(act, content)
    if wrong is not None:
        return _refused(number, wrong)
    return Line(number, licence_id, act, content)


def _refused(number: int, columns: Iterable[str] = ()) -> Line:
    return Line(number, problem="content-refused", columns=tuple(in_order(columns)))


def _wrong_columns(act: str, content: str) -> list[str] | None:
    """Where the members of an act are not of its form, each member being a column; None when they are."""
    try:
        ACTS[act].model_validate_json(content)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_context=False, include_url=False)
        return [str(part) for one in faults for part in one["loc"][:1]]
    return None


def _value(name: str, cell: str) -> object:
    """Cells are text; the acts want integers and booleans as such. What is neither stays text, which they refuse."""
    if name in _INTEGERS and re.fullmatch(r"[0-9]{1,2}", cell, re.ASCII):
        return int(cell)
    if name in _FLAGS and cell in {"true", "false"}:
        return cell == "true"
    return cell
