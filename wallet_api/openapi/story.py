"""The ids and instants of the story that the examples of answers tell; the ids are nobody's."""

from __future__ import annotations

from typing import Final

LICENCE: Final = "019a4b7c5e2070318a4d6f0b2c9e1d57"
CARD: Final = "019a4b7c5e20720c9d13b84fe6a05c28"
WALLET: Final = "019a4b7c5e20735f8e41c02d97b6fa13"
CREDENTIAL: Final = "019a4b7c5e20748aa27c5e90f1d3b846"
OFFICIAL: Final = "0ae6bbce8ff26d56222db375332d7413"
AIDANT: Final = "e3b940866c615ca5f503637e5a0c78c3"
ACT: Final = "01a2120a61c0738b848dbce45dad6b8b"
MEASURE: Final = "01a2120a61c0766c8d6e08d460c7d257"
PROPOSAL: Final = "01a2120a61c077cb9a2fa5c180452b81"
BATCH: Final = "01a2120a61c0787aa7912a4009e2c2e6"
MANDATE: Final = "01a2120a61c07938bd567657b30c14ce"
ACTIVATION: Final = "01a2120a61c07ae3a57bcc4fc60a0135"

BEFORE: Final = "2026-11-20T08:00:00Z"
NOW: Final = "2026-11-25T09:30:00Z"
COUNTS: Final = "2026-11-25T09:35:00Z"
TOMORROW: Final = "2026-11-26T09:30:00Z"
