"""Roles of those who call with an access token, and the authority for which each acts."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

SERVICE: Final = "service"
"""The authority id of what belongs to neither domain: terminals, publications."""


class AccessRole(StrEnum):
    """What the bearer of a token may be; a token names exactly one."""

    CLERK = "clerk"
    SUPERVISOR = "supervisor"
    HEALTH_AUTHORITY = "health_authority"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    CITIZEN = "citizen"
    AIDANT = "aidant"


AUTHORITY_OF: Final = {
    AccessRole.CLERK: "licence",
    AccessRole.SUPERVISOR: "licence",
    AccessRole.HEALTH_AUTHORITY: "health",
    AccessRole.OPERATOR: SERVICE,
    AccessRole.AUDITOR: SERVICE,
    AccessRole.CITIZEN: SERVICE,
    AccessRole.AIDANT: SERVICE,
}
