"""Checkpoints: at each publication, sign how far each chain has come, keep it, and hand it to the published tree.

- A checkpoint is signed only when the rows since the one before it hold together; else the former one stays the newest,
  the log says so, and publishing goes on: terminals must learn of revocations all the same.
- It is kept before it is published, and carries the certificate of its signer, so that the root alone judges it.
- One whose signer was compromised proves nothing; the chain gets a new one at the next publication.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection

from credentials import audit_checkpoint
from credentials.audit_checkpoint import CheckpointClaims
from credentials.cose_key import key_id
from credentials.errors import CredentialFormatError
from credentials.spec import Domain, Role
from credentials.trust_list import SignerState
from keys import KeyFolder
from keys.errors import SigningKeyError
from verifier.chain import ChainInvalid, check_issued
from verifier.signatures import SignatureInvalid, load_public_key, verify_signature
from wallet_api import telemetry
from wallet_api.roles import SERVICE
from wallet_api.wiring import Service

from . import store
from .row import ORIGIN
from .store import StoredCheckpoint

DOMAIN_OF: Final = {
    Domain.LICENCE.value: Domain.LICENCE,
    Domain.HEALTH.value: Domain.HEALTH,
    SERVICE: Domain.LICENCE,
}
"""Whose status signer signs for each chain."""


class Head(NamedTuple):
    """How far a chain has come."""

    authority_id: str
    sequence: int
    digest: str


class CheckpointInvalid(Exception):
    """A checkpoint cannot be believed; the text says why."""


def seal(service: Service, edition: int, now: int) -> dict[str, bytes]:
    """The newest checkpoint of each chain that has rows, signed now where the chain moved. By authority id.

    Without a signer in its window nothing new is signed: the publication that follows sees to the keys.
    """
    burnt = burnt_keys(service.keys)
    with service.database.read(patient=True) as connection:
        last = {one: store.last_checkpoint(connection, one) for one in DOMAIN_OF}
        newest = {name: one for name, one in last.items() if one and _good(one, service.keys, burnt)}
        due = [one for one in _moved(connection, newest) if _holds(connection, one, last[one.authority_id])]
    made = []
    try:
        made = [_sign(service.keys, one, edition, now) for one in due]
    except SigningKeyError as error:
        telemetry.log("audit_checkpoint_not_signed", error=type(error).__name__)
    if made:
        with service.database.write() as connection:
            for one in made:
                store.add_checkpoint(connection, one)
    return {one.authority_id: one.message for one in (*newest.values(), *made)}


def _moved(connection: Connection, newest: Mapping[str, StoredCheckpoint]) -> list[Head]:
    """The heads that no good checkpoint attests."""
    found = []
    for authority_id in DOMAIN_OF:
        head, known = store.head_of(connection, authority_id), newest.get(authority_id)
        if head is not None and (known is None or head != (known.sequence, known.digest)):
            found.append(Head(authority_id, *head))
    return found


def _good(one: StoredCheckpoint, keys: KeyFolder, burnt: set[bytes]) -> bool:
    """Whether it says what its row says, and its signer was not burnt since."""
    try:
        claims, key = believe(one.message, keys.root_certificate(DOMAIN_OF[one.authority_id]))
    except CheckpointInvalid:
        return False
    said = (one.authority_id, one.sequence, one.digest)
    return key not in burnt and said == (claims.authority, claims.sequence, claims.digest.hex())


def _holds(connection: Connection, head: Head, last: StoredCheckpoint | None) -> bool:
    """Whether the rows since the last checkpoint are one unbroken line up to the head."""
    sequence, digest = (0, ORIGIN) if last is None else (last.sequence, last.digest)
    holds = store.row_digest(connection, head.authority_id, sequence) in {None, digest}  # None: purged
    for row in store.rows(connection, head.authority_id, after=sequence):
        holds &= (row.sequence, row.previous) == (sequence + 1, digest) and row.computed() == row.digest
        sequence, digest = row.sequence, row.digest
    holds &= (sequence, digest) == (head.sequence, head.digest)
    if not holds:
        telemetry.log("audit_chain_broken", count=head.sequence)
    return holds


def _sign(keys: KeyFolder, head: Head, edition: int, now: int) -> StoredCheckpoint:
    signer = keys.signer(DOMAIN_OF[head.authority_id], Role.STATUS, now)
    claims = CheckpointClaims(head.authority_id, edition, now, head.sequence, bytes.fromhex(head.digest))
    chain = (keys.find(signer.key_id).certificate,)
    to_sign = audit_checkpoint.prepare(claims, algorithm=signer.algorithm, chain=chain)
    message = to_sign.with_signature(signer.sign(to_sign.to_be_signed))
    return StoredCheckpoint(head.authority_id, edition, head.sequence, head.digest, now, message)


def burnt_keys(keys: KeyFolder) -> set[bytes]:
    """Ids of the signers that were compromised."""
    return {one.key_id for one in keys.records() if one.state is SignerState.COMPROMISED}


def believe(message: bytes, root: bytes) -> tuple[CheckpointClaims, bytes]:
    """The claims of a checkpoint whose signer the domain's root (DER) certified, and that signer's key id.

    Whether the signer was burnt is for the caller to look up. Raises `CheckpointInvalid`.
    """
    try:
        outer = audit_checkpoint.read(message)
        claims = outer.decode()  # looked at for its instant only, until the signature is verified
        key = check_issued(outer.chain, root, Role.STATUS, claims.issued_at)
        verify_signature(load_public_key(key), outer.algorithm, outer.signature, outer.to_be_signed)
    except (CredentialFormatError, ChainInvalid, SignatureInvalid) as error:
        msg = f"the checkpoint cannot be believed: {error}"
        raise CheckpointInvalid(msg) from error
    return claims, key_id(key)
