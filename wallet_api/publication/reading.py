"""Read a published folder back: every list under the trust list's signer, each trust list under its domain root.

Signatures and chains are verified by the verifier's code. Nothing here looks at the update metadata (`check.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from credentials import points_list, status_companion, status_list, trust_list
from credentials.errors import CredentialFormatError
from credentials.points_list import PointsListClaims
from credentials.spec import LIST_SIZE, STATUS_BITS, Domain, Role
from credentials.status_companion import CompanionClaims
from credentials.status_list import StatusListClaims
from credentials.trust_list import SignerEntry, SignerState, TrustListClaims
from verifier.chain import ChainInvalid, check_entry, check_issued
from verifier.signatures import SignatureInvalid, load_public_key, verify_signature

from .lists import COMPANION_AREA
from .state import PublicationRefused


@dataclass(frozen=True, slots=True)
class PublishedEdition:
    """What a published folder says, every signature verified. Lists by domain and number."""

    trust: Mapping[Domain, TrustListClaims]
    status: Mapping[tuple[Domain, int], StatusListClaims]
    companions: Mapping[tuple[Domain, int], CompanionClaims] = field(repr=False)
    points: Mapping[int, PointsListClaims] = field(repr=False)

    @property
    def edition(self) -> int:
        """The highest number that any list bears."""
        return max(edition for edition, _ in self.stamps())

    @property
    def issued_at(self) -> int:
        """The latest instant that any list bears."""
        return max(instant for _, instant in self.stamps())

    def stamps(self) -> Iterator[tuple[int, int]]:
        """Number and instant of every list."""
        for trust in self.trust.values():
            yield trust.version, trust.issued_at
        lists: Iterable[StatusListClaims | CompanionClaims | PointsListClaims]
        for lists in (self.status.values(), self.companions.values(), self.points.values()):
            for one in lists:
                yield one.edition, one.issued_at


def read_edition(folder: Path, roots: Mapping[Domain, bytes]) -> PublishedEdition | None:
    """The lists of a published folder, or None where nothing was ever published.

    Raises `PublicationRefused` when a file there is damaged or not signed by whom it should be.
    """
    public = folder / "public" / "targets"
    if not public.exists():
        return None
    trust = {domain: _trust(public / f"trust/{domain}.cose", domain, roots[domain]) for domain in Domain}
    status, companions = {}, {}
    for domain in Domain:
        area = COMPANION_AREA[domain]
        for number, path in _numbered(public / f"status/{domain}", ".cwt"):
            status[domain, number] = _status(path, trust[domain])
        for number, path in _numbered(folder / area / f"targets/{area}/companion", ".cose"):
            companions[domain, number] = _companion(path, trust[domain])
    points = {
        number: _points(path, trust[Domain.LICENCE])
        for number, path in _numbered(folder / "police/targets/police/points", ".cose")
    }
    return PublishedEdition(trust, status, companions, points)


def _trust(path: Path, domain: Domain, root: bytes) -> TrustListClaims:
    try:
        message = trust_list.read(path.read_bytes())
        claims = message.decode()
        key = check_issued(message.chain, root, Role.TRUST, claims.issued_at)
        verify_signature(load_public_key(key), message.algorithm, message.signature, message.to_be_signed)
        for entry in claims.signers:
            check_entry(entry, root)
    except (OSError, CredentialFormatError, SignatureInvalid, ChainInvalid) as error:
        msg = f"the trust list of {domain} cannot be believed: {error}"
        raise PublicationRefused(msg) from error
    burnt = {one.public_key for one in claims.signers if one.state is SignerState.COMPROMISED}
    if claims.domain is not domain or key in burnt:
        _refuse(f"the trust list of {domain} is of another domain, or signed by a compromised key")
    return claims


def _signer(
    trust: TrustListClaims, role: Role, key_id: bytes | None, uri: str, issued_at: int, path: Path
) -> SignerEntry:
    for entry in trust.signers:
        if entry.key_id == key_id and entry.role is role:
            prefixes = entry.points_prefixes if role is Role.POINTS else entry.status_prefixes
            in_window = entry.not_before <= issued_at < entry.not_after
            if in_window and entry.state is not SignerState.COMPROMISED and uri.startswith(prefixes):
                return entry
    _refuse(f"{path.name}: no signer of the trust list may sign this {role} list")


def _status(path: Path, trust: TrustListClaims) -> StatusListClaims:
    return read_status(status_list.read_cwt, path.read_bytes(), path, trust)


def read_status(read: Any, content: Any, path: Path, trust: TrustListClaims) -> StatusListClaims:
    """A status list in the form that `read` reads. Raises `PublicationRefused`."""
    message, claims = _decoded(read, content, path)
    _verify(message, trust, Role.STATUS, claims, path)
    entries: status_list.StatusList = claims.entries
    if entries.bits != STATUS_BITS or entries.size != LIST_SIZE:
        _refuse(f"{path.name}: a status list has another width or size")
    return claims  # type: ignore[no-any-return]


def _companion(path: Path, trust: TrustListClaims) -> CompanionClaims:
    message, claims = _decoded(status_companion.read, path.read_bytes(), path)
    _verify(message, trust, Role.COMPANION, claims, path)
    return claims  # type: ignore[no-any-return]


def _points(path: Path, trust: TrustListClaims) -> PointsListClaims:
    message, claims = _decoded(points_list.read, path.read_bytes(), path)
    _verify(message, trust, Role.POINTS, claims, path)
    return claims  # type: ignore[no-any-return]


def _decoded(read: Any, content: Any, path: Path) -> tuple[Any, Any]:
    try:
        message = read(content)
        return message, message.decode()
    except CredentialFormatError as error:
        msg = f"{path.name} cannot be read: {error}"
        raise PublicationRefused(msg) from error


def _verify(message: Any, trust: TrustListClaims, role: Role, claims: Any, path: Path) -> None:
    entry = _signer(trust, role, message.key_id, claims.uri, claims.issued_at, path)
    if message.algorithm != entry.algorithm:
        _refuse(f"{path.name}: the algorithm is not that of its signer")
    try:
        verify_signature(
            load_public_key(entry.public_key), entry.algorithm, message.signature, message.to_be_signed
        )
    except SignatureInvalid as error:
        msg = f"{path.name} is not signed by the key it names"
        raise PublicationRefused(msg) from error


def _numbered(folder: Path, suffix: str) -> list[tuple[int, Path]]:
    return sorted((int(path.stem), path) for path in folder.glob(f"*{suffix}"))


def _refuse(why: str) -> NoReturn:
    raise PublicationRefused(why)
