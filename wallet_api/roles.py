"""Roles on the authority's side, and the authority for which each acts."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

SERVICE: Final = "service"
"""The authority id of what belongs to neither domain: terminals, publications."""


class AccessRole(StrEnum):
    """What a key's bearer does for a living."""

    CLERK = "clerk"
    SUPERVISOR = "supervisor"
    HEALTH_AUTHORITY = "health_authority"
    OPERATOR = "operator"
    AUDITOR = "auditor"


AUTHORITY_OF: Final = {
    AccessRole.CLERK: "licence",
    AccessRole.SUPERVISOR: "licence",
    AccessRole.HEALTH_AUTHORITY: "health",
    AccessRole.OPERATOR: SERVICE,
    AccessRole.AUDITOR: SERVICE,
}
