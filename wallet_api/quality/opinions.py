"""What people think of it: a topic of a closed list and a note, counted by day; no text, nobody's name, no instant."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

NOTES: Final = range(1, 6)
"""From bad to good."""


class Topic(StrEnum):
    """What an opinion is about."""

    ISSUING = "issuing"
    SHOWING = "showing"
    CHECKING = "checking"
    CLARITY = "clarity"
    ACCESSIBILITY = "accessibility"


NAMES: Final = {
    Topic.ISSUING: ("Obtenir un document", "Getting a document"),
    Topic.SHOWING: ("Présenter un document", "Showing a document"),
    Topic.CHECKING: ("Contrôler un document", "Checking a document"),
    Topic.CLARITY: ("Clarté des textes", "Clarity of the texts"),
    Topic.ACCESSIBILITY: ("Accessibilité", "Accessibility"),
}
