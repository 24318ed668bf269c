"""Reader keys: what phones seal to, one X25519 pair per audience and generation, and how terminals get them.

- A generation is used for three months; its grace of 31 days lets a phone without a network seal to it a while longer.
- The next generation is announced before the present one begins, so that everybody knows it well ahead.
- Private halves leave this room signed by the enrolment signer and sealed (HPKE, RFC 9180) to one terminal's own key:
  a terminal that was reported lost is sent no later generation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import x25519

from credentials.cose_key import X25519Key
from credentials.enrolment_file import (
    EnrolmentClaims,
    ReaderKeyPackage,
    ReaderPrivateKey,
    prepare,
    prepare_package,
)
from credentials.sealed import enrolment_info
from credentials.signing import ToSign
from credentials.spec import Audience, Domain, Role

from .policy import ANNOUNCEMENT_DAYS, DAY, READER_KEY_GRACE_DAYS, READER_KEY_LIFE_DAYS, day_start

if TYPE_CHECKING:
    from .folder import KeyFolder
    from .signer import Signer

# Audiences of sealed views, and the domain whose trust list names their reader keys.
SEALED_AUDIENCES: Final = {Audience.POLICE: Domain.LICENCE, Audience.HEALTH: Domain.HEALTH}
# Whose enrolment signer vouches for a terminal of each profile.
ENROLMENT_DOMAIN: Final = {**SEALED_AUDIENCES, Audience.ANYONE: Domain.LICENCE}

_SUITE: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
_LIFE: Final = READER_KEY_LIFE_DAYS * DAY
_GRACE: Final = READER_KEY_GRACE_DAYS * DAY


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal as its operator knows it: its name, whom it works for, its own public key."""

    terminal_id: str
    profile: Audience
    public_key: X25519Key


def first_windows(at: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Windows [first use, end of grace) of generations 1 and 2 of a new service."""
    present = (day_start(at), day_start(at) + _LIFE + _GRACE)
    return present, next_window(present, at)


def next_window(present: tuple[int, int], at: int) -> tuple[int, int]:
    """The window of the generation after `present`.

    It begins when the use of `present` ends. If that is less than the announcement time away it waits, as long as the
    grace of `present` allows; if nothing is left to seal to, it begins at once.
    """
    end_of_grace = present[1]
    notice = day_start(at) + (ANNOUNCEMENT_DAYS + 1) * DAY
    start = max(end_of_grace - _GRACE, notice)
    if start > end_of_grace:
        start = max(end_of_grace, day_start(at))
    return start, start + _LIFE + _GRACE


def private_keys(folder: KeyFolder, profile: Audience, at: int) -> tuple[ReaderPrivateKey, ...]:
    """What a terminal of this profile may hold: previous in grace, present and next; nothing for `anyone`."""
    return tuple(
        ReaderPrivateKey(one.key_id, profile, one.generation, one.not_after, folder.reader_private(one))
        for one in folder.reader_records(profile, at)
    )


def enrol(
    folder: KeyFolder,
    terminal: Terminal,
    at: int,
    *,
    tuf_root: bytes,
    test_mode: bool,
    mirror_url: str | None = None,
    mirror_secret: str | None = None,
    reports_url: str | None = None,
) -> bytes:
    """The enrolment file of a terminal: signed, then sealed to its own key. Raises `SigningKeyError`s."""
    claims = EnrolmentClaims(
        terminal_id=terminal.terminal_id,
        profile=terminal.profile,
        test_mode=test_mode,
        issued_at=at,
        roots=_roots(folder),
        tuf_root=tuf_root,
        mirror_url=mirror_url,
        mirror_secret=mirror_secret,
        reader_keys=private_keys(folder, terminal.profile, at),
        reports_url=reports_url,
    )
    signer, chain = _enrolment_signer(folder, terminal.profile, at)
    return _sealed(terminal, signer, prepare(claims, algorithm=signer.algorithm, chain=chain))


def package(folder: KeyFolder, terminal: Terminal, at: int) -> bytes:
    """The reader keys that a terminal fetches when it syncs: signed, then sealed to its own key."""
    keys = private_keys(folder, terminal.profile, at)
    signer, chain = _enrolment_signer(folder, terminal.profile, at)
    contents = ReaderKeyPackage(terminal.terminal_id, at, keys)
    return _sealed(terminal, signer, prepare_package(contents, algorithm=signer.algorithm, chain=chain))


def _enrolment_signer(folder: KeyFolder, profile: Audience, at: int) -> tuple[Signer, tuple[bytes, ...]]:
    domain = ENROLMENT_DOMAIN[profile]
    signer = folder.signer(domain, Role.ENROLMENT, at)
    return signer, (folder.find(signer.key_id).certificate,)


def _roots(folder: KeyFolder) -> Mapping[Domain, bytes]:
    return {domain: folder.root_certificate(domain) for domain in Domain}


def _sealed(terminal: Terminal, signer: Signer, to_sign: ToSign) -> bytes:
    message = to_sign.with_signature(signer.sign(to_sign.to_be_signed))
    recipient = x25519.X25519PublicKey.from_public_bytes(terminal.public_key.x)
    return _SUITE.encrypt(message, recipient, enrolment_info(terminal.terminal_id))
