"""Ids of the test keys that this release knows and refuses outside test mode.

A signer is named by its key id, a device key by the first 8 bytes of its x coordinate. The keys themselves stand in
`tests/`; a test scans the repository and asserts that every key found there is named here.
"""

from __future__ import annotations

from typing import Final

TEST_SIGNERS: Final[frozenset[bytes]] = frozenset()
TEST_DEVICE_KEYS: Final[frozenset[bytes]] = frozenset()


def is_test_device(point: bytes) -> bool:
    """Whether the 33-byte compressed point is a test device key."""
    return point[1:9] in TEST_DEVICE_KEYS
