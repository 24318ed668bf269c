"""Examples made from a schema: fictitious, the same all over the interface, and valid (a test checks each).

A model gives its own example (`Field(examples=[...])`, `json_schema_extra={"examples": [...]}`) or none: then each value
comes from its schema (a constant, the first of a closed list, the default) or from the words below by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]
_ID: Final = "019a4b7c5e2070318a4d6f0b2c9e1d57"
_INSTANT: Final = "2026-11-25T09:30:00Z"
_DAY: Final = "2026-10-30"

BY_NAME: Final[Mapping[str, object]] = {
    "act": "withdrawal",
    "balance": 9,
    "applied": -3,
    "code": "A7K2-9QX4",
    "before": _ID,
    "credential": "0oRDoQEmoEOhAQU",
    "credential_configuration_id": "driving_licence.proof.cbor",
    "decision_reference": "D-2026-000123",
    "stop_reference": "A-2026-000045",
    "registry_reference": "dossier-c48e05b7",
    "digest": "5f" * 32,
    "event": "credential_accepted",
    "kind": "suspension",
    "points": 3,
    "notification_id": "Zk3b0pQxYt8Lr1uV",
    "c_nonce": "q3v0b8yZk1mD4xUe7sTfWn2pLh6aRc9J",
    "access_token": "l.2mVZpQ4kXw7sYb1nTf8cJr5uHd0aLe3g",
    "refresh_token": "l.9cJr5uHd0aLe3g2mVZpQ4kXw7sYb1nTf",
    "token_type": "DPoP",
    "pre-authorized_code": "l.7sYb1nTf8cJr5uHd0aLe3g2mVZpQ4kXw",
    "grant_type": "urn:ietf:params:oauth:grant-type:pre-authorized_code",
    "tx_code": "428163",
    "status": "ok",
    "title": "Un champ manque ou n’a pas la forme attendue.",
    "type": "http://127.0.0.1:8460/problems/content-refused",
    "area": "public",
    "path": "targets/trust/licence.cose",
    "letter": "l",
    "Idempotency-Key": "3f0c6a52-retrait-000123",
    "DPoP": "eyJ0eXAiOiJkcG9wK2p3dCJ9.eyJodG0iOiJQT1NUIn0.c2lnbmF0dXJl",
    "version": 1,
    "If-Match": '"4"',
    "If-None-Match": '"5f5f5f5f"',
    "authority": "licence",
    "authority_id": "licence",
    "category": "A2",
    "via": "standard",
    "state": "VALIDE",
    "offence": "feu_rouge",
    "offence_class": "contravention_4",
    "class": "contravention_4",
    "fr": "Une phrase en français.",
    "en": "A sentence in English.",
    "title_fr": "Votre titre expire bientôt",
    "title_en": "Your document expires soon",
    "article": "Code de la route L223-6",
    "source": "Code de la route L225-2",
    "view": "proof",
    "form": "cbor",
    "issuer": "http://127.0.0.1:8460/dev",
    "message": "0oRDoQEmoEOhAQU",
    "detail": '{"points":3}',
    "previous": "5f" * 32,
    "uri": "openid-credential-offer://?credential_offer=%7B%7D",
    "name": "agnes",
    "acr": "eidas2",
    "percentage": 40,
    "total": 250,
    "done": 100,
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
