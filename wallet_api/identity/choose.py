"""Which issuer this home listens to: the one of its settings, else the development issuer, else none."""

from __future__ import annotations

from pathlib import Path

from wallet_api.clock import Clock
from wallet_api.problems import WalletError
from wallet_api.settings import Settings, SettingsRefused, is_loopback

from .access_token import Trust
from .development import DevelopmentIssuer
from .key_sources import KeysAtAddress, KeysInFile, KeySource


def choose_trust(settings: Settings, clock: Clock, development: DevelopmentIssuer | None) -> Trust | None:
    """Whose tokens are accepted; None when the settings name nobody. Reads no key yet."""
    if development is not None:
        return Trust(development.issuer, development.audience, development.role_claim, development)
    if not settings.oidc_issuer:
        return None
    keys: KeySource
    if settings.oidc_jwks.startswith("https://") or is_loopback(settings.oidc_jwks):
        keys = KeysAtAddress(settings.oidc_jwks, clock)
    else:
        keys = KeysInFile(Path(settings.oidc_jwks))
    return Trust(settings.oidc_issuer, settings.oidc_audience, settings.oidc_role_claim, keys)


def require_trust(settings: Settings, trust: Trust | None) -> None:
    """Refuse to serve without an issuer, or with one whose keys cannot be read. Raises `SettingsRefused`.

    Keys at an address are not asked for: a provider that is down for a while must not keep phones from renewing.
    """
    if trust is None:
        msg = (
            "nobody could sign in: set LP_OIDC_ISSUER to the address of your OpenID provider and LP_OIDC_JWKS to its "
            "keys (a file, or an https address); only a demonstration home on loopback has an issuer of its own"
        )
        raise SettingsRefused(msg)
    if not isinstance(trust.keys, KeysAtAddress):
        try:
            trust.keys.find("")
        except WalletError:
            msg = f"{settings.oidc_jwks} is no JWK Set (RFC 7517) of public signing keys, each with its kid"
            raise SettingsRefused(msg) from None
