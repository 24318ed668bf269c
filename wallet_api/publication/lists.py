"""Build and sign every list of one publication: bytes by target path, nothing written yet.

- Every list is of full size from birth and is signed again each time, with the instant and the edition of the
  publication: terminals judge freshness by the lists' own instants, and a companion counts beside its edition alone.
- Public targets hold bare values. Points, companions and reader keys stand under `police/` and `health/` (T38).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from credentials import points_list, status_companion, status_list
from credentials.points_list import PointsListClaims
from credentials.signing import ToSign
from credentials.spec import (
    LIST_SIZE,
    POINTS_BITS,
    POINTS_MAX,
    POINTS_NONE,
    STATUS_BITS,
    Audience,
    Domain,
    Role,
    StatusValue,
)
from credentials.status_companion import CompanionClaims, CompanionEntry
from credentials.status_list import StatusList, StatusListClaims
from keys import KeyFolder, Signer, trust_list_for
from keys.policy import DAY, TUF_METADATA_LIFE_DAYS
from keys.reader_keys import package

from .state import PublicationRefused, PublicationState, points_uri, status_uri

INDEX_FORMAT: Final = 1
AUDIT_FOLDER: Final = "audit"
STATUS_TTL: Final = 3_600  # seconds; publication is at least hourly (decisions, section 7)
# Who is told why a credential of each domain is not in force (L225-5: the police; health has its own).
COMPANION_AREA: Final = {Domain.LICENCE: Audience.POLICE, Domain.HEALTH: Audience.HEALTH}
_COMPANION_VALUES: Final = frozenset({StatusValue.REVOKED, StatusValue.SUSPENDED})
_TERMINAL_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # it becomes the name of a file


@dataclass(frozen=True, slots=True)
class SignedLists:
    """What is published: target path -> bytes.

    `public` is for everybody, `police` and `health` for terminals of that profile alone. `served` is the Token Status
    List in both forms, by path below `lists/`, for readers that fetch it at its uri.
    """

    public: Mapping[str, bytes]
    police: Mapping[str, bytes]
    health: Mapping[str, bytes]
    served: Mapping[str, bytes]


def sign_lists(state: PublicationState, keys: KeyFolder, at: int) -> SignedLists:
    """Sign everything that `state` says, as of `at`. Raises `PublicationRefused` or `SigningKeyError`s."""
    public = {f"trust/{one}.cose": trust_list_for(one, keys, at, state.edition) for one in Domain}
    served = {}
    areas: dict[Audience, dict[str, bytes]] = {Audience.POLICE: {}, Audience.HEALTH: {}}
    for domain in Domain:
        signer = keys.signer(domain, Role.STATUS, at)
        for number, values in sorted(state.status.get(domain, {}).items()):
            claims = _status_claims(state, domain, number, values, at)
            cwt = _signed(signer, status_list.prepare_cwt, claims)
            public[f"status/{domain}/{number}.cwt"] = served[f"{domain}/{number}.cwt"] = cwt
            served[f"{domain}/{number}.jwt"] = _signed(signer, status_list.prepare_jwt, claims)
        areas[COMPANION_AREA[domain]] |= _companions(state, keys, domain, at)
    areas[Audience.POLICE] |= _points(state, keys, at)
    for profile, area in areas.items():
        packages = _packages(state, keys, profile, at)
        area.update({f"{profile}/index.json": index_of(area), **packages})
    public["index.json"] = index_of(public)  # what terminals want: without what follows
    public |= {f"{AUDIT_FOLDER}/{name}.cose": one for name, one in state.checkpoints.items()}
    return SignedLists(public, areas[Audience.POLICE], areas[Audience.HEALTH], served)


def index_of(targets: Mapping[str, bytes]) -> bytes:
    """The list of targets that every terminal of the area wants; packages for single terminals are not in it."""
    return json.dumps({"format": INDEX_FORMAT, "targets": sorted(targets)}, separators=(",", ":")).encode()


def pack(bits: int, fill: int, values: Mapping[int, int]) -> StatusList:
    """A full-size list of `fill` with `values` in it. The caller has checked indexes and values.

    One byte an entry first, then whole lists are shifted together as one integer: no loop over 131,072 entries.
    """
    flat = bytearray((fill,)) * LIST_SIZE
    for index, value in values.items():
        flat[index] = value
    share = 8 // bits
    lanes = (int.from_bytes(flat[lane::share], "little") << lane * bits for lane in range(share))
    return StatusList(bits, sum(lanes).to_bytes(LIST_SIZE // share, "little"))


def _signed(signer: Signer, prepare: Callable[..., ToSign], claims: object) -> bytes:
    to_sign = prepare(claims, algorithm=signer.algorithm, key_id=signer.key_id)
    return to_sign.with_signature(signer.sign(to_sign.to_be_signed))


def _status_claims(
    state: PublicationState, domain: Domain, number: int, values: Mapping[int, int], at: int
) -> StatusListClaims:
    _require(values, max(StatusValue), f"status list {domain} {number}")
    return StatusListClaims(
        uri=status_uri(state.base_url, domain, number),
        edition=state.edition,
        issued_at=at,
        expires_at=at + TUF_METADATA_LIFE_DAYS * DAY,
        ttl=STATUS_TTL,
        entries=pack(STATUS_BITS, StatusValue.VALID, values),
    )


def _companions(state: PublicationState, keys: KeyFolder, domain: Domain, at: int) -> dict[str, bytes]:
    signer = keys.signer(domain, Role.COMPANION, at)
    explained = state.companions.get(domain, {})
    lists = state.status.get(domain, {})
    if not explained.keys() <= lists.keys():
        msg = f"a companion of {domain} explains a list that does not exist"
        raise PublicationRefused(msg)
    signed = {}
    for number in sorted(lists):
        entries = explained.get(number, {})
        _require_explained(entries, lists[number], f"companion {domain} {number}")
        claims = CompanionClaims(status_uri(state.base_url, domain, number), state.edition, at, entries)
        path = f"{COMPANION_AREA[domain]}/companion/{number}.cose"
        signed[path] = _signed(signer, status_companion.prepare, claims)
    return signed


def _points(state: PublicationState, keys: KeyFolder, at: int) -> dict[str, bytes]:
    signer = keys.signer(Domain.LICENCE, Role.POINTS, at)
    signed = {}
    for number, values in sorted(state.points.items()):
        _require(values, POINTS_MAX, f"points list {number}")
        claims = PointsListClaims(
            uri=points_uri(state.base_url, number),
            edition=state.edition,
            issued_at=at,
            as_of=at,
            entries=pack(POINTS_BITS, POINTS_NONE, values),
        )
        signed[f"police/points/{number}.cose"] = _signed(signer, points_list.prepare, claims)
    return signed


def _packages(state: PublicationState, keys: KeyFolder, profile: Audience, at: int) -> dict[str, bytes]:
    packages = {}
    for terminal in state.terminals:
        if terminal.profile is profile:
            if not _TERMINAL_ID.fullmatch(terminal.terminal_id):
                msg = "a terminal has a name that cannot be a file's; enrol it again under letters, digits, . _ -"
                raise PublicationRefused(msg)
            packages[f"{profile}/reader-keys/{terminal.terminal_id}.cose"] = package(keys, terminal, at)
    return packages


def _require(values: Mapping[int, int], most: int, name: str) -> None:
    """Refuse what would wrap, spill into a neighbour or mean something else."""
    if values and not (0 <= min(values) and max(values) < LIST_SIZE):
        msg = f"{name}: an index lies outside the list"
        raise PublicationRefused(msg)
    if values and not (0 <= min(values.values()) and max(values.values()) <= most):
        msg = f"{name}: a value lies outside 0..{most}"
        raise PublicationRefused(msg)


def _require_explained(entries: Mapping[int, CompanionEntry], values: Mapping[int, int], name: str) -> None:
    if any(values.get(index, 0) not in _COMPANION_VALUES for index in entries):
        msg = f"{name}: explains an entry that is neither revoked nor suspended"
        raise PublicationRefused(msg)
