"""Who is calling, and with which rights: the bearer of an access token, who has exactly one role.

Deny is the default: a route names the roles that may use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import Request

from credentials.strict_json import JsonValue

from .identity.access_token import TokenRefused
from .openapi.raises import guard
from .pace import MINUTE
from .problems import WalletError
from .roles import AUTHORITY_OF, AccessRole
from .wiring import Service


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the authority, the role, and an opaque id for the audit."""

    authority_id: str
    role: AccessRole
    actor_id: str


def requires(*roles: AccessRole) -> Callable[[Request], Actor]:
    """A dependency that lets only these roles pass.

    It raises `WalletError`: 401 no token or a refused one, 403 no role or another, 429 too many requests of this person,
    503 keys of the issuer out of reach.
    """

    @guard("official", roles, problems=("unauthenticated", "forbidden", "identity-unavailable"))
    def who(request: Request) -> Actor:
        return identify(request, roles)[0]

    return who


def identify(request: Request, roles: tuple[AccessRole, ...]) -> tuple[Actor, Mapping[str, JsonValue]]:
    """The bearer of the request's token, and all that the token claims. Raises `WalletError` as `requires` does."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    service: Service = request.app.state.service
    if scheme.lower() != "bearer" or not token or service.trust is None:
        raise WalletError("unauthenticated")
    try:
        bearer = service.trust.verify(token, service.clock.now())
    except TokenRefused:
        raise WalletError("unauthenticated") from None
    require_pace(service, bearer.actor_id)
    if bearer.role is None or bearer.role not in roles:
        raise WalletError("forbidden")
    return Actor(AUTHORITY_OF[bearer.role], bearer.role, bearer.actor_id), bearer.claims


def require_pace(service: Service, caller_id: str) -> None:
    """Count one request of a caller who proved who it is. Raises `WalletError` (429) when it asked too often."""
    allowed = service.settings.pace.caller
    wait = service.buckets.take(("caller", caller_id), allowed, MINUTE, service.clock.now())
    if wait is not None:
        raise WalletError("too-many-requests", retry_after=wait)
