"""What the folder knows of one key, apart from the private half: one JSON file each, no secret inside."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from credentials import cose_key
from credentials.cose_key import PublicKey
from credentials.errors import CredentialFormatError
from credentials.spec import Audience, DocumentType, Domain, Role
from credentials.trust_list import SignerState

from .errors import KeyFileRefused

FORMAT = 1


class KeyKind(StrEnum):
    """What family a key belongs to."""

    ROOT = "root"  # certificate authority of a domain
    SIGNER = "signer"  # has a certificate, stands in the trust list
    UPDATE = "update"  # role key of the update repository (TUF)
    READER = "reader"  # X25519, opens what phones seal


class UpdateRole(StrEnum):
    """Roles of the update repository; police and health are delegated by targets."""

    ROOT = "root"
    TARGETS = "targets"
    SNAPSHOT = "snapshot"
    TIMESTAMP = "timestamp"
    POLICE = "police"
    HEALTH = "health"


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One key. Instants are UTC seconds; `not_before` and `not_after` are at 00:00 UTC.

    - `purpose` is "root", a `Role`, an `UpdateRole` or an `Audience`, as `kind` says.
    - `announced` is the instant of the first trust list that named it, None when every terminal ever enrolled knew it.
    - `activated` is the instant since which it signs; `state_since` that of the last change of state.
    - `cap` is 0 for a key whose signatures are not counted.
    """

    key_id: bytes
    kind: KeyKind
    domain: Domain | None
    purpose: str
    generation: int
    algorithm: int
    public_key: PublicKey
    state: SignerState
    state_since: int
    announced: int | None
    activated: int | None
    not_before: int
    not_after: int
    cap: int
    document_types: tuple[DocumentType, ...] = ()
    status_prefixes: tuple[str, ...] = ()
    points_prefixes: tuple[str, ...] = ()
    certificate: bytes = b""

    @property
    def name(self) -> str:
        """The stem of its files."""
        return f"{self.domain or self.kind.value}-{self.purpose}-{self.key_id.hex()}"

    @property
    def role(self) -> Role:
        """The role of a signer; a programming error for another kind."""
        return Role(self.purpose)

    @property
    def audience(self) -> Audience:
        """The audience of a reader key; a programming error for another kind."""
        return Audience(self.purpose)

    def covers(self, at: int) -> bool:
        """Whether `at` lies in the window."""
        return self.not_before <= at < self.not_after

    def moved(self, state: SignerState, at: int) -> KeyRecord:
        """The same key in another state since `at`; the life-cycle decides whether that is permitted."""
        activated = at if state is SignerState.ACTIVE else self.activated
        return replace(self, state=state, state_since=at, activated=activated)

    def to_json(self) -> bytes:
        """The descriptor's bytes."""
        members: dict[str, object] = {"format": FORMAT}
        for field in fields(self):
            value = getattr(self, field.name)
            match field.name:
                case "key_id":
                    value = value.hex()
                case "public_key":
                    value = cose_key.to_jwk(value)
                case "certificate":
                    value = base64.b64encode(value).decode()
            members[field.name] = list(value) if isinstance(value, tuple) else value
        return json.dumps(members, indent=1, ensure_ascii=False).encode() + b"\n"

    @classmethod
    def from_json(cls, content: bytes, name: str) -> KeyRecord:
        """Read a descriptor. Raises `KeyFileRefused`, also when the key id is not that of the public key."""
        try:
            members = json.loads(content)
            version = members.pop("format")
            record = cls(**{**members, **_typed(members)})
        except (KeyError, TypeError, ValueError, CredentialFormatError) as error:
            msg = f"{name} is not a key description of this version; restore it from a copy"
            raise KeyFileRefused(msg) from error
        if version != FORMAT or cose_key.key_id(record.public_key) != record.key_id:
            msg = f"{name} names another key than the one it describes; restore it from a copy"
            raise KeyFileRefused(msg)
        return record


def _typed(members: dict[str, object]) -> dict[str, object]:
    domain = members["domain"]
    return {
        "key_id": bytes.fromhex(str(members["key_id"])),
        "kind": KeyKind(str(members["kind"])),
        "domain": None if domain is None else Domain(str(domain)),
        "public_key": cose_key.from_jwk(members["public_key"]),  # type: ignore[arg-type]
        "state": SignerState(str(members["state"])),
        "document_types": tuple(DocumentType(one) for one in _texts(members["document_types"])),
        "status_prefixes": _texts(members["status_prefixes"]),
        "points_prefixes": _texts(members["points_prefixes"]),
        "certificate": base64.b64decode(str(members["certificate"]), validate=True),
    }


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        msg = "a list of texts was expected"
        raise ValueError(msg)
    return tuple(value)
