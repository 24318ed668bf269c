"""Our own vectors as files: read them, set up their terminals, judge them, and digest every verdict.

`python -m tests.vectors.own_vectors FOLDER` prints the digest of all verdicts on the terminals in FOLDER: it must be one
and the same under every hash seed, optimisation, time zone and locale.
"""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tests.vectors.stores import read_publication, set_up
from verifier.errors import TrustStoreError
from verifier.policy import DEFAULT_POLICY
from verifier.reasons import Reason
from verifier.store import TerminalStore
from verifier.verdict import Facts, Verdict, compose
from verifier.verify import Verifier

OWN: Final = Path(__file__).resolve().parent / "own"
Vector = Mapping[str, Any]


def read_all(folder: Path = OWN) -> list[Vector]:
    """Every case, in the order of its id."""
    paths = [path for path in folder.glob("*/*.json") if path.parent.name not in {"stores", "publications"}]
    return sorted((json.loads(path.read_text(encoding="utf-8")) for path in paths), key=lambda one: one["id"])


def read_store(name: str) -> Vector:
    """own/stores/<name>.json."""
    store: Vector = json.loads((OWN / "stores" / f"{name}.json").read_text(encoding="utf-8"))
    return store


def set_up_store(name: str, folder: Path) -> Path:
    """The terminal of this name, in a new folder below `folder`; at once when it is there."""
    place = folder / name
    if not place.exists():
        store = read_store(name)
        publications = {
            one: read_publication(
                json.loads((OWN / "publications" / f"{one}.json").read_text(encoding="utf-8"))
            )
            for one in store["publications"]
        }
        making = folder / f"{name}.new"
        set_up(making, store, publications)
        making.rename(place)
    return place


@functools.cache
def _verifier(folder: Path) -> Verifier | Reason:
    try:
        return TerminalStore.open(folder).verifier()
    except TrustStoreError as error:
        return error.reason


def judge(vector: Vector, folder: Path, text: str | None = None) -> Verdict:
    """The library's verdict on a case, on the terminal in `folder`."""
    at = datetime.fromisoformat(vector["at"])
    verifier = _verifier(folder)
    if isinstance(verifier, Reason):
        return compose(Facts(int(at.timestamp()), None, DEFAULT_POLICY.name), verifier)
    nonce = None if vector["nonce"] is None else bytes.fromhex(vector["nonce"])
    return verifier.verify(
        vector["stages"]["text"] if text is None else text, at=at, nonce=nonce, category=vector["category"]
    )


def member(verdict: Any, path: str) -> Any:
    """`a.b` of a JSON object; None where something on the way is absent."""
    for name in path.split("."):
        verdict = None if verdict is None else verdict[name]
    return verdict


def digest(folder: Path) -> str:
    """SHA-256 over the JSON of every verdict, in the order of ids, on terminals already set up in `folder`."""
    lines = (
        judge(vector, folder / vector["store"]).json_text()
        for vector in read_all()
        if "text" in vector["stages"]
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


if __name__ == "__main__":
    print(digest(Path(sys.argv[1])))
