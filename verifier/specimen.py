"""The command `demo`: a specimen terminal and codes of the test domain, judged as any other code is.

Everything lies in `demo/`, made by `python -m tests.specimen`: a police terminal in test mode with its lists, and codes with
the instant they are shown at. Nothing is written, no issuer is needed, and no production terminal accepts one of them.
"""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from pathlib import Path
from typing import Final

from .reasons import EXIT_INTERNAL
from .store import TerminalStore
from .telling import Voice

__all__ = ["DEMO", "demo"]

DEMO: Final = Path(__file__).with_name("demo")


def demo(_: argparse.Namespace, voice: Voice) -> int:
    """`verifier demo`: each specimen and its verdict; 0 when each is the expected one."""
    verifier = TerminalStore.open(DEMO / "store").verifier()
    surprises = 0
    for specimen in json.loads((DEMO / "codes.json").read_bytes()):
        verdict = verifier.verify(specimen["text"], at=datetime.fromisoformat(specimen["at"]))
        surprises += verdict.reason != specimen["reason"]
        if not voice.as_json:
            voice.heading(specimen["fr"], specimen["en"])
        voice.verdict(verdict)
    if surprises:
        voice.say(f"{surprises} verdicts differ from what they should be: this installation is damaged")
        return EXIT_INTERNAL
    return 0
