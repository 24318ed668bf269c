"""An issuing authority in memory that really signs: root, trust list, reader keys, credentials."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from credentials import trust_list
from credentials.claims import Claims
from credentials.cose_key import X25519Key, key_id
from credentials.envelope import Sealed, Shown, decode_shown
from credentials.sealed import hpke_info
from credentials.spec import ES256, Audience, DocumentType, Domain, Form, Role
from credentials.stages import CredentialBytes
from credentials.trust_list import ReaderKeyEntry, TrustListClaims
from credentials.views import VIEW_BY_SUBJECT, Subject
from keys.hierarchy import Purpose, create_root, issue
from mobile_sim.device_key import DeviceKey
from mobile_sim.offer import Configuration
from mobile_sim.wallet import Document, Issuer, Received, Wallet
from tests.conftest import INSTANT
from tests.sizes import claims_of, signed

DAY = 86_400
MIDNIGHT = INSTANT - INSTANT % DAY
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
URL = "http://127.0.0.1:1"  # nobody answers there


@dataclass(frozen=True)
class Reader:
    """A reader key of one audience and generation, with both halves."""

    audience: Audience
    generation: int = 1
    not_before: int = MIDNIGHT - 31 * DAY
    not_after: int = MIDNIGHT + 90 * DAY
    private: x25519.X25519PrivateKey = field(default_factory=x25519.X25519PrivateKey.generate)

    @property
    def public(self) -> X25519Key:
        """The public half."""
        return X25519Key(self.private.public_key().public_bytes_raw())

    @property
    def entry(self) -> ReaderKeyEntry:
        """The entry of the trust list."""
        public = self.public
        return ReaderKeyEntry(
            key_id(public), self.audience, public, self.generation, self.not_before, self.not_after
        )

    def open(self, sealed: Sealed) -> Shown:
        """Open a seal; raises `InvalidTag` when it is not for this reader."""
        context = hpke_info(self.audience, key_id(self.public))
        return decode_shown(SUITE.decrypt(sealed.sealed, self.private, context))


@dataclass(frozen=True)
class Authority:
    """One domain's root with a trust signer and a document signer."""

    domain: Domain = Domain.LICENCE
    role: Role = Role.TRUST
    document_types: tuple[DocumentType, ...] = ()
    root_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    signer: DeviceKey = field(default_factory=DeviceKey.make)
    documents: DeviceKey = field(default_factory=DeviceKey.make)

    @cached_property
    def root(self) -> bytes:
        """The root's certificate, DER."""
        return create_root(self.domain, self.root_key, MIDNIGHT - 60 * DAY)

    @property
    def pinned(self) -> str:
        """What an offer says of the root."""
        return sha256(self.root).hexdigest()

    def certificate(self, *, start: int = MIDNIGHT - 30 * DAY, end: int = MIDNIGHT + 60 * DAY) -> bytes:
        """The trust signer's certificate, DER."""
        purpose = Purpose(self.domain, self.role, self.document_types, start, end)
        return issue(self.root_key, self.root, self.signer.public, purpose)

    def trust_list(
        self,
        readers: Iterable[Reader] = (),
        *,
        version: int = 1,
        issued_at: int = INSTANT - 3600,
        domain: Domain | None = None,
        chain: tuple[bytes, ...] | None = None,
    ) -> bytes:
        """A signed trust list."""
        entries = tuple(reader.entry for reader in readers)
        claims = TrustListClaims(domain or self.domain, version, issued_at, (), entries)
        unsigned = trust_list.prepare(claims, algorithm=ES256, chain=chain or (self.certificate(),))
        return unsigned.with_signature(self.signer.sign(unsigned.to_be_signed))


def configuration(subject: Subject, form: Form, *, paper: bool = False) -> Configuration:
    """The configuration under which `subject` is issued."""
    spec = VIEW_BY_SUBJECT[type(subject)]
    return Configuration(spec.document_type, spec.view, form, paper)


def received(
    authority: Authority, subject: Subject, form: Form = Form.CBOR, *, index: int = 7, paper: bool = False
) -> Received:
    """A credential as the phone keeps it, with its device key unless it is for paper."""
    key = None if paper else DeviceKey.make()
    claims: Claims = claims_of(subject, None if key is None else key.compressed, index=index)
    content = CredentialBytes(signed(form, claims, authority.documents))
    return Received(configuration(subject, form, paper=paper), content, key, claims.expires_at)


def stock(
    wallet: Wallet,
    authority: Authority,
    subjects: Iterable[Received],
    *,
    readers: Iterable[Reader] = (),
    url: str = URL,
    label: str = "Camille",
    offset: int = 0,
) -> Document:
    """Put a document on the phone as `add` would, without any service."""
    kept = tuple(subjects)
    document_type: DocumentType = kept[0].configuration.document_type
    known = wallet.issuer(url) or Issuer(url, {})
    wallet.save_issuer(
        replace(known, roots={**known.roots, authority.domain: authority.pinned}, clock_offset=offset)
    )
    wallet.save_trust(url, authority.domain, root=authority.root, trust_list=authority.trust_list(readers))
    configurations = tuple(dict.fromkeys(one.configuration for one in kept))
    document = Document(
        wallet.free_id(document_type),
        document_type,
        url,
        label,
        2,
        (),
        configurations,
        refresh_token="r" * 43,
    )
    return wallet.keep(wallet.save(document), kept)
