"""What a terminal tolerates, in one frozen object with a name that every verdict carries.

The defaults are the loosest figures there are: signed rules and the local operator tighten, never loosen.
Bounds: an age equal to a figure is still in the milder class (verdicts.md, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from credentials.limits import TEXT_CHARACTERS
from credentials.spec import DocumentType

_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR
_NAME_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_NAME_CHARACTERS: Final = 40

# Announcement time of a new signer, seconds. A promise of the issuers, so no terminal may change it: KEY_UNKNOWN
# accuses only because every honest signer has been listed for that long.
ANNOUNCEMENT_SECONDS: Final = 31 * _DAY
# EXPIRES_SOON when less than this is left, seconds. Information only: nothing to tighten.
EXPIRES_SOON_SECONDS: Final = 24 * _HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Tolerances of one terminal. Raises `ValueError` for a figure looser than the default, or no document type."""

    name: str = "default-1"
    presentation_seconds: int = 90
    """A presentation is accepted for this long: REPLAY beyond, plus the skew."""
    skew_seconds: int = 60
    """Clock skew: REPLAY, SHOWN_AHEAD, NOT_YET."""
    clock_below_floor_seconds: int = 300
    """CLOCK_DOUBT when `at` is further below the clock floor."""
    clock_above_floor_seconds: int = 31 * _DAY
    """CLOCK_DOUBT when `at` is further above the clock floor."""
    lists_ageing_seconds: int = 24 * _HOUR
    lists_stale_seconds: int = 7 * _DAY
    lists_expired_seconds: int = 30 * _DAY
    text_characters: int = TEXT_CHARACTERS
    """TOO_BIG beyond, prefix included (QR version 40-L, alphanumeric)."""
    documents: frozenset[DocumentType] = frozenset(DocumentType)

    def __post_init__(self) -> None:
        """Hold the bounds: never looser than the default, never an empty set of documents."""
        if not 0 < len(self.name) <= _NAME_CHARACTERS or not _NAME_LETTERS.issuperset(self.name):
            msg = "a policy's name is lower case letters, digits and hyphens, at most 40"
            raise ValueError(msg)
        if not self.documents or not self.documents <= frozenset(DocumentType):
            msg = "a policy accepts at least one known document type"
            raise ValueError(msg)
        for figure in _FIGURES:
            value = getattr(self, figure)
            if type(value) is not int or not 0 < value <= _LOOSEST[figure]:
                msg = f"{figure} is a whole number from 1 to {_LOOSEST[figure]}"
                raise ValueError(msg)
        if not self.lists_ageing_seconds <= self.lists_stale_seconds <= self.lists_expired_seconds:
            msg = "lists age, then are stale, then expire"
            raise ValueError(msg)

    @property
    def replay_seconds(self) -> int:
        """Age beyond which a presentation is REPLAY, skew included; the same below the floor of a doubtful clock."""
        return self.presentation_seconds + self.skew_seconds

    @property
    def announcement_seconds(self) -> int:
        """Age of the trust list beyond which an unknown key is the terminal's fault, not the code's."""
        return ANNOUNCEMENT_SECONDS

    @property
    def expires_soon_seconds(self) -> int:
        """EXPIRES_SOON when less than this is left."""
        return EXPIRES_SOON_SECONDS

    def tightened(
        self, name: str, *, documents: frozenset[DocumentType] | None = None, **figures: int
    ) -> Policy:
        """This policy under another name with stricter figures. Raises `ValueError` for a looser or unknown one."""
        if name == self.name:
            msg = "a tightened policy has a name of its own"
            raise ValueError(msg)
        for figure, value in figures.items():
            if figure not in _FIGURES or value > getattr(self, figure):
                msg = f"{figure} may only be made stricter"
                raise ValueError(msg)
        fewer = self.documents if documents is None else documents
        if not fewer <= self.documents:
            msg = "documents may only be taken away"
            raise ValueError(msg)
        return Policy(
            **{figure: getattr(self, figure) for figure in _FIGURES} | figures, name=name, documents=fewer
        )


_LOOSEST: Final[dict[str, int]] = {f.name: f.default for f in fields(Policy) if type(f.default) is int}
_FIGURES: Final = tuple(_LOOSEST)

DEFAULT_POLICY: Final = Policy()
