"""A file of acts -> its lines. Comma or semicolon, UTF-8 with or without a mark, one act a line under a row of column names.

Which columns an act has is said in `columns.py`. A cell left empty is a member left out.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from wallet_api.authority.schemas import Body, LicenceSuspensionBody, RevocationBody
from wallet_api.points.schemas import CourseBody, WithdrawalBody
from wallet_api.problems import WalletError

from .columns import ALWAYS, COLUMNS

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
    """A line by its number in the file: the licence, the act, and its members as JSON; or the problem with it."""

    number: int
    licence_id: str = ""
    act: str = ""
    content: str = ""
    problem: str | None = None


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
    refused = Line(number, problem="content-refused")
    if len(cells) != len(names) or any(len(one) > _FIELD_LENGTH for one in cells):
        return refused
    members = {name: cell.strip() for name, cell in zip(names, cells, strict=True) if cell.strip()}
    act, licence_id = members.pop("act", ""), members.pop("licence_id", "")
    if act not in ACTS or not _ID.fullmatch(licence_id):
        return refused
    try:
        content = json.dumps({name: _value(name, cell) for name, cell in members.items()}, sort_keys=True)
        body_of(act, content)
    except (ValueError, WalletError):
        return refused
    return Line(number, licence_id, act, content)


def _value(name: str, cell: str) -> object:
    """Cells are text; the acts want integers and booleans as such. Raises `ValueError`."""
    if name in _INTEGERS:
        if not re.fullmatch(r"[0-9]{1,2}", cell, re.ASCII):
            raise ValueError
        return int(cell)
    if name in _FLAGS:
        if cell not in {"true", "false"}:
            raise ValueError
        return cell == "true"
    return cell
