"""Activation codes: made at a counter for somebody who stands there, typed on their phone, worth one offer.

- The code is short enough to be typed (95 random bits), so it lives for hours, once, and is exchanged for an offer whose own
  code is long. The database keeps hashes.
- A second part can be told apart from the paper, so that the paper alone is worth nothing.
- A code made under a mandate has a second part that the aidant never sees (`wallet_api/mandates`).
"""
