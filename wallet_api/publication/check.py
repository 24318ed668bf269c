"""Read a publication back as a stranger would, before anybody is served it, and compare it with the one in force.

1. The update metadata verifies from the root down, is in force at the instant, and covers exactly the files of each
   tree: nothing of the police or of health lies in the public one (T38).
2. Each trust list verifies under its domain root, each other list under a signer that the trust list names for that
   role, that window and that uri prefix (`reading.py`).
3. The lists say what the state says, entry by entry, and both spellings of a status list say the same.
4. Against the edition in force: numbers rise, time does not go back, no list disappears, no revoked entry and no
   compromised signer comes back (as the checker of letsencrypt/boulder does for its revocation lists; T31, T37).

Lists are unpacked by tables of this file, not by what packed them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn

from securesystemslib.exceptions import StorageError
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from credentials import status_list
from credentials.points_list import PointsListClaims
from credentials.spec import LIST_SIZE, POINTS_BITS, POINTS_NONE, STATUS_BITS, Domain, StatusValue
from credentials.status_list import StatusListClaims
from credentials.trust_list import SignerState, TrustListClaims
from wallet_api.audit.checkpoints import DOMAIN_OF as CHAIN_DOMAIN
from wallet_api.audit.checkpoints import CheckpointInvalid, believe

from .lists import AUDIT_FOLDER
from .reading import PublishedEdition, read_edition, read_status
from .state import PublicationRefused, PublicationState, points_uri, status_uri

AREAS: Final = ("public", "police", "health")


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
    _check_checkpoints(staged / "public/targets" / AUDIT_FOLDER, state, roots)
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


# 3. Lists and state


def _check_stamps(found: PublishedEdition, edition: int, at: int) -> None:
    if any(stamp != (edition, at) for stamp in found.stamps()):
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
    flat, expected = unpack(claims.entries), list(values.values())
    found = list(map(flat.__getitem__, values))
    apart = len(expected) - expected.count(fill)
    if claims.uri != uri or found != expected or flat.count(fill) != LIST_SIZE - apart:
        _refuse(f"{name} says something else than the registry")


def _check_served(staged: Path, found: PublishedEdition) -> None:
    for (domain, number), claims in found.status.items():
        path = staged / f"lists/{domain}/{number}.jwt"
        text = path.read_text(encoding="ascii")
        if read_status(status_list.read_jwt, text, path, found.trust[domain]) != claims:
            _refuse(f"{path.name}: the two spellings of a list differ")
        cwt = staged / f"lists/{domain}/{number}.cwt"
        if cwt.read_bytes() != (staged / f"public/targets/status/{domain}/{number}.cwt").read_bytes():
            _refuse(f"{cwt.name}: the list served at its uri is not the one that terminals fetch")


def _check_checkpoints(folder: Path, state: PublicationState, roots: Mapping[Domain, bytes]) -> None:
    found = {path.stem: path.read_bytes() for path in folder.glob("*.cose")}
    if found != dict(state.checkpoints):
        _refuse("a checkpoint of the audit journal is missing, or one too many")
    for authority_id, message in found.items():
        try:
            claims, _ = believe(message, roots[CHAIN_DOMAIN[authority_id]])
        except (KeyError, CheckpointInvalid) as error:
            msg = f"a checkpoint of the audit journal cannot be believed: {error}"
            raise PublicationRefused(msg) from error
        if claims.authority != authority_id:
            _refuse("a checkpoint is of another journal than its name says")


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
    for domain, trust in previous.trust.items():
        if not _burnt(trust, at=following.issued_at) <= _burnt(following.trust[domain]):
            _refuse(
                f"a compromised signer of {domain} would come back; was an old copy of the keys restored?"
            )
    for (domain, number), claims in previous.status.items():
        back = lost_revocations(claims.entries, following.status[domain, number].entries)
        if back:
            _refuse(
                f"status list {domain} {number}: {back} revoked entries would come back; "
                "was an old copy of the database restored?"
            )


def _burnt(trust: TrustListClaims, at: int = 0) -> set[bytes]:
    """Compromised signers; of those whose end is past at `at` terminals need not be told any more."""
    return {
        one.key_id for one in trust.signers if one.state is SignerState.COMPROMISED and at < one.not_after
    }


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
