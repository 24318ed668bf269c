"""Private keys of the issuing authority: signers, certificates and their life-cycle."""

from __future__ import annotations

from .errors import (
    ChainInvalid,
    KeyCapReached,
    KeyFileRefused,
    KeyMissing,
    KeyNotActive,
    SigningKeyError,
    TransitionRefused,
)
from .folder import KeyFolder
from .passphrase import find_passphrase
from .reader_keys import Terminal, enrol
from .signer import Signer
from .trust import trust_list_for

__all__ = [
    "ChainInvalid",
    "KeyCapReached",
    "KeyFileRefused",
    "KeyFolder",
    "KeyMissing",
    "KeyNotActive",
    "Signer",
    "SigningKeyError",
    "Terminal",
    "TransitionRefused",
    "enrol",
    "find_passphrase",
    "trust_list_for",
]
