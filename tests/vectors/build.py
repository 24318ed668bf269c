"""Build our own vectors: `python tests/vectors/build.py`, or with `--check` compare and write nothing.

Everything comes from fixed keys and instants, signatures are deterministic and seals draw their key from what they
seal: building twice, on any machine, gives the same files to the byte.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.simulated_authority import moment  # noqa: E402
from tests.vectors import cases, stores  # noqa: E402
from tests.vectors.cases import Case  # noqa: E402

OWN: Final = Path(__file__).resolve().parent / "own"
REASONS: Final = {
    one["code"]: one
    for one in json.loads((ROOT / "verifier/reasons.json").read_text(encoding="utf-8"))["reasons"]
}
# The last stage that a verdict of this rank has reached, where a case does not say otherwise.
_STAGES: Final = (
    (20, "terminal"),
    (30, "reading"),
    (40, "sealing"),
    (50, "signature"),
    (60, "holder"),
    (99, "entitlement"),
)
# A malformed presentation is found once the envelope is open, a malformed envelope before.
_STAGE_OF_FAMILY: Final = {
    ("FORMAT_INVALID", "sealing"): "sealing",
    ("FORMAT_INVALID", "holder"): "sealing",
    ("FORMAT_INVALID", "paper"): "sealing",
    ("FORMAT_INVALID", "structure"): "signature",
}


def stage_of(case: Case) -> str:
    """The stage that the verdict reports."""
    if case.stage is not None:
        return case.stage
    family = case.id.partition("/")[0]
    rank = REASONS[case.reason]["rank"]
    return _STAGE_OF_FAMILY.get((case.reason, family)) or next(
        stage for below, stage in _STAGES if rank < below
    )


def case_json(case: Case) -> dict[str, Any]:
    """own/<family>/<case>.json."""
    reason = REASONS[case.reason]
    return {
        "id": case.id,
        "description": case.description,
        "sibling": case.sibling,
        "store": case.store,
        "profile": str(stores.STORES[case.store].profile),
        "at": moment(case.at).isoformat().replace("+00:00", "Z"),
        "nonce": None if case.nonce is None else case.nonce.hex(),
        "category": case.category,
        "picture": case.picture,
        "expect": {
            "outcome": reason["outcome"],
            "reason": case.reason,
            "stage": stage_of(case),
            "exit_code": reason["exit"],
            "notices": list(case.notices),
            "fields": dict(case.also),
        },
        "stages": case.stages,
    }


def files() -> dict[str, str]:
    """Path below own/ -> content of every file."""
    found = {
        f"publications/{name}.json": _written(stores.publication_json(name)) for name in stores.PUBLICATIONS
    }
    found |= {f"stores/{name}.json": _written(stores.store_json(name)) for name in stores.STORES}
    for case in cases.all_cases():
        path = f"{case.id}.json"
        if path in found:
            msg = f"two cases are called {case.id}"
            raise ValueError(msg)
        found[path] = _written(case_json(case))
    return found


def _written(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def differences(made: dict[str, str], folder: Path = OWN) -> list[str]:
    """Paths that are missing, left over or different."""
    present = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.json")}
    changed = [
        name
        for name, content in made.items()
        if name not in present or present[name].read_text(encoding="utf-8") != content
    ]
    return sorted(changed + [name for name in present if name not in made])


def main(arguments: list[str]) -> int:
    """Write the vectors, or compare them."""
    made = files()
    different = differences(made)
    if arguments == ["--check"]:
        print("\n".join(different) or f"{len(made)} files are what this script makes")
        return 1 if different else 0
    for name in different:
        path = OWN / name
        if name not in made:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[name], encoding="utf-8")
    negative = sum(
        '"outcome": "VALID"' not in content
        for name, content in made.items()
        if name.count("/") == 1 and not name.startswith(("stores/", "publications/"))
    )
    total = sum(not name.startswith(("stores/", "publications/")) for name in made)
    print(f"{total} cases, {negative} of them not VALID; {len(different)} files written or removed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
