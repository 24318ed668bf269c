"""The printed card, for people without a smartphone: one page with a signed code that needs no phone.

The paper form of a view (FORMAT.md): no device key, 180 days at most, and never better than CHECK with `PAPER`, since paper
can be copied; whoever reads it asks for an identity document. It is revoked like every other credential, and by itself.
"""
