"""Make `verifier/demo`, what `verifier demo` judges: `python -m tests.specimen`, or with `--check` compare and write nothing.

A police terminal of the test domain, and its codes. Keys, names and instants are fixed, so the files are always the same.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from credentials.cose_key import X25519Key
from credentials.enrolment_file import EnrolmentRequest
from credentials.spec import Audience
from credentials.views import View
from tests.simulated_authority import (
    DAY,
    INSTANT,
    MINUTE,
    SimulatedAuthority,
    care,
    moment,
    proof,
    reader,
    road_check,
)
from tests.simulated_phone import SimulatedPhone
from tests.simulated_terminal import terminal

DEMO = Path(__file__).resolve().parent.parent / "verifier/demo"
REVOKED = 17
STALE = INSTANT + 9 * DAY
_KEPT = (
    "terminal_key",
    "enrolment.cbor",
    "current",
    "floor.cbor",
    "tombstones.cbor",
    "reader_keys",
    "snapshots",
)


def build(folder: Path) -> None:
    """Write the demonstration into `folder`."""
    store = folder / "store"
    store.mkdir(parents=True)
    private = X25519PrivateKey.from_private_bytes(sha256(b"laissez-passer test key: specimen").digest())
    request = EnrolmentRequest("terminal-specimen", X25519Key(private.public_key().public_bytes_raw()))
    (store / "terminal_key").write_bytes(private.private_bytes_raw())
    (store / "request.cbor").write_bytes(request.encode())
    terminal(store, Audience.POLICE, [SimulatedAuthority().publish(status={REVOKED: 1}, points={5: 12})])
    for path in store.iterdir():
        if path.name not in _KEPT:
            path.unlink() if path.is_file() else shutil.rmtree(path)
    lines = ",\n".join(json.dumps(code, ensure_ascii=False) for code in codes())
    (folder / "codes.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def codes() -> Iterator[dict[str, str]]:
    """The specimens, in the order of the story."""
    authority, phone = SimulatedAuthority(), SimulatedPhone(0)
    police, health = reader(Audience.POLICE), reader(Audience.HEALTH)
    licence = authority.issue(authority.claims(road_check()))
    sealed = phone.show(licence, View.ROAD_CHECK, audience="police", at=INSTANT, reader=police)
    yield _code("Contrôle routier", "Road check", sealed, "OK")
    yield _code(
        "Le même code, quatre minutes plus tard",
        "The same code, four minutes later",
        sealed,
        "REPLAY",
        INSTANT + 4 * MINUTE,
    )
    yield _code("Un caractère mal lu", "One character misread", _misread(sealed), "MISREAD")
    altered = authority.issue(
        authority.claims(proof()), shown_payload=lambda payload: payload.replace(b"MARTIN", b"MARTEN")
    )
    shown = phone.show(altered, View.PROOF, audience="anyone", at=INSTANT)
    yield _code("Un nom changé dans le titre", "A name changed in the document", shown, "SIG_INVALID")
    revoked = authority.issue(authority.claims(road_check(), index=REVOKED))
    shown = phone.show(revoked, View.ROAD_CHECK, audience="police", at=INSTANT, reader=police)
    yield _code("Un permis révoqué", "A revoked licence", shown, "REVOKED")
    late = phone.show(licence, View.ROAD_CHECK, audience="police", at=STALE, reader=police)
    yield _code("Des listes de neuf jours", "Lists nine days old", late, "LISTS_STALE", STALE)
    card = authority.issue(authority.claims(care()))
    shown = phone.show(card, View.CARE, audience="health", at=INSTANT, reader=health)
    yield _code(
        "Une carte Vitale, montrée à la police", "A Vitale card, shown to the police", shown, "ROLE_DENIED"
    )
    yield _code("Un autre code", "Another code", "https://example.org/", "NOT_OURS")


def _misread(text: str) -> str:
    """Another character of the alphabet in the middle."""
    middle = len(text) // 2
    return text[:middle] + ("0" if text[middle] != "0" else "1") + text[middle + 1 :]


def _code(french: str, english: str, text: str, reason: str, at: int = INSTANT) -> dict[str, str]:
    return {"fr": french, "en": english, "at": moment(at).isoformat(), "reason": reason, "text": text}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def main() -> int:
    """Build, or with `--check` compare; 1 when what lies there is not what is made."""
    with tempfile.TemporaryDirectory() as made:
        build(Path(made) / "demo")
        if "--check" in sys.argv[1:]:
            return 0 if contents(Path(made) / "demo") == contents(DEMO) else 1
        shutil.rmtree(DEMO, ignore_errors=True)
        shutil.copytree(Path(made) / "demo", DEMO)
    return 0


if __name__ == "__main__":
    sys.exit(main())
