from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from keys import KeyCapReached, KeyFileRefused, KeyNotActive
from keys.policy import COUNT_BLOCK
from keys.signature_count import SignatureCount, create_count, read_count


def _nothing() -> None:
    """No condition before a block."""


@pytest.fixture
def path(tmp_path):
    create_count(tmp_path / "one.count")
    return tmp_path / "one.count"


def _used_up(count: SignatureCount, most: int = 10**7) -> int:
    for made in range(most):
        try:
            count.take()
        except KeyCapReached:
            return made
    return most


@pytest.mark.parametrize("cap", [1, COUNT_BLOCK - 1, COUNT_BLOCK, COUNT_BLOCK + 1, 3 * COUNT_BLOCK])
def test_key_signs_up_to_its_cap_and_not_once_more(path, cap):
    """The last signature is granted, the next refused, also after a restart."""
    assert _used_up(SignatureCount(path, cap, _nothing)) == cap
    with pytest.raises(KeyCapReached):
        SignatureCount(path, cap, _nothing).take()
    assert read_count(path) == cap


def test_threads_share_one_count(path):
    """Eight threads at once are granted exactly the cap."""
    count = SignatureCount(path, 5_000, _nothing)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: _used_up(count), range(8))) == 5_000


def test_processes_share_one_count(path):
    """Four programs with the folder open together are granted exactly the cap."""
    code = (
        "import sys, pathlib\n"
        "from keys import KeyCapReached\n"
        "from keys import signature_count\n"
        "signature_count.COUNT_BLOCK = 1\n"  # each signature meets the others on disk
        "count = signature_count.SignatureCount(pathlib.Path(sys.argv[1]), 2_000, lambda: None)\n"
        "made = 0\n"
        "try:\n"
        "    while True:\n"
        "        count.take()\n"
        "        made += 1\n"
        "except KeyCapReached:\n"
        "    print(made)\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    programs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert sum(int(one.communicate(timeout=60)[0]) for one in programs) == 2_000


def test_crash_forgets_no_signature(path):
    """A program killed at any point leaves a count at least as high as what it had signed."""
    code = (
        "import sys, pathlib\n"
        "from keys.signature_count import SignatureCount\n"
        "count = SignatureCount(pathlib.Path(sys.argv[1]), 10**9, lambda: None)\n"
        "made = 0\n"
        "while True:\n"
        "    count.take()\n"
        "    made += 1\n"
        "    if made % 700 == 0:\n"
        "        print(made, flush=True)\n"
    )
    for _ in range(5):
        before = read_count(path)
        program = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
        assert program.stdout is not None
        lines = [program.stdout.readline() for _ in range(6)]
        os.kill(program.pid, signal.SIGKILL)
        rest = program.communicate()[0].split("\n")
        told = [int(one) for one in (*lines, *rest[:-1]) if one.strip()]
        assert read_count(path) - before >= max(told) >= 4_200


@pytest.mark.parametrize("content", [b"", b"12", b"-0000000000000000001\n", b"x" * 21])
def test_damaged_count_stops_the_key(path, content):
    """Nobody gets signatures back by emptying the file."""
    path.write_bytes(content)
    with pytest.raises(KeyFileRefused, match="count"):
        SignatureCount(path, 10, _nothing).take()


def test_deleted_count_stops_the_key(path):
    """A missing file is not a fresh start."""
    path.unlink()
    with pytest.raises(KeyFileRefused, match="count"):
        SignatureCount(path, 10, _nothing).take()
    with pytest.raises(KeyFileRefused, match="count"):
        read_count(path)


def test_condition_is_asked_before_each_block(path):
    """A signer that is held on to stops at the end of its block once its key was burnt elsewhere."""
    asked = []

    def burnt_after_one() -> None:
        asked.append(1)
        if len(asked) > 1:
            raise KeyNotActive("burnt")

    count = SignatureCount(path, 10**6, burnt_after_one)
    for _ in range(COUNT_BLOCK):
        count.take()
    with pytest.raises(KeyNotActive):
        count.take()
