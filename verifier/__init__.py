"""Offline verification of what a phone or a printed card shows.

    terminal = TerminalStore.open(folder).verifier()
    verdict = terminal.verify(text, at=instant)

`verify` takes the instant as an argument, opens no socket and reads no clock. `bool(verdict)` is true for `Valid` alone.

A name is loaded when it is first asked for (PEP 562), so that each command of a terminal starts with what it needs.
"""

from __future__ import annotations

import typing

if typing.TYPE_CHECKING:
    from .policy import Policy
    from .profile import Profile
    from .reasons import NoticeCode, Outcome, Reason
    from .store import TerminalStore
    from .trust import TrustSnapshot
    from .verdict import Check, Refused, Unreadable, Valid, Verdict
    from .verify import Verifier

__all__ = [
    "Check",
    "NoticeCode",
    "Outcome",
    "Policy",
    "Profile",
    "Reason",
    "Refused",
    "TerminalStore",
    "TrustSnapshot",
    "Unreadable",
    "Valid",
    "Verdict",
    "Verifier",
]

_HOME = {
    "Policy": "policy",
    "Profile": "profile",
    "NoticeCode": "reasons",
    "Outcome": "reasons",
    "Reason": "reasons",
    "TerminalStore": "store",
    "TrustSnapshot": "trust",
    "Check": "verdict",
    "Refused": "verdict",
    "Unreadable": "verdict",
    "Valid": "verdict",
    "Verdict": "verdict",
    "Verifier": "verify",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
