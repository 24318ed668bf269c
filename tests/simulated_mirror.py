"""A mirror in a folder: the signed lists of a `Publication` under TUF metadata that really verifies, and terminals for it.

    mirror = SimulatedMirror(tmp_path / "mirror")
    mirror.publish(authority.publish(edition=1))
    store = enrolled(tmp_path / "store", Audience.POLICE, mirror)
    sync(store, str(mirror.area(Audience.POLICE)), at=INSTANT)

The tree is that of a service: `published/<area>/metadata` and `targets`. Faults are made by calling `write` with other
arguments, or by editing the folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from securesystemslib.signer import CryptoSigner
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

from credentials import enrolment_file
from credentials.cose_key import X25519Key
from credentials.enrolment_file import EnrolmentClaims, ReaderKeyPackage
from credentials.sealed import enrolment_info
from credentials.spec import Audience, Domain, Role
from tests.simulated_authority import (
    INSTANT,
    READER_AUDIENCE,
    Publication,
    certificate,
    domain_of_list,
    list_signer,
    reader,
    root_certificate,
)
from verifier.enrolment import install, request
from verifier.store import TerminalStore

DAY: Final = 86_400
AREA: Final = {Audience.POLICE: "police", Audience.HEALTH: "health", Audience.ANYONE: "public"}
ROLES: Final = ("root", "targets", "snapshot", "timestamp", "police", "health")
_SUITE: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)


def update_signer(role: str, name: str = "") -> CryptoSigner:
    """The fixed key of a role of the update repository; `name` makes it somebody else's."""
    secret = sha256(f"laissez-passer test key: update {role}{name}".encode()).digest()
    return CryptoSigner(Ed25519PrivateKey.from_private_bytes(secret))


class SimulatedMirror:
    """Published folders of all three areas; terminals known to `packages` find their reader keys there."""

    def __init__(self, folder: Path, *, root_version: int = 1, stranger: str = "") -> None:
        """`stranger` gives every role another key: a mirror that no enrolment knows."""
        self.folder = folder
        self._stranger = stranger
        self.root = self._signed(self._root(root_version), "root")

    def area(self, profile: Audience) -> Path:
        """The folder that a terminal of this profile syncs from."""
        return self.folder / AREA[profile]

    def publish(
        self,
        publication: Publication,
        *,
        version: int | None = None,
        at: int | None = None,
        life: int = 31 * DAY,
        packages: Mapping[Audience, Mapping[str, bytes]] | None = None,
        targets: Mapping[str, bytes] | None = None,
    ) -> None:
        """Write the three areas. `version` is TUF's, one more than before by default; `targets` replaces public files."""
        self._version = getattr(self, "_version", 0) + 1 if version is None else version
        expires = datetime.fromtimestamp((publication.issued_at if at is None else at) + life, UTC)
        public = {f"trust/{domain}.cose": message for domain, message in publication.trust.items()}
        delegated: dict[Audience, dict[str, bytes]] = {Audience.POLICE: {}, Audience.HEALTH: {}}
        for number, (uri, message) in enumerate(publication.status.items(), 1):
            public[f"status/{domain_of_list(uri)}/{number}.cwt"] = message
        for number, (uri, message) in enumerate(publication.companions.items(), 1):
            audience = READER_AUDIENCE[domain_of_list(uri)]
            delegated[audience][f"{audience}/companion/{number}.cose"] = message
        for number, message in enumerate(publication.points.values(), 1):
            delegated[Audience.POLICE][f"police/points/{number}.cose"] = message
        public = {path: content for path, content in (public | dict(targets or {})).items() if content}
        public.setdefault("index.json", _index(public))
        for audience, files in delegated.items():
            files[f"{audience}/index.json"] = _index(files)
            for terminal, package in (packages or {}).get(audience, {}).items():
                files[f"{audience}/reader-keys/{terminal}.cose"] = package
        self._write(public, delegated, expires)

    def _write(
        self,
        public: Mapping[str, bytes],
        delegated: Mapping[Audience, Mapping[str, bytes]],
        expires: datetime,
    ) -> None:
        version = self._version
        own = {
            str(audience): self._signed(Targets(version, None, expires, _targets(files)), str(audience))
            for audience, files in delegated.items()
        }
        top = Targets(version, None, expires, _targets(public), self._delegations())
        metadata = {"targets.json": self._signed(top, "targets")}
        meta = {
            name: MetaFile.from_data(version, content, ["sha256"])
            for name, content in (*metadata.items(), *((f"{role}.json", one) for role, one in own.items()))
        }
        metadata["snapshot.json"] = self._signed(Snapshot(version, None, expires, meta), "snapshot")
        stamp = MetaFile.from_data(version, metadata["snapshot.json"], ["sha256"])
        metadata["timestamp.json"] = self._signed(Timestamp(version, None, expires, stamp), "timestamp")
        metadata["1.root.json"] = metadata["root.json"] = self.root
        for profile, area in AREA.items():
            extra = {f"{area}.json": own[area]} if area in own else {}
            files = public if profile is Audience.ANYONE else {**public, **delegated[profile]}
            put(self.folder / area / "metadata", {**metadata, **extra})
            put(self.folder / area / "targets", files)

    def _root(self, version: int) -> Root:
        root = Root(
            version, None, datetime.fromtimestamp(INSTANT + 365 * DAY, UTC), consistent_snapshot=False
        )
        for role in ("root", "targets", "snapshot", "timestamp"):
            root.add_key(update_signer(role, self._stranger).public_key, role)
        return root

    def _delegations(self) -> Delegations:
        keys = {role: update_signer(role, self._stranger).public_key for role in ("police", "health")}
        return Delegations(
            {key.keyid: key for key in keys.values()},
            {
                role: DelegatedRole(role, [key.keyid], 1, True, [f"{role}/*", f"{role}/*/*"])
                for role, key in keys.items()
            },
        )

    def _signed(self, signed: Signed, role: str) -> bytes:
        metadata: Metadata[Any] = Metadata(signed)
        metadata.sign(update_signer(role, self._stranger))
        return metadata.to_bytes()


def _targets(files: Mapping[str, bytes]) -> dict[str, TargetFile]:
    return {path: TargetFile.from_data(path, content, ["sha256"]) for path, content in files.items()}


def _index(files: Mapping[str, bytes]) -> bytes:
    return json.dumps({"format": 1, "targets": sorted(files)}).encode()


def put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder hold exactly these files."""
    for path in sorted(folder.rglob("*"), reverse=True) if folder.exists() else ():
        if path.is_file() and str(path.relative_to(folder)) not in files:
            path.unlink()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


# --- terminals --------------------------------------------------------------------------------------------------


def enrolment_claims(
    terminal_id: str, profile: Audience, mirror: SimulatedMirror, **changes: Any
) -> EnrolmentClaims:
    """What the operator says of a terminal; reader keys of generations 2 to 4 unless told otherwise."""
    sealed_profile = profile is not Audience.ANYONE
    claims = {
        "terminal_id": terminal_id,
        "profile": profile,
        "test_mode": True,
        "issued_at": INSTANT - DAY,
        "roots": {domain: root_certificate(domain) for domain in Domain},
        "tuf_root": mirror.root,
        "mirror_url": None,
        "mirror_secret": None,
        "reader_keys": tuple(reader(profile, one).for_terminal() for one in (2, 3, 4))
        if sealed_profile
        else (),
    }
    return EnrolmentClaims(**{**claims, **changes})


def sealed_enrolment(
    claims: EnrolmentClaims, key: X25519Key, *, domain: Domain = Domain.LICENCE, role: Role = Role.ENROLMENT
) -> bytes:
    """The operator's answer: signed by the domain's signer of `role`, sealed to the terminal's key."""
    by = list_signer(domain, role)
    to_sign = enrolment_file.prepare(claims, algorithm=by.algorithm, chain=(certificate(by),))
    return _sealed(claims.terminal_id, key, to_sign.with_signature(by.sign(to_sign.to_be_signed)))


def sealed_package(package: ReaderKeyPackage, key: X25519Key, *, role: Role = Role.ENROLMENT) -> bytes:
    """A package of reader keys as the mirror carries it."""
    by = list_signer(Domain.LICENCE, role)
    to_sign = enrolment_file.prepare_package(package, algorithm=by.algorithm, chain=(certificate(by),))
    return _sealed(package.terminal_id, key, to_sign.with_signature(by.sign(to_sign.to_be_signed)))


def enrolled(folder: Path, profile: Audience, mirror: SimulatedMirror, **changes: Any) -> TerminalStore:
    """A terminal that went through request and installation."""
    asked = request(folder)
    claims = enrolment_claims(asked.terminal_id, profile, mirror, **changes)
    return install(folder, sealed_enrolment(claims, asked.public_key))


def _sealed(terminal_id: str, key: X25519Key, message: bytes) -> bytes:
    return _SUITE.encrypt(message, X25519PublicKey.from_public_bytes(key.x), enrolment_info(terminal_id))
