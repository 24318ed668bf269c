"""A key folder with every key of a new service, made once and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from keys import KeyFolder
from tests.conftest import INSTANT

PASSPHRASE = b"a passphrase for tests only"
BASE_URL = "http://127.0.0.1:8460"


@pytest.fixture(scope="session")
def made_keys(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "keys"
    KeyFolder.open(folder, PASSPHRASE).create_all(BASE_URL, INSTANT)
    return folder


@pytest.fixture
def keys(made_keys, tmp_path) -> KeyFolder:
    """Keys of a service that began at INSTANT, to be changed at will."""
    shutil.copytree(made_keys, tmp_path / "keys")
    return KeyFolder.open(tmp_path / "keys", PASSPHRASE)
