"""The audit journal: an append-only hash chain of acts for each authority, in the same transaction as the act.

- Each row's digest covers the digest before it, so an edited, dropped or reordered row breaks every later one.
- A row names objects by their opaque ids: no name, NIR or licence number. `detail` is canonical JSON of closed words,
  numbers and references.
- Each publication signs how far a chain has come (`checkpoints.py`), so a chain that was computed anew is found too.
- Rows are dropped by the purge alone, up to a checkpoint, and a row says so (`wallet_api/retention/`).
"""

from __future__ import annotations

from .examine import Fault, Finding, verify
from .journal import Detail, append
from .recorded import JournalEdited, recorded
from .row import ORIGIN, digest_of_act

__all__ = [
    "ORIGIN",
    "Detail",
    "Fault",
    "Finding",
    "JournalEdited",
    "append",
    "digest_of_act",
    "recorded",
    "verify",
]
