"""What the protocol's endpoints answer, for the description of the interface."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Tokens(BaseModel):
    """A pair of tokens bound to the wallet's key (RFC 6749, section 5.1; RFC 9449)."""

    access_token: str
    token_type: Literal["DPoP"]
    expires_in: int = Field(description="Seconds.", examples=[600])
    refresh_token: str


class FreshNonce(BaseModel):
    """A nonce for key proofs (OpenID4VCI 1.0, section 7.2)."""

    c_nonce: str


class IssuedCredential(BaseModel):
    """One credential: base64url of the CBOR form, or an SD-JWT VC."""

    credential: str


class IssuedCredentials(BaseModel):
    """Credentials in the order of their key proofs (OpenID4VCI 1.0, section 8.3)."""

    credentials: list[IssuedCredential]
    notification_id: str


class IssuerMetadata(BaseModel):
    """The credential issuer's metadata (OpenID4VCI 1.0, section 12.2); other members may follow."""

    model_config = ConfigDict(extra="allow")
    credential_issuer: str = Field(examples=["http://127.0.0.1:8460"])
    credential_endpoint: str = Field(examples=["http://127.0.0.1:8460/credential"])
    nonce_endpoint: str = Field(examples=["http://127.0.0.1:8460/nonce"])
    notification_endpoint: str = Field(examples=["http://127.0.0.1:8460/notification"])
    credential_configurations_supported: dict[str, dict[str, Any]] = Field(
        examples=[{"driving_licence.proof.cbor": {"format": "laissez-passer+cwt"}}]
    )


class AuthorizationServerMetadata(BaseModel):
    """Where tokens come from (RFC 8414); other members may follow."""

    model_config = ConfigDict(extra="allow")
    issuer: str = Field(examples=["http://127.0.0.1:8460"])
    token_endpoint: str = Field(examples=["http://127.0.0.1:8460/token"])
    grant_types_supported: list[str] = Field(
        examples=[["urn:ietf:params:oauth:grant-type:pre-authorized_code", "refresh_token"]]
    )
