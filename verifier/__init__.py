"""Offline verification of what a phone or a printed card shows.

    terminal = TerminalStore.open(folder).verifier()
    verdict = terminal.verify(text, at=instant)

`verify` takes the instant as an argument, opens no socket and reads no clock. `bool(verdict)` is true for `Valid` alone.
"""

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
