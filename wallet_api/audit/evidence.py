"""Gather checkpoints: from the database, from the published tree, and from what an auditor kept elsewhere.

What the database holds may have been tampered with like the rows; a signature may not. A checkpoint that was published,
or that somebody kept, and that the database no longer holds, is a finding by itself.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from credentials import audit_checkpoint
from credentials.audit_checkpoint import CheckpointClaims
from credentials.errors import CredentialFormatError
from credentials.jws import b64url_decode
from keys import KeyFolder
from wallet_api.publication.lists import AUDIT_FOLDER
from wallet_api.settings import SettingsRefused

from . import store
from .checkpoints import DOMAIN_OF, CheckpointInvalid, believe, burnt_keys
from .examine import Witness
from .finding import Fault, Finding
from .store import StoredCheckpoint

_EDITED: Final = "modifié · edited"
_FORGED: Final = "contrefait · forged"
_GONE: Final = "absent du dossier publié, qui l'annonce · gone from the published folder, which names it"
_DELETED: Final = "effacé de la base · deleted from the database"


@dataclass(slots=True)
class Evidence:
    """Witnesses by chain, and what is wrong with the checkpoints themselves."""

    keys: KeyFolder
    burnt: set[bytes]
    witnesses: dict[str, list[Witness]] = field(default_factory=lambda: defaultdict(list))
    findings: list[Finding] = field(default_factory=list)
    known: set[tuple[str, int]] = field(default_factory=set)

    def blame(self, authority_id: str, sequence: int, differs: str) -> None:
        """A checkpoint is not what was signed."""
        self.findings.append(Finding(authority_id, sequence, Fault.CHECKPOINT, differs=differs))

    def take_stored(self, stored: StoredCheckpoint) -> None:
        """A row of the database."""
        self.known.add((stored.authority_id, stored.edition))
        said = (stored.authority_id, stored.edition, stored.signed_at, stored.sequence, stored.digest)
        claims = self._believed(stored.message)
        if claims is None or said != (*claims[:-1], claims.digest.hex()):
            self.blame(stored.authority_id, stored.sequence, _EDITED)

    def take_outside(self, message: bytes) -> None:
        """A message that was published or kept. Raises `CredentialFormatError` for what is no checkpoint."""
        said = audit_checkpoint.read(message).decode()
        if self._believed(message) is None:
            self.blame(said.authority, said.sequence, _FORGED)
        elif (said.authority, said.edition) not in self.known:
            self.blame(said.authority, said.sequence, _DELETED)

    def _believed(self, message: bytes) -> CheckpointClaims | None:
        try:
            said = audit_checkpoint.read(message).decode()
            root = self.keys.root_certificate(DOMAIN_OF[said.authority])
            claims, key = believe(message, root)
        except (CredentialFormatError, KeyError, CheckpointInvalid):
            return None
        one = Witness(claims.sequence, claims.digest.hex(), claims.issued_at, key in self.burnt)
        if one not in self.witnesses[claims.authority]:
            self.witnesses[claims.authority].append(one)
        return claims


def gather(
    keys: KeyFolder, connection: Connection, published: Path | None = None, kept: Iterable[Path] = ()
) -> Evidence:
    """Everything that attests the chains: the database, the folder `published`, and `kept`.

    Raises `SettingsRefused` for a file in `kept` that holds no checkpoint.
    """
    found = Evidence(keys, burnt_keys(keys))
    for authority_id in DOMAIN_OF:
        for stored in store.checkpoints(connection, authority_id):
            found.take_stored(stored)
    folder = None if published is None else published / "public" / "targets" / AUDIT_FOLDER
    if published is not None and folder is not None:
        for name in _promised(published):
            if not (folder / f"{name}.cose").is_file():
                found.blame(name, 0, _GONE)
    for path in () if folder is None else sorted(folder.glob("*.cose")):
        try:
            found.take_outside(path.read_bytes())
        except CredentialFormatError:
            found.blame(path.stem, 0, _FORGED)
    for path in kept:
        for message in _messages(path):
            found.take_outside(message)
    return found


def _promised(published: Path) -> list[str]:
    """The chains whose checkpoint the published metadata name; terminals would miss the file too."""
    try:
        metadata = json.loads((published / "public" / "metadata" / "targets.json").read_bytes())
        names = [str(one) for one in metadata["signed"]["targets"]]
    except (OSError, ValueError, TypeError, KeyError):
        return []
    before, after = f"{AUDIT_FOLDER}/", ".cose"
    return [one[len(before) : -len(after)] for one in names if one.startswith(before) and one.endswith(after)]


def _messages(path: Path) -> Iterator[bytes]:
    """Checkpoints in a file or folder: messages as published, or JSON as the service and the command give it."""
    if path.is_dir():
        for one in sorted(path.iterdir()):
            if one.suffix in {".cose", ".json", ".jsonl"}:
                yield from _messages(one)
        return
    content = path.read_bytes()
    try:
        for message in [content] if content[:1] not in {b"{", b"["} else _in_json(content, path.suffix):
            audit_checkpoint.read(message).decode()
            yield message
    except (ValueError, KeyError, TypeError, AttributeError) as error:  # a format error is a ValueError
        msg = f"{path.name} holds no checkpoint; give what wallet-api audit checkpoints or the service wrote"
        raise SettingsRefused(msg) from error


def _in_json(content: bytes, suffix: str) -> Iterator[bytes]:
    for line in content.splitlines() if suffix == ".jsonl" else [content]:
        members = json.loads(line)
        for one in members.get("checkpoints", [members]):
            yield b64url_decode(one["message"])
