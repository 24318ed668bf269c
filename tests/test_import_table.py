"""Which room may import what: the table of CONTRIBUTING.md, read from the syntax tree and not from what happens to run."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("credentials", "verifier", "keys", "wallet_api", "mobile_sim")

ALLOWED: dict[str, frozenset[str]] = {
    "credentials": frozenset({"cbor2"}),
    "verifier": frozenset({"credentials", "cryptography", "cbor2"}),
    "keys": frozenset({"credentials", "cryptography"}),
    "wallet_api": frozenset(
        {
            "credentials", "keys", "verifier",
            "alembic", "authlib", "cbor2", "cryptography", "fastapi", "joserfc", "jwt", "prometheus_client",
            "psycopg", "psycopg_pool", "pydantic", "securesystemslib", "sqlalchemy", "starlette", "structlog",
            "PIL", "qrcode", "tuf", "uvicorn",
        }
    ),
    "mobile_sim": frozenset({"credentials", "cryptography", "httpx2", "PIL", "qrcode"}),
}  # fmt: skip

# An extra is imported by one file (or folder, with a slash at the end) of its room and by nothing else.
ONLY_IN: dict[str, dict[str, frozenset[str]]] = {
    "verifier/camera.py": {"verifier": frozenset({"PIL", "pyzbar", "zxingcpp"})},
    "verifier/sync.py": {"verifier": frozenset({"tuf", "securesystemslib"})},
    "verifier/terminal/": {"verifier": frozenset({"uvicorn"})},
    "keys/hsm_signer.py": {"keys": frozenset({"pkcs11"})},
}

# What an allowed package holds and one file of the room alone may use: X.509 costs a terminal 100 ms of start-up time,
# and what opens a seal or checks a signature should be read in one place.
NARROW: dict[str, dict[str, frozenset[str]]] = {
    "verifier": {
        "cryptography.x509": frozenset({"verifier/chain.py"}),
        "cryptography.hazmat.primitives.hpke": frozenset({"verifier/unseal.py"}),
        "cryptography.hazmat.primitives.asymmetric.ec.ECDSA": frozenset({"verifier/signatures.py"}),
    }
}

# credentials is pure: no clock, no file, no network, no randomness, no locale.
IMPURE = frozenset(
    {
        "asyncio", "ctypes", "http", "locale", "multiprocessing", "os", "pathlib", "random", "secrets", "shutil",
        "signal", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "urllib", "zoneinfo",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Breach:
    """One import that the table does not allow."""

    path: str
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.module}"


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and absolute name of every import, the ones by name at run time included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in {"import_module", "__import__"} and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value


def may_import(room: str, path: str, module: str) -> bool:
    """Whether the file at `path` (relative to the root) may import `module`."""
    top = module.partition(".")[0]
    for narrow, files in NARROW.get(room, {}).items():
        if f"{module}.".startswith(f"{narrow}.") and path not in files:
            return False
    if top == room:
        return True
    if top in sys.stdlib_module_names:
        return room != "credentials" or top not in IMPURE
    if top in ALLOWED[room]:
        return True
    return any(
        top in extras.get(room, ()) and (path.startswith(place) if place.endswith("/") else path == place)
        for place, extras in ONLY_IN.items()
    )


def breaches(root: Path) -> list[Breach]:
    """Every import under `root` that breaks the table."""
    found: list[Breach] = []
    for room in ROOMS:
        for file in sorted((root / room).rglob("*.py")):
            path = file.relative_to(root).as_posix()
            if f"{room}/build/" in path:
                continue
            tree = ast.parse(file.read_text(encoding="utf-8"), path)
            found += [
                Breach(path, line, module)
                for line, module in imported(tree)
                if not may_import(room, path, module)
            ]
    return found


def test_every_room_imports_only_what_its_row_allows():
    """The import table holds, third-party names included."""
    assert [str(breach) for breach in breaches(ROOT)] == []


def test_every_room_has_files_to_look_at():
    """The table is not empty by accident of a moved folder."""
    assert all(any((ROOT / room).glob("*.py")) for room in ROOMS)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("credentials/base45.py", "import cryptography"),
        ("credentials/base45.py", "import verifier"),
        ("credentials/base45.py", "import time"),
        ("credentials/base45.py", "from pathlib import Path"),
        ("verifier/verify.py", "from keys.signer import Signer"),
        ("verifier/verify.py", "import tuf.ngclient"),
        ("verifier/verify.py", "def late():\n    import PIL.Image"),
        ("verifier/verify.py", "from cryptography import x509"),
        ("verifier/sync.py", "import cryptography.hazmat.primitives.hpke"),
        ("verifier/camera.py", "import tuf"),
        ("verifier/sync.py", "import httpx2"),
        ("verifier/terminal/pages.py", "import fastapi"),
        ("keys/signer.py", "import verifier"),
        ("keys/signer.py", "import pkcs11"),
        ("wallet_api/app.py", "import mobile_sim"),
        ("wallet_api/app.py", "import requests"),
        ("mobile_sim/wallet.py", "from wallet_api import app"),
        ("mobile_sim/wallet.py", "import verifier"),
        ("mobile_sim/wallet.py", "import importlib\nimportlib.import_module('wallet_api')"),
        ("mobile_sim/wallet.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import keys"),
    ],
)
def test_planted_import_is_found(tmp_path, path, line):
    """A forbidden import planted anywhere in a room is reported with its file."""
    planted = tmp_path / path
    planted.parent.mkdir(parents=True)
    planted.write_text(line + "\n", encoding="utf-8")
    assert [breach.path for breach in breaches(tmp_path)] == [path]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("credentials/cbor.py", "import cbor2, io, zlib"),
        ("verifier/camera.py", "import zxingcpp, PIL.Image"),
        ("verifier/sync.py", "from tuf.ngclient import Updater"),
        ("verifier/terminal/serve.py", "import uvicorn"),
        ("verifier/chain.py", "from cryptography import x509"),
        ("keys/hsm_signer.py", "import pkcs11"),
        ("mobile_sim/client.py", "import httpx2"),
    ],
)
def test_allowed_import_is_not_reported(tmp_path, path, line):
    """The table lets through what it grants."""
    planted = tmp_path / path
    planted.parent.mkdir(parents=True)
    planted.write_text(line + "\n", encoding="utf-8")
    assert breaches(tmp_path) == []


# What the road to a verdict never loads: it costs start-up time, or belongs to another room.
NEVER_LOADED = (
    "PIL", "cryptography.x509", "fastapi", "httpx2", "http.server", "jwt", "keys", "mobile_sim", "pydantic", "pyzbar",
    "sqlalchemy", "starlette", "tuf", "urllib.request", "uvicorn", "wallet_api", "zxingcpp",
)  # fmt: skip


def test_import_verifier_loads_nothing_of_the_extras():
    """`import verifier`, every public name touched, brings in no web framework, no extra and no X.509."""
    script = (
        "import sys, verifier\n"
        "for name in getattr(verifier, '__all__', ()): getattr(verifier, name)\n"
        f"print(*sorted(name for name in {NEVER_LOADED!r} if name in sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
