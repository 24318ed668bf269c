"""Judging a code needs no network and opens no socket: shown in an empty network namespace and by Python's audit hook."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from credentials.spec import Audience
from credentials.views import View
from tests.simulated_authority import INSTANT, SimulatedAuthority, moment, proof
from tests.simulated_phone import SimulatedPhone
from tests.simulated_terminal import terminal

# Ends the process at the first socket event, before the command begins (PEP 578).
_WATCH = """
import os, runpy, sys
def watch(event, arguments):
    if event.startswith("socket."):
        os.write(2, b"a socket was touched: " + event.encode())
        os._exit(99)
sys.addaudithook(watch)
{seeded}
sys.argv = ["verifier", *sys.argv[1:]]
runpy.run_module("verifier", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """The arguments that judge a specimen on a store on disk, and its text."""
    folder = tmp_path_factory.mktemp("terminal")
    authority = SimulatedAuthority()
    terminal(folder, Audience.ANYONE, [authority.publish()])
    issued = authority.issue(authority.claims(proof(), phone=0))
    text = SimulatedPhone(0).show(issued, View.PROOF, audience="anyone", at=INSTANT)
    at = moment(INSTANT).isoformat().replace("+00:00", "Z")
    return ["read", "--json", "--store", str(folder), "--at", at], text + "\n"


def _run(command, text):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def _watched(read, seeded=""):
    arguments, text = read
    return _run([sys.executable, "-c", _WATCH.format(seeded=seeded), *arguments], text)


def test_reading_a_code_opens_no_socket(read):
    """The command judges VALID under a hook that ends it at any socket event."""
    done = _watched(read)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["outcome"] == "VALID"


def test_the_hook_catches_a_socket(read):
    """The same command with a planted socket is ended: the watch can fail."""
    done = _watched(read, "import socket; socket.socket()")
    assert done.returncode == 99
    assert "a socket was touched" in done.stderr


def _without_network():
    unshare = shutil.which("unshare")
    for options in (["-n"], ["-r", "-n"]):
        if unshare and _run([unshare, *options, "true"], "").returncode == 0:
            return [unshare, *options]
    pytest.skip("this machine lets nobody make an empty network namespace")


def test_reading_a_code_works_in_an_empty_network_namespace(read):
    """With no interface but a loopback that is down, the verdict is VALID."""
    arguments, text = read
    done = _run([*_without_network(), sys.executable, "-m", "verifier", *arguments], text)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "VALID"
