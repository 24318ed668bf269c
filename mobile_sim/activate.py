"""An activation code on paper -> the document on this phone: the code is exchanged for an offer, and the offer taken.

The sheet from the counter also bears the beginning of the root's fingerprint: given here, a false service is found out
before anything of its offer is believed. Without it the phone trusts the address that was typed, over https.
"""

from __future__ import annotations

import re
import time
from typing import Final

from credentials.spec import DOMAIN_OF

from .client import Service
from .collect import Clock, Wish, add
from .errors import OfferRefused
from .offer import parse_offer, parse_text
from .wallet import Document, Wallet

__all__ = ["activate"]

_LEAST_ROOT: Final = 20  # hexadecimal digits, 80 bits


def activate(
    wallet: Wallet,
    address: str,
    code: str,
    *,
    second: str | None = None,
    root: str | None = None,
    wish: Wish | None = None,
    clock: Clock = time.time,
) -> Document:
    """Redeem `code` at the service of `address`, with its second part if it has one.

    Raises `OfferRefused` when the roots of the offer are not those of the sheet, else what `add` raises.
    """
    with Service(address, wallet.key(), clock=clock) as service:
        text = service.activation(code, second)
    if root is not None:
        _require_root(text, root)
    return add(wallet, text, wish=wish, clock=clock)


def _require_root(text: str, root: str) -> None:
    offered = parse_text(text)
    beginning = re.sub(r"[\s:-]", "", root).lower()
    domain = DOMAIN_OF[parse_offer(offered.offer or "").document_type]
    if len(beginning) < _LEAST_ROOT or not offered.roots.get(domain, "").startswith(beginning):
        raise OfferRefused(
            "Cette offre ne vient pas de l'autorité de la feuille, ou l'empreinte est mal recopiée. Vérifiez-la au guichet.",
            "This offer does not come from the authority of the sheet, or the fingerprint is copied wrongly. Ask the counter.",
        )
