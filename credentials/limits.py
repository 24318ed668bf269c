"""Sizes that writer and reader both obey. Beyond one of them nothing is written, and nothing is read."""

from __future__ import annotations

from typing import Final

TEXT_CHARACTERS: Final = 4_296  # a version 40-L alphanumeric symbol, prefix included (ISO/IEC 18004, table 7)
ENVELOPE_BYTES: Final = 2_864  # what (TEXT_CHARACTERS - 4) Base45 characters can hold

CBOR_DEPTH: Final = 6
CBOR_ITEMS: Final = 256
JSON_DEPTH: Final = 6
JSON_MEMBERS: Final = 256
JSON_BYTES: Final = 65_536

NAME_CHARACTERS: Final = 150  # ISO/IEC 18013-5, 7.2.1
NUMBER_CHARACTERS: Final = 20
RESTRICTION_CHARACTERS: Final = 24
SOURCE_CHARACTERS: Final = 40
URI_CHARACTERS: Final = 200
CATEGORIES: Final = 15  # one of each code
RESTRICTIONS: Final = 12  # per category
RESTRICTIONS_IN_ALL: Final = 96  # so that fifteen categories stay within the items of both forms
RIGHTS_PERIODS: Final = 12
NONCE_BYTES: Final = (8, 64)
PORTRAIT_BYTES: Final = 600  # one face in WebP or AVIF; below 375 nobody can be matched with certainty

QR_VERSION_L: Final = 18  # road_check in CBOR, ten categories, no portrait
QR_VERSION_M: Final = 21
QR_CEILING_L: Final = 30  # everything else

LIST_INFLATED_BYTES: Final = 64 * 1024 * 1024
TRUST_LIST_BYTES: Final = 1_000_000
SIGNED_LIST_BYTES: Final = 64 * 1024 * 1024
