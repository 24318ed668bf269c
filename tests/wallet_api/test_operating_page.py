"""The operator's page: each command on it is one that the programs know, each problem one that the service answers."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from wallet_api.__main__ import _parser
from wallet_api.problems import PROBLEMS

PAGE = Path(__file__).resolve().parents[2] / "wallet_api" / "EXPLOITATION.md"
TEXT = PAGE.read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"`wallet-api ([^`]+)`", TEXT)))


def test_page_shows_the_operator_s_commands():
    """Those that somebody has to run."""
    words = {one.split()[0] for one in COMMANDS}
    assert words >= {"serve", "audit", "backup", "restore", "purge", "drill", "publish"}


@pytest.mark.parametrize("command", COMMANDS)
def test_command_is_understood(command):
    """As it stands; help is shown and ends there."""
    if command.endswith("--help"):
        with pytest.raises(SystemExit) as ended:
            _parser().parse_args(shlex.split(command))
        assert ended.value.code == 0
        return
    assert callable(_parser().parse_args(shlex.split(command)).run)


def test_unknown_command_would_not_be():
    """The check above can fail."""
    with pytest.raises(SystemExit):
        _parser().parse_args(["purge", "--everything"])


@pytest.mark.parametrize(("status", "code"), re.findall(r"\b([45]\d\d) `([a-z-]+)`", TEXT))
def test_problem_is_answered_with_that_status(status, code):
    """As the table says."""
    assert PROBLEMS[code].status == int(status)
