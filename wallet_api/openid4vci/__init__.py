"""The protocol's face of issuing: OpenID for Verifiable Credential Issuance 1.0."""
