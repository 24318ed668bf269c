"""Examples made from a schema: fictitious, the same all over the interface, and valid (a test checks each).

For parameters and small bodies and answers; one whose members must agree with each other, or with the rules, is told
whole in `bodies.py` or `answers.py`. A model gives its own example (`Field(examples=[...])`,
`json_schema_extra={"examples": [...]}`) or none: then each value comes from its schema (a constant, the first of a closed
list, the default) or from the words below by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]
_ID: Final = "019a4b7c5e2070318a4d6f0b2c9e1d57"
_INSTANT: Final = "2026-11-25T09:30:00Z"
_DAY: Final = "2026-10-30"

BY_NAME: Final[Mapping[str, object]] = {
    "before": _ID,
    "credential": "0oRDoQEmoEOhAQU",
    "credential_configuration_id": "driving_licence.proof.cbor",
    "notification_id": "Zk3b0pQxYt8Lr1uV",
    "c_nonce": "q3v0b8yZk1mD4xUe7sTfWn2pLh6aRc9J",
    "access_token": "l.2mVZpQ4kXw7sYb1nTf8cJr5uHd0aLe3g",
    "refresh_token": "l.9cJr5uHd0aLe3g2mVZpQ4kXw7sYb1nTf",
    "status": "ok",
    "path": "targets/trust/licence.cose",
    "Idempotency-Key": "3f0c6a52-retrait-000123",
    "DPoP": "eyJ0eXAiOiJkcG9wK2p3dCJ9.eyJodG0iOiJQT1NUIn0.c2lnbmF0dXJl",
    "If-Match": '"4"',
    "If-None-Match": '"5f5f5f5f"',
    "name": "agnes",
    "acr": "eidas2",
}  # fmt: skip
_ENDINGS: Final[Mapping[str, object]] = {
    "_id": _ID,
    "_at": _INSTANT,
    "_on": _DAY,
    "_of": _INSTANT,
    "since": _INSTANT,
    "until": "2027-05-25T09:30:00Z",
}
_WORDS: Final = "exemple"
_BY_FORMAT: Final[Mapping[str, object]] = {
    "date": _DAY,
    "date-time": _INSTANT,
    "uri": "http://127.0.0.1:8460/",
    "binary": "",
}
_BY_PATTERN: Final[Mapping[str, object]] = {
    r"^[0-9a-f]{32}$": _ID,
    r"^[0-9a-f]{64}$": "5f" * 32,
    r"^[0-9a-f]{16}$": "5f" * 8,
}


class NoSample(Exception):
    """A value for which no example can be made; the text names its place."""


def sample(schema: Schema, components: Mapping[str, Schema], name: str = "") -> Any:
    """An example of `schema`. Raises `NoSample`."""
    if "$ref" in schema:
        target = str(schema["$ref"]).rpartition("/")[2]
        return sample(components[target], components, name or target)
    for given in ("example", "const"):
        if given in schema:
            return schema[given]
    for given in ("examples", "enum"):
        if schema.get(given):
            return schema[given][0]
    for choice in ("allOf", "anyOf", "oneOf"):
        if choice in schema:
            return _of_choices(schema[choice], components, name)
    if schema.get("type") == "object":
        return _of_object(schema, components)
    if schema.get("type") == "array":
        return [sample(schema["items"], components, name)] if "items" in schema else []
    return _of_value(schema, name)


def _of_choices(choices: list[Schema], components: Mapping[str, Schema], name: str) -> Any:
    spoken = [one for one in choices if one.get("type") != "null"]
    return sample(spoken[0], components, name)


def _of_object(schema: Schema, components: Mapping[str, Schema]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, one in schema.get("properties", {}).items():
        try:
            made[name] = sample(one, components, name)
        except NoSample as missing:
            if name in schema.get("required", ()):
                msg = f"{schema.get('title', '')}.{missing}"
                raise NoSample(msg) from None
    return made


def _of_value(schema: Schema, name: str) -> Any:
    if name in BY_NAME:
        return BY_NAME[name]
    if schema.get("default") is not None:
        return schema["default"]
    for found in (_BY_PATTERN.get(schema.get("pattern", "")), _BY_FORMAT.get(schema.get("format", ""))):
        if found is not None:
            return found
    if schema.get("type") == "boolean":
        return False
    if schema.get("type") in {"integer", "number"}:
        return schema.get("minimum", 1)
    for ending, value in _ENDINGS.items():
        if name.endswith(ending):
            return value
    if schema.get("type") == "string":
        words = _WORDS[: schema.get("maxLength", len(_WORDS))].strip()
        return words.ljust(schema.get("minLength", 0), "0")
    raise NoSample(name)
