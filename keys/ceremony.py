"""Domain roots on an offline machine: files out, files in.

A root issues a few certificates a month, so its private half has no business beside a server. It can be created
before the service in a folder of its own, taken away after `generate`, and brought back for a rotation. The offline
folder has the same form as a key folder and a passphrase of its own; each file keeps its mode.

Not here yet: a root shared among several holders (3 of 5), which needs hardware or a threshold scheme.
"""

from __future__ import annotations

from pathlib import Path

from credentials.spec import Domain

from .create import new_root, of_kind
from .errors import KeyFileRefused, KeyMissing
from .folder import KeyFolder
from .record import KeyKind, KeyRecord
from .store import KeyStore


def create(offline: Path, domain: Domain, passphrase: bytes, at: int) -> KeyRecord:
    """Create a domain root in the folder `offline`. Raises `KeyFileRefused` when it holds one already."""
    store = KeyStore(offline, passphrase)
    if of_kind(store.records(), KeyKind.ROOT, domain, "root"):
        msg = f"{offline} holds a root of {domain} already; nothing was changed"
        raise KeyFileRefused(msg)
    store.make()
    with store.changing():
        return new_root(store, domain, at)


def take(keys: KeyFolder, domain: Domain, offline: Path, passphrase: bytes) -> KeyRecord:
    """Move the private half of a root out of the key folder; its certificate stays.

    It is written to `offline`, read back from there, and only then removed. Raises `KeyFileRefused`.
    """
    root = keys.root(domain)
    away = KeyStore(offline, passphrase)
    with keys.store.changing():
        key = keys.store.private(root)
        away.make()
        with away.changing():
            away.add(root, key)
        away.private(root)
        keys.store.pem(root).unlink()
    return root


def bring(keys: KeyFolder, domain: Domain, offline: Path, passphrase: bytes) -> KeyRecord:
    """Put the private half of a root back for the certificates that are due; take it away again afterwards.

    Raises `KeyMissing` when the offline folder holds another root, `KeyFileRefused`.
    """
    root = keys.root(domain)
    away = KeyStore(offline, passphrase)
    if root not in away.records():
        msg = f"{offline} does not hold the root of {domain} that this service stands on"
        raise KeyMissing(msg)
    with keys.store.changing():
        keys.store.add(root, away.private(root))
    return root
