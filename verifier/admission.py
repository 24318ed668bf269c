"""Which lists of a publication a terminal admits: bytes in, a candidate snapshot out. No file, no socket, no clock.

The update framework vouched for the set; here each list vouches for itself, so that one stolen lock opens nothing:

1. A trust list is signed by a trust signer that the domain's root issued, and every entry's certificate says the same
   as the entry. The roots come from the enrolment alone.
2. A status list, companion or points list is signed by a signer of that role in the trust list just admitted, in its
   window, never compromised, not after its retirement, for a uri under one of the signer's prefixes.
3. No version falls, and an equal version is the very same list. None leaps either: a publisher's (or thief's) 2^63 would
   shut out every later one.
4. An entry once seen revoked, a signer once seen compromised, stays so: tombstones decide afterwards.
5. A companion counts beside the very edition it was signed for; beside another it is left out.
6. Instants in lists raise the clock floor, so a list from the future is refused: somebody's clock is wrong.

One list refused refuses the publication; its error says which and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import cbor2

from credentials import enrolment_file, points_list, status_companion, status_list, trust_list
from credentials.cose_key import PublicKey, key_id
from credentials.enrolment_file import ReaderPrivateKey
from credentials.errors import CredentialFormatError
from credentials.points_list import PointsListClaims
from credentials.signed_list import UnverifiedMessage
from credentials.spec import LIST_SIZE, STATUS_BITS, Audience, Domain, Role
from credentials.status_companion import CompanionClaims
from credentials.status_list import StatusListClaims, UnverifiedList
from credentials.trust_list import SignerEntry, SignerState, TrustListClaims

from .chain import ChainInvalid, check_entry, check_issued
from .enrolment import check_reader_keys, check_signer, open_message
from .errors import EnrolmentError, ListError
from .graves import Graves
from .signatures import SignatureInvalid, load_public_key, verify_signature
from .snapshot import (
    INDEX,
    Index,
    Memory,
    Tombstones,
    companion_row,
    sha256,
    signer_row,
)
from .store import TerminalStore

__all__ = ["Admitted", "Offered", "admit"]

AHEAD_SECONDS: Final = 86_400  # of the terminal's clock; more is a wrong clock, here or there
LEAP: Final = 10_000_000  # versions: a publication a second for four months


@dataclass(slots=True)
class Offered:
    """The signed files of one publication, as its set named them; nothing of it is verified."""

    trust: dict[Domain, bytes] = field(default_factory=dict)
    status: dict[Domain, list[bytes]] = field(default_factory=dict)
    companions: dict[Domain, list[bytes]] = field(default_factory=dict)
    points: list[bytes] = field(default_factory=list)
    reader_keys: bytes | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """A candidate snapshot: everything in it was verified. `kept_revoked` counts entries that a list tried to revive."""

    files: Mapping[str, bytes]
    reader_keys: tuple[ReaderPrivateKey, ...]
    memory: Memory
    seen: Tombstones
    lists: int
    kept_revoked: int
    companions_left_out: int


def admit(offered: Offered, store: TerminalStore, at: int) -> Admitted:
    """The candidate snapshot. Raises `ListError`; `TrustBroken` when the terminal's own memory is gone."""
    return _Admission(store, at).admit(offered)


class _Admission:
    """One publication on its way in."""

    def __init__(self, store: TerminalStore, at: int) -> None:
        """`at` is the terminal's clock, UTC seconds."""
        self._store = store
        self._at = at
        self._memory, self._index, self._held_keys = store.known()
        self._graves = Graves(store.tombstones())
        self._signers: dict[Domain, list[SignerEntry]] = {}
        self._versions = dict(self._memory.versions)
        self._newest = self._memory.floor
        self._files: dict[str, bytes] = {}
        self._left_out = 0

    def admit(self, offered: Offered) -> Admitted:
        trust = {
            domain: self._trust(domain, offered.trust.get(domain)) for domain in self._store.enrolment.roots
        }
        status: dict[str, tuple[StatusListClaims, list[Any]]] = {}
        for domain, messages in offered.status.items():
            for message in messages:
                self._admit_status(domain, message, status)
        self._admit_companions(offered.companions, status)
        points: dict[str, list[Any]] = {}
        for message in offered.points:
            self._admit_points(message, points)
        for uri, (claims, _) in status.items():
            self._graves.bury_revoked(uri, claims.entries, claims.issued_at)
        reader_audiences = {
            one.key_id: str(one.audience) for claims, _ in trust.values() for one in claims.reader_keys
        }
        revived = self._graves.revived({uri: claims.entries for uri, (claims, _) in status.items()})
        index = Index(
            {
                str(domain): [claims.version, claims.issued_at, digest]
                for domain, (claims, digest) in trust.items()
            },
            self._signer_rows(),
            reader_audiences,
            {uri: row for uri, (_, row) in status.items()},
            points,
            revived,
        )
        self._files[INDEX] = index.encode()
        return Admitted(
            self._files,
            self._reader_keys(offered.reader_keys, reader_audiences),
            Memory(self._newest, self._memory.number + 1, self._versions),
            self._graves.tombstones(),
            len(trust) + len(status) + len(points),
            sum(len(places) for uri, places in revived.items() if uri in status),
            self._left_out,
        )

    # Trust lists

    def _trust(self, domain: Domain, message: bytes | None) -> tuple[TrustListClaims, bytes]:
        name = f"trust list {domain}"
        if message is None:
            raise ListError(f"{name}: missing from the publication")
        root = self._store.enrolment.roots[domain]
        with _naming(name):
            outer = trust_list.read(message)
            claims = outer.decode()  # its instant must be known before the chain can be checked at it
            key = check_issued(outer.chain, root, Role.TRUST, claims.issued_at)
            verify_signature(load_public_key(key), outer.algorithm, outer.signature, outer.to_be_signed)
            self._require_alive(key)
            for entry in claims.signers:
                check_entry(entry, root)
        if claims.domain is not domain:
            raise ListError(f"{name}: it is that of another domain")
        digest = sha256(outer.payload)
        held = None if self._index is None else self._index.trust.get(str(domain))
        self._advance(
            name,
            str(domain),
            claims.version,
            claims.issued_at,
            digest,
            None if held is None else (held[1], held[2]),
        )
        self._signers[domain] = list(claims.signers)
        for entry in claims.signers:
            if entry.state is SignerState.COMPROMISED:
                self._graves.bury_signer(entry.key_id, entry.state_since or claims.issued_at)
        return claims, digest

    def _signer_rows(self) -> dict[bytes, list[list[Any]]]:
        rows: dict[bytes, list[list[Any]]] = {}
        for entries in self._signers.values():
            for entry in entries:
                if entry.role is Role.CREDENTIAL:
                    rows.setdefault(entry.key_id, []).append(
                        signer_row(entry, self._graves.signers.get(entry.key_id))
                    )
        return rows

    # Lists

    def _admit_status(
        self, domain: Domain, message: bytes, into: dict[str, tuple[StatusListClaims, list[Any]]]
    ) -> None:
        with _naming(f"status list {domain}"):
            outer = status_list.read_cwt(message)
            signer = self._signer(domain, Role.STATUS, outer)
            claims = outer.decode(at_most=LIST_SIZE * STATUS_BITS // 8)
        uri = claims.uri
        self._require_allowed(f"status list {uri}", signer, signer.status_prefixes, uri, claims.issued_at)
        if claims.entries.bits != STATUS_BITS or claims.entries.size != LIST_SIZE or claims.edition == 0:
            raise ListError(f"status list {uri}: not of the size, width or edition of our lists")
        if uri in into:
            raise ListError(f"status list {uri}: published twice")
        digest = sha256(outer.payload)
        self._advance_list(f"status list {uri}", uri, claims.edition, claims.issued_at, digest)
        file = f"s{len(into)}.bin"
        self._files[file] = claims.entries.packed
        into[uri] = claims, [file, claims.edition, claims.issued_at, 0, None, digest]

    def _admit_points(self, message: bytes, into: dict[str, list[Any]]) -> None:
        if self._store.enrolment.profile is not Audience.POLICE:
            raise ListError("points list: not meant for this terminal's profile")
        with _naming("points list"):
            outer = points_list.read(message)
            signer = self._signer(Domain.LICENCE, Role.POINTS, outer)
            claims: PointsListClaims = outer.decode()
        uri = claims.uri
        self._require_allowed(f"points list {uri}", signer, signer.points_prefixes, uri, claims.issued_at)
        if uri in into:
            raise ListError(f"points list {uri}: published twice")
        digest = sha256(outer.payload)
        self._advance_list(f"points list {uri}", uri, claims.edition, claims.issued_at, digest)
        file = f"p{len(into)}.bin"
        self._files[file] = claims.entries.packed
        into[uri] = [file, claims.edition, claims.issued_at, claims.as_of, None, digest]

    def _admit_companions(
        self,
        messages: Mapping[Domain, Iterable[bytes]],
        status: dict[str, tuple[StatusListClaims, list[Any]]],
    ) -> None:
        for domain, of_domain in messages.items():
            for message in of_domain:
                with _naming(f"companion {domain}"):
                    outer = status_companion.read(message)
                    signer = self._signer(domain, Role.COMPANION, outer)
                    claims: CompanionClaims = outer.decode()
                uri = claims.uri
                self._require_allowed(
                    f"companion {uri}", signer, signer.status_prefixes, uri, claims.issued_at
                )
                listed = status.get(uri)
                if listed is None or listed[0].edition != claims.edition or listed[1][4] is not None:
                    self._left_out += 1
                    continue
                file = listed[1][0].replace("s", "c").replace(".bin", ".cbor")
                self._files[file] = cbor2.dumps(
                    {place: companion_row(entry) for place, entry in claims.entries.items()}
                )
                listed[1][4] = file
                self._graves.classify(uri, listed[0].entries, claims)

    def _signer(
        self, domain: Domain, role: Role, outer: UnverifiedList | UnverifiedMessage[Any]
    ) -> SignerEntry:
        for entry in self._signers.get(domain, ()):
            if entry.role is not role or entry.key_id != outer.key_id or entry.algorithm != outer.algorithm:
                continue
            verify_signature(
                load_public_key(entry.public_key), entry.algorithm, outer.signature, outer.to_be_signed
            )
            return entry
        raise ListError(f"not signed by a signer of role {role} in the trust list of {domain}")

    def _require_allowed(
        self, name: str, signer: SignerEntry, prefixes: tuple[str, ...], uri: str, issued_at: int
    ) -> None:
        if signer.state is SignerState.COMPROMISED or signer.key_id in self._graves.signers:
            raise ListError(f"{name}: its signer's key was stolen")
        retired = signer.state is SignerState.RETIRED
        if retired and (signer.state_since is None or issued_at >= signer.state_since):
            raise ListError(f"{name}: its signer was retired before")
        if not signer.not_before <= issued_at < signer.not_after:
            raise ListError(f"{name}: signed outside its signer's window")
        if not prefixes or not uri.startswith(prefixes):
            raise ListError(f"{name}: its signer may not sign lists of that name")

    def _require_alive(self, key: PublicKey) -> None:
        if key_id(key) in self._graves.signers:
            raise ListError("its signer's key was stolen")

    # Versions and instants

    def _advance_list(self, name: str, uri: str, edition: int, issued_at: int, digest: bytes) -> None:
        row = None
        if self._index is not None:
            row = self._index.status_row(uri) or self._index.points_row(uri)
        self._advance(
            name, uri, edition, issued_at, digest, None if row is None else (row.issued_at, row.digest)
        )

    def _advance(
        self, name: str, key: str, version: int, issued_at: int, digest: bytes, held: tuple[int, bytes] | None
    ) -> None:
        newest = self._memory.versions.get(key, 0)
        if version < newest:
            raise ListError(
                f"{name}: version {version} is older than version {newest}, which this terminal has seen"
            )
        if newest and version > newest + LEAP:
            raise ListError(f"{name}: version {version} leaps over millions of others")
        if held is not None:
            if version == newest and digest != held[1]:
                raise ListError(f"{name}: two different lists call themselves version {version}")
            if issued_at < held[0]:
                raise ListError(f"{name}: issued before the list that this terminal holds")
        if issued_at > self._at + AHEAD_SECONDS:
            raise ListError(
                f"{name}: issued after the time of this terminal's clock: set the clock, then sync again"
            )
        self._versions[key] = version
        self._newest = max(self._newest, issued_at)

    # Reader keys

    def _reader_keys(
        self, sealed: bytes | None, audiences: Mapping[bytes, str]
    ) -> tuple[ReaderPrivateKey, ...]:
        keys = {one.key_id: one for one in (*self._store.enrolment.reader_keys, *self._held_keys)}
        if sealed is not None:
            keys |= {one.key_id: one for one in self._package(sealed)}
        return tuple(
            one
            for one in keys.values()
            if one.not_after > self._newest and audiences.get(one.key_id) == one.audience
        )

    def _package(self, sealed: bytes) -> tuple[ReaderPrivateKey, ...]:
        enrolment = self._store.enrolment
        try:
            message = open_message(self._store.terminal_key, enrolment.terminal_id, sealed)
            outer = enrolment_file.read_package(message)
            package = outer.decode()
            key = check_signer(outer, dict(enrolment.roots), package.issued_at, set(enrolment.roots))
            self._require_alive(key)
            check_reader_keys(package.reader_keys, enrolment.profile)
        except (CredentialFormatError, EnrolmentError, ListError) as error:
            raise ListError(f"reader keys: {error}") from error
        if package.terminal_id != enrolment.terminal_id:
            raise ListError("reader keys: they are for another terminal")
        return package.reader_keys


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Turns what a decoder or a check raises into a `ListError` that names the list."""
    try:
        yield
    except SignatureInvalid as error:
        raise ListError(f"{name}: its signature is not right") from error
    except (CredentialFormatError, ChainInvalid, ListError) as error:
        raise ListError(f"{name}: {error}") from error
