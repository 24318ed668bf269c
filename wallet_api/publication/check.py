"""Read a publication back as a stranger would, before anybody is served it, and compare it with the one in force.

1. The update metadata verifies from the root down, is in force at the instant, and covers exactly the files of each
   tree: nothing of the police or of health lies in the public one (T38).
2. Each trust list verifies under its domain root, each other list under a signer that the trust list names for that
   role, that window and that uri prefix.
3. The lists say what the state says, entry by entry, and both spellings of a status list say the same.
4. Against the edition in force: numbers rise, time does not go back, no list disappears, no revoked entry comes back
   (as the checker of letsencrypt/boulder does for its revocation lists; T31, T37).

Signatures are verified by the verifier's code, lists are unpacked by tables of this file, not by what packed them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn

from securesystemslib.exceptions import StorageError
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from credentials import points_list, status_companion, status_list, trust_list
from credentials.errors import CredentialFormatError
from credentials.points_list import PointsListClaims
from credentials.spec import LIST_SIZE, POINTS_BITS, POINTS_NONE, STATUS_BITS, Domain, Role, StatusValue
from credentials.status_companion import CompanionClaims
from credentials.status_list import StatusListClaims
from credentials.trust_list import SignerEntry, SignerState, TrustListClaims
from verifier.chain import ChainInvalid, check_entry, check_issued
from verifier.signatures import SignatureInvalid, load_public_key, verify_signature

from .lists import COMPANION_AREA
from .state import PublicationRefused, PublicationState, points_uri, status_uri

AREAS: Final = ("public", "police", "health")


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
        return max(edition for edition, _ in self._stamps())

    @property
    def issued_at(self) -> int:
        """The latest instant that any list bears."""
        return max(instant for _, instant in self._stamps())

    def _stamps(self) -> Iterator[tuple[int, int]]:
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


def check_next(
    staged: Path,
    state: PublicationState,
    roots: Mapping[Domain, bytes],
    previous: PublishedEdition | None,
    at: int,
) -> PublishedEdition:
    """Read the staged folder and refuse what terminals would refuse, or should never see. Raises `PublicationRefused`."""
    check_tree(staged, state.edition, at)
    found = read_edition(staged, roots)
    if found is None:
        _refuse("nothing was staged")
    _check_stamps(found, state.edition, at)
    _check_state(found, state)
    _check_served(staged, found)
    if previous is not None:
        check_forward(previous, found)
    return found


# 1. The tree


def check_tree(folder: Path, edition: int, at: int) -> None:
    """Verify metadata and files of the three trees. Raises `PublicationRefused`."""
    for area in AREAS:
        try:
            covered = _covered(folder / area / "metadata", area, edition, at)
            _check_files(folder / area / "targets", covered)
        except (RepositoryError, StorageError, OSError, KeyError, ValueError) as error:
            msg = f"the {area} tree does not hold together: {error}"
            raise PublicationRefused(msg) from error
        wanted = {"root.json", "timestamp.json", "snapshot.json", "targets.json"} | _own_role(area)
        found = {path.name for path in (folder / area / "metadata").iterdir()}
        if {name for name in found if not name.endswith(".root.json")} != wanted:
            _refuse(f"the {area} tree holds metadata that is not its own, or lacks some")


def _own_role(area: str) -> set[str]:
    return set() if area == "public" else {f"{area}.json"}


def _covered(folder: Path, area: str, edition: int, at: int) -> dict[str, Any]:
    root = Metadata[Root].from_file(str(folder / "root.json"))
    timestamp = Metadata[Timestamp].from_file(str(folder / "timestamp.json"))
    snapshot = Metadata[Snapshot].from_file(str(folder / "snapshot.json"))
    targets = Metadata[Targets].from_file(str(folder / "targets.json"))
    for metadata in (root, timestamp, snapshot, targets):
        root.signed.verify_delegate(metadata.signed.type, metadata.signed_bytes, metadata.signatures)
    chain: list[Metadata[Any]] = [timestamp, snapshot, targets]
    timestamp.signed.snapshot_meta.verify_length_and_hashes((folder / "snapshot.json").read_bytes())
    covered = dict(targets.signed.targets)
    for name in {"targets.json"} | _own_role(area):
        snapshot.signed.meta[name].verify_length_and_hashes((folder / name).read_bytes())
    for name in _own_role(area):
        delegated = Metadata[Targets].from_file(str(folder / name))
        targets.signed.verify_delegate(area, delegated.signed_bytes, delegated.signatures)
        chain.append(delegated)
        covered |= delegated.signed.targets
    now = datetime.fromtimestamp(at, UTC)
    if any(one.signed.version != edition for one in chain):
        _refuse("the metadata is of another edition")
    if any(one.signed.is_expired(now) for one in [root, *chain]):
        _refuse("a role of the metadata is out of date")
    return covered


def _check_files(folder: Path, covered: Mapping[str, Any]) -> None:
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    if found != covered.keys():
        _refuse(f"{len(found ^ covered.keys())} files differ from what the metadata covers")
    for path, target in covered.items():
        target.verify_length_and_hashes((folder / path).read_bytes())


# 2. Lists under the trust list, the trust list under its root


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
    return _read_status(status_list.read_cwt, path.read_bytes(), path, trust)


def _read_status(read: Any, content: Any, path: Path, trust: TrustListClaims) -> StatusListClaims:
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


# 3. Lists and state


def _check_stamps(found: PublishedEdition, edition: int, at: int) -> None:
    if any(stamp != (edition, at) for stamp in found._stamps()):  # noqa: SLF001 - same file
        _refuse("a list bears another edition or instant than the publication")
    if any(one.as_of > at for one in found.points.values()):
        _refuse("a points list speaks of the future")


def _check_state(found: PublishedEdition, state: PublicationState) -> None:
    wanted = {
        (domain, number): values for domain, lists in state.status.items() for number, values in lists.items()
    }
    if found.status.keys() != wanted.keys() or found.companions.keys() != wanted.keys():
        _refuse("a status list or its companion is missing, or one too many")
    if found.points.keys() != state.points.keys():
        _refuse("a points list is missing, or one too many")
    for (domain, number), values in wanted.items():
        uri = status_uri(state.base_url, domain, number)
        name = f"status list {domain} {number}"
        _check_entries(found.status[domain, number], uri, StatusValue.VALID, values, name)
        companion = found.companions[domain, number]
        explained = state.companions.get(domain, {}).get(number, {})
        if companion.uri != uri or dict(companion.entries) != dict(explained):
            _refuse(f"the companion of {name} says something else than the registry")
    for number, balances in state.points.items():
        uri = points_uri(state.base_url, number)
        _check_entries(found.points[number], uri, POINTS_NONE, balances, f"points list {number}")


def _check_entries(
    claims: StatusListClaims | PointsListClaims, uri: str, fill: int, values: Mapping[int, int], name: str
) -> None:
    flat = unpack(claims.entries)
    apart = sum(value != fill for value in values.values())
    if (
        claims.uri != uri
        or any(flat[index] != value for index, value in values.items())
        or flat.count(fill) != LIST_SIZE - apart
    ):
        _refuse(f"{name} says something else than the registry")


def _check_served(staged: Path, found: PublishedEdition) -> None:
    for (domain, number), claims in found.status.items():
        path = staged / f"lists/{domain}/{number}.jwt"
        text = path.read_text(encoding="ascii")
        if _read_status(status_list.read_jwt, text, path, found.trust[domain]) != claims:
            _refuse(f"{path.name}: the two spellings of a list differ")
        cwt = staged / f"lists/{domain}/{number}.cwt"
        if cwt.read_bytes() != (staged / f"public/targets/status/{domain}/{number}.cwt").read_bytes():
            _refuse(f"{cwt.name}: the list served at its uri is not the one that terminals fetch")


_LANES: Final = {
    bits: [bytes(byte >> shift & (1 << bits) - 1 for byte in range(256)) for shift in range(0, 8, bits)]
    for bits in (STATUS_BITS, POINTS_BITS)
}


def unpack(entries: status_list.StatusList) -> bytearray:
    """One byte an entry, entry 0 in the least significant bits (Token Status List, section 4.1)."""
    lanes = _LANES[entries.bits]
    flat = bytearray(entries.size)
    for lane, table in enumerate(lanes):
        flat[lane :: len(lanes)] = entries.packed.translate(table)
    return flat


# 4. The edition in force


def check_forward(previous: PublishedEdition, following: PublishedEdition) -> None:
    """Refuse a step that terminals would call a rollback. Raises `PublicationRefused`."""
    if following.edition <= previous.edition:
        _refuse(f"edition {following.edition} does not follow {previous.edition}, which is published already")
    if following.issued_at < previous.issued_at:
        _refuse("the clock stands before the last publication; set it right and publish again")
    if (
        not previous.status.keys() <= following.status.keys()
        or not previous.points.keys() <= following.points.keys()
    ):
        _refuse("a list that terminals know has disappeared from the registry")
    for (domain, number), claims in previous.status.items():
        back = lost_revocations(claims.entries, following.status[domain, number].entries)
        if back:
            _refuse(
                f"status list {domain} {number}: {back} revoked entries would come back; "
                "was an old copy of the database restored?"
            )


def lost_revocations(before: status_list.StatusList, after: status_list.StatusList) -> int:
    """How many entries were 1 (revoked, final) before and are not 1 after."""
    return (_revoked(before) & ~_revoked(after)).bit_count()


def _revoked(entries: status_list.StatusList) -> int:
    """One bit for each entry whose two bits are 01."""
    packed = int.from_bytes(entries.packed, "little")
    low = int.from_bytes(b"\x55" * len(entries.packed), "little")
    return packed & ~(packed >> 1) & low


def _refuse(why: str) -> NoReturn:
    raise PublicationRefused(why)
