"""A fictitious registry of any size: everybody in it is Camille under another number of file."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from credentials.spec import DocumentType
from wallet_api.registries.adapters import ISSUING_LICENCE, Basis, LicenceRecord, PivotIdentity
from wallet_api.registries.fictitious import PEOPLE, FictitiousLicences
from wallet_api.settings import Settings
from wallet_api.wiring import portraits_folder

_LICENCE: Final = DocumentType.DRIVING_LICENCE
_PREFIX: Final = "exercice-"


def reference(number: int) -> str:
    """The registry's key of person `number`."""
    return f"{_PREFIX}{number:08}"


class Crowd:
    """The licence registry of an exercise."""

    def __init__(self, settings: Settings) -> None:
        """Everybody is like the one invented person."""
        known = FictitiousLicences(portraits_folder(settings))
        template = known.find(PEOPLE["camille"].references[_LICENCE], ISSUING_LICENCE)
        if template is None:
            raise LookupError(_PREFIX)
        self._template = replace(template, portrait=None)

    def find(self, reference: str, basis: Basis) -> LicenceRecord | None:  # noqa: ARG002 - the caller audits it
        """The licence, or None for a reference of somewhere else."""
        return replace(self._template, reference=reference) if reference.startswith(_PREFIX) else None

    def find_by_pivot(self, pivot: PivotIdentity, basis: Basis) -> str | None:  # noqa: ARG002
        """Nobody: they all share one identity."""
        return None
