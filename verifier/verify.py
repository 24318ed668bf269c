"""Offline verification: one text in, one verdict out. No socket, no clock, no locale.

The steps, repeated by number in the code (architecture.md, section 4):

     1  text: length, prefix                                       reading
     2  Base45, then the check sum                                 reading
     3  envelope: version, kind, form, view                        reading
     4  reader key: audience, held, opens                          sealing
     5  presentation: one credential, view read here, came sealed  sealing
     6  protected header of the credential                         signature
     7  signer by key id, its algorithm                            signature
     8  issuer's signature over the bytes as received              signature
     9  claims to document; signer's scope, state, window, caps    signature
    10  device signature, audience, nonce, age                     holder
    11  validity window, title, clock, paper                       state
    12  status entry, its freshness, tombstones                    state
    13  points                                                     entitlement
    14  age, category, rights                                      entitlement
    15  compose

Steps 1 to 10 stop at the first finding, so nothing unproven surfaces; 11 to 14 all run, and the finding of lowest rank
is the reason. A faulty code never raises out of `verify`; a programming error does.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Final, NamedTuple, NoReturn

from credentials import credential, envelope, presentation, qr_text, sealed
from credentials.claims import Claims
from credentials.credential import UnverifiedCredential
from credentials.driving_licence import CATEGORY_NUMBERS
from credentials.envelope import Paper, Sealed, Shown
from credentials.errors import (
    CredentialFormatError,
    Damaged,
    Misread,
    NotOurs,
    TooLarge,
    Truncated,
    Unsupported,
)
from credentials.presentation import UnverifiedPresentation
from credentials.spec import DOMAIN_OF, ES256, Audience
from credentials.views import VIEW_SPECS, ViewSpec

from . import judge
from .facts import DocumentShown, Facts, HolderProof, ListsUsed, Params, SignerShown
from .policy import DEFAULT_POLICY, Policy
from .reasons import NoticeCode, Reason, Stage
from .signatures import SignatureInvalid, load_device_key, verify_signature
from .test_keys import TEST_SIGNERS, is_test_device
from .trust import DocumentSigner, TrustSnapshot
from .unseal import LoadedReaderKey, SealBroken, unseal
from .verdict import NO_PARAMS, Verdict, compose, conclude

# At most this many signers may share a key id (the DCC let them collide); bounds the work on hostile input.
CANDIDATES: Final = 4


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
# The years 1 to 9999 in UTC.
_FIRST_INSTANT: Final = -62_135_596_800
_LAST_INSTANT: Final = 253_402_300_799


class _Found(Exception):
    """The first finding of steps 1 to 10."""

    def __init__(self, reason: Reason, params: Params = NO_PARAMS) -> None:
        """Keep the reason; no text of the code is ever kept."""
        super().__init__(reason)
        self.reason = reason
        self.params = params


def _stop(reason: Reason, **params: int | str) -> NoReturn:
    raise _Found(reason, params or NO_PARAMS)


_READING: Final[tuple[tuple[type[CredentialFormatError], Reason], ...]] = (
    (TooLarge, Reason.TOO_BIG),
    (NotOurs, Reason.NOT_OURS),
    (Truncated, Reason.TRUNCATED),
    (Damaged, Reason.DAMAGED),
    (Misread, Reason.MISREAD),
    (Unsupported, Reason.VERSION_UNKNOWN),
    (CredentialFormatError, Reason.FORMAT_INVALID),
)


def _reading(error: CredentialFormatError) -> Reason:
    return next(reason for kind, reason in _READING if isinstance(error, kind))


class _Opened(NamedTuple):
    """What steps 1 to 4 leave: the presentation or paper credential, and the audience of the seal if there was one."""

    shown: Shown
    spec: ViewSpec
    paper: bool
    sealed_to: Audience | None


class Verifier:
    """Verifies codes against one snapshot. Cheap to keep, safe to share between threads: it has no state of its own."""

    def __init__(self, snapshot: TrustSnapshot, policy: Policy = DEFAULT_POLICY) -> None:
        """Trust has no default value; the profile comes from the snapshot alone."""
        self.snapshot = snapshot
        self.policy = policy

    def verify(
        self, text: str, *, at: datetime, nonce: bytes | None = None, category: str | None = None
    ) -> Verdict:
        """The verdict on a scanned text at the instant `at`.

        `nonce` is what this terminal asked the phone to sign; `category` asks whether that category may be driven.
        Raises `ValueError` for an `at` without time zone or outside UTC's calendar or an unknown category, `TypeError` for a text that is none:
        the caller's mistakes. Whatever the text holds, it yields a verdict.
        """
        if type(text) is not str:
            msg = "a scanned text is a str"
            raise TypeError(msg)
        if at.tzinfo is None:
            msg = "`at` carries its time zone"
            raise ValueError(msg)
        if category is not None and category not in CATEGORY_NUMBERS:
            msg = f"no such category; one of {' '.join(CATEGORY_NUMBERS)}"
            raise ValueError(msg)
        instant = (at - _EPOCH) // _SECOND  # whole seconds, cut; a float would round the last of them up
        if not _FIRST_INSTANT <= instant <= _LAST_INSTANT:  # within a zone's offset of either end
            msg = "`at` lies outside the calendar in UTC"
            raise ValueError(msg)
        snapshot = self.snapshot
        facts = Facts(instant, snapshot.profile, self.policy.name, test=snapshot.test_mode)
        try:
            claims, signer, paper = self._prove(facts, text, nonce)
        except _Found as found:
            return compose(facts, found.reason, found.params)
        judge.judge(facts, snapshot, self.policy, claims, signer, paper=paper, category=category)
        return conclude(facts)  # 15

    def _prove(self, facts: Facts, text: str, nonce: bytes | None) -> tuple[Claims, DocumentSigner, bool]:
        """Steps 1 to 10."""
        facts.stage = Stage.READING
        opened = self._open(facts, text)
        facts.stage = Stage.SEALING  # 5
        shown, spec = opened.shown, opened.spec
        try:
            proof = None if opened.paper else presentation.read(shown.form, shown.body)
        except CredentialFormatError:
            _stop(Reason.FORMAT_INVALID)
        if spec.sealed and opened.sealed_to is None:
            _stop(Reason.FORMAT_INVALID)
        if spec.view not in self.snapshot.profile.views or spec.document_type not in self.policy.documents:
            _stop(Reason.WRONG_DOCUMENT, document=spec.document_type)
        facts.stage = Stage.SIGNATURE  # 6
        try:
            issued = credential.read(shown.form, shown.body if proof is None else proof.credential)
        except CredentialFormatError:
            _stop(Reason.FORMAT_INVALID)
        signer, claims = self._prove_issuer(facts, issued, opened)
        self._prove_holder(facts, claims, proof, opened, nonce)
        return claims, signer, opened.paper

    def _open(self, facts: Facts, text: str) -> _Opened:
        try:
            if len(text) > self.policy.text_characters:  # 1
                _stop(Reason.TOO_BIG)
            content = envelope.decode(qr_text.decode(text))  # 1, 2, 3
        except CredentialFormatError as error:
            _stop(_reading(error))
        if not isinstance(content, Sealed):
            return _Opened(content.shown, VIEW_SPECS[content.shown.view], isinstance(content, Paper), None)
        # 4
        facts.stage = Stage.SEALING
        snapshot = self.snapshot
        key_id = content.reader_key_id
        held = snapshot.reader_keys.get(key_id)
        audience = snapshot.reader_audiences.get(key_id, None if held is None else snapshot.profile.audience)
        if audience is not None and audience is not snapshot.profile.audience:
            _stop(Reason.ROLE_DENIED)
        if held is None or audience is None or self._ended(held, facts.instant):
            _stop(Reason.SEAL_KEY_MISSING)
        try:
            plain = unseal(held, content.sealed, sealed.hpke_info(audience, key_id))
        except SealBroken:
            _stop(Reason.SEAL_BROKEN)
        try:
            shown = envelope.decode_shown(plain)
        except CredentialFormatError as error:
            _stop(_reading(error))
        return _Opened(shown, VIEW_SPECS[shown.view], paper=False, sealed_to=audience)

    def _ended(self, key: LoadedReaderKey, at: int) -> bool:
        """Whether the grace of a reader key is over, at the later of `at` and the floor (T07)."""
        return key.not_after is not None and max(at, self.snapshot.clock_floor) >= key.not_after

    def _prove_issuer(
        self, facts: Facts, issued: UnverifiedCredential, opened: _Opened
    ) -> tuple[DocumentSigner, Claims]:
        """Steps 6 to 9."""
        signer = self._signer(facts, issued, opened)
        facts.signer = SignerShown(signer.key_id, signer.name)
        # 9
        spec = opened.spec
        try:
            claims = issued.decode_claims()
        except CredentialFormatError:
            _stop(Reason.CLAIMS_INVALID)
        if claims.view is not spec.view:
            _stop(Reason.CLAIMS_INVALID)
        if spec.document_type not in signer.document_types:
            _stop(Reason.SIGNER_NOT_ALLOWED)
        if signer.compromised() or signer.retired_before(claims.issued_at):
            _stop(Reason.KEY_REVOKED)
        if not signer.not_before <= claims.issued_at < signer.not_after:
            _stop(Reason.KEY_EXPIRED)
        paper = claims.device_key is None
        if claims.expires_at - claims.issued_at > signer.longest_life(claims.view, paper=paper):
            _stop(Reason.CLAIMS_INVALID)
        if opened.sealed_to is not None and spec.audience is not opened.sealed_to:
            _stop(Reason.WRONG_DOCUMENT, document=spec.document_type)
        facts.document = DocumentShown.of(claims.view, opened.shown.form, paper=paper)
        facts.claims = claims.subject
        return signer, claims

    def _signer(self, facts: Facts, issued: UnverifiedCredential, opened: _Opened) -> DocumentSigner:
        """Steps 6 to 8: the signer whose key verifies."""
        snapshot = self.snapshot
        if issued.algorithm is None:  # 6
            _stop(Reason.ALG_NOT_ALLOWED)
        if issued.key_id in TEST_SIGNERS and not snapshot.test_mode:  # 7
            _stop(Reason.TEST_KEY)
        trust = snapshot.trust.get(DOMAIN_OF[opened.spec.document_type])
        facts.lists = ListsUsed(trust=trust)
        candidates = snapshot.signers.get(issued.key_id, ())
        if not candidates or len(candidates) > CANDIDATES:
            age = facts.instant - (0 if trust is None else trust.issued_at)
            if age > self.policy.announcement_seconds:
                _stop(Reason.KEY_UNKNOWN_STALE, age=age)
            _stop(Reason.KEY_UNKNOWN)
        allowed = [one for one in candidates if one.key.algorithm == issued.algorithm]
        if not allowed:
            _stop(Reason.ALG_NOT_ALLOWED)
        for signer in allowed:  # 8
            try:
                verify_signature(signer.key, issued.algorithm, issued.signature, issued.to_be_signed)
            except SignatureInvalid:
                continue
            return signer
        _stop(Reason.SIG_INVALID)

    def _prove_holder(
        self,
        facts: Facts,
        claims: Claims,
        proof: UnverifiedPresentation | None,
        opened: _Opened,
        nonce: bytes | None,
    ) -> None:
        """Step 10."""
        facts.stage = Stage.HOLDER
        if proof is None:
            if claims.device_key is not None:
                _stop(Reason.HOLDER_PROOF_MISSING)
            facts.holder_proof = HolderProof.NONE
            facts.stage = Stage.STATE
            return
        self._check_device(claims, proof)
        binding = proof.binding
        if opened.sealed_to is not None:
            if binding.audience != opened.sealed_to:
                _stop(Reason.WRONG_DOCUMENT, document=opened.spec.document_type)
        elif not self._accepts(binding.audience):
            _stop(Reason.ROLE_DENIED)
        if nonce is not None and (binding.nonce is None or not compare_digest(binding.nonce, nonce)):
            _stop(Reason.NONCE_MISMATCH)
        self._check_age(facts, binding.issued_at)
        facts.holder_proof = HolderProof.DEVICE if nonce is None else HolderProof.DEVICE_NONCE
        facts.shown_at = binding.issued_at
        facts.stage = Stage.STATE

    def _check_device(self, claims: Claims, proof: UnverifiedPresentation) -> None:
        if claims.device_key is None or not proof.covers_credential:
            _stop(Reason.HOLDER_MISMATCH)
        if is_test_device(claims.device_key) and not self.snapshot.test_mode:
            _stop(Reason.TEST_KEY)
        try:
            verify_signature(load_device_key(claims.device_key), ES256, proof.signature, proof.to_be_signed)
        except SignatureInvalid:
            _stop(Reason.HOLDER_MISMATCH)

    def _accepts(self, audience: str) -> bool:
        profile = self.snapshot.profile
        return audience == profile.audience or (
            audience == Audience.ANYONE and profile.accepts(Audience.ANYONE, sealed=False)
        )

    def _check_age(self, facts: Facts, shown_at: int) -> None:
        """Age of the presentation; with the clock in doubt, only against the floor, which no true clock stands below."""
        policy = self.policy
        if judge.clock_in_doubt(facts.instant, self.snapshot.clock_floor, policy):
            facts.notice(NoticeCode.CLOCK_DOUBT)
            age = self.snapshot.clock_floor - shown_at
            if age > policy.replay_seconds:
                _stop(Reason.REPLAY, age=age)
            return
        age = facts.instant - shown_at
        if age > policy.replay_seconds:
            _stop(Reason.REPLAY, age=age)
        if -age > policy.skew_seconds:
            _stop(Reason.SHOWN_AHEAD, age=-age)
