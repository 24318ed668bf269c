"""The update repository (TUF 1.0.34, python-tuf): one signed set of metadata over all lists of a publication.

- Every role's version is the publication's edition, so versions rise even when the published folder was lost.
- Timestamp and snapshot live 31 days, so that a mirror or a USB stick serves a month; freshness is judged by the
  lists' own instants.
- Targets under `police/` and `health/` belong to delegated roles with keys of their own. Their metadata is in the
  trees of those profiles alone; the public snapshot names their version and hash, not their length, which would tell
  how many terminals and lists there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.signer import Key, SecretsHandler, Signature, SSlibKey
from securesystemslib.signer import Signer as LibrarySigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Signed,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from credentials.cose_key import Ed25519Key
from keys import KeyFolder, Signer
from keys.disk import make_private_folder, write_private
from keys.policy import DAY, TUF_METADATA_LIFE_DAYS, TUF_ROOT_LIFE_DAYS, TUF_ROOT_RENEWAL_DAYS
from keys.record import UpdateRole

from .lists import SignedLists

DELEGATED: Final = (UpdateRole.POLICE, UpdateRole.HEALTH)
_TOP_LEVEL: Final = (UpdateRole.ROOT, UpdateRole.TIMESTAMP, UpdateRole.SNAPSHOT, UpdateRole.TARGETS)


@dataclass(frozen=True, slots=True)
class SignedMetadata:
    """Metadata by file name. `roots` holds every version of the root and `root.json`, the newest."""

    roots: Mapping[str, bytes]
    delegated: Mapping[UpdateRole, bytes]
    targets: bytes
    snapshot: bytes
    timestamp: bytes


class _UpdateSigner(LibrarySigner):
    """A signer of ours as the library wants one."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._public = _library_key(signer)

    @property
    def public_key(self) -> Key:
        return self._public

    @classmethod
    def from_priv_key_uri(
        cls, priv_key_uri: str, public_key: Key, secrets_handler: SecretsHandler | None = None
    ) -> LibrarySigner:
        raise NotImplementedError

    def sign(self, payload: bytes) -> Signature:
        return Signature(self._public.keyid, self._signer.sign(payload).hex())


def sign_metadata(lists: SignedLists, keys: KeyFolder, edition: int, at: int) -> SignedMetadata:
    """Metadata over `lists`, every version equal to `edition`. Renews the root when it is due."""
    expires = _moment(at + TUF_METADATA_LIFE_DAYS * DAY)
    delegated = {
        role: _signed(Targets(edition, None, expires, _targets(targets)), keys, role)
        for role, targets in ((UpdateRole.POLICE, lists.police), (UpdateRole.HEALTH, lists.health))
    }
    top = Targets(edition, None, expires, _targets(lists.public), _delegations(keys))
    targets = _signed(top, keys, UpdateRole.TARGETS)
    meta = {"targets.json": MetaFile.from_data(edition, targets, ["sha256"])}
    for role, content in delegated.items():
        known = MetaFile.from_data(edition, content, ["sha256"])
        meta[f"{role}.json"] = MetaFile(edition, None, known.hashes)
    snapshot = _signed(Snapshot(edition, None, expires, meta), keys, UpdateRole.SNAPSHOT)
    stamp = Timestamp(edition, None, expires, MetaFile.from_data(edition, snapshot, ["sha256"]))
    return SignedMetadata(
        roots=signed_roots(keys, at),
        delegated=delegated,
        targets=targets,
        snapshot=snapshot,
        timestamp=_signed(stamp, keys, UpdateRole.TIMESTAMP),
    )


def signed_roots(keys: KeyFolder, at: int) -> dict[str, bytes]:
    """Every version of the root, made or renewed when due, and the newest again as `root.json`.

    They are kept beside the keys, so that a lost published folder does not start a second line of roots. An enrolment
    and a publication of another process may meet here: the key folder's lock lets one of them make a version.
    """
    with keys.store.changing():
        return _kept_roots(keys, at)


def _kept_roots(keys: KeyFolder, at: int) -> dict[str, bytes]:
    folder = keys.path / "roots"
    make_private_folder(folder)
    found = {int(path.name.split(".")[0]): path for path in folder.glob("*.root.json")}
    newest = max(found, default=0)
    if not newest or _renewal_due(found[newest], at):
        newest += 1
        found[newest] = folder / f"{newest}.root.json"
        write_private(found[newest], _new_root(keys, newest, at))
    roots = {path.name: path.read_bytes() for path in found.values()}
    return roots | {"root.json": roots[f"{newest}.root.json"]}


def newest_root(keys: KeyFolder, at: int) -> bytes:
    """The root that an enrolment file carries."""
    return signed_roots(keys, at)["root.json"]


def _renewal_due(path: Path, at: int) -> bool:
    expires = Metadata[Root].from_bytes(path.read_bytes()).signed.expires
    return _moment(at + TUF_ROOT_RENEWAL_DAYS * DAY) >= expires


def _new_root(keys: KeyFolder, version: int, at: int) -> bytes:
    root = Root(version, None, _moment(at + TUF_ROOT_LIFE_DAYS * DAY), consistent_snapshot=False)
    for role in _TOP_LEVEL:
        root.add_key(_UpdateSigner(keys.update_signer(role)).public_key, role.value)
    return _signed(root, keys, UpdateRole.ROOT)


def _delegations(keys: KeyFolder) -> Delegations:
    signers = {role: _UpdateSigner(keys.update_signer(role)).public_key for role in DELEGATED}
    return Delegations(
        {key.keyid: key for key in signers.values()},
        {
            role.value: DelegatedRole(role.value, [key.keyid], 1, True, [f"{role}/*", f"{role}/*/*"])
            for role, key in signers.items()
        },
    )


def _targets(contents: Mapping[str, bytes]) -> dict[str, TargetFile]:
    return {path: TargetFile.from_data(path, content, ["sha256"]) for path, content in contents.items()}


def _signed(signed: Signed, keys: KeyFolder, role: UpdateRole) -> bytes:
    metadata: Metadata[Any] = Metadata(signed)
    metadata.sign(_UpdateSigner(keys.update_signer(role)))
    return metadata.to_bytes()


def _library_key(signer: Signer) -> SSlibKey:
    public = signer.public_key
    if not isinstance(public, Ed25519Key):
        msg = "a role key of the update repository is Ed25519"
        raise TypeError(msg)
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(public.x))


def _moment(instant: int) -> datetime:
    return datetime.fromtimestamp(instant, UTC)
