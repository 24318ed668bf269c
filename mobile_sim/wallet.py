"""What the phone keeps: a folder of JSON, PEM and credential files.

- The folder has mode 0700, each file 0600; each is written whole beside its place, synced, then renamed.
- `document.json` is the point of no return: credential files are written before it names them, and removed after it
  no longer does. A crash leaves the old document or the new one, and at most a file that nobody names.
- Document ids are short and stable (`permis-1`, `vitale-2`); a parent holds several cards.
- One program at a time changes the folder (`Wallet.locked`).

    phone.json  wallet_key.pem  lock
    issuers/<id>/issuer.json root-<domain>.der trust-<domain>.cose
    documents/<id>/document.json <credential>.bin <credential>.pem
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from credentials.spec import DocumentType, Domain, Form
from credentials.stages import CredentialBytes
from credentials.views import View

from .device_key import DeviceKey
from .errors import FolderBroken, NothingToShow
from .files import (
    FILE_MODE,
    FOLDER_MODE,
    broken_folder,
    disk_errors,
    make_folder,
    read_bytes,
    read_json,
    shape_errors,
    write_bytes,
    write_json,
)
from .offer import Configuration

__all__ = ["Document", "HeldCredential", "Issuer", "Received", "Wallet"]

_FORMAT: Final = 1
_NAMES: Final = {DocumentType.DRIVING_LICENCE: "permis", DocumentType.VITALE_CARD: "vitale"}


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """One credential on the phone. Instants in UTC seconds; `uses` counts how often it was shown."""

    name: str
    view: View
    form: Form
    paper: bool
    expires_at: int
    uses: int = 0
    last_used: int = 0


@dataclass(frozen=True, slots=True)
class Received:
    """A credential fresh from the service, with its device key unless it is a paper form."""

    configuration: Configuration
    credential: CredentialBytes
    key: DeviceKey | None
    expires_at: int


@dataclass(frozen=True, slots=True)
class Document:
    """One document of one person. `refresh_token` rotates: the newest is written here before it is used."""

    document_id: str
    document_type: DocumentType
    issuer: str
    label: str
    batch: int
    portraits: tuple[View, ...]
    configurations: tuple[Configuration, ...]
    refresh_token: str | None = field(default=None, repr=False)
    refreshed_at: int | None = None
    credentials: tuple[HeldCredential, ...] = ()

    def held(self, view: View, form: Form, *, paper: bool = False) -> tuple[HeldCredential, ...]:
        """The credentials of one view and form."""
        return tuple(
            one for one in self.credentials if one.view is view and one.form is form and one.paper is paper
        )

    def next_to_show(self, view: View, form: Form, *, at: int, paper: bool = False) -> HeldCredential | None:
        """The credential to show at `at`: one still in its window first, then the least and longest-ago used."""
        held = self.held(view, form, paper=paper)
        return min(held, key=lambda one: (one.expires_at <= at, one.uses, one.last_used), default=None)


@dataclass(frozen=True, slots=True)
class Issuer:
    """What the phone knows of one service: pinned roots (hexadecimal SHA-256) and its clock minus ours, seconds."""

    url: str
    roots: dict[Domain, str]
    clock_offset: int = 0


class Wallet:
    """The phone's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def create(cls, folder: Path) -> Wallet:
        """Open `folder`, making it and the wallet's own key when they do not exist yet."""
        with disk_errors():
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            if not (folder / "phone.json").exists():
                if any(path.name != "wallet_key.pem" for path in folder.iterdir()):
                    raise broken_folder()
                write_bytes(folder / "wallet_key.pem", DeviceKey.make().to_pem())
                write_json(folder / "phone.json", {"format": _FORMAT})
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> Wallet:
        """Open an existing phone. Raises `FolderBroken` when there is none."""
        if not (folder / "phone.json").is_file():
            raise FolderBroken(
                "Aucun titre pour l'instant. Ajoutez votre permis ou votre carte Vitale.",
                "Nothing here yet. Add your driving licence or health card.",
            )
        if read_json(folder / "phone.json").get("format") != _FORMAT:
            raise broken_folder()
        return cls(folder)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Wait until no other program changes this folder, and keep others out meanwhile."""
        with disk_errors():
            handle = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def key(self) -> DeviceKey:
        """The wallet's own key, to which tokens are bound (DPoP)."""
        return DeviceKey.from_pem(read_bytes(self._folder / "wallet_key.pem"))

    # --- issuers and their trust -------------------------------------------------------------------------------

    def issuer(self, url: str) -> Issuer | None:
        """What is known of the service at `url`."""
        path = self._issuer_folder(url) / "issuer.json"
        if not path.exists():
            return None
        with shape_errors():
            members = read_json(path)
            roots = {Domain(domain): str(root) for domain, root in members["roots"].items()}
            return Issuer(str(members["url"]), roots, int(members["clock_offset"]))

    def save_issuer(self, issuer: Issuer) -> None:
        """Write what is known of a service."""
        folder = self._issuer_folder(issuer.url)
        make_folder(folder)
        write_json(folder / "issuer.json", asdict(issuer))

    def trust(self, url: str, domain: Domain) -> tuple[bytes, bytes] | None:
        """Root certificate (DER) and trust list of a domain, as they came; still to be verified at each use."""
        folder = self._issuer_folder(url)
        root, trust_list = folder / f"root-{domain}.der", folder / f"trust-{domain}.cose"
        if not root.exists() or not trust_list.exists():
            return None
        return read_bytes(root), read_bytes(trust_list)

    def save_trust(self, url: str, domain: Domain, *, root: bytes, trust_list: bytes) -> None:
        """Keep a verified trust list."""
        folder = self._issuer_folder(url)
        write_bytes(folder / f"root-{domain}.der", root)
        write_bytes(folder / f"trust-{domain}.cose", trust_list)

    def _issuer_folder(self, url: str) -> Path:
        return self._folder / "issuers" / sha256(url.encode()).hexdigest()[:12]

    # --- documents ---------------------------------------------------------------------------------------------

    def documents(self) -> tuple[Document, ...]:
        """All documents, in the order of their ids."""
        folder = self._folder / "documents"
        found = folder.glob("*/document.json") if folder.exists() else ()
        return tuple(sorted((_document(path) for path in found), key=lambda one: one.document_id))

    def document(self, document_id: str) -> Document:
        """One document. Raises `NothingToShow` when there is none of that id."""
        for one in self.documents():
            if one.document_id == document_id:
                return one
        raise NothingToShow(
            "Ce téléphone ne contient pas ce titre. La commande « list » les montre tous.",
            "This phone does not hold that document. The command `list` shows them all.",
        )

    def free_id(self, document_type: DocumentType) -> str:
        """The id of the next document of this type."""
        taken = {one.document_id for one in self.documents()}
        number = 1
        while f"{_NAMES[document_type]}-{number}" in taken:
            number += 1
        return f"{_NAMES[document_type]}-{number}"

    def save(self, document: Document) -> Document:
        """Write `document` durably, then remove the files that it no longer names."""
        folder = self._document_folder(document.document_id)
        make_folder(folder)
        names = [one.name for one in document.configurations]
        write_json(folder / "document.json", asdict(document) | {"configurations": names})
        named = {one.name for one in document.credentials}
        with disk_errors():
            for path in folder.iterdir():
                if path.name != "document.json" and path.stem not in named:
                    path.unlink()
        return document

    def keep(self, document: Document, received: tuple[Received, ...]) -> Document:
        """Put `received` in place of the credentials of the same configurations."""
        folder = self._document_folder(document.document_id)
        renewed = {one.configuration for one in received}
        kept = tuple(one for one in document.credentials if _configuration(document, one) not in renewed)
        added = tuple(_keep_one(folder, one) for one in received)
        return self.save(replace(document, credentials=kept + added))

    def record_use(self, document: Document, shown: HeldCredential, at: int) -> Document:
        """Count one showing of `shown`, durably, before anybody sees it."""
        newest = self.document(document.document_id)
        every = tuple(
            replace(one, uses=one.uses + 1, last_used=at) if one.name == shown.name else one
            for one in newest.credentials
        )
        return self.save(replace(newest, credentials=every))

    def credential(self, document: Document, held: HeldCredential) -> CredentialBytes:
        """The credential's bytes, as received."""
        return CredentialBytes(read_bytes(self._document_folder(document.document_id) / f"{held.name}.bin"))

    def device_key(self, document: Document, held: HeldCredential) -> DeviceKey:
        """The credential's device key."""
        return DeviceKey.from_pem(
            read_bytes(self._document_folder(document.document_id) / f"{held.name}.pem")
        )

    def _document_folder(self, document_id: str) -> Path:
        return self._folder / "documents" / document_id


def _configuration(document: Document, held: HeldCredential) -> Configuration:
    return Configuration(document.document_type, held.view, held.form, held.paper)


def _keep_one(folder: Path, received: Received) -> HeldCredential:
    what = received.configuration
    paper = "-paper" if what.paper else ""
    name = f"{what.view}-{what.form.name.lower()}{paper}-{secrets.token_hex(4)}"
    if received.key is not None:
        write_bytes(folder / f"{name}.pem", received.key.to_pem())
    write_bytes(folder / f"{name}.bin", received.credential)
    return HeldCredential(name, what.view, what.form, what.paper, received.expires_at)


def _document(path: Path) -> Document:
    with shape_errors():
        members = read_json(path)
        return Document(
            **{
                **members,
                "document_type": DocumentType(members["document_type"]),
                "portraits": tuple(View(one) for one in members["portraits"]),
                "configurations": tuple(filter(None, map(Configuration.parse, members["configurations"]))),
                "credentials": tuple(_held(one) for one in members["credentials"]),
            }
        )


def _held(members: dict[str, Any]) -> HeldCredential:
    return HeldCredential(**{**members, "view": View(members["view"]), "form": Form(members["form"])})
