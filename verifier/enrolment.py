"""How a terminal becomes one: its own key and request, then the operator's answer.

1. The private key is made here and never leaves. The request says the terminal's name and public key, nothing secret.
2. The answer is sealed to that key (HPKE) and signed by an enrolment signer whose certificate one of the roots inside
   issued. Nobody can check those roots but the operator who carries the file: their fingerprints are told.
3. An older or equal answer is refused, so that nobody makes a terminal forget what it has seen by enrolling it again
   with yesterday's file. A newer one with the same roots, profile and mode renews keys and mirror and keeps the lists;
   with others it is a new beginning.
"""

from __future__ import annotations

import os
import secrets
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from credentials import enrolment_file
from credentials.cose_key import PublicKey, X25519Key
from credentials.enrolment_file import EnrolmentClaims, EnrolmentRequest, ReaderPrivateKey
from credentials.errors import CredentialFormatError
from credentials.sealed import enrolment_info
from credentials.signed_list import UnverifiedMessage
from credentials.spec import Audience, Domain, Role

from .chain import ChainInvalid, check_issued, check_root
from .disk import keep_only, make_private_folder, read_bounded, replace_file
from .errors import EnrolmentError, TrustBroken, TrustMissing, TrustStoreError
from .journal import JOURNAL, REPORTED, SHIFT
from .signatures import SignatureInvalid, load_public_key, verify_signature
from .store import ENROLMENT, REQUEST, TERMINAL_KEY, TerminalStore, write_enrolment
from .unseal import SealBroken, load_reader_key, unseal

__all__ = ["check_reader_keys", "fingerprints", "install", "open_message", "request"]

FILE_BYTES: Final = 1_000_000
_KEPT_AT_A_NEW_BEGINNING: Final = {TERMINAL_KEY, REQUEST, JOURNAL, SHIFT, REPORTED}


def request(folder: str | os.PathLike[str]) -> EnrolmentRequest:
    """The request of the terminal at `folder`; its key is made on the first call. Raises `EnrolmentError`, `OSError`."""
    folder = os.fspath(folder)
    try:
        return EnrolmentRequest.decode(read_bounded(f"{folder}/{REQUEST}"))
    except FileNotFoundError:
        pass
    except CredentialFormatError as error:
        raise EnrolmentError("the stored request is damaged: take another store folder") from error
    make_private_folder(folder)
    with os.scandir(folder) as found:
        if any(one.name not in {TERMINAL_KEY, REQUEST} for one in found):
            raise EnrolmentError(
                "the folder holds something else: take an empty one for the terminal's store"
            )
    private = X25519PrivateKey.generate()
    made = EnrolmentRequest(
        f"terminal-{secrets.token_hex(6)}", X25519Key(private.public_key().public_bytes_raw())
    )
    replace_file(f"{folder}/{TERMINAL_KEY}", private.private_bytes_raw())
    replace_file(f"{folder}/{REQUEST}", made.encode())
    return made


def install(folder: str | os.PathLike[str], sealed: bytes) -> TerminalStore:
    """Install the operator's answer. Raises `EnrolmentError`, `OSError`; what was there stays when it is refused."""
    folder = os.fspath(folder)
    try:
        key = read_bounded(f"{folder}/{TERMINAL_KEY}", 32)
        asked = EnrolmentRequest.decode(read_bounded(f"{folder}/{REQUEST}"))
    except FileNotFoundError:
        raise EnrolmentError(
            "this terminal has asked for nothing yet: run `verifier enrol request`"
        ) from None
    except (CredentialFormatError, TrustBroken) as error:
        raise EnrolmentError("the terminal's own key or request is damaged: take another folder") from error
    message, claims, signer = _open(key, asked, sealed)
    held = _held(folder)
    if held is not None:
        _require_newer(held.enrolment, claims)
    if held is None or not _same(held, claims):
        keep_only(folder, _KEPT_AT_A_NEW_BEGINNING)
        TerminalStore(folder, key, claims).begin()
    write_enrolment(folder, key, message, signer)
    return TerminalStore.open(folder)


def fingerprints(claims: EnrolmentClaims) -> dict[Domain, str]:
    """SHA-256 of each root, for the operator to compare with what the authority published."""
    return {domain: sha256(der).hexdigest() for domain, der in claims.roots.items()}


def open_message(terminal_key: bytes, terminal_id: str, sealed: bytes) -> bytes:
    """What was sealed to this terminal. Raises `EnrolmentError`."""
    if len(sealed) > FILE_BYTES:
        raise EnrolmentError("the file is larger than any meant for a terminal")
    try:
        return unseal(load_reader_key(terminal_key), sealed, enrolment_info(terminal_id))
    except SealBroken as error:
        raise EnrolmentError("the file is damaged, or sealed to another terminal") from error


def check_reader_keys(keys: tuple[ReaderPrivateKey, ...], profile: Audience) -> None:
    """Check that reader keys are of this profile and are what their ids say. Raises `EnrolmentError`."""
    for one in keys:
        if one.audience is not profile or profile is Audience.ANYONE:
            raise EnrolmentError("the file holds a reader key of another profile")
        if load_reader_key(one.private).key_id != one.key_id:
            raise EnrolmentError("the file holds a reader key under a wrong id")


def check_signer(
    message: UnverifiedMessage[Any], roots: dict[Domain, bytes], instant: int, allowed: set[Domain]
) -> PublicKey:
    """The key of the enrolment signer that signed `message`, issued by one of `roots` and valid at `instant`.

    Raises `EnrolmentError`.
    """
    for domain in sorted(allowed & roots.keys()):
        try:
            key = check_issued(message.chain, roots[domain], Role.ENROLMENT, instant)
            verify_signature(load_public_key(key), message.algorithm, message.signature, message.to_be_signed)
        except (ChainInvalid, SignatureInvalid):
            continue
        return key
    raise EnrolmentError("the file is not signed by an enrolment signer of the roots this terminal knows")


def _open(key: bytes, asked: EnrolmentRequest, sealed: bytes) -> tuple[bytes, EnrolmentClaims, PublicKey]:
    message = open_message(key, asked.terminal_id, sealed)
    try:
        outer = enrolment_file.read(message)
        claims = (
            outer.decode()
        )  # the roots stand inside: they must be read before the signature can be checked
        for root in claims.roots.values():
            check_root(root)
    except (CredentialFormatError, ChainInvalid) as error:
        raise EnrolmentError("the enrolment file is malformed: ask the operator for another") from error
    signer = check_signer(outer, dict(claims.roots), claims.issued_at, set(Domain))
    if claims.terminal_id != asked.terminal_id:
        raise EnrolmentError("the enrolment file is for another terminal")
    check_reader_keys(claims.reader_keys, claims.profile)
    return message, claims, signer


def _held(folder: str) -> TerminalStore | None:
    if not os.path.lexists(f"{folder}/{ENROLMENT}"):
        return None
    try:
        return TerminalStore.open(folder)
    except TrustStoreError as error:
        raise EnrolmentError("the present enrolment is damaged: take another store folder") from error


def _require_newer(present: EnrolmentClaims, offered: EnrolmentClaims) -> None:
    if offered.issued_at <= present.issued_at:
        raise EnrolmentError("this terminal has an enrolment that is as new, or newer: ask for a new file")


def _same(held: TerminalStore, offered: EnrolmentClaims) -> bool:
    """Whether the lists and the memory may stay: same roots, profile and mode, and a memory that is sound."""
    present = held.enrolment
    if (present.roots, present.profile, present.test_mode) != (
        offered.roots,
        offered.profile,
        offered.test_mode,
    ):
        return False
    try:
        held.memory()
        held.tombstones()
        held.snapshot()
    except TrustMissing:
        return True
    except TrustStoreError:
        return False
    return True
